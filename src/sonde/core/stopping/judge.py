"""A sweep's stopping rule at work: curves go in, and out comes who is to stop.

The rule sees losses. What turns a curve into them, and notices that a further attempt has begun
it anew, is here. A `Judge` says of which changed trials it has to read the curve (`lacks`); of
those that are *near*, which run in this process, it is told each report at once.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sonde.core.history import History
from sonde.core.metric import Goal
from sonde.core.stopping import rule as own_rule
from sonde.core.stopping.protocol import Heard, Point, Rule
from sonde.core.stopping.reached import Reached
from sonde.core.sweep import Sweep
from sonde.core.trial import State, Trial, Verdict
from sonde.core.wanted import RULE
from sonde.errors import ConfigError

__all__ = ["Judge", "judge_of"]


@dataclass(slots=True)
class _Known:
    """What was heard of a trial.

    Attributes:
        stands: What of the trial tells whether its curve has grown.
        count: How many points were heard.
        last: The last one's step and value: a curve that differs there was begun anew.
    """

    reached: Reached
    stands: tuple[Any, ...] = ()
    count: int = 0
    last: tuple[int, float] = (0, 0.0)


class Judge:
    """A stopping rule with its state.

    Attributes:
        name: The rule's.
        metric: The metric that it goes by.
        near: Numbers of running trials whose reports come by `report`.
    """

    def __init__(self, rule: Rule[Any], goal: Goal) -> None:
        self.name, self.metric = rule.name, goal.metric
        self.near: set[int] = set()
        self._rule, self._goal = rule, goal
        self._state: Any = rule.start()
        self._known: dict[int, _Known] = {}

    def lacks(self, trial: Trial) -> bool:
        """Tell whether a trial's curve has to be read, and `hear` to be called."""
        if trial.number in self.near and not trial.is_ended:
            return False
        known = self._known.get(trial.number)
        if known is None:
            return self.metric in trial.metrics
        return known.stands != self._stands(trial)

    def hear(
        self, trial: Trial, steps: Sequence[int], values: Sequence[float], times: Sequence[float]
    ) -> None:
        """Take in a trial with its curve, from its first point."""
        known = self._of(trial.number)
        count = known.count
        grown = len(values) >= count and (
            not count or _is_same(known.last, steps[count - 1], values[count - 1])
        )
        if not grown:
            known.reached, known.count, count = Reached(self._goal), 0, 0
        points = zip(steps[count:], values[count:], times[count:], strict=True)
        self._tell(known, trial.number, points, trial.state, afresh=not grown)
        known.stands = self._stands(trial)

    def report(self, number: int, step: int, value: float, time: float) -> str | None:
        """Take in the next point of a running trial; return why it is to stop, if it is."""
        self._tell(self._of(number), number, [(step, value, time)], State.RUNNING)
        return self._rule.judge(self._state, number)

    def stops(self, history: History) -> Mapping[int, str]:
        """Return who is to stop, and why, of the running trials that were not asked to."""
        found: dict[int, str] = {}
        for number in history.running:
            if number in self._known and history.trials[number].asked is Verdict.GO_ON:
                why = self._rule.judge(self._state, number)
                if why is not None:
                    found[number] = why
        return found

    def _of(self, number: int) -> _Known:
        known = self._known.get(number)
        if known is None:
            known = self._known[number] = _Known(Reached(self._goal))
        return known

    def _tell(
        self,
        known: _Known,
        number: int,
        points: Iterable[tuple[int, float, float]],
        state: State,
        *,
        afresh: bool = False,
    ) -> None:
        new = []
        for step, value, time in points:
            new.append(Point(self._goal.loss(value), known.reached.after(value), time))
            known.last = step, value
        known.count += len(new)
        heard = Heard(number=number, points=new, afresh=afresh, state=state)
        self._state = self._rule.hear(self._state, heard)

    def _stands(self, trial: Trial) -> tuple[Any, ...]:
        found = trial.metrics.get(self.metric)
        curve = None if found is None else (found.count, found.last_step, found.last)
        return trial.attempts, trial.is_ended, curve


def judge_of(sweep: Sweep, find: Callable[[str], Rule[Any]] = own_rule) -> Judge | None:
    """Return a sweep's judge, or None where it has no rule.

    Raises:
        ConfigError: If there is no such rule, or it cannot go by what the sweep is to improve.
    """
    text = sweep.stopping
    if text is None:
        return None
    rule, where = find(text), RULE.where(text)
    if not sweep.goals:
        raise ConfigError(where, "there is no metric to stop by", "name one, such as val_loss:min")
    if len(sweep.goals) > 1:
        raise ConfigError(
            where,
            f"a rule goes by one metric, and there are {len(sweep.goals)} goals",
            "keep one goal",
        )
    if sweep.repeats > 1:
        raise ConfigError(
            where,
            "a repeat that is stopped has no result for the mean",
            "leave out repeats",
        )
    return Judge(rule, sweep.goals[0])


def _is_same(last: tuple[int, float], step: int, value: float) -> bool:
    before = last[1]
    return last[0] == step and (before == value or (before != before and value != value))
