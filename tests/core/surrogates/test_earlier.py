"""A trend from earlier sweeps is believed as far as the new trials agree."""

import numpy as np
import pytest
from scipy.optimize import approx_fprime

from sonde.core.distributions import Float
from sonde.core.earlier import Lesson
from sonde.core.space import space_of
from sonde.core.surrogates.acquisition import Acquisition, Improvement
from sonde.core.surrogates.earlier import Leaning, Trend, leaned, trend_of
from sonde.core.surrogates.encoding import Array, Encoding
from sonde.core.surrogates.gaussian_process import Posterior, Prior
from sonde.core.surrogates.kernel import Kernel
from sonde.core.surrogates.loss_model import LossModel

SPACE = space_of({"x": Float(0, 1), "y": Float(0, 1)})
ENCODING = Encoding(SPACE)
RANDOM = np.random.default_rng(0)
POINTS = RANDOM.random((40, 2))
NEW = RANDOM.random((12, 2))


def bowl(points: Array) -> Array:
    found: Array = ((points - [0.3, 0.7]) ** 2).sum(1)
    return found


def lesson(points: Array, losses: Array, unknown: frozenset[str] = frozenset()) -> Lesson:
    names = [name for name in "xy" if name not in unknown]
    rows = [dict(zip(names, map(float, point), strict=False)) for point in points]
    results = tuple((row, (float(loss),)) for row, loss in zip(rows, losses, strict=True))
    return Lesson(name="old", results=results, unknown=unknown)


def trend(*lessons: Lesson) -> Trend:
    found = trend_of(ENCODING, lessons)
    assert found is not None
    return found


GOOD = lesson(POINTS, bowl(POINTS))
UPSIDE_DOWN = lesson(POINTS, -bowl(POINTS))
CHANCE = lesson(POINTS, RANDOM.random(40))


def test_a_sweep_that_orders_the_new_trials_alike_has_a_say() -> None:
    shares = trend(GOOD, UPSIDE_DOWN).shares(NEW, bowl(NEW))
    assert shares is not None
    assert shares.tolist() == [1.0, 0.0]


def test_what_orders_them_the_other_way_or_by_chance_has_none() -> None:
    assert trend(UPSIDE_DOWN).shares(NEW, bowl(NEW)) is None
    assert trend(CHANCE).shares(NEW, bowl(NEW)) is None


def test_the_scale_of_the_losses_plays_no_part() -> None:
    one, other = trend(GOOD), trend(lesson(POINTS, 3 + 1e6 * bowl(POINTS)))
    shares = one.shares(NEW, 1e-3 * bowl(NEW))
    assert shares is not None
    assert np.array_equal(shares, [1.0])
    assert one.values(NEW, shares) == pytest.approx(other.values(NEW, shares), abs=1e-6)


def test_along_a_parameter_that_is_unknown_a_sweep_says_the_same_everywhere() -> None:
    found = trend(lesson(POINTS[:, :1], (POINTS[:, 0] - 0.3) ** 2, frozenset({"y"})))
    along = np.column_stack([np.full(9, 0.6), np.linspace(0, 1, 9)])
    values = found.values(along, np.ones(1))
    assert np.ptp(values) == 0.0
    assert found.slopes(along, np.ones(1))[:, 1] == pytest.approx(np.zeros(9))


def test_a_sweep_of_a_few_trials_has_no_model() -> None:
    assert trend_of(ENCODING, [lesson(POINTS[:4], bowl(POINTS[:4]))]) is None


def test_a_trend_that_explains_the_losses_leaves_little_and_is_likelier() -> None:
    y = (bowl(NEW) - bowl(NEW).mean()) / bowl(NEW).std()
    left, evidence, multiple = leaned(y, 0.0, 2.0 * y)
    assert left.std() < 0.5  # of what is taken to be left at the least, a twentieth of y
    assert multiple > 1.0
    assert evidence > 10.0


def test_a_trend_against_the_losses_changes_nothing_and_is_penalised() -> None:
    y = (bowl(NEW) - bowl(NEW).mean()) / bowl(NEW).std()
    left, evidence, multiple = leaned(y, 0.0, -y)
    assert left == pytest.approx(y)
    assert evidence < 0.0
    assert multiple == 0.0


def views_with_a_trend(given: Lesson) -> float:
    """Return the share of proposals that lean on a lesson."""
    model = LossModel([Kernel(ENCODING.group)], Prior.of(2), 0, trend=trend(given))
    drawn = [
        model.given(NEW, bowl(NEW), np.random.default_rng(seed)).posterior for seed in range(40)
    ]
    return sum(isinstance(posterior, Leaning) for posterior in drawn) / len(drawn)


def test_a_lesson_that_holds_is_leant_on_and_one_that_misleads_is_not() -> None:
    assert views_with_a_trend(GOOD) > 0.8
    assert views_with_a_trend(UPSIDE_DOWN) == 0.0
    assert views_with_a_trend(CHANCE) == 0.0


def test_without_a_lesson_the_model_is_as_it_was() -> None:
    plain, told = (
        LossModel([Kernel(ENCODING.group)], Prior.of(2), 0, trend=trend_of(ENCODING, lessons))
        for lessons in ([], [lesson(POINTS[:3], bowl(POINTS[:3]))])
    )
    one, other = (m.given(NEW, bowl(NEW), np.random.default_rng(1)) for m in (plain, told))
    assert np.array_equal(one.fitted, other.fitted)


@pytest.fixture
def leaning() -> Leaning:
    found = trend(GOOD)
    base = Posterior(NEW, Kernel(ENCODING.group), np.array([-0.5, -0.5, -6.0]), 20)
    posterior = Leaning(base, (found, np.ones(1)), 0.7, found.values(NEW, np.ones(1)))
    posterior.target(np.sin(5 * NEW[:, 0]))
    return posterior


def test_it_passes_through_its_values_whatever_the_trend(leaning: Leaning) -> None:
    assert leaning.mean(NEW) == pytest.approx(np.sin(5 * NEW[:, 0]), abs=0.05)
    assert leaning.fitted(np.sin(5 * NEW[:, 0])) == pytest.approx(leaning.mean(NEW), abs=1e-6)


def test_points_that_are_added_to_a_copy_count_there_only(leaning: Leaning) -> None:
    more = np.array([[0.01, 0.02]])
    copy = leaning.copy(1)
    copy.extend(more, exact=True)
    copy.target(np.append(np.sin(5 * NEW[:, 0]), 2.0))
    assert copy.mean(more) == pytest.approx([2.0], abs=0.01)
    assert (len(leaning), len(copy)) == (12, 13)
    assert leaning.mean(more)[0] < 1.8


def test_its_slope_is_that_of_finite_differences(leaning: Leaning) -> None:
    at = leaning.predict(POINTS[:5], slopes=True)
    one, half = np.ones(5), np.full(5, 0.5)
    slopes = leaning.pull_back(at, one, half)

    def value(x: Array) -> float:
        found = leaning.predict(x[None])
        return float(found.mean[0] + 0.5 * found.sd[0])

    for point, slope in zip(POINTS[:5], slopes, strict=True):
        assert slope == pytest.approx(approx_fprime(point, value, 1e-6), abs=1e-3)


def test_an_acquisition_may_stand_on_it(leaning: Leaning) -> None:
    acquisition = Acquisition(Improvement(leaning, -1.0))
    value, slope = acquisition.with_gradient(POINTS[:3])
    assert np.isfinite(value).all()
    assert np.isfinite(slope).all()
