"""Warps keep the order of losses, and what is normalised has no units."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sonde.core.surrogates.warps import WARPS, normalised, warped, weights

losses = st.lists(st.floats(-1e6, 1e6).map(lambda x: round(x, 6)), min_size=3, max_size=30)


@given(losses)
def test_a_warp_never_turns_the_order_round(values: list[float]) -> None:
    z = normalised(np.array(values))
    order = np.argsort(values, kind="stable")
    assert (np.diff(z[order]) >= 0).all()
    for offset in WARPS:
        assert (np.diff(warped(z, offset)[0][order]) >= 0).all()


@pytest.mark.parametrize("factor", [1e-12, 1e-3, 7.0, 1e12])
@pytest.mark.parametrize("shift", [0.0, 11.0])
def test_units_and_origin_of_the_loss_leave_no_trace(factor: float, shift: float) -> None:
    values = np.random.default_rng(0).lognormal(size=50)
    assert np.array_equal(normalised(values), normalised((values + shift) * factor))


def test_the_least_is_0_and_the_median_1() -> None:
    z = normalised(np.array([3.0, 5.0, 104.0]))
    assert z.tolist() == [0.0, 1.0, 50.5]


@pytest.mark.parametrize(
    "values",
    [[1e308, -1e308, 1.0], [1e308, 1.0, 2.0], [5e-324, 0.0, 0.0], [7.0] * 5, [0.0, 0.0, 3.0]],
)
def test_extreme_and_constant_losses_become_finite_numbers(values: list[float]) -> None:
    z = normalised(np.array(values))
    for offset in WARPS:
        y, jacobian = warped(z, offset)
        assert np.isfinite(y).all()
        assert np.isfinite(jacobian)
        assert abs(y.std() - 1) < 1e-9 or (y == 0).all()


@pytest.mark.parametrize("offset", WARPS)
def test_the_jacobian_is_that_of_the_warp(offset: float | None) -> None:
    z = normalised(np.random.default_rng(1).lognormal(size=20))
    y, jacobian = warped(z, offset)
    # dw/dz at each point, the standardisation held fixed: slopes of the straight warp.
    slope = np.ones(20) if offset is None else 1 / (z + offset)
    raw = z if offset is None else np.log(z + offset)
    assert jacobian == pytest.approx(np.log(slope / raw.std()).sum())
    assert y == pytest.approx((raw - raw.mean()) / raw.std())


def test_a_better_score_weighs_more_and_all_weights_are_one() -> None:
    found = weights(np.array([10.0, 13.0, 1e9]))
    assert found.sum() == pytest.approx(1)
    assert found[0] > found[1] > found[2] == 0


def test_staying_at_one_place_does_not_change_the_scale() -> None:
    early = np.random.default_rng(0).lognormal(size=20)
    late = np.full(200, early.min() * 1.001)
    assert np.array_equal(normalised(np.append(early, late))[:20], normalised(early))
