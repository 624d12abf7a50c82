"""A trial as programs written for Optuna know it: it says what it searches while it runs."""

import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from math import isfinite
from time import time
from typing import Any, Protocol
from zlib import crc32

from sonde.api.judged import Judged
from sonde.api.keeper import Held
from sonde.controller import utc_now
from sonde.core.appearing import clean
from sonde.core.distributions import Distribution
from sonde.core.distributions.values import canonical
from sonde.core.metric import Goal
from sonde.core.streams import uniforms
from sonde.core.trial import Outcome, State, Verdict
from sonde.errors import Stopped
from sonde.store.protocol import Store
from sonde.studies.frozen import FrozenTrial, TrialState
from sonde.studies.searched import (
    BaseDistribution,
    choice_of,
    float_of,
    int_of,
    ours_of,
    plain,
    theirs_of,
)

__all__ = ["BOUND", "Trial", "TrialPruned", "is_pruned"]

BOUND = "constraint_"
"""What the metric of a constraint begins with."""

_DRAW = 2**40  # a draw of a trial that no method makes


class TrialPruned(Stopped):
    """Raised by an objective that ends a trial early, as `trial.should_prune()` advised."""


class Owner(Protocol):
    """What a trial needs of its study."""

    @property
    def store(self) -> Store:
        """Where it is."""

    @property
    def goals(self) -> Sequence[Goal]:
        """What is to be improved."""

    def make_room(self, asked: Mapping[str, Distribution]) -> None:
        """Bring what a trial asks for into the definition."""

    def make_bounds(self, metrics: Sequence[str]) -> None:
        """Have the definition know that these are to be 0 at most."""


