"""What every search method must do: the contract of `sonde.core.search.protocol`, as tests.

Derive from `MethodContract`, name the method, and let pytest collect the class:

    class TestMine(MethodContract):
        method = Mine()
"""

# ruff: noqa: D102 - the name of a test is what it has to say

import math
import time
from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, ClassVar

import pytest

from sonde.core.distributions import Float, Int, Normal, QUniform
from sonde.core.distributions.values import Params, Value
from sonde.core.lineage import Lineage
from sonde.core.metric import Goal, Summary
from sonde.core.search.protocol import Breeder, Child, Method, Problem, Request
from sonde.core.search.random import Random
from sonde.core.space import Space, space_of
from sonde.core.trial import ENDED, State, Trial
from sonde.errors import ConfigError

__all__ = ["MethodContract", "Search", "ended"]

GOALS = (Goal(metric="loss"),)

_SMALL = {"a": ["x", "y", "z"], "b": Int(1, 4), "c": Float(0, 0.3, step=0.1)}
FINITE: Mapping[str, Space] = {
    "plain": space_of(_SMALL),
    "conditions": space_of(
        {"momentum": Float(0, 0.9, step=0.3, when="opt == 'sgd'")}
        | {"opt": ["adam", "sgd"], "nesterov": Int(0, 1, when="momentum > 0"), "epochs": 30}
    ),
    "relations": space_of(_SMALL, where=["b <= 10 * c + 1", "a != 'x' or b > 1"]),
    "rare": space_of({"a": Int(1, 50), "b": Int(1, 50)}, where="a * b == 36"),
    "constants": space_of({"a": 1, "b": "adam"}),
    "point": space_of({"c": Int(3, 3), "d": ["x"], "e": Float(0.5, 0.5)}),
    "mixed": space_of({"a": [True, 1, "1", None, [1, 2]], "q": QUniform(0, 6, 2)}),
}
INFINITE: Mapping[str, Space] = {
    "one": space_of({"x": Float(0, 1)}),
    "many": space_of(
        {"lr": Float(1e-5, 0.1, log=True), "layers": Int(1, 8), "opt": ["adam", "sgd"]}
        | {"momentum": Float(0, 0.99, when="opt == 'sgd'"), "noise": Normal(0, 1)},
        where="layers * lr < 0.2",
    ),
    "narrow": space_of({"x": Float(0, 1), "y": Float(0, 1)}, where="x + y < 0.1"),
}

_WIDE = space_of({"a": Int(1, 90), "b": Int(1, 90), "c": ["x", "y", "z"]})
_HUGE = space_of(
    {f"n{i}": Int(0, 9) for i in range(160)}
    | {f"c{i}": ["x", "y"] for i in range(20)}
    | {f"k{i}": Int(0, 9, when=f"c{i} == 'x'") for i in range(20)}
)


def ended(
    number: int, params: Mapping[str, Value], loss: float | None, state: State = State.DONE
) -> Trial:
    """Return a trial that has ended, with one report of the loss unless that is None."""
    time = datetime(2026, 1, 1, tzinfo=UTC)
    metrics = {} if loss is None else {"loss": Summary.of([(0, loss)])}
    return Trial(
        number=number, state=state, params=params, metrics=metrics, attempts=1,
        created=time, started=time, finished=time, version=number + 1,
    )  # fmt: skip


def bowl(params: Mapping[str, Value]) -> float:
    """A loss for any assignment: how far the numbers in it are from 0.3."""
    numbers = [value for value in params.values() if isinstance(value, (int, float))]
    return math.fsum((number - 0.3) ** 2 for number in numbers)


# How trials end that do not end well, by their number.
_ENDS: Mapping[int, tuple[State, Callable[[Params], float | None]]] = {
    3: (State.FAILED, lambda _: None),
    5: (State.DONE, lambda _: math.nan),
    7: (State.STOPPED, bowl),
    9: (State.CANCELLED, bowl),
    11: (State.DONE, lambda _: math.inf),
}


