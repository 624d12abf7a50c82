"""CMA-ES converges at its rate, also on a turned ellipsoid, in steps and with categories."""

import math
import statistics
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest

from sonde.core.distributions import Float, Int
from sonde.core.distributions.values import Params
from sonde.core.metric import Goal
from sonde.core.search import Problem, method
from sonde.core.space import Space, space_of
from sonde.core.trial import State
from sonde.errors import ConfigError
from sonde.testing.methods import Search

CMAES = method("cmaes")


def vector(params: Params) -> npt.NDArray[np.float64]:
    """The numbers of an assignment."""
    return np.array([value for value in params.values() if isinstance(value, (int, float))], float)


def box(dimensions: int) -> Space:
    """So many floats from 0 to 1."""
    return space_of({f"x{i}": Float(0, 1) for i in range(dimensions)})


def trials_until(
    target: float, space: Space, loss: Callable[[Params], float], *, most: int, seed: int = 0
) -> int:
    """How many trials it takes to get below a loss."""
    search = Search(CMAES, space, seed)
    for trial in range(most):
        number = search.add(search.propose()[0])
        value = loss(search.params[number])
        if value < target:
            return trial + 1
        search.end(number, loss=lambda _, value=value: value)  # type: ignore[misc]
    return most + 1


def sphere(params: Params) -> float:
    """Zero at 0.37 everywhere."""
    return float(((vector(params) - 0.37) ** 2).sum())


@pytest.mark.parametrize(("dimensions", "most"), [(2, 260), (5, 700), (10, 1500)])
def test_on_the_sphere_it_converges_at_a_steady_rate(dimensions: int, most: int) -> None:
    # The literature has about 150 n evaluations for ten orders of magnitude in 10-d.
    found = [trials_until(1e-9, box(dimensions), sphere, most=2 * most, seed=s) for s in range(3)]
    assert statistics.median(found) < most


def test_on_a_turned_ellipsoid_it_learns_the_directions() -> None:
    turn = np.linalg.qr(np.random.default_rng(1).standard_normal((5, 5)))[0]
    scales = 10 ** np.linspace(0, 2, 5)

    def ellipsoid(params: Params) -> float:
        return float((((vector(params) - 0.4) @ turn * scales) ** 2).sum())

    found = [trials_until(1e-8, box(5), ellipsoid, most=2500, seed=seed) for seed in range(3)]
    assert statistics.median(found) < 1800


def test_a_rescaled_loss_gives_the_same_proposals() -> None:
    runs = []
    for scale in (1.0, 1e12, 1e-12):
        search = Search(CMAES, box(3), 5)
        for _ in range(60):
            number = search.add(search.propose()[0])
            search.end(number, loss=lambda p, scale=scale: sphere(p) * scale)  # type: ignore[misc]
        runs.append(search.params)
    assert runs[0] == runs[1] == runs[2]


@pytest.mark.parametrize("best", [0, 63, 100])
def test_whole_numbers_do_not_get_stuck_beside_the_best_one_nor_at_either_end(best: int) -> None:
    space = space_of(
        {f"n{i}": Int(0, 100) for i in range(3)} | {f"x{i}": Float(0, 1) for i in "ab"}
    )

    def loss(params: Params) -> float:
        numbers = vector(params)
        return float((((numbers[:3] - best) / 100) ** 2).sum() + ((numbers[3:] - 0.2) ** 2).sum())

    found = [trials_until(1e-6, space, loss, most=900, seed=seed) for seed in range(3)]
    assert statistics.median(found) < 600


def test_categories_and_conditional_parameters_are_learnt_too() -> None:
    space = space_of(
        {"opt": ["adam", "sgd", "lion", "lamb"], "act": ["relu", "tanh", "gelu"]}
        | {"lr": Float(1e-5, 1, log=True), "momentum": Float(0, 1, when="opt == 'sgd'")}
    )

    def loss(params: Params) -> float:
        wrong = (params["opt"] != "sgd") + (params["act"] != "gelu")
        momentum = float(str(params.get("momentum", 0)))
        return wrong + abs(math.log10(float(str(params["lr"]))) + 2) + abs(momentum - 0.9)

    search = Search(CMAES, space)
    for _ in range(300):
        search.end(search.add(search.propose()[0]), loss=loss)
    late = search.params[200:]
    assert sum(p["opt"] == "sgd" and p["act"] == "gelu" for p in late) > 60
    assert statistics.median(loss(p) for p in late) < 0.2


def test_after_it_has_converged_it_starts_elsewhere_with_twice_the_population() -> None:
    search = Search(CMAES, box(2))
    before = search.state.cma.size
    for _ in range(600):
        search.end(search.add(search.propose()[0]), loss=sphere)
        if search.state.cma.size == 2 * before:
            break
    assert search.state.cma.size == 2 * before
    (far,) = search.propose()
    assert sphere(far) > 1e-6


def test_eight_workers_need_little_more_than_one() -> None:
    alone = Search(CMAES, box(5)).run(400)
    together = Search(CMAES, box(5))
    for params in together.propose(8):
        together.add(params)
    for trial in range(400):
        together.end(sorted(together.pending)[trial * 5 % 8], loss=sphere)
        together.add(together.propose()[0])
    for number in list(together.pending):
        together.end(number, loss=sphere)
    alone = Search(CMAES, box(5))
    for _ in range(400):
        alone.end(alone.add(alone.propose()[0]), loss=sphere)
    assert min(map(sphere, together.params)) < 100 * min(map(sphere, alone.params)) + 1e-6


def test_trials_that_all_fail_do_not_move_it() -> None:
    search = Search(CMAES, box(3))
    mean = search.state.cma.m.copy()
    for _ in range(40):
        search.end(search.add(search.propose()[0]), State.FAILED, lambda _: None)
    assert (search.state.cma.m == mean).all()


def test_an_optimum_in_the_corner_is_reached() -> None:
    def corner(params: Params) -> float:
        return float(vector(params).sum())

    assert trials_until(1e-3, box(4), corner, most=300) <= 300


def test_it_has_one_goal() -> None:
    with pytest.raises(ConfigError, match="method cmaes: it searches for one goal, not 2"):
        CMAES.start(Problem(space=box(2), goals=[Goal(metric="a"), Goal(metric="b")]))
