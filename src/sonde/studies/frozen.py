"""Trials as they were when they were looked at, and such as a program makes itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

from sonde.controller import utc_now
from sonde.core.distributions.values import canonical
from sonde.studies.searched import BaseDistribution, plain

__all__ = ["FixedTrial", "FrozenTrial", "Replayed", "TrialState", "create_trial"]


class TrialState(Enum):
    """Optuna's names of states."""

    RUNNING = 0
    COMPLETE = 1
    PRUNED = 2
    FAIL = 3
    WAITING = 4

    def is_finished(self) -> bool:
        """Tell whether nothing more will happen to the trial."""
        return self in {TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL}


class Replayed:
    """What answers an objective with values that are known: `objective(study.best_trial)`."""

    params: Mapping[str, Any]

    def suggest_float(
        self, name: str, low: float, high: float, *, step: float | None = None, log: bool = False
    ) -> float:
        """Return the value of a parameter."""
        return float(self._known(name))

    def suggest_int(
        self, name: str, low: int, high: int, *, step: int = 1, log: bool = False
    ) -> int:
        """Return the value of a parameter."""
        return int(self._known(name))

    def suggest_categorical(self, name: str, choices: Sequence[Any]) -> Any:
        """Return the value of a parameter, as the choices have it."""
        value = self._known(name)
        return next((c for c in choices if canonical(plain(c)) == canonical(plain(value))), value)

    def suggest_uniform(self, name: str, low: float, high: float) -> float:
        """Return the value of a parameter."""
        return self.suggest_float(name, low, high)

    suggest_loguniform = suggest_uniform

    def suggest_discrete_uniform(self, name: str, low: float, high: float, q: float) -> float:
        """Return the value of a parameter."""
        return self.suggest_float(name, low, high)

    def report(self, value: float, step: int) -> None:
        """Nothing is kept."""

    def should_prune(self) -> bool:
        """Nobody ends it."""
        return False

    def set_constraint(self, key: str, value: float) -> None:
        """Nothing is kept."""

    def _known(self, name: str) -> Any:
        from sonde.core.appearing import clean

        for known in (name, clean(name)):
            if known in self.params:
                return self.params[known]
        raise ValueError(f"the trial has no value of {name!r}")


class FixedTrial(Replayed):
    """Values of one's own for an objective that is to be called once: `objective(FixedTrial({}))`.

    Attributes:
        params: The values, by name.
        number: What the objective sees as its number.
    """

    def __init__(self, params: Mapping[str, Any], number: int = 0) -> None:
        self.params = dict(params)
        self.number = number
        self.user_attrs: dict[str, Any] = {}
        self.system_attrs: dict[str, Any] = {}
        self.constraints: dict[str, float] = {}
        self.distributions: dict[str, BaseDistribution] = {}
        self.datetime_start: datetime | None = utc_now()

    def set_user_attr(self, key: str, value: Any) -> None:
        """Note something."""
        self.user_attrs[key] = value

    def set_constraint(self, key: str, value: float) -> None:
        """Note how far a bound is broken."""
        self.constraints[key] = float(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class FrozenTrial(Replayed):
    """A trial as it was when it was looked at."""

    number: int
    state: TrialState
    params: Mapping[str, Any]
    values: Sequence[float] | None
    distributions: Mapping[str, BaseDistribution] = field(default_factory=dict)
    user_attrs: Mapping[str, Any] = field(default_factory=dict)
    constraints: Mapping[str, float] = field(default_factory=dict)
    intermediate_values: Mapping[int, float] = field(default_factory=dict)
    datetime_start: datetime | None = None
    datetime_complete: datetime | None = None

    @property
    def value(self) -> float | None:
        """The value of a study with one direction."""
        if self.values is None:
            return None
        if len(self.values) > 1:
            raise RuntimeError("the study has several directions; use `values`")
        return self.values[0]

    @property
    def duration(self) -> timedelta | None:
        """How long it took."""
        if self.datetime_start is None or self.datetime_complete is None:
            return None
        return self.datetime_complete - self.datetime_start

    @property
    def last_step(self) -> int | None:
        """The last step that was reported."""
        return max(self.intermediate_values, default=None)

    @property
    def system_attrs(self) -> Mapping[str, Any]:
        """Optuna's own keys: `constraints`, as older programs read them, and no other."""
        return {"constraints": list(self.constraints.values())} if self.constraints else {}

    def set_user_attr(self, key: str, value: Any) -> None:
        """Nothing is kept."""


def create_trial(
    *,
    state: TrialState = TrialState.COMPLETE,
    value: float | None = None,
    values: Sequence[float] | None = None,
    params: Mapping[str, Any] | None = None,
    distributions: Mapping[str, Any] | None = None,
    user_attrs: Mapping[str, Any] | None = None,
    system_attrs: Mapping[str, Any] | None = None,
    intermediate_values: Mapping[int, float] | None = None,
    constraints: Mapping[str, float] | None = None,
) -> FrozenTrial:
    """Return a trial that was made elsewhere, for `study.add_trial`.

    Raises:
        ValueError: If it has no value though it is complete, or parameters and distributions
            are not of the same names.
    """
    if value is not None and values is not None:
        raise ValueError("value and values: give one of the two")
    given, asked = dict(params or {}), dict(distributions or {})
    if given.keys() != asked.keys():
        raise ValueError(
            f"params has {', '.join(given) or 'nothing'}, and distributions has "
            f"{', '.join(asked) or 'nothing'}; name the same parameters in both"
        )
    found = [value] if value is not None else None if values is None else list(values)
    if state is TrialState.COMPLETE and found is None:
        raise ValueError("a complete trial has a value; give one, or another state")
    now = utc_now()
    return FrozenTrial(
        number=-1,
        state=state,
        params=given,
        values=found,
        distributions=asked,
        user_attrs=dict(user_attrs or {}),
        constraints=dict(constraints or {}),
        intermediate_values=dict(intermediate_values or {}),
        datetime_start=None if state is TrialState.WAITING else now,
        datetime_complete=now if state.is_finished() else None,
    )
