"""One step of a sweep: what is known goes in, what to do comes out.

`Decider` folds ended trials into the search method's state and says, for a sweep as the
store has it, which trials to add, which to end, and whether the sweep is done. It is a
function of the history: a controller that starts anew decides what it would have decided.
"""

from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sonde.core.decision import Decision, NewTrial
from sonde.core.distributions.values import Value
from sonde.core.earlier import Lesson
from sonde.core.failing import why_failing
from sonde.core.history import History
from sonde.core.imputing import Imputing
from sonde.core.search import CUSTOM, Method, Problem, Progress, Request, choose, method
from sonde.core.search.protocol import Breeder
from sonde.core.search.warm import Standing, Warm
from sonde.core.stopping import Rule
from sonde.core.stopping import rule as own_rule
from sonde.core.stopping.judge import judge_of
from sonde.core.stopping.told import Told
from sonde.core.sweep import Budget, Control, Sweep
from sonde.core.trial import State, Trial, Verdict
from sonde.errors import ConfigError

__all__ = ["Decider", "Situation", "at_work", "check", "is_out_of_time", "problem_of"]


_NO_CURVES: Mapping[int, Sequence[float]] = {}


@dataclass(frozen=True, slots=True)
class Situation:
    """What a decision is made from, beside the history."""

    revision: int
    control: Control
    budget: Budget
    now: datetime


def is_out_of_time(history: History, situation: Situation) -> bool:
    """Tell whether the budget's working time is used up."""
    time_s = situation.budget.time_s
    return time_s is not None and history.working_time(situation.now) >= time_s


def check(
    sweep: Sweep, find: Callable[[str], Method[Any]] = method, *, learns: bool = False
) -> None:
    """Try whether a sweep can have a first trial, before it is made.

    Args:
        sweep: Its definition.
        find: As for `Decider`.
        learns: Whether it is to be told of earlier sweeps, which it does not name yet.

    Raises:
        ConfigError: If its method cannot search its space, or no point satisfies its relations,
            or it is `custom`, which waits for a program to propose, or what is asked for beside
            the method makes no sense with it.
    """
    if sweep.method == CUSTOM:
        raise ConfigError(
            f"method {CUSTOM}",
            "nothing is proposed unless a program of yours does so",
            "use sonde.wandb.controller, or another method",
        )
    bare = replace(sweep, start=(), earlier=(), stopping=None)
    decider = Decider(bare, find)
    decider.check_with(sweep, learns=learns)
    if not decider.propose(History(sweep), 1):
        raise ConfigError("space", "it has no point to try", "widen the parameters or `where`")


def problem_of(sweep: Sweep) -> Problem:
    """Return what the search method of a sweep is told beforehand."""
    return Problem(
        space=sweep.space,
        goals=sweep.goals,
        constraints=sweep.constraints,
        seed=sweep.seed,
        trials=sweep.budget.assignments(sweep.repeats),
    )


def at_work(history: History) -> tuple[str, str]:
    """Return the search method that decides now, and why in a line for people."""
    sweep = history.sweep
    # The method counts assignments.
    ended = history.ended if sweep.repeats == 1 else len(history.groups) - len(history.open)
    progress = Progress.of(ended, history.newest_first(), len(history.running))
    return choose(problem_of(sweep), sweep.method, progress)


