"""What may be noise or roughness is seen both ways, as far as the results allow it."""

import math

import numpy as np

from sonde.core.surrogates.encoding import Array
from sonde.core.surrogates.gaussian_process import Prior, negative_log_posterior
from sonde.core.surrogates.kernel import Kernel
from sonde.core.surrogates.views import Fitting, View, views
from sonde.core.surrogates.warps import normalised, warped


def fitting(*found: View, dimensions: int = 2) -> Fitting:
    kernel = Kernel(np.arange(dimensions))
    return Fitting(found, [kernel, kernel], Prior.of(dimensions), None)


PLAIN, ROUGH, LEANING = (
    View(offset=None), View(offset=None, is_rough=True), View(offset=None, leans=True),
)  # fmt: skip


def points(n: int, dimensions: int = 2) -> Array:
    return np.random.default_rng(1).random((n, dimensions))


def peaks(x: Array) -> Array:
    found: Array = np.sin(15 * x[:, 0]) * np.sin(15 * x[:, 1])
    return normalised(found)


def valley(x: Array) -> Array:
    return normalised(((x - 0.4) ** 2).sum(axis=1))


def test_each_warp_is_seen_plainly_and_roughly_and_with_earlier_sweeps_if_there_are_any() -> None:
    assert views([None, 1.0], leaning=False, rough=False) == [View(offset=None), View(offset=1.0)]
    found = views([None, 1.0], leaning=True, rough=True)
    assert [(view.offset, view.leans, view.is_rough) for view in found] == [
        (None, False, False), (1.0, False, False), (None, True, False), (1.0, True, False),
        (None, False, True), (1.0, False, True),
    ]  # fmt: skip


def test_few_results_with_peaks_are_noise_to_one_model_and_short_lengthscales_to_another() -> None:
    x = points(25)
    plain, rough = fitting(PLAIN, ROUGH).fits(x, peaks(x), 25, None, None)
    assert math.isfinite(plain.value)
    assert math.isfinite(rough.value)
    assert plain.theta[-1] > rough.theta[-1] + 1  # the log noise
    assert plain.theta[:-1].min() > rough.theta[:-1].min()


def test_where_the_results_leave_no_choice_there_is_one_model() -> None:
    x = points(25)
    plain, rough = fitting(PLAIN, ROUGH).fits(x, valley(x), 25, None, None)
    assert math.isfinite(plain.value)
    assert rough.value == math.inf


def test_an_anchor_of_many_results_has_one_side() -> None:
    x = points(150)
    plain, rough = fitting(PLAIN, ROUGH).fits(x, peaks(x), 150, None, None)
    assert math.isfinite(plain.value)
    assert rough.value == math.inf


def test_what_an_anchor_rules_out_is_not_fitted_before_the_next() -> None:
    x = points(25)
    made = fitting(PLAIN, ROUGH)
    base = made.fits(x[:20], valley(x[:20]), 20, None, None)
    assert base[1].value == math.inf
    after = made.fits(x, valley(x), 25, None, base)
    assert after[1].value == math.inf
    assert after[1].theta is base[1].theta
    assert after[0].theta is not base[0].theta


def test_a_view_that_leans_on_nothing_is_never_drawn() -> None:
    x = points(12)
    _, leaning = fitting(PLAIN, LEANING).fits(x, valley(x), 12, None, None)
    assert leaning.value == math.inf
    _, leaning = fitting(PLAIN, LEANING).fits(x, valley(x), 12, valley(x) - 1, None)
    assert math.isfinite(leaning.value)


def test_the_odds_are_against_roughness_before_any_result() -> None:
    x = points(25)
    rough = fitting(PLAIN, ROUGH).fits(x, peaks(x), 25, None, None)[1]
    y, jacobian = warped(peaks(x), None)
    kernel = Kernel(np.arange(2))
    value, _ = negative_log_posterior(rough.theta, x, y, kernel, Prior.of(2))
    assert rough.value - (value - jacobian) > 1
