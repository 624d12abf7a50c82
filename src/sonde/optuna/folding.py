"""The trials of an Optuna study, folded into a search method's state as they end."""

import math
from collections.abc import Callable, Hashable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from optuna.distributions import BaseDistribution
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from sonde.core.constraint import Constraint
from sonde.core.distributions.values import Params
from sonde.core.metric import Direction, Goal, Summary
from sonde.core.search import Method, Problem, Request
from sonde.core.trial import State, Trial
from sonde.optuna.spaces import Translation

__all__ = ["Fold"]

_TIME = datetime(2020, 1, 1, tzinfo=UTC)  # where Optuna knows none
_DIRECTIONS = {
    StudyDirection.MINIMIZE: Direction.MINIMIZE,
    StudyDirection.MAXIMIZE: Direction.MAXIMIZE,
}
_ENDS = {TrialState.COMPLETE: State.DONE, TrialState.PRUNED: State.STOPPED}


class Fold:
    """One search space of one study.

    The trials that have ended are taken in once. Of a long study only those are looked at
    again that had not ended at the last look.

    Args:
        find: Returns the method for the problem that the study is.
        theirs: The search space.
        directions: The study's.
        constraints: Their names.

    Attributes:
        names: The names of the constraints that trials had.
    """

    def __init__(
        self,
        find: Callable[[Problem], Method[Any]],
        theirs: Mapping[str, BaseDistribution],
        directions: Sequence[StudyDirection],
        constraints: Sequence[str],
        seed: int,
    ) -> None:
        self._translation = Translation(theirs)
        self._goals = tuple(
            Goal(metric=f"value {place}", direction=_DIRECTIONS[direction])
            for place, direction in enumerate(directions)
        )
        self._constraints = tuple(
            Constraint(metric=f"constraint {name}", bound=0.0) for name in constraints
        )
        self.names = tuple(constraints)
        problem = Problem(
            space=self._translation.space, goals=self._goals, constraints=self._constraints,
            seed=seed,
        )  # fmt: skip
        self._method = find(problem)
        self._state = self._method.start(problem)
        self._seen: set[Hashable] = set()
        self._open: list[int] = []  # numbers of trials that had not ended at the last look
        self._known = 0  # trials at the last look

    def look(self, trials: Sequence[FrozenTrial]) -> None:
        """Take in what has ended since the last look."""
        candidates = [trials[number] for number in self._open]
        candidates += trials[self._known :]
        ended = [trial for trial in candidates if trial.state.is_finished()]
        self._open = [trial.number for trial in candidates if not trial.state.is_finished()]
        self._known = len(trials)
        new = {name: None for trial in ended for name in trial.constraints}
        self.names = tuple(dict.fromkeys([*self.names, *new]))
        # By when they ended: so a sampler that starts anew takes them in in the same order.
        for trial in sorted(ended, key=_end):
            self._take(trial)

    def propose(
        self, trials: Sequence[FrozenTrial], number: int, *, fresh: bool
    ) -> dict[str, Any] | None:
        """Return values for a trial; None: there are none.

        Args:
            trials: All of the study's.
            number: Of the trial.
            fresh: Whether points that were tried are avoided while there are others.
        """
        running = [
            self._translation.to_ours(trials[other].params)
            for other in self._open
            if other != number and trials[other].state is TrialState.RUNNING
        ]
        pending = [params for params in running if params is not None]
        found: list[Params] = []
        if fresh:
            # Into the one set and out again: to copy it would cost more with every trial.
            also = {self._translation.space.key(params) for params in pending} - self._seen
            self._seen |= also
            request = Request(first=number, count=1, pending=pending, seen=self._seen)
            found = self._method.propose(self._state, request)
            self._seen -= also
        if not found:
            request = Request(first=number, count=1, pending=pending)
            found = self._method.propose(self._state, request)
        return self._translation.to_theirs(found[0]) if found else None

    def _take(self, trial: FrozenTrial) -> None:
        params = self._translation.to_ours(trial.params)
        if params is None:
            return
        self._seen.add(self._translation.space.key(params))
        self._state = self._method.observe(self._state, self._ours(trial, params))

    def _ours(self, trial: FrozenTrial, params: Params) -> Trial:
        metrics: dict[str, Summary] = {}
        if trial.state is TrialState.COMPLETE:
            for goal, value in zip(self._goals, trial.values, strict=True):
                metrics[goal.metric] = Summary.of([(0, value)])
        elif trial.state is TrialState.PRUNED and len(self._goals) == 1:
            curve = sorted(trial.intermediate_values.items())
            if curve:
                metrics[self._goals[0].metric] = Summary.of(curve)
        if self._constraints:
            for name, value in trial.constraints.items():
                if not math.isnan(value):
                    metrics[f"constraint {name}"] = Summary.of([(0, value)])
        return Trial(
            number=trial.number, state=_ENDS.get(trial.state, State.FAILED), params=params,
            metrics=metrics, attempts=1, created=_TIME,
            started=_utc(trial.datetime_start), finished=_utc(trial.datetime_complete),
            version=trial.number + 1,
        )  # fmt: skip


def _utc(time: datetime | None) -> datetime:
    return _TIME if time is None else time.astimezone(UTC)  # Optuna's is local and naive


def _end(trial: FrozenTrial) -> tuple[float, int]:
    ended = trial.datetime_complete
    return (0.0 if ended is None else ended.timestamp(), trial.number)
