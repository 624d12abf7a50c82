"""The history of a sweep: an incremental fold over its trials.

A controller or a view feeds it what the store's change feed returns; it keeps what
decisions and displays ask for all the time, so that 100,000 trials cost nothing per
step.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from math import inf, isfinite
from typing import Any

from sonde.core.constraint import violation
from sonde.core.distributions.values import canonical
from sonde.core.repeats import joined
from sonde.core.sight import Sight
from sonde.core.sweep import Sweep
from sonde.core.trial import ENDED, State, Trial, is_cut_short, losses

__all__ = ["History"]


_WAITING = (State.WAITING, State.PAUSED)
_DISCARDED = (State.FAILED, State.CANCELLED)


class History:
    """All trials of a sweep so far.

    Attributes:
        trials: By number.
        counts: How many there are in each state.
        ended: How many have ended.
        running: Numbers of the running ones, in the order in which they began.
        waiting: Numbers of those that wait or are paused.
        groups: Where assignments are repeated: the numbers of the trials of each, by its key, in
            the order of the first ones.
        followed: Numbers of the trials whose place another one has taken.
        open: Keys of those of which not all repeats have ended, or are there.
        best: The ended trial with the lowest finite loss of the first goal among those that keep
            to the constraints; the earlier number wins a tie. One that a rule cut short comes
            after all that ran to their end. With repeats, an assignment of
            which all have ended, joined.
        withdrawn: How many trials an edit of the sweep called off before anybody ran them.
        failed_in_a_row: How many trials have failed, one after the other, up to the one that ended
            last; since `forgive` was called.
        failing_since: When the first of these ended.
        unmeasured: How many trials were done without a value of any goal, as long as none had one;
            since `forgive` was called.
        reached: The number of a trial that is as good as the goals' targets, where they have any.
        nearest: Where none keeps to the constraints: the one with a finite loss that comes
            nearest to it.
    """

    def __init__(self, sweep: Sweep) -> None:
        self.sweep = sweep
        self.trials: list[Trial] = []
        self.counts: dict[State, int] = dict.fromkeys(State, 0)
        self._seen: set[Hashable] = set()
        self._keyed = 0  # so many trials were looked at for it
        self.ended = 0
        self.running: dict[int, None] = {}
        self.waiting: dict[int, None] = {}
        self.followed: set[int] = set()
        self.groups: dict[Hashable, list[int]] = {}
        self.open: dict[Hashable, None] = {}
        self.withdrawn = 0
        self.best: Trial | None = None
        self.nearest: Trial | None = None
        self.reached: int | None = None
        self._sight = Sight(sweep)
        self.failed_in_a_row = 0
        self.failing_since: datetime | None = None
        self.unmeasured = 0
        self._has_measured = False
        self._just_ended: list[Trial] = []
        self._targets = [goal for goal in sweep.goals if goal.target is not None]
        self._best_key: tuple[float, bool, float, int] = (inf, True, inf, 0)
        self._group_of: dict[int, Hashable] = {}
        self._outside: set[Hashable] = set()  # keys of what is no assignment of the present space
        self._unsettled: set[Hashable] = set()  # of those, where a trial has ended
        self._worked: list[tuple[float, float]] = []  # disjoint, ascending

    @property
    def seen(self) -> set[Hashable]:
        """Canonical keys of all assignments, in whatever state.

        Where the sweep was edited, of those that are assignments of the present space. They are
        computed when they are asked for: only a controller does, and they are most of the work.
        """
        for trial in self.trials[self._keyed :]:
            self._key(trial)
        self._keyed = len(self.trials)
        return self._seen

    def add(self, changed: Iterable[Trial]) -> list[Trial]:
        """Take in trials that are new or changed, in the order of their numbers.

        Returns:
            What a search method is to be told: the trials that have ended by this; with
            repeats each assignment once, joined, when the last of its repeats has. Where the
            sweep was edited, as the present space sees them, without those outside of it.
        """
        ended = [result for trial in changed if (result := self._add(trial)) is not None]
        self._settle()
        self._count_failures()
        return [told for trial in ended if (told := self._sight.trial(trial)) is not None]

    def forgive(self) -> None:
        """Begin to count failures anew, as somebody wants the sweep to go on all the same."""
        self.failed_in_a_row = self.unmeasured = 0

    def pending(self) -> list[Mapping[str, Any]]:
        """Return the assignments that are being tried, or wait for it."""
        given = [self.trials[number].params for number in (*self.running, *self.waiting)]
        return [seen for params in given if (seen := self._sight.params(params)) is not None]

    def told(self) -> list[Trial]:
        """Return all trials as the present space sees them, without those outside of it.

        For what reasons about the space, such as importances.
        """
        return [told for trial in self.trials if (told := self._sight.trial(trial)) is not None]

    def incomplete(self) -> dict[Hashable, Mapping[str, Any]]:
        """Return the assignments that repeats were begun of and not all are through, by key."""
        firsts = {key: self.trials[self.groups[key][0]] for key in self.open}
        told = {key: self._sight.trial(trial) for key, trial in firsts.items()}
        return {key: trial.params for key, trial in told.items() if trial is not None}

    def _count_failures(self) -> None:
        # In the order in which they ended, which is the same for whoever reads them later.
        for trial in sorted(self._just_ended, key=lambda trial: trial.version):
            if trial.state is State.FAILED:
                if not self.failed_in_a_row:
                    self.failing_since = trial.finished
                self.failed_in_a_row += 1
            elif trial.state is not State.CANCELLED:
                self.failed_in_a_row = 0
                if any(goal.metric in trial.metrics for goal in self.sweep.goals):
                    self._has_measured, self.unmeasured = True, 0
                elif trial.state is State.DONE and not self._has_measured:
                    self.unmeasured += 1  # one that was stopped may not have come so far
        self._just_ended.clear()

    def working_time(self, now: datetime) -> float:
        """Return the seconds in which at least one trial ran, up to now.

        Time between a crash of everything and the next start does not count, nor does
        the time of an attempt whose agent died.
        """
        spans = list(self._worked)
        running = [
            started.timestamp()
            for number in self.running
            if (started := self.trials[number].started) is not None
        ]
        if running:
            _merge(spans, min(running), now.timestamp())
        return sum(end - start for start, end in spans)

    def repeats_of(self, number: int) -> list[Trial]:
        """Return all trials of a trial's assignment, that one included, by number."""
        if number not in self._group_of:
            return [self.trials[number]]
        return [self.trials[one] for one in self.groups[self._group_of[number]]]

    def line_of(self, number: int) -> list[Trial]:
        """Return the trials that a trial goes on from, the first one first, and itself.

        Of one that goes on from none, itself alone.
        """
        line = [self.trials[number]]
        while (lineage := line[-1].lineage) is not None and lineage.parent is not None:
            line.append(self.trials[lineage.parent])
        return line[::-1]

    def assignments(self) -> list[Trial]:
        """Return one trial for each assignment: with repeats the joined ones.

        Of an assignment that is not through yet, the first one as it stands, without numbers:
        nothing is known of the mean.
        """
        if self.sweep.repeats == 1:
            return self.trials
        return [self._joined(key) for key in self.groups]

    def newest_first(self) -> Iterator[Trial]:
        """Yield what `assignments` returns, from its end."""
        if self.sweep.repeats == 1:
            yield from reversed(self.trials)
        else:
            yield from map(self._joined, reversed(self.groups))

    def _joined(self, key: Hashable) -> Trial:
        trials = [self.trials[number] for number in self.groups[key]]
        if key not in self.open:
            return joined([trial for trial in trials if trial.is_ended])
        state = State.RUNNING if any(t.state is State.RUNNING for t in trials) else State.WAITING
        return replace(trials[0], state=state, metrics={}, finished=None)

    def _add(self, trial: Trial) -> Trial | None:
        number, state = trial.number, trial.state
        before: State | None = None
        if number < len(self.trials):
            before = self.trials[number].state
            self.counts[before] -= 1
            self.trials[number] = trial
        else:
            # The feed lists trials in the order of their numbers, which are dense.
            self.trials.append(trial)
            if (lineage := trial.lineage) is not None:
                self.followed.add(lineage.place)
            if self.sweep.repeats > 1:
                self._group(number, self._key(trial))
                self._keyed = number + 1
        if state is State.CANCELLED and before is not state and trial.is_withdrawn:
            self.withdrawn += 1
        self.counts[state] += 1
        if self._targets and self.sweep.repeats == 1 and not self.sweep.constraints:
            self._aim(trial)  # while it runs, too
        if state is State.RUNNING:
            self.running[number] = None
        elif before is State.RUNNING:
            del self.running[number]
        if state in _WAITING:
            self.waiting[number] = None
        elif before in _WAITING:
            del self.waiting[number]
        if state in ENDED and before not in ENDED:
            return self._end(trial)
        return None

    def _key(self, trial: Trial) -> Hashable:
        """Note that a trial's assignment was tried; return what tells it from others."""
        told = self._sight.trial(trial) if self.sweep.version > 1 else trial
        if told is None:
            # With a length that no key of the space has, should a constant have had another value.
            self._outside.add(found := ("outside", canonical(dict(trial.params))))
            return found
        key = self.sweep.space.key(told.params)
        self._seen.add(key)
        return key

    def _group(self, number: int, key: Hashable) -> None:
        if key not in self.groups:
            self.groups[key] = []
            self.open[key] = None
        self.groups[key].append(number)
        self._group_of[number] = key

    def _end(self, trial: Trial) -> Trial | None:
        self.ended += 1
        self._just_ended.append(trial)
        if trial.started is not None and trial.finished is not None:
            _merge(self._worked, trial.started.timestamp(), trial.finished.timestamp())
        if self.sweep.repeats == 1:
            self._weigh(trial)
            return trial
        key = self._group_of[trial.number]
        repeats = self.groups[key][: self.sweep.repeats]
        if trial.number not in repeats:  # one more, asked for by hand
            if key not in self.open:
                self._weigh_again()
            return trial
        if key in self._outside:
            self._unsettled.add(key)
            return None
        if len(repeats) < self.sweep.repeats:
            return None
        if not all(self.trials[number].is_ended for number in repeats):
            return None
        del self.open[key]
        self._weigh(self._joined(key))
        return joined([self.trials[number] for number in repeats])

    def _settle(self) -> None:
        """Weigh what is outside of the space: no more of its repeats will come."""
        for key in self._unsettled:
            if all(self.trials[number].is_ended for number in self.groups[key]):
                self.open.pop(key, None)
                self._weigh(self._joined(key))
        self._unsettled.clear()

    def _weigh(self, trial: Trial) -> None:
        """Compare with the best so far."""
        found = losses(trial, self.sweep.goals[:1])
        if found is None or not isfinite(found[0]):
            return
        is_short = is_cut_short(trial, self.sweep.goals)
        key = (violation(trial, self.sweep.constraints), is_short, found[0], trial.number)
        if key[0] <= 0:
            self._aim(trial)
        if key >= self._best_key and (self.best or self.nearest):
            return
        self._best_key = key
        self.best, self.nearest = (None, trial) if key[0] > 0 else (trial, None)

    def _aim(self, trial: Trial) -> None:
        """Take note of a trial that is good enough; of several the first to be seen."""
        if self.reached is None and self._targets and trial.state not in _DISCARDED:
            values = [(goal, trial.value(goal)) for goal in self._targets]
            if all(value is not None and goal.is_reached(value) for goal, value in values):
                self.reached = trial.number

    def _weigh_again(self) -> None:
        """Find the best anew, where the mean of an assignment has changed."""
        self.best = self.nearest = None
        for key in self.groups:
            if key not in self.open:
                self._weigh(self._joined(key))


def _merge(spans: list[tuple[float, float]], start: float, end: float) -> None:
    """Put an interval into a list of disjoint ascending ones, in place."""
    if end <= start:
        return
    if not spans or start > spans[-1][1]:  # one trial after the other
        spans.append((start, end))
        return
    first = bisect_left(spans, start, key=lambda span: span[1])
    last = bisect_right(spans, end, key=lambda span: span[0])
    if first < last:
        start, end = min(start, spans[first][0]), max(end, spans[last - 1][1])
    spans[first:last] = [(start, end)]
