"""How sure the best is: what is stated happens as often as is stated."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from sonde.core.certainty import Certainty, certainty
from sonde.core.constraint import parse_constraint
from sonde.core.distributions import Float
from sonde.core.history import History
from sonde.core.metric import Goal, parse_goal
from sonde.core.space import space_of
from sonde.core.sweep import Sweep
from sonde.core.trial import State
from trials import make

SPACE = space_of({"x": Float(0, 1), "y": Float(0, 1)})
ONCE = Sweep(space=SPACE, goals=(Goal(metric="loss"),))
Array = Any


def judged(points: Array, results: Array, sweep: Sweep = ONCE) -> Certainty:
    """Judge a sweep with these results (k, n) at points (k, 2)."""
    history = History(replace(sweep, repeats=results.shape[1]))
    params = [dict(zip("xy", map(float, point), strict=True)) for point in points]
    flat = [(p, float(loss)) for p, row in zip(params, results, strict=True) for loss in row]
    history.add(make(n, params=p, loss=loss) for n, (p, loss) in enumerate(flat))
    return certainty(history)


def outcomes(kind: str, sweeps: int) -> Array:
    """Simulate sweeps; return p_best, whether it was, coverage, and whether the best is named."""
    random, rows = np.random.default_rng(3), []
    for _ in range(sweeps):
        centre = random.random(2)
        points = random.random((30, 2))
        truth = 4 * ((points - centre) ** 2 @ [1.0, 0.3])
        if kind == "means":
            points, truth = points[:12], random.standard_normal(12)
        # From hardly any noise to more of it than there is to find.
        repeats, noise = (4 if kind == "means" else 1), 10 ** random.uniform(-2, 0.3)
        results = truth[:, None] + noise * random.standard_normal((len(truth), repeats))
        found = judged(points, results)
        assert found.best is not None
        best, of_best = found.best // repeats, found.of_best
        assert of_best is not None
        low, high = of_best.interval
        true_best = int(truth.argmin())
        named = true_best == best or true_best * repeats in found.indistinguishable
        rows.append((of_best.p_best, true_best == best, low <= truth[best] <= high, named))
    return np.array(rows, dtype=float)


@pytest.mark.parametrize(("kind", "sweeps"), [("means", 60), ("surface", 80)])
def test_the_stated_probability_is_how_often_the_best_is_the_best(kind: str, sweeps: int) -> None:
    p, was, covered, named = outcomes(kind, sweeps).T
    deviation = np.sqrt((p * (1 - p)).sum()) / sweeps  # of the frequency, were p right
    assert abs(p.mean() - was.mean()) < 0.05 + 2 * deviation
    sure = p > np.median(p)
    assert was[sure].mean() > was[~sure].mean()  # and it tells sweeps apart
    for part in (sure, ~sure):
        chance = np.sqrt((p[part] * (1 - p[part])).sum()) / part.sum()
        assert abs(p[part].mean() - was[part].mean()) < 0.08 + 2 * chance
    assert covered.mean() >= 0.90 - 0.02  # of 95 %, and so few sweeps tell it to 3 %
    assert named.mean() >= 0.9


def test_what_is_recommended_is_truly_better_than_the_luckiest_on_average() -> None:
    random, gains = np.random.default_rng(4), []
    for _ in range(50):
        points = random.random((80, 2))
        truth = 4 * ((points - random.random(2)) ** 2).sum(axis=1)
        found = judged(points, (truth + random.standard_normal(80))[:, None])
        gains.append(truth[found.best] - truth[found.recommended])
    assert np.mean(gains) > 2 * np.std(gains) / np.sqrt(len(gains))


def test_where_results_are_true_or_repeated_the_best_is_recommended() -> None:
    points = np.random.default_rng(0).random((20, 2))
    truth = ((points - 0.4) ** 2).sum(axis=1)[:, None]
    noisy = np.repeat(truth, 3, axis=1) + np.random.default_rng(1).standard_normal((20, 3))
    for results in (truth, noisy):
        found = judged(points, results)
        assert found.recommended == found.best is not None


def test_without_noise_it_is_certain() -> None:
    points = np.random.default_rng(0).random((20, 2))
    truth = ((points - 0.4) ** 2).sum(axis=1)[:, None]
    for results in (truth, np.repeat(truth, 3, axis=1)):
        found = judged(points, results)
        assert found.of_best is not None
        assert found.of_best.p_best > 0.95
        assert found.indistinguishable == ()
        low, high = found.of_best.interval
        assert high - low < 0.1


@pytest.mark.parametrize("repeats", [1, 3])
def test_factor_shift_and_direction_change_nothing_but_the_units(repeats: int) -> None:
    random = np.random.default_rng(1)
    points = random.random((15, 2))
    results = (points.sum(axis=1)[:, None]) + 0.1 * random.standard_normal((15, repeats))
    one = judged(points, results)
    other = judged(points, 1e3 * results + 7.0)
    upside = judged(points, -results, replace(ONCE, goals=(parse_goal("loss:last:maximize"),)))
    assert one.of_best is not None
    assert other.of_best is not None
    assert upside.of_best is not None
    assert other.of_best.p_best == pytest.approx(one.of_best.p_best, abs=0.03)
    assert upside.of_best.p_best == pytest.approx(one.of_best.p_best, abs=0.03)
    low, high = one.of_best.interval
    assert upside.of_best.interval == pytest.approx((-high, -low), abs=0.02)
    assert other.of_best.interval == pytest.approx((1e3 * low + 7, 1e3 * high + 7), abs=20)


def test_it_is_a_function_of_the_history() -> None:
    points = np.random.default_rng(2).random((12, 2))
    results = points.sum(axis=1)[:, None] + np.random.default_rng(3).random((12, 2))
    assert judged(points, results) == judged(points, results)


@pytest.mark.parametrize(
    ("shape", "reason"),
    [
        ((7, 1), "it takes 8 results, or repeats"),
        ((2, 3), "it takes 3 assignments with results"),
    ],
)
def test_too_few_trials_are_said_to_be_too_few(shape: tuple[int, int], reason: str) -> None:
    random = np.random.default_rng(0)
    found = judged(random.random((shape[0], 2)), random.random(shape))
    assert found.of_best is None
    assert found.reason == reason
    assert found.indistinguishable == ()


def test_where_nothing_differs_nothing_is_known() -> None:
    assert judged(np.random.default_rng(0).random((9, 2)), np.ones((9, 1))).reason == (
        "all results are the same"
    )
    assert certainty(History(ONCE)).reason == "no trial is best"


def test_only_feasible_trials_are_compared_and_failed_ones_do_no_harm() -> None:
    sweep = replace(ONCE, constraints=(parse_constraint("ms <= 5"),))
    history = History(sweep)
    random = np.random.default_rng(0)
    for number in range(16):
        params = {"x": float(random.random()), "y": 0.5}
        state = State.FAILED if number == 3 else State.DONE
        loss = params["x"] + 0.1 * float(random.standard_normal())
        history.add([make(number, state, params=params, loss=loss, ms=float(number % 8))])
    found = certainty(history)
    assert found.compared == 11
    assert {number % 8 for number in found.each} == {0, 1, 2, 3, 4, 5}
    assert 3 not in found.each


def test_a_true_value_below_zero_is_thought_of_only_where_some_value_was() -> None:
    points = np.random.default_rng(0).random((12, 2))
    noise = np.abs(np.random.default_rng(1).standard_normal((12, 1)))
    for shift, is_above in ((0.0, True), (-1.0, False)):
        found = judged(points, noise * 1e-3 + 0.0005 + shift)
        assert found.of_best is not None
        low, high = found.of_best.interval
        assert (low >= 0, low <= high) == (is_above, True)
    wide = judged(points, noise)
    assert all(one.interval[0] >= 0 for one in wide.each.values())
