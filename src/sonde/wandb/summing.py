"""The summary of a run: the last value of each metric, or what the script sets itself."""

from collections.abc import Iterator, Mapping, MutableMapping

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["Summary"]

_KINDS = ("min", "max", "mean", "last", "first", "none")


class Summary(MutableMapping[str, "Any"]):
    """Values by name; numbers that the script sets are reported when the run is finished."""

    def __init__(self) -> None:
        put = object.__setattr__
        put(self, "_values", {})
        put(self, "_set_by_hand", {})
        put(self, "_kinds", {})
        put(self, "_counts", {})

    def logged(self, numbers: Mapping[str, "Any"]) -> None:
        """Take in what was logged."""
        if not self._kinds:
            self._values.update(numbers)
            return
        for name, value in numbers.items():
            kind = self._kinds.get(name, "last")
            before = self._values.get(name)
            count = self._counts[name] = self._counts.get(name, 0) + 1
            if before is None or kind == "last":
                self._values[name] = value
            elif kind == "mean":
                self._values[name] = before + (value - before) / count
            elif kind in {"min", "max"}:
                self._values[name] = min(before, value) if kind == "min" else max(before, value)
            if kind == "none":
                self._values.pop(name, None)

    def define(self, name: str, kind: str) -> None:
        """Keep another number of a metric than its last one.

        Raises:
            ValueError: If there is no such kind.
        """
        if kind not in _KINDS:
            raise ValueError(f"there is no summary {kind!r}; use {', '.join(_KINDS)}")
        self._kinds[name] = kind

    @property
    def set_by_hand(self) -> "dict[str, Any]":
        """What the script has set itself."""
        return dict(self._set_by_hand)

    def update(self, *given: "Any", **more: "Any") -> None:
        """Set several values."""
        for name, value in dict(*given, **more).items():
            self[name] = value

    def __getitem__(self, name: str) -> "Any":
        """Return a value."""
        return self._values[name]

    def __setitem__(self, name: str, value: "Any") -> None:
        """Set a value by hand."""
        self._values[name] = self._set_by_hand[name] = value

    def __delitem__(self, name: str) -> None:
        """Forget a value."""
        del self._values[name]
        self._set_by_hand.pop(name, None)

    def __getattr__(self, name: str) -> "Any":
        """Return a value, or None where there is none, as W&B does."""
        return self._values.get(name)

    def __setattr__(self, name: str, value: "Any") -> None:
        """Set a value by hand."""
        self[name] = value

    def __iter__(self) -> Iterator[str]:
        """Go through the names."""
        return iter(self._values)

    def __len__(self) -> int:
        """Return how many values there are."""
        return len(self._values)

    def __repr__(self) -> str:
        """Show the values as a dict."""
        return f"Summary({self._values!r})"
