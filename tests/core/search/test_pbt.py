"""Population based training: who goes on, who gives way, and with which values."""

import math
import random
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from sonde.core.constraint import Constraint
from sonde.core.decide import Decider, Situation, check
from sonde.core.distributions import Choice, Float, Int
from sonde.core.distributions.values import Params
from sonde.core.history import History
from sonde.core.lineage import Lineage
from sonde.core.metric import Goal
from sonde.core.search import method
from sonde.core.search.pbt import Pbt
from sonde.core.search.protocol import Problem
from sonde.core.space import Space, space_of
from sonde.core.sweep import Budget, Control, Sweep
from sonde.core.trial import State, Trial
from sonde.errors import ConfigError
from sonde.testing.methods import Search, ended

SPACE = space_of({"lr": Float(1e-4, 1, log=True), "units": Int(1, 64), "opt": ["adam", "sgd"]})


def population(losses: list[float], space: Space = SPACE, seed: int = 0, **options: Any) -> Search:
    """Return a search of which the first legs have ended with these losses."""
    search = Search(Pbt(population=len(losses), **options), space, seed)
    for child in search.children(len(losses)):
        search.add(child.params, child.lineage)
    for number, loss in enumerate(losses):
        search.end(number, loss=lambda _, loss=loss: loss)  # type: ignore[misc]
    return search


def test_it_begins_with_as_many_trainings_as_the_population_has_and_then_waits() -> None:
    search = Search(Pbt(population=6), SPACE)
    found = search.children(100)
    assert [child.lineage for child in found] == [None] * 6
    for child in found:
        search.add(child.params)
    assert search.children(100) == []
    search.end(2)
    (child,) = search.children(100)
    assert child.lineage == Lineage(parent=2, place=2)


def test_whoever_is_not_among_the_worst_goes_on_as_it_is() -> None:
    search = population([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0])
    for number, child in enumerate(search.children(6)):
        assert child.lineage == Lineage(parent=number, place=number)
        assert child.params == search.params[number]


def test_the_worst_quarter_goes_on_from_the_best_quarter_with_other_values() -> None:
    parents = set()
    for seed in range(20):
        search = population([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0], seed=seed)
        for child, place in zip(search.children(8)[6:], (6, 7), strict=True):
            assert child.lineage is not None
            assert child.lineage.place == place
            assert child.params != search.params[child.lineage.parent or 0]
            parents.add(child.lineage.parent)
    assert parents == {0, 1}


def test_nobody_waits_for_the_others() -> None:
    search = Search(Pbt(population=4), SPACE)
    for child in search.children(4):
        search.add(child.params)
    for loss in (3.0, 2.0, 1.0):  # the same training three times, while three others run
        number = max(search.pending)
        search.end(number, loss=lambda _, loss=loss: loss)  # type: ignore[misc]
        (child,) = search.children(1)
        search.add(child.params, child.lineage)
    assert [search.lineages[n].place for n in (4, 5, 6)] == [3, 4, 5]


def explored(space: Space, seeds: int = 200, **options: Any) -> list[tuple[Any, Any]]:
    """Return the values of parents and those that they were changed to."""
    found = []
    for seed in range(seeds):
        search = population([1.0, 2.0], space, seed, **options)
        child = search.children(2)[1]
        assert child.lineage == Lineage(parent=0, place=1)
        found.append((search.params[0], child.params))
    return found


def test_values_are_multiplied_by_a_factor_and_stay_within_their_bounds() -> None:
    for before, after in explored(space_of({"x": Float(1, 2)}), resample=0):
        factors = {min(max(before["x"] * factor, 1), 2) for factor in (0.8, 1.2)}
        assert any(after["x"] == pytest.approx(value) for value in factors)


def test_a_share_of_them_is_drawn_anew() -> None:
    pairs = explored(space_of({"x": Float(1e-9, 1, log=True)}), seeds=400)
    drawn = sum(not 0.79 < after["x"] / before["x"] < 1.21 for before, after in pairs)
    assert 60 < drawn < 140  # of 400, at .25


def test_a_whole_number_takes_at_least_one_step_unless_it_is_at_its_bound() -> None:
    for before, after in explored(space_of({"n": Int(1, 5)}), resample=0):
        assert after["n"] != before["n"] or before["n"] in {1, 5}
        assert abs(after["n"] - before["n"]) <= 1


def test_a_list_in_order_is_walked_and_one_without_order_is_kept_unless_drawn() -> None:
    sizes = (16, 32, 64, 128)
    space = space_of({"size": Choice(sizes), "opt": ["adam", "sgd", "lion"]})
    for before, after in explored(space, resample=0):
        assert abs(sizes.index(after["size"]) - sizes.index(before["size"])) <= 1
        assert after["opt"] == before["opt"]
    assert any(before["opt"] != after["opt"] for before, after in explored(space))


def test_what_is_to_be_kept_is_as_in_the_training_that_it_goes_on_from() -> None:
    pairs = explored(SPACE, keep=["units", "opt"])
    assert all((a["units"], a["opt"]) == (b["units"], b["opt"]) for a, b in pairs)
    assert all(before["lr"] != after["lr"] for before, after in pairs if before["lr"] < 0.8)


def test_changes_keep_to_the_relations_and_to_the_conditions() -> None:
    space = space_of(
        {"a": Float(0, 1), "b": Float(0, 1), "c": Float(0, 1, when="a > 0.5")}, where="a + b < 1.2"
    )
    for _, after in explored(space):
        assert space.admits(after)


