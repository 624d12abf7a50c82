"""What every stopping rule must do: the contract of `sonde.core.stopping.protocol`, as tests.

Derive from `RuleContract`, say how to make the rule, and let pytest collect the class:

    class TestMine(RuleContract):
        rule = Mine(eta=2)
"""

# ruff: noqa: D102 - the name of a test is what it has to say

import math
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, ClassVar

from sonde.core.stopping.protocol import Heard, Point, Rule
from sonde.core.trial import State

__all__ = ["Curve", "RuleContract", "curves", "judged", "told"]

_ENDS = (State.DONE, State.STOPPED, State.FAILED, State.CANCELLED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """One trial as it stands: its points so far."""

    number: int
    points: Sequence[Point] = field(default_factory=list)
    state: State = State.RUNNING


def curves(seed: int, trials: int = 30, longest: int = 30) -> list[Curve]:
    """Return trials at random: falling, rising, flat and noisy ones, some with infinities."""
    random = Random(seed)  # noqa: S311
    found = []
    for number in range(trials):
        level, fall, noise = random.random(), random.uniform(-0.2, 1), random.choice([0, 0, 0.1])
        begun, points = random.uniform(0, 100), []
        for step in range(random.randrange(longest + 1)):
            loss = level + fall / (step + 1) + random.gauss(0, 1) * noise
            if random.random() < 0.01:
                loss = random.choice([math.inf, -math.inf, 1e308])
            points.append(Point(loss, loss, begun + step + random.random() / 2))
        state = State.RUNNING if random.random() < 0.5 else random.choice(_ENDS)
        found.append(Curve(number=number, points=points, state=state))
    return found


def told(rule: Rule[Any], parts: Iterable[Heard]) -> Any:
    """Return the state of a rule after it was told all this."""
    state = rule.start()
    for part in parts:
        state = rule.hear(state, part)
    return state


def judged(rule: Rule[Any], state: Any, trials: Sequence[Curve]) -> dict[int, str]:
    """Return whom of the running trials a rule stops, and why."""
    found = {}
    for trial in trials:
        if trial.state is State.RUNNING:
            why = rule.judge(state, trial.number)
            if why is not None:
                found[trial.number] = why
    return found


def in_time(trials: Sequence[Curve]) -> list[Heard]:
    """Return all points one by one in the order of their times, and each trial's end after it."""
    parts: list[tuple[float, int, Heard]] = []
    for trial in trials:
        number = trial.number
        parts += [(one.time, 0, Heard(number=number, points=[one])) for one in trial.points]
        at = trial.points[-1].time if trial.points else 0.0
        if trial.state is not State.RUNNING:
            parts.append((at, 1, Heard(number=number, state=trial.state)))
    return [part for *_, part in sorted(parts, key=lambda part: part[:2])]


class RuleContract:
    """The tests. `rule` is made once: all that it learns is in its state."""

    rule: ClassVar[Rule[Any]]
    seeds: ClassVar[Sequence[int]] = range(20)
    most_seconds: ClassVar[float] = 5.0

    def test_it_has_a_name(self) -> None:
        assert self.rule.name == self.rule.name.strip() != ""

    def test_a_trial_of_which_nothing_was_heard_goes_on(self) -> None:
        state = told(self.rule, in_time(curves(0)))
        assert self.rule.judge(state, 999) is None
        state = self.rule.hear(state, Heard(number=999))
        assert self.rule.judge(state, 999) is None

    def test_why_a_trial_is_stopped_is_one_line(self) -> None:
        for seed in self.seeds:
            trials = curves(seed)
            for why in judged(self.rule, told(self.rule, in_time(trials)), trials).values():
                assert why == why.strip() != ""
                assert why.isprintable()

    def test_it_stops_somebody_sooner_or_later(self) -> None:
        zeros = [Point(0.0, 0.0, float(step)) for step in range(100)]
        flat = [Curve(number=number, points=zeros, state=State.DONE) for number in range(19)]
        worse = Curve(number=19, points=[Point(9.0, 9.0, 100.0 + step) for step in range(99)])
        state = told(self.rule, in_time([*flat, worse]))
        assert self.rule.judge(state, 19) is not None

    def test_asking_changes_nothing(self) -> None:
        for seed in self.seeds:
            trials = curves(seed)
            state, plain = self.rule.start(), self.rule.start()
            for part in in_time(trials):
                state, plain = self.rule.hear(state, part), self.rule.hear(plain, part)
                self.rule.judge(state, part.number)
                self.rule.judge(state, part.number)
            assert judged(self.rule, state, trials) == judged(self.rule, plain, trials)

    def test_a_controller_that_starts_anew_judges_as_the_former_one_did(self) -> None:
        for seed in self.seeds:
            trials = curves(seed)
            followed = told(self.rule, in_time(trials))
            at_once = [Heard(number=t.number, points=t.points, state=t.state) for t in trials]
            read = told(self.rule, at_once)
            assert judged(self.rule, read, trials) == judged(self.rule, followed, trials)

    def test_points_come_one_by_one_or_many_at_a_time(self) -> None:
        for seed in self.seeds:
            trials, random = curves(seed), Random(seed)  # noqa: S311
            parts: list[Heard] = []
            for trial in trials:
                cut = random.randrange(len(trial.points) + 1)
                parts.append(Heard(number=trial.number, points=trial.points[:cut]))
                parts.append(
                    Heard(number=trial.number, points=trial.points[cut:], state=trial.state)
                )
            split = judged(self.rule, told(self.rule, parts), trials)
            assert split == judged(self.rule, told(self.rule, in_time(trials)), trials)

    def test_of_what_a_further_attempt_replaced_nothing_is_left(self) -> None:
        for seed in self.seeds:
            trials, random = curves(seed), Random(seed)  # noqa: S311
            void = [Point(random.random(), random.random(), 0.5) for _ in range(40)]
            parts = [Heard(number=trial.number, points=void) for trial in trials]
            parts += [
                Heard(number=t.number, points=t.points, state=t.state, afresh=True) for t in trials
            ]
            again = judged(self.rule, told(self.rule, parts), trials)
            assert again == judged(self.rule, told(self.rule, in_time(trials)), trials)

    def test_two_sweeps_share_nothing(self) -> None:
        trials = curves(1)
        alone = judged(self.rule, told(self.rule, in_time(trials)), trials)
        other = self.rule.start()
        state = self.rule.start()
        for part in in_time(trials):
            state = self.rule.hear(state, part)
            other = self.rule.hear(other, Heard(number=part.number, points=[Point(0.0, 0.0, 0.0)]))
        assert judged(self.rule, state, trials) == alone

    def test_many_trials_take_reasonable_time(self) -> None:
        trials = curves(2, trials=2000, longest=100)
        began = time.process_time()
        state = self.rule.start()
        for part in in_time(trials):
            state = self.rule.hear(state, part)
            self.rule.judge(state, part.number)
        assert time.process_time() - began < self.most_seconds