class Decider:
    """The search method of a sweep with its state.

    Args:
        sweep: Its definition.
        find: Returns a method by what the user wrote; by default only those of sonde.
        earlier: What the sweeps taught that it learns from, in their order.
        find_rule: Returns a stopping rule, likewise.

    Attributes:
        judge: The stopping rule with its state, to be told the curves; None without a rule.
    """

    def __init__(
        self,
        sweep: Sweep,
        find: Callable[[str], Method[Any]] = method,
        earlier: Sequence[Lesson] = (),
        find_rule: Callable[[str], Rule[Any]] = own_rule,
    ) -> None:
        self.sweep = sweep
        self.judge = judge_of(sweep, find_rule)
        self._told = None if self.judge is None else Told(sweep.goals[0])
        self._imputing = Imputing(sweep.goals)
        self._problem = replace(problem_of(sweep), earlier=tuple(earlier))
        first, _ = choose(self._problem, sweep.method)
        # What `auto` begins with without results, it stays with.
        self._method = find(sweep.method if find(first).adaptive else first)
        self._breeder = self._method if isinstance(self._method, Breeder) else None
        if self._breeder is not None:
            self.check_with(sweep, learns=bool(earlier))
        elif earlier or (sweep.space.has_guesses and first != "grid"):
            self._method = Warm(self._method)
        self._first = [(sweep.space.key(params), params) for params in sweep.start]
        self._state: Any = None

    @property
    def adaptive(self) -> bool:
        """Whether what is proposed depends on results, so that few should be made ahead.

        Also whether anything is proposed at all: not once a target is reached.
        """
        return self._method.adaptive or any(g.target is not None for g in self.sweep.goals)

    @property
    def past(self) -> Standing | None:
        """What became of the earlier sweeps; None where there are none."""
        if not self._problem.earlier or not isinstance(self._method, Warm):
            return None
        return self._method.standing(self._started())

    def check_with(self, sweep: Sweep, *, learns: bool) -> None:
        """Refuse what a definition asks for beside the method, where it makes no sense with it."""
        if self._breeder is None:
            return
        _check_breeding(sweep)
        if learns:
            nothing = Lesson(name="", results=())
            self._breeder.start(replace(self._problem, earlier=(nothing,)))

    def observe(
        self, ended: Sequence[Trial], curves: Mapping[int, Sequence[float]] = _NO_CURVES
    ) -> None:
        """Take in what `History.add` returned, in any order within the batch.

        Args:
            ended: The trials.
            curves: Where there is a stopping rule: the values of its metric by trial.
        """
        # The order in which they ended, which is the same for whoever reads them later.
        for trial in sorted(ended, key=lambda trial: trial.version):
            told = trial
            if self._told is not None:
                told = self._told.of(trial, curves.get(trial.number, ()))
            if self._imputing.is_needed:
                told = self._imputing.of(told)
            self._state = self._method.observe(self._started(), told)

    def decide(self, history: History, situation: Situation, want: int) -> Decision | None:
        """Say what to do so that up to `want` trials are waiting; None: nothing to do now."""
        plan = self._plan(history, situation, want)
        if self.judge is None or situation.control is Control.CANCELLED:
            return plan
        stops = self.judge.stops(history)
        if not stops:
            return plan
        plan = plan or Decision(against=situation.revision)
        verdicts = {**dict.fromkeys(stops, Verdict.STOP), **plan.verdicts}
        return replace(plan, verdicts=verdicts, reasons={**plan.reasons, **stops})

    def _plan(self, history: History, situation: Situation, want: int) -> Decision | None:
        budget, is_open = situation.budget, situation.control is Control.RUNNING
        # Also where all is proposed already: what waits, or runs, costs time.
        costs = situation.control is Control.DONE and history.ended < len(history.trials)
        if (is_open or costs) and is_out_of_time(history, situation):
            return _out_of_time(history, situation)
        if (is_open or costs) and (why := why_failing(history)):
            # What waits stays as it is: whoever resumes the sweep runs it first.
            return Decision(against=situation.revision, control=Control.STOPPED, reason=why)
        if not is_open:
            return None
        if history.reached is not None:
            return _good_enough(history, situation)
        counting = len(history.trials) - history.withdrawn
        left = None if budget.trials is None else budget.trials - counting
        if left is not None and left <= 0:
            reason = f"budget of {budget.trials} trials"
            return Decision(against=situation.revision, control=Control.DONE, reason=reason)
        if budget.workers is not None and self.adaptive:
            # What cannot begin yet is better proposed when more results are known.
            want = min(want, budget.workers - history.counts[State.RUNNING])
        missing = want - history.counts[State.WAITING]
        if missing <= 0:
            return None
        count = missing if left is None else min(missing, left)
        add = self.propose(history, count)
        goes_on = self._breeder is not None and (add or history.counts[State.RUNNING])
        if len(add) < count and (self.sweep.method == CUSTOM or goes_on):
            if not add:
                return None
            control, reason = None, ""
        elif len(add) < count:
            control, reason = Control.DONE, f"{self._method.name} has no further point to propose"
        elif count == left:
            control, reason = Control.DONE, f"budget of {budget.trials} trials"
        else:
            control, reason = None, ""
        return Decision(against=situation.revision, add=add, control=control, reason=reason)

    def propose(self, history: History, count: int) -> list[NewTrial]:
        """Return up to `count` trials: what is left of the user's own, then the method's.

        Fewer: there are no more.
        """
        if self.sweep.repeats > 1:
            return self._repeated(history, count)
        return self._new(history, len(history.trials), count, history.pending())

    def _new(
        self, history: History, first: int, count: int, pending: Sequence[Mapping[str, Value]]
    ) -> list[NewTrial]:
        """Return a trial for each of so many new assignments."""
        left = [params for key, params in self._first if key not in history.seen][:count]
        add = [NewTrial(params=params, origin="user") for params in left]
        if len(add) == count:
            return add
        seen: Collection[Hashable] = history.seen
        if left:
            seen = {*seen, *map(self.sweep.space.key, left)}
        request = Request(
            first=first + len(left),
            count=count - len(left),
            pending=[*pending, *left],
            seen=seen,
            followed=history.followed,
        )
        if self._breeder is not None:
            return add + [
                NewTrial(params=child.params)
                if child.lineage is None
                else NewTrial(params=child.params, origin=child.lineage.origin)
                for child in self._breeder.children(self._started(), request)
            ]
        found = self._method.propose(self._started(), request)
        return add + [NewTrial(params=params) for params in found]

    def _repeated(self, history: History, count: int) -> list[NewTrial]:
        """Complete what was begun, then propose new assignments with all their repeats.

        The method sees assignments, not trials: it counts them, and one is pending until its
        last repeat has ended.
        """
        repeats = self.sweep.repeats
        add: list[NewTrial] = []
        firsts = history.incomplete()
        for key, params in firsts.items():
            lacking = repeats - len(history.groups[key])
            add += [NewTrial(params=params, origin="repeat")] * lacking
        wanted = count - len(add)
        if wanted > 0:
            new = self._new(
                history, len(history.groups), -(-wanted // repeats), list(firsts.values())
            )
            for trial in new:
                again = NewTrial(params=trial.params, origin="repeat")
                add += [trial, *[again] * (repeats - 1)]
        return add[:count]

    def _started(self) -> Any:
        if self._state is None:
            self._state = self._method.start(self._problem)
        return self._state


def _check_breeding(sweep: Sweep) -> None:
    """Refuse what makes no sense where trials go on from others."""
    name = f"method {sweep.method}"
    if sweep.repeats > 1:
        found = f"each assignment is tried {sweep.repeats} times"
        raise ConfigError(name, found, "leave the repeats out: its trials go on from one another")
    if sweep.stopping is not None:
        found = f"{sweep.stopping} compares trials that begin with nothing"
        raise ConfigError(
            name, found, "leave the stopping rule out: poor trials are not gone on from"
        )


def _good_enough(history: History, situation: Situation) -> Decision:
    goals = [goal for goal in history.sweep.goals if goal.target is not None]
    names = " and ".join(f"{goal.metric} {goal.target:g}" for goal in goals)
    return Decision(
        against=situation.revision,
        verdicts=dict.fromkeys(history.waiting, Verdict.CANCEL),
        control=Control.DONE,
        reason=f"trial {history.reached} reached the target, {names}",
    )


def _out_of_time(history: History, situation: Situation) -> Decision:
    # Waiting trials stay as they are: with more time the sweep goes on, and misses none.
    return Decision(
        against=situation.revision,
        verdicts=dict.fromkeys(history.running, Verdict.STOP),
        control=Control.STOPPED,
        reason=f"time budget of {situation.budget.time_s:g} s",
    )