class Trial:
    """A trial that runs in this process; see `sonde.optuna.create_study`.

    Attributes:
        number: In its study.
        study: That it is of.
        params: What it asked for so far.
        distributions: What that was searched in.
        constraints: How far it breaks bounds: 0 or less keeps to one.
    """

    def __init__(
        self,
        study: Owner,
        held: Held,
        judged: Judged,
        seed: int,
        fixed: Mapping[str, Any],
        named: Callable[[str], str] = clean,
    ) -> None:
        self.number = held.lease.number
        self.study = study
        self.params: dict[str, Any] = {}
        self.distributions: dict[str, BaseDistribution] = {}
        self.user_attrs: dict[str, Any] = {}
        self.constraints: dict[str, float] = {}
        self.datetime_start = utc_now()
        self._held, self._judged, self._seed = held, judged, seed
        self._proposed, self._named = fixed, named
        self._asked: dict[str, Distribution] = {}
        self._values: dict[str, Any] = {}
        self._kept = dict(held.lease.params)  # what the store has

    def __repr__(self) -> str:
        return f"<Trial {self.number} {self.params}>"

    def suggest_float(
        self, name: str, low: float, high: float, *, step: float | None = None, log: bool = False
    ) -> float:
        """Return a number from `low` to `high`, both included."""
        return float(self._suggest(name, float_of(low, high, step, log=log)))

    def suggest_int(
        self, name: str, low: int, high: int, *, step: int = 1, log: bool = False
    ) -> int:
        """Return a whole number from `low` to `high`, both included."""
        return int(self._suggest(name, int_of(low, high, step, log=log)))

    def suggest_categorical(self, name: str, choices: Sequence[Any]) -> Any:
        """Return one of the choices."""
        chosen = self._suggest(name, choice_of(choices, f"suggest_categorical({name!r})"))
        found = next(each for each in choices if canonical(plain(each)) == canonical(chosen))
        self.params[name] = found
        return found

    def suggest_uniform(self, name: str, low: float, high: float) -> float:
        """Return a number: the old name of `suggest_float`."""
        return self.suggest_float(name, low, high)

    def suggest_loguniform(self, name: str, low: float, high: float) -> float:
        """Return a number by its logarithm: the old name of `suggest_float(log=True)`."""
        return self.suggest_float(name, low, high, log=True)

    def suggest_discrete_uniform(self, name: str, low: float, high: float, q: float) -> float:
        """Return a number in steps: the old name of `suggest_float(step=q)`."""
        return self.suggest_float(name, low, high, step=q)

    def report(self, value: float, step: int) -> None:
        """Report what was reached at a step."""
        goals = self.study.goals
        if len(goals) > 1:
            raise NotImplementedError("a trial of several directions has no intermediate values")
        try:
            number = float(value)
        except (TypeError, ValueError) as error:
            raise TypeError(f"report({value!r}): that is no number") from error
        self.keep()
        self._judged.report(step, {goals[0].metric: number}, time())
        self._held.flush(self.study.store)

    def should_prune(self) -> bool:
        """Tell whether the trial is to end now, by the study's pruner or somebody's wish."""
        return self._held.is_to_end()

    def set_user_attr(self, key: str, value: Any) -> None:
        """Note something of the trial; a number is a metric, too."""
        self.user_attrs[key] = value

    def set_constraint(self, key: str, value: float) -> None:
        """Tell how far a bound is broken: 0 or less keeps to it, and else no trial is the best."""
        self.constraints[key] = float(value)

    def frozen(self, values: Mapping[str, float]) -> FrozenTrial:
        """Return it as it is now, with what it reached."""
        found = [values[goal.metric] for goal in self.study.goals if goal.metric in values]
        return FrozenTrial(
            number=self.number,
            state=TrialState.COMPLETE if found else TrialState.PRUNED,
            params=dict(self.params),
            values=found or None,
            distributions=dict(self.distributions),
            user_attrs=dict(self.user_attrs),
            constraints=dict(self.constraints),
            datetime_start=self.datetime_start,
        )

    @property
    def relative_params(self) -> dict[str, Any]:
        """What the method proposed for it."""
        return dict(self._proposed)

    @property
    def is_lost(self) -> bool:
        """Whether another process has the trial by now."""
        return self._held.verdict is Verdict.LOST

    def take(self, name: str, asked: Distribution) -> None:
        """Have a parameter that somebody else asked for, at the value that was proposed."""
        self._suggest(name, asked)

    def take_fixed(self, theirs: Mapping[str, Any]) -> None:
        """Have parameters by their distributions, before any objective asks: define-and-run."""
        for name, one in theirs.items():
            if hasattr(one, "choices"):
                self.suggest_categorical(name, one.choices)
            else:
                self._suggest(name, ours_of(name, one))

    @property
    def values(self) -> Mapping[str, Any]:
        """What it asked for so far, as the store has it."""
        return self._values

    def keep(self) -> None:
        """Have the store know of all that was asked for so far."""
        if self._values == self._kept:
            return
        self.study.make_room(self._asked)
        trial = self.study.store.revalue(self._held.lease, self._values, utc_now())
        self._held.lease = replace(self._held.lease, params=trial.params)
        self._kept = dict(self._values)

    def end(self, state: State, values: Mapping[str, float], error: str | None = None) -> None:
        """End the trial."""
        self.keep()
        numbers = {
            key: float(value)
            for key, value in self.user_attrs.items()
            if isinstance(value, int | float)
            and not isinstance(value, bool)
            and isfinite(value)
            and key not in values
            and key not in {goal.metric for goal in self.study.goals}
        }
        facts = {"user_attrs": self.user_attrs} if self.user_attrs else {}
        bounds = {f"{BOUND}{clean(key)}": value for key, value in self.constraints.items()}
        if bounds:
            self.study.make_bounds(list(bounds))
            numbers |= bounds
        outcome = Outcome(state=state, values=numbers | dict(values), error=error, facts=facts)
        self._judged.close()
        self._held.finish(self.study.store, outcome)

    def _suggest(self, name: str, asked: Distribution) -> Any:
        ours = self._named(name)
        if ours in self._values:
            known = self._asked[ours]
            if type(known) is not type(asked) or not asked.contains(self._values[ours]):
                warnings.warn(
                    f"trial {self.number} has asked for {name!r} before, in another range: it "
                    "stays what it is",
                    stacklevel=4,
                )
            return self._values[ours]
        value = self._proposed.get(ours)
        if ours in self._proposed and asked.contains(value):
            value = asked.coerced(value)
        else:
            # A number of its own, so that a trial that is begun again gets it again.
            (u,) = uniforms(self._seed, self.number, _DRAW + crc32(ours.encode()), 1)
            value = asked.at(u)
        self._asked[ours] = asked
        self.distributions[name] = theirs_of(asked)
        self._values[ours] = self.params[name] = value
        return value


def is_pruned(error: BaseException) -> bool:
    """Tell whether an objective has ended a trial early: by our exception, or Optuna's."""
    if isinstance(error, Stopped):
        return True
    theirs = sys.modules.get("optuna.exceptions")
    return theirs is not None and isinstance(error, theirs.TrialPruned)