class Search:
    """A sweep without store or agents: asks a method, ends trials, folds them in."""

    def __init__(self, method: Method[Any], space: Space, seed: int = 0) -> None:
        self.method, self.space, self.seed = method, space, seed
        self.state = method.start(Problem(space=space, goals=GOALS, seed=seed))
        self.params: list[Params] = []
        self.history: list[Trial] = []
        self.pending: dict[int, Params] = {}
        self.seen: set[Hashable] = set()
        self.lineages: dict[int, Lineage] = {}
        self.followed: set[int] = set()

    def propose(self, count: int = 1) -> list[Params]:
        """Ask, and leave it at that."""
        return [child.params for child in self.children(count)]

    def children(self, count: int = 1) -> list[Child]:
        """Ask, and be told from which trials they go on, if from any."""
        request = Request(
            first=len(self.params),
            count=count,
            pending=list(self.pending.values()),
            seen=frozenset(self.seen),
            followed=frozenset(self.followed),
        )
        if isinstance(self.method, Breeder):
            return self.method.children(self.state, request)
        return [Child(params=params) for params in self.method.propose(self.state, request)]

    def add(self, params: Params, lineage: Lineage | None = None) -> int:
        """Begin a trial."""
        number = len(self.params)
        if lineage is not None:
            self.lineages[number] = lineage
            self.followed.add(lineage.place)
        self.params.append(params)
        self.pending[number] = params
        self.seen.add(self.space.key(params))
        return number

    def end(
        self, number: int, state: State = State.DONE, loss: Callable[[Params], float | None] = bowl
    ) -> None:
        """End a trial and tell the method."""
        params = self.pending.pop(number)
        lineage = self.lineages.get(number)
        origin = "method" if lineage is None else lineage.origin
        trial = replace(ended(number, params, loss(params), state), origin=origin)
        self.history.append(trial)
        self.state = self.method.observe(self.state, trial)

    def run(
        self,
        trials: int,
        *,
        batch: int = 1,
        restart: bool = False,
        loss: Callable[[Params], float | None] = bowl,
    ) -> "Search":
        """Run up to so many more trials, a batch at a time, until the method is exhausted."""
        goal = len(self.params) + trials
        while len(self.params) < goal:
            if restart:
                self.restart()
            found = self.children(min(batch, goal - len(self.params)))
            for number in [self.add(child.params, child.lineage) for child in found]:
                self.end(number, loss=loss)
            if len(found) < batch:
                break
        return self

    def overlap(self, trials: int, *, workers: int = 4, restart: bool = False) -> "Search":
        """Run so many trials, some at a time, which end out of order and not all of them well."""
        while len(self.history) < trials:
            if restart:
                self.restart()
            room = min(workers - len(self.pending), trials - len(self.params))
            for child in self.children(room):
                self.add(child.params, child.lineage)
            if not self.pending:
                break
            for _ in range(min(2, len(self.pending))):
                numbers = sorted(self.pending)
                number = numbers[(3 * len(self.history)) % len(numbers)]
                self.end(number, *_ENDS.get(number % 13, (State.DONE, bowl)))
        return self

    def restart(self) -> None:
        """Forget the state and fold the history anew, as a new controller would."""
        self.state = self.method.start(Problem(space=self.space, goals=GOALS, seed=self.seed))
        for trial in self.history:
            self.state = self.method.observe(self.state, trial)