def test_what_fails_or_diverges_gives_way_however_many_do() -> None:
    search = population([1.0, 2.0, float("nan"), float("inf"), float("inf"), 3.0])
    for number, child in enumerate(search.children(6)):
        assert child.lineage is not None
        parent = child.lineage.parent
        assert parent in ({0, 1} if number in {2, 3, 4} else {number, 0, 1})


def test_where_all_have_failed_they_begin_anew() -> None:
    search = population([float("nan")] * 3)
    for number, child in enumerate(search.children(3)):
        assert child.lineage == Lineage(parent=None, place=number)
        assert child.params != search.params[number]


def test_whoever_breaks_a_constraint_is_worse_than_all_that_keep_to_it() -> None:
    state = Pbt(population=2).start(
        Problem(space=SPACE, goals=(Goal(metric="loss"),),
                constraints=(Constraint(metric="loss", bound=2.0, at_most=False),))
    )  # fmt: skip
    for number, loss in enumerate((1.0, 3.0)):
        state.add(ended(number, {"lr": 0.1, "units": 3, "opt": "sgd"}, loss))
    assert [leg.number for leg in state.ranked()] == [1, 0]


def descend(chance: random.Random, lr: float, at: list[float], steps: int) -> list[float]:
    """Follow gradients with noise: a high rate is right far off, and a low one near the end."""
    for _ in range(steps):
        at = [x - lr * (x + chance.gauss(0, 1)) for x in at]
    return at


def height(at: list[float]) -> float:
    return math.fsum(x * x for x in at)


def test_it_beats_random_search_where_no_constant_value_is_good() -> None:
    space = space_of({"lr": Float(1e-3, 1, log=True)})
    start, won = [100.0] * 10, 0
    for seed in range(10):
        chance = random.Random(seed)
        search, states = Search(Pbt(population=8), space, seed), dict[int, list[float]]()
        while len(search.history) < 64:
            (child,) = search.children(1)
            number = search.add(child.params, child.lineage)
            parent = None if child.lineage is None else child.lineage.parent
            rate: Any = child.params["lr"]
            states[number] = descend(chance, rate, start if parent is None else states[parent], 30)
            search.end(number, loss=lambda _, at=states[number]: height(at))  # type: ignore[misc]
        constant = []
        for params in Search(method("random"), space, seed).run(8).params:
            at, rate = start, params["lr"]
            for _ in range(8):
                at = descend(chance, rate, at, 30)
                constant.append(height(at))
        won += min(map(height, states.values())) < min(constant)
    assert won >= 8


@pytest.mark.parametrize(
    ("options", "where"),
    [
        ({"population": 1}, "population"),
        ({"quantile": 0}, "quantile"),
        ({"quantile": 0.6}, "quantile"),
        ({"resample": 2}, "resample"),
        ({"factors": []}, "factors"),
        ({"factors": [0, 1]}, "factors"),
    ],
)
def test_options_without_sense_are_refused(options: Mapping[str, Any], where: str) -> None:
    with pytest.raises(ConfigError, match=f"method pbt: {where}"):
        Pbt(**options)


def test_it_needs_one_goal_and_keeps_only_what_there_is() -> None:
    with pytest.raises(ConfigError, match="there is no goal"):
        Pbt().start(Problem(space=SPACE))
    with pytest.raises(ConfigError, match="there are 2 goals"):
        Pbt().start(Problem(space=SPACE, goals=(Goal(metric="a"), Goal(metric="b"))))
    with pytest.raises(ConfigError, match="it is no parameter: use lr, units, opt"):
        Pbt(keep="width").start(Problem(space=SPACE, goals=(Goal(metric="a"),)))


# -- in a sweep ----------------------------------------------------------------------------------

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def sweep(**given: Any) -> Sweep:
    return Sweep(space=SPACE, goals=(Goal(metric="loss"),), method="pbt(population=3)", **given)


def running(number: int, params: Params, origin: str) -> Trial:
    return Trial(
        number=number, state=State.RUNNING, params=params, created=NOW, started=NOW, origin=origin,
        version=number + 1,
    )  # fmt: skip


def test_more_workers_than_the_population_wait_and_the_sweep_goes_on() -> None:
    given = sweep(budget=Budget(trials=20))
    history, decider = History(given), Decider(given)
    situation = Situation(0, Control.RUNNING, given.budget, NOW)
    decision = decider.decide(history, situation, 8)
    assert decision is not None
    assert (len(decision.add), decision.control) == (3, None)
    history.add([running(n, dict(new.params), new.origin) for n, new in enumerate(decision.add)])
    assert decider.decide(history, situation, 8) is None
    decider.observe(history.add([ended(1, dict(decision.add[1].params), 0.5)]))
    decision = decider.decide(history, situation, 8)
    assert decision is not None
    assert [new.origin for new in decision.add] == ["from 1"]


def test_the_budget_ends_it() -> None:
    given = sweep(budget=Budget(trials=2))
    decision = Decider(given).decide(
        History(given), Situation(0, Control.RUNNING, given.budget, NOW), 2
    )
    assert decision is not None
    assert decision.control is Control.DONE


@pytest.mark.parametrize(
    ("given", "why"),
    [({"repeats": 2}, "tried 2 times"), ({"stopping": "asha"}, "begin with nothing")],
)
def test_what_makes_no_sense_with_it_is_refused(given: dict[str, Any], why: str) -> None:
    refusals: list[Callable[[], object]] = [
        lambda: Decider(sweep(**given)),
        lambda: check(sweep(**given)),
    ]
    for refuse in refusals:
        with pytest.raises(ConfigError, match=why):
            refuse()


def test_earlier_sweeps_are_refused_before_the_sweep_is_made() -> None:
    check(sweep())
    with pytest.raises(ConfigError, match="does not learn from earlier sweeps"):
        check(sweep(), learns=True)
