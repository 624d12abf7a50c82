"""The config of a run: what it was given, of which the sweep's values cannot be changed."""

from collections.abc import Iterator, Mapping

from sonde.errors import ConfigError
from sonde.wandb.telling import warn

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["Config"]


class Config(Mapping[str, "Any"]):
    """Values by name: `config.lr`, `config["lr"]`, `config.get("lr", 0.1)`.

    What a sweep has chosen is locked: to set it is ignored with a warning. Anything else may be
    added at any time, and changed with `allow_val_change=True` only.
    """

    _values: "dict[str, Any]"
    _locked: "dict[str, Any]"
    _may_change: bool

    def __init__(self, *, allow_val_change: bool = False) -> None:
        """Begin without any value.

        Args:
            allow_val_change: Whether values may be changed without saying so each time.
        """
        put = object.__setattr__
        put(self, "_values", {})
        put(self, "_locked", {})
        put(self, "_may_change", allow_val_change)

    def lock(self, values: Mapping[str, "Any"]) -> None:
        """Set what the sweep has chosen, over whatever is there; dicts are joined key by key."""
        for name, value in values.items():
            self._values[name] = self._locked[name] = _joined(self._values.get(name), value)

    def update(
        self, given: "Mapping[str, Any] | Any | None" = None, allow_val_change: bool | None = None
    ) -> None:
        """Set several values: of a mapping, or of the namespace that `argparse` returns.

        Raises:
            ConfigError: If one is there with another value, and may not be changed.
        """
        for name, value in dict(_mapping(given)).items():
            self._set(name, value, allow_val_change)

    def setdefaults(self, given: "Mapping[str, Any] | Any | None" = None) -> None:
        """Set those values that are not there yet."""
        for name, value in dict(_mapping(given)).items():
            self._values.setdefault(name, value)

    def setdefault(self, name: str, default: "Any" = None) -> "Any":
        """Return a value, which is `default` from now on if it was not there."""
        return self._values.setdefault(name, default)

    def as_dict(self) -> "dict[str, Any]":
        """Return a copy as a dict."""
        return dict(self._values)

    def _set(self, name: str, value: "Any", allow_val_change: bool | None = None) -> None:
        if name in self._locked:
            if not _same(self._locked[name], value):
                warn(f"config.{name} is the sweep's ({self._locked[name]!r}); {value!r} is ignored")
            return
        may_change = self._may_change if allow_val_change is None else allow_val_change
        if name in self._values and not may_change and not _same(self._values[name], value):
            raise ConfigError(
                f"config.{name}",
                f"it is {self._values[name]!r} and would become {value!r}",
                "if that is meant: config.update({...}, allow_val_change=True)",
            )
        self._values[name] = value

    def __getitem__(self, name: str) -> "Any":
        """Return a value, or raise `KeyError` with the names that there are."""
        try:
            return self._values[name]
        except KeyError:
            raise KeyError(f"no value is called '{name}'; there are {_names(self)}") from None

    def __setitem__(self, name: str, value: "Any") -> None:
        """Set a value, as `update` does."""
        self._set(name, value)

    def __getattr__(self, name: str) -> "Any":
        """Return a value, or raise `AttributeError` with the names that there are."""
        try:
            return self._values[name]
        except KeyError:
            raise AttributeError(f"no value is called '{name}'; there are {_names(self)}") from None

    def __setattr__(self, name: str, value: "Any") -> None:
        """Set a value, as `update` does."""
        self._set(name, value)

    def __iter__(self) -> Iterator[str]:
        """Go through the names."""
        return iter(self._values)

    def __len__(self) -> int:
        """Return how many values there are."""
        return len(self._values)

    def __repr__(self) -> str:
        """Show the values as a dict."""
        return f"Config({self._values!r})"


def _joined(old: "Any", new: "Any") -> "Any":
    """Return the new value, with what only the old dict has where both are dicts."""
    if not isinstance(old, Mapping) or not isinstance(new, Mapping):
        return new
    return {**old, **{name: _joined(old.get(name), value) for name, value in new.items()}}


def _mapping(given: "Any") -> "Mapping[str, Any]":
    if given is None:
        return {}
    return given if isinstance(given, Mapping) else vars(given)


def _same(one: "Any", other: "Any") -> bool:
    return bool(type(one) is type(other) and one == other) or one is other


def _names(config: Config) -> str:
    return ", ".join(config) or "none"