class MethodContract:
    """Tests that a search method passes; a subclass names the method.

    Attributes:
        method: The method.
        needs_finite: It searches finite spaces only, and refuses others when it starts.
        is_seeded: Another seed gives other points.
        goes_on: Its trials go on from one another, so that an assignment may come again.
        only: Names of the spaces that are looked at, where each proposal is dear, and then a `few`
            trials of each at most; None: all.
        few: How many trials of each space are looked at.
        at_once: How many proposals are made together.
        many: How many trials are to take reasonable time.
        most_seconds: CPU time for so many of five parameters, one by one.
    """

    method: ClassVar[Method[Any]]
    needs_finite: ClassVar[bool] = False
    is_seeded: ClassVar[bool] = True
    goes_on: ClassVar[bool] = False
    only: ClassVar[Collection[str] | None] = None
    few: ClassVar[int] = 40
    at_once: ClassVar[int] = 64
    many: ClassVar[int] = 1000
    most_seconds: ClassVar[float] = 10.0

    @property
    def spaces(self) -> Mapping[str, Space]:
        """The spaces that the method can search."""
        return self._looked_at(FINITE if self.needs_finite else {**FINITE, **INFINITE})

    def _looked_at(self, spaces: Mapping[str, Space]) -> Mapping[str, Space]:
        wanted = spaces if self.only is None else self.only
        return {name: space for name, space in spaces.items() if name in wanted}

    @property
    def _large(self) -> Sequence[Space]:
        """Spaces in which there is always something new."""
        if self.needs_finite:
            return [_WIDE]
        return [_WIDE, INFINITE["many"]][0 if self.only is None else 1 :]

    @property
    def _enough(self) -> int:
        """How many trials show that something changes nothing."""
        return 24 if self.only is None else self.few

    def _every(self) -> list[Search]:
        spaces = self.spaces.values()
        return [Search(self.method, space).run(self.few) for space in spaces]

    def test_proposals_lie_inside_the_space_with_exactly_its_active_parameters(self) -> None:
        for search in self._every():
            assert search.params
            for params in search.params:
                assert search.space.admits(params), params
                declared = [p.name for p in search.space.parameters if p.name in params]
                assert list(params) == declared

    def test_values_are_of_the_types_that_were_declared(self) -> None:
        for search in self._every():
            for params in search.params:
                declared = search.space.validate(params)
                assert params == declared
                for name, value in params.items():
                    assert type(value) is type(declared[name])
                    assert type(value) in {int, float, str, bool, tuple, dict, type(None)}

    def test_the_same_seed_proposes_the_same(self) -> None:
        assert [s.params for s in self._every()] == [s.params for s in self._every()]

    def test_another_seed_proposes_something_else(self) -> None:
        space = self.spaces["plain" if self.needs_finite else "many"]
        trials, seeds = min(self._enough, 20), (0, 1, 2**63 - 1)
        runs = [Search(self.method, space, seed).run(trials).params for seed in seeds]
        assert (runs[0] != runs[1] != runs[2]) is self.is_seeded

    def test_a_controller_that_starts_anew_proposes_what_the_old_one_would_have(self) -> None:
        for space in self.spaces.values():
            old, new = (
                Search(self.method, space).overlap(self.few, restart=restart)
                for restart in (False, True)
            )
            assert old.params == new.params

    def test_asking_again_without_a_trial_added_gives_the_same(self) -> None:
        for space in self.spaces.values():
            search = Search(self.method, space)
            first = search.propose(3)
            assert search.propose(3) == first
            assert search.propose(1) == first[:1]
            search.add(first[0])
            search.propose(5)
            restarted = Search(self.method, space)
            restarted.add(first[0])
            assert search.propose(2) == restarted.propose(2)

    def test_results_play_no_part_unless_it_is_adaptive(self) -> None:
        if self.method.adaptive:
            return
        for space in self.spaces.values():
            one_by_one = Search(self.method, space).run(24)
            at_once = Search(self.method, space)
            at_once.params = at_once.propose(24)
            assert at_once.params == one_by_one.params

    def _is_fresh(self, search: Search) -> bool:
        """Tell whether no assignment came twice, where none may."""
        return self.goes_on or len(search.seen) == len(search.params)

    def test_each_trial_comes_after_one_that_has_ended_and_after_which_no_other_comes(self) -> None:
        if not self.goes_on:
            return
        for space in self.spaces.values():
            search = Search(self.method, space).run(3)
            for _ in range(60):
                for child in search.children(3):
                    if child.lineage is not None:
                        gone = {trial.number for trial in search.history}
                        assert {child.lineage.place, child.lineage.parent} - {None} <= gone
                        assert child.lineage.place not in search.followed
                    search.add(child.params, child.lineage)
                search.end(min(search.pending))
            assert len(search.followed) == len(search.lineages) > 20

    def test_no_point_comes_up_twice_and_a_finite_space_is_searched_to_its_end(self) -> None:
        if self.goes_on:
            return
        for name, space in self._looked_at(FINITE).items():
            points = {space.key(params) for params in space.lattice()}
            for batch in (1, 7):
                search = Search(self.method, space).run(10_000, batch=batch)
                keys = [space.key(params) for params in search.params]
                assert len(set(keys)) == len(keys), name
                assert set(keys) == points, name
                assert search.propose(3) == []

    def test_points_that_the_user_tried_are_not_proposed_again(self) -> None:
        if self.goes_on:
            return
        space = FINITE["plain"]
        search = Search(self.method, space)
        tried = list(space.lattice())[::3]
        for params in tried:
            search.end(search.add(params))
        search.run(10_000)
        assert len(search.params) == len(search.seen) == space.size

    def test_a_batch_beside_running_trials_repeats_none_of_them(self) -> None:
        for space in self.spaces.values():
            search = Search(self.method, space)
            for _ in range(4 if self.only is None else 2):
                for params in search.propose(5):
                    search.add(params)
            assert len(search.seen) == len(search.params)

    def test_up_to_sixty_four_at_once_all_differ(self) -> None:
        if self.goes_on:  # it waits for those that run
            return
        for space in self._large:
            search = Search(self.method, space).run(min(self.few, 24))
            for count in (1, 3, self.at_once):
                found = search.propose(count)
                assert len({space.key(params) for params in found} - search.seen) == count
                assert all(map(space.admits, found))

    def test_two_hundred_parameters_are_searched_too(self) -> None:
        assert len(_HUGE.dimensions) == 200
        search = Search(self.method, _HUGE)
        if not self.goes_on:  # so that it has begun to learn
            for params in Search(Random(), _HUGE).propose(20):
                search.end(search.add(params))
        began = len(search.params)
        search.run(2)
        assert len(search.params) == began + 2
        assert all(map(_HUGE.admits, search.params))
        assert self._is_fresh(search)

    def test_a_loss_that_never_changes_ends_nothing(self) -> None:
        for space in self._large:
            search = Search(self.method, space).run(self._enough, loss=lambda _: 1.0)
            assert len(search.params) == self._enough
            assert self._is_fresh(search)

    def test_the_units_of_the_loss_change_nothing(self) -> None:
        for space in self._large:
            runs = [
                Search(self.method, space)
                .run(self._enough, loss=lambda p, unit=unit: unit * bowl(p))  # type: ignore[misc]
                .params
                for unit in (1.0, 1e-12, 1e12)
            ]
            assert runs[0] == runs[1] == runs[2]

    def test_it_goes_on_after_trials_that_failed_or_have_no_number(self) -> None:
        for space in self.spaces.values():
            search = Search(self.method, space)
            for params in search.propose(8):
                search.add(params)
            losses: list[float | None] = [math.nan, math.inf, -math.inf, None, 1e308, 0.0]
            for number in list(search.pending):
                state = sorted(ENDED)[number % len(ENDED)]
                loss = losses[number % len(losses)]
                search.end(number, state, lambda _, loss=loss: loss)  # type: ignore[misc]
            search.run(10)
            assert all(space.admits(params) for params in search.params)
            assert self._is_fresh(search)

    def test_relations_that_nothing_satisfies_end_in_an_error(self) -> None:
        spaces = [space_of({"a": Int(1, 9), "b": Int(1, 9)}, where="a + b > 100")]
        if not self.needs_finite:
            spaces.append(space_of({"x": Float(0, 1)}, where="x > 2"))
        for space in spaces:
            search = Search(self.method, space)
            with pytest.raises(ConfigError, match=r"where .*>"):
                search.propose()

    def test_a_space_without_end_is_searched_or_refused_at_the_start(self) -> None:
        space = INFINITE["many"]
        if self.needs_finite:
            with pytest.raises(ConfigError, match="lr"):
                self.method.start(Problem(space=space, goals=GOALS))
        else:
            count = 100 if self.only is None else 2 * self.few
            assert len(Search(self.method, space).run(count, batch=9).params) == count

    def test_many_trials_take_reasonable_time(self) -> None:
        space = space_of({name: Int(1, 10) for name in "abcde"})
        began = time.process_time()
        assert len(Search(self.method, space).run(self.many).params) == self.many
        assert time.process_time() - began < self.most_seconds
