"""TPE finds good values far sooner than chance, whatever the space is made of."""

import math
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

import pytest

from sonde.core.distributions import Choice, Float, Int
from sonde.core.distributions.values import Params
from sonde.core.metric import Direction, Goal
from sonde.core.search import Problem, Request, method
from sonde.core.space import Space, space_of
from sonde.core.trial import State
from sonde.errors import ConfigError
from sonde.testing.methods import Search

TPE, RANDOM = method("tpe"), method("random")
MIXED = space_of(
    {"lr": Float(1e-5, 1, log=True), "layers": Int(1, 32), "width": [16, 32, 64, 128, 256]}
    | {"opt": ["adam", "sgd", "lion"], "momentum": Float(0, 0.99, when="opt == 'sgd'")}
)


def mixed(params: Params) -> float:
    """Best at lr 1e-2, 8 layers, width 64, sgd with momentum 0.9, where it is 0."""
    lr, layers, width = params["lr"], params["layers"], params["width"]
    assert isinstance(lr, float)
    assert isinstance(layers, int)
    assert isinstance(width, int)
    loss = (math.log10(lr) + 2) ** 2 + ((layers - 8) / 8) ** 2 + abs(math.log2(width) - 6)
    if params["opt"] != "sgd":
        return loss + 1
    momentum = params["momentum"]
    assert isinstance(momentum, float)
    return loss + 2 * (momentum - 0.9) ** 2


def after(
    name: str, space: Space, loss: Callable[[Params], float | None], trials: int, seeds: int = 7
) -> float:
    """The median over seeds of the best loss after so many trials."""
    found = []
    for seed in range(seeds):
        search = Search(method(name), space, seed)
        best = math.inf
        for _ in range(trials):
            number = search.add(search.propose()[0])
            value = loss(search.params[number])
            best = best if value is None else min(best, value)
            search.end(number, loss=lambda _, value=value: value)  # type: ignore[misc]
        found.append(best)
    return statistics.median(found)


def test_sixty_trials_of_a_mixed_conditional_space_beat_240_random_ones() -> None:
    assert after("tpe", MIXED, mixed, 60) < after("random", MIXED, mixed, 240)


def test_on_a_bowl_of_five_floats_it_is_many_times_closer_than_chance() -> None:
    space = space_of({name: Float(0, 1) for name in "abcde"})

    def bowl(params: Params) -> float:
        return math.fsum((float(str(value)) - 0.7) ** 2 for value in params.values())

    assert after("tpe", space, bowl, 100) < after("random", space, bowl, 100) / 5


def test_the_best_of_many_categories_is_found_and_kept_to() -> None:
    space = space_of({name: list("uvwxyz") for name in "abcdefgh"})

    def wrong(params: Params) -> float:
        return sum(value != "w" for value in params.values())

    assert after("tpe", space, wrong, 120) < after("random", space, wrong, 120)


def test_failed_trials_keep_it_away_from_where_they_failed() -> None:
    space = space_of({"x": Float(0, 1), "y": Float(0, 1)})
    shares = []
    for seed in range(3):
        search = Search(TPE, space, seed)
        for _ in range(80):
            number = search.add(search.propose()[0])
            x, y = (float(str(value)) for value in search.params[number].values())
            if x > 0.5:  # the best values would be there
                search.end(number, State.FAILED, lambda _: None)
            else:
                search.end(number, loss=lambda _, x=x, y=y: (y - 0.5) ** 2 - x)  # type: ignore[misc]
        shares.append(sum(float(str(p["x"])) > 0.5 for p in search.params[20:]) / 60)
    assert statistics.median(shares) < 0.45


def test_pending_trials_keep_a_batch_apart() -> None:
    space = space_of({"x": Float(0, 1), "y": Float(0, 1)})
    search = Search(TPE, space).run(60)
    batch = search.propose(12)
    apart = [
        math.dist([float(str(v)) for v in a.values()], [float(str(v)) for v in b.values()])
        for i, a in enumerate(batch)
        for b in batch[:i]
    ]
    alone = [search.propose(1)[0]]
    assert batch[:1] == alone
    assert statistics.median(apart) > 0.02


def test_what_counts_is_the_order_of_the_losses_alone() -> None:
    space = MIXED
    runs = []
    for scale in (1.0, 1e12, 1e-12):
        search = Search(TPE, space, 3)
        for _ in range(40):
            number = search.add(search.propose()[0])
            search.end(number, loss=lambda p, scale=scale: mixed(p) * scale)  # type: ignore[misc]
        runs.append(search.params)
    assert runs[0] == runs[1] == runs[2]


def test_a_goal_to_maximize_is_followed_upwards() -> None:
    space = space_of({"x": Float(0, 1)})
    state = TPE.start(
        Problem(space=space, goals=[Goal(metric="loss", direction=Direction.MAXIMIZE)])
    )
    search = Search(TPE, space)
    search.state = state
    for _ in range(40):
        search.end(search.add(search.propose()[0]), loss=lambda params: float(str(params["x"])))
    assert statistics.median(float(str(p["x"])) for p in search.params[20:]) > 0.8


def test_the_order_in_which_trials_end_plays_no_part() -> None:
    forwards, backwards = Search(TPE, MIXED), Search(TPE, MIXED)
    found = forwards.propose(30)
    for search in (forwards, backwards):
        for params in found:
            search.add(params)
    for number in range(30):
        forwards.end(number, loss=mixed)
        backwards.end(29 - number, loss=mixed)
    assert forwards.propose(4) == backwards.propose(4)


def test_trials_from_before_an_edit_of_the_space_are_left_out() -> None:
    old = Search(TPE, space_of({"x": Float(0, 1), "opt": ["a", "b", "c"]})).run(30)
    space = space_of({"x": Float(0, 1), "opt": ["a", "b"]})
    state = TPE.start(Problem(space=space, goals=[Goal(metric="loss")]))
    for trial in old.history:
        state = TPE.observe(state, trial)
    (params,) = TPE.propose(state, Request(first=30, count=1))
    assert space.admits(params)


def test_a_choice_that_is_rarely_drawn_stays_rare_where_it_makes_no_difference() -> None:
    space = space_of({"x": Float(0, 1), "a": Choice(("u", "v"), probabilities=(0.99, 0.01))})
    search = Search(TPE, space)
    for _ in range(60):
        search.end(search.add(search.propose()[0]), loss=lambda _: 0.0)
    assert sum(params["a"] == "v" for params in search.params) < 20


def test_a_proposal_after_10000_trials_costs_about_what_one_after_1000_does() -> None:
    space = space_of({f"x{i}": Float(0, 1) for i in range(10)})
    search = Search(TPE, space)
    points = Search(RANDOM, space).propose(10_000)
    costs = []
    for goal in (1_000, 10_000):
        while len(search.params) < goal:
            search.end(search.add(points[len(search.params)]))
        search.propose()
        began = time.process_time()
        for _ in range(20):
            search.propose()
        costs.append(time.process_time() - began)
    assert costs[1] < 2 * costs[0] + 0.02


@pytest.mark.parametrize(
    ("goals", "message"),
    [
        (0, "method tpe: it searches for one goal, not 0; name the metric"),
        (2, "method tpe: it searches for one goal, not 2; use evolution"),
    ],
)
def test_it_has_one_goal(goals: int, message: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        TPE.start(Problem(space=MIXED, goals=[Goal(metric=str(i)) for i in range(goals)]))
    assert str(refusal.value) == message


def test_methods_are_listed_without_loading_numpy() -> None:
    code = (
        "import sys; from sonde.core.search import METHODS, choose, method; method('random');"
        "assert not {'numpy', 'scipy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
