"""Every distribution keeps the laws of its kind and is spread as SciPy says."""

import copy
import json
import math
import pickle
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from sonde.core.distributions import (
    Beta,
    Choice,
    Constant,
    Distribution,
    ExpUniform,
    Float,
    Int,
    LogNormal,
    Normal,
    QBeta,
    QExpUniform,
    QLogNormal,
    QLogUniform,
    QNormal,
    QUniform,
    canonical,
    from_json,
)
from sonde.core.distributions.schema import KINDS
from sonde.core.distributions.values import decimals
from sonde.core.streams import uniforms
from sonde.errors import ConfigError

quantiles = st.floats(0, 1) | st.sampled_from([0.0, 5e-324, 2.0**-53, 1 - 2.0**-53, 1.0])
reals = st.floats(-1e6, 1e6)
positives = st.floats(1e-9, 1e9)
steps = st.sampled_from([0.01, 0.02, 0.1, 0.25, 0.3, 1.0, 2, 3, 7])
pairs = st.tuples(reals, reals).map(sorted)
positive_pairs = st.tuples(positives, positives).map(sorted)
ints = st.integers(-(10**6), 10**6)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(-1e9, 1e9) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=4,
)


@st.composite
def choices(draw: st.DrawFn) -> Choice:
    values = draw(st.lists(json_values, min_size=1, max_size=9, unique_by=canonical))
    if draw(st.booleans()):
        return Choice(tuple(values), ordered=draw(st.booleans()))
    weights = draw(st.lists(st.integers(1, 9), min_size=len(values), max_size=len(values)))
    shares = tuple(weight / sum(weights) for weight in weights)
    return Choice(tuple(values), probabilities=shares)


def stepped(bounds: list[float], step: float, *, log: bool) -> Float:
    return Float(round(bounds[0], 3) or 0.001, round(bounds[1], 3) or 0.001, step=step, log=log)


wide_pairs = st.tuples(st.floats(-1e4, 0), st.floats(10, 1e4)).map(list)
stretched = st.tuples(st.floats(0.1, 10), st.floats(20, 1e4)).map(list)
numeric: st.SearchStrategy[Distribution] = st.one_of(
    pairs.map(lambda b: Float(*b)),
    positive_pairs.map(lambda b: Float(*b, log=True)),
    st.builds(lambda b, s: stepped(b, s, log=False), wide_pairs, steps),
    st.builds(lambda b, s: stepped(b, s, log=True), stretched, steps),
    st.builds(lambda a, b, s: Int(min(a, b), max(a, b), step=s), ints, ints, st.integers(1, 99)),
    st.builds(lambda a, n: Int(a, a + n, log=True), st.integers(1, 10**4), st.integers(0, 10**4)),
    st.builds(lambda b: ExpUniform(*b), st.tuples(st.floats(-50, 0), st.floats(0, 50))),
    st.builds(Normal, reals, st.floats(0, 1e6)),
    st.builds(LogNormal, st.floats(-20, 20), st.floats(0, 5)),
    st.builds(lambda b, q: QUniform(b[0], b[1], q), wide_pairs, steps),
    st.builds(lambda b, q: QLogUniform(b[0], b[1], q), stretched, steps),
    st.builds(QExpUniform, st.floats(-3, 0), st.floats(3, 9), steps),
    st.builds(QNormal, st.floats(-100, 100), st.floats(0.1, 100), steps),
    st.builds(QLogNormal, st.floats(-3, 3), st.floats(0.1, 3), steps),
    st.builds(Beta, st.floats(0.5, 9), st.floats(0.5, 9)),
    st.builds(QBeta, st.floats(0.5, 9), st.floats(0.5, 9), st.sampled_from([0.1, 0.25, 1])),
)  # fmt: skip
everything = st.one_of(numeric, choices(), json_values.map(Constant))


def close(left: Any, right: Any) -> bool:
    return left == right or math.isclose(left, right, rel_tol=1e-6, abs_tol=1e-9)


@given(everything, quantiles)
def test_every_quantile_has_a_value_that_the_distribution_contains(
    distribution: Distribution, u: float
) -> None:
    assert distribution.contains(distribution.at(u))


@given(everything, quantiles)
def test_values_are_plain_python(distribution: Distribution, u: float) -> None:
    value = distribution.at(u)
    assert type(value) in {int, float, str, bool, tuple, dict, type(None)}
    assert not isinstance(value, float) or math.isfinite(value)


@given(numeric, quantiles, quantiles)
def test_a_higher_quantile_has_no_lower_value(
    distribution: Distribution, one: float, two: float
) -> None:
    low: Any = distribution.at(min(one, two))
    high: Any = distribution.at(max(one, two))
    # exp and the beta quantile are monotone only up to their last digits.
    assert low <= high or math.isclose(low, high, rel_tol=1e-13)


@given(everything, st.floats(0.001, 0.999))
def test_a_value_has_a_quantile_that_gives_it_back(distribution: Distribution, u: float) -> None:
    value = distribution.at(u)
    again = distribution.at(distribution.quantile(value))
    if distribution.size is None and not hasattr(distribution, "q"):
        assert close(again, value)
    else:
        assert canonical(again) == canonical(value)


@given(everything)
def test_a_grid_lists_what_can_come_up_in_order(distribution: Distribution) -> None:
    size = distribution.size
    if size is None:
        with pytest.raises(ConfigError, match="no end of values"):
            distribution.grid()
    elif size <= 1000:
        grid = distribution.grid()
        assert len(grid) == len({canonical(value) for value in grid}) == size
        assert all(distribution.contains(value) for value in grid)
        if not isinstance(distribution, (Choice, Constant)):
            ascending: list[Any] = list(grid)
            assert ascending == sorted(ascending)
            assert distribution.at(0) == grid[0]
            assert distribution.at(1) == grid[-1]


@given(everything)
def test_json_reads_back_the_same(distribution: Distribution) -> None:
    document = json.loads(json.dumps(distribution.to_json()))
    assert from_json(document) == distribution
    assert hash(from_json(document)) == hash(distribution)


@given(everything)
def test_copies_work_like_the_original(distribution: Distribution) -> None:
    for twin in (pickle.loads(pickle.dumps(distribution)), copy.deepcopy(distribution)):
        assert twin == distribution
        assert canonical(twin.at(0.4)) == canonical(distribution.at(0.4))


@given(everything)
def test_a_description_is_short_text(distribution: Distribution) -> None:
    assert isinstance(distribution.describe(), str)


@given(wide_pairs, st.sampled_from([0.01, 0.02, 0.1, 0.25, 0.05]), quantiles)
def test_steps_are_clean_decimals_within_the_bounds(
    bounds: list[float], step: float, u: float
) -> None:
    low, high = round(bounds[0], 2), round(bounds[1], 2)
    for value in (Float(low, high, step=step).at(u), QUniform(low, high, step).at(u)):
        assert low <= value <= high
        assert decimals(value) <= 2


def test_a_step_gives_the_decimals_that_people_write() -> None:
    assert Float(0.01, 0.1, step=0.01).grid() == (
        0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.07, 0.08, 0.09, 0.1
    )  # fmt: skip
    assert QUniform(0, 0.3, 0.1).grid() == (0.0, 0.1, 0.2, 0.3)
    assert Float(0.1, 0.55, step=0.1).grid() == (0.1, 0.2, 0.3, 0.4, 0.5)


def test_an_int_q_gives_ints_and_a_float_q_floats() -> None:
    assert [type(value) for value in QUniform(0, 4, 2).grid()] == [int] * 3
    assert [type(value) for value in QUniform(0, 4, 2.0).grid()] == [float] * 3
    assert QLogUniform(32, 256, 8).grid() == tuple(range(32, 257, 8))


def test_quantised_values_never_leave_their_bounds() -> None:
    assert QUniform(1, 10, 3).grid() == (3, 6, 9)  # W&B gives 0 too
    assert QLogUniform(1, 30, 8).grid() == (8, 16, 24)
    assert QUniform(1, 10, 3).at(0.0) == 3


def test_both_ends_are_reached_exactly() -> None:
    assert (Float(1e-5, 0.1, log=True).at(0), Float(1e-5, 0.1, log=True).at(1)) == (1e-5, 0.1)
    assert (Float(-0.3, 0.7).at(0), Float(-0.3, 0.7).at(1)) == (-0.3, 0.7)
    assert (Int(1, 8).at(0), Int(1, 8).at(1)) == (1, 8)


@given(positive_pairs)
def test_the_ends_of_a_logarithmic_range_are_reached_to_the_last_digit(bounds: list[float]) -> None:
    spread = Float(*bounds, log=True)
    assert [spread.at(0.0), spread.at(1.0)] == bounds


def test_ints_of_64_bits_are_exact_at_their_ends() -> None:
    wide = Int(-(2**63), 2**63)
    assert (wide.at(0), wide.at(1)) == (-(2**63), 2**63)
    assert wide.coerced(2**60 + 1) == 2**60 + 1
    assert wide.contains(2**60 + 1)


def test_true_one_and_text_are_different_values() -> None:
    mixed = Choice((True, 1, "1", None, "None"))
    assert mixed.size == 5
    assert [mixed.at((place + 0.5) / 5) for place in range(5)] == [True, 1, "1", None, "None"]
    assert type(mixed.at(0.1)) is bool
    assert Choice((True,)) != Choice((1,))
    assert Constant(True) != Constant(1)
    assert Choice((3e6, 3_000_000)).size == 1


def test_a_value_listed_twice_is_drawn_twice_as_often_and_once_in_a_grid() -> None:
    doubled = Choice(("a", "a", "b"))
    assert doubled.grid() == ("a", "b")
    assert [doubled.at(u) for u in (0.1, 0.5, 0.9)] == ["a", "a", "b"]


def test_what_has_no_probability_is_never_proposed_but_may_be_given() -> None:
    rare = Choice(("a", "b", "c", "d"), probabilities=(0, 0.5, 0.5, 0))
    assert {rare.at(u / 100) for u in range(101)} == {"b", "c"}
    assert rare.grid() == ("b", "c")
    assert rare.contains("a")


def test_lists_are_values_too() -> None:
    layers = Choice([[64, 64], [128]])  # type: ignore[arg-type]
    assert layers.at(0.9) == (128,)
    assert layers.contains([64, 64])
    assert layers.quantile([64, 64]) == 0.25


def test_numbers_of_numpy_become_pythons() -> None:
    assert [type(v) for v in Choice(np.arange(3)).values] == [int] * 3  # type: ignore[arg-type]
    assert type(Float(np.float64(0), np.float64(1)).at(0.5)) is float
    assert type(Int(np.int64(1), np.int64(3)).at(0.5)) is int  # type: ignore[arg-type]


def test_a_condition_is_no_part_of_the_distribution() -> None:
    assert Float(0, 1, when="x > 1") == Float(0, 1)
    assert "when" not in Int(0, 1, when="x > 1").to_json()


@pytest.mark.parametrize(
    ("value", "taken"),
    [(3, True), (3.0, True), (3.5, False), (True, False), ("3", False), (9, False), (None, False)],
)
def test_an_int_contains_whole_numbers_only(value: Any, taken: bool) -> None:
    assert Int(1, 8).contains(value) is taken


def test_coerced_values_have_the_type_of_drawn_ones() -> None:
    assert type(Int(1, 8).coerced(3.0)) is int
    assert type(Float(1, 8).coerced(3)) is float
    assert Float(0, 1, step=0.1).coerced(0.30000000000000004) == 0.3


def test_descriptions() -> None:
    assert Float(1e-5, 0.1, log=True).describe() == "1e-05..0.1 log"
    assert Float(0, 1, step=0.1).describe() == "0.0..1.0 step 0.1"
    assert Int(16, 256, step=16).describe() == "16..256 step 16"
    assert Choice(("adam", "sgd")).describe() == "{adam, sgd}"
    assert Choice(tuple(range(100))).describe() == "{0, 1, 2, ..., 99}"
    assert QNormal(0, 2, 0.5).describe() == "normal(0.0, 2.0) q 0.5"


@pytest.mark.parametrize(
    "build",
    [
        lambda: Float(1, 0),
        lambda: Float(0, 1, log=True),
        lambda: Float(-1, 1, log=True),
        lambda: Float(math.nan, 1),
        lambda: Float(0, math.inf),
        lambda: Float(-1.7e308, 1.7e308),
        lambda: Float("0", 1),  # type: ignore[arg-type]
        lambda: Float(True, 2),
        lambda: Float(0, 1, step=0),
        lambda: Float(0, 1, step=-0.1),
        lambda: Float(0, 1, step=1e-300),
        lambda: Int(8, 1),
        lambda: Int(0, 8, log=True),
        lambda: Int(0.5, 8),  # type: ignore[arg-type]
        lambda: Int(0, 2**70),
        lambda: Int(0, 8, step=0),
        lambda: Int(0, 8, step=1.5),  # type: ignore[arg-type]
        lambda: Choice(()),
        lambda: Choice("adam"),  # type: ignore[arg-type]
        lambda: Choice({1, 2}),  # type: ignore[arg-type]
        lambda: Choice(5),  # type: ignore[arg-type]
        lambda: Choice((math.nan,)),
        lambda: Choice((object(),)),  # type: ignore[arg-type]
        lambda: Choice(("a", "b"), probabilities=(1.0,)),
        lambda: Choice(("a", "b"), probabilities=(0.5, 0.6)),
        lambda: Choice(("a", "b"), probabilities=(-0.5, 1.5)),
        lambda: Constant(math.inf),
        lambda: Normal(0, -1),
        lambda: Normal(0, 1e308),
        lambda: LogNormal(math.nan, 1),
        lambda: Beta(0, 1),
        lambda: ExpUniform(1, 0),
        lambda: ExpUniform(1, 1000),
        lambda: QUniform(0, 1, 0),
        lambda: QUniform(1, 2, 5),
        lambda: QLogUniform(0, 10, 1),
        lambda: QUniform(0, 1, 1e-300),
        lambda: QUniform(0, 10, True),
    ],
)
def test_nonsense_is_refused(build: Callable[[], object]) -> None:
    with pytest.raises(ConfigError) as refusal:
        build()
    assert refusal.value.where
    assert refusal.value.found
    assert refusal.value.remedy


def test_a_refusal_says_where_what_and_what_to_do() -> None:
    with pytest.raises(ConfigError) as refusal:
        Float(0.01, 0.001)
    assert str(refusal.value) == "Float(0.01, 0.001): low 0.01 is above high 0.001; swap them"


@pytest.mark.parametrize("kind", KINDS)
def test_every_name_of_wandb_builds_something(kind: str) -> None:
    keys: dict[str, Any] = {"min": 1, "max": 2, "q": 1, "mu": 0, "sigma": 1, "a": 1, "b": 1}
    keys |= {"values": [1, 2], "probabilities": [0.5, 0.5], "value": 3}
    given = {key: keys[key] for key in KINDS[kind][1] if key in keys}
    distribution = from_json({"distribution": kind} | given)
    assert distribution.contains(distribution.at(0.5))


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"value": 3}, Constant(3)),
        ({"values": [1, 2]}, Choice((1, 2))),
        ({"values": [1, 2], "probabilities": [0.1, 0.9]}, Choice((1, 2), probabilities=(0.1, 0.9))),
        ({"min": 1, "max": 8}, Int(1, 8)),
        ({"min": 0, "max": 0.1}, Float(0, 0.1)),
        ({"min": 0.0, "max": 1}, Float(0, 1)),
        ({"distribution": "log_uniform", "min": -5, "max": 0}, ExpUniform(-5, 0)),
        ({"distribution": "inv_log_uniform", "min": 0, "max": 5}, ExpUniform(-5, 0)),
        (
            {"distribution": "inv_log_uniform_values", "min": 0.1, "max": 1},
            Float(0.1, 1, log=True),
        ),
        ({"distribution": "q_normal"}, QNormal(0, 1, 1.0)),
    ],
)
def test_wandbs_parameters_mean_what_they_mean_there(
    document: dict[str, Any], expected: Distribution
) -> None:
    assert from_json(document) == expected


UNCLEAR = "no distribution follows; write value, values, min and max, or a distribution"


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({}, f"x: from nothing {UNCLEAR}"),
        ({"min": 1, "max": 2, "q": 1}, f"x: from min, max, q {UNCLEAR}"),
        ({"distribution": "beat"}, "x.distribution: there is no 'beat'; did you mean 'beta'?"),
        ({"distribution": "normal", "mean": 1}, "x.mean: normal has no such key; use mu, sigma"),
        ({"distribution": "beta", "a": "1"}, "x.a: '1' is no number; write a number"),
        ({"distribution": "uniform", "min": 1}, "x: uniform needs max; add max"),
        ({"min": 2, "max": 1}, "x: low 2 is above high 1; swap them"),
    ],
)  # fmt: skip
def test_a_parameter_in_json_that_says_nothing_clear_is_refused(
    document: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError) as refusal:
        from_json(document, where="x")
    assert str(refusal.value) == message


N = 100_000
CONTINUOUS = [
    (Float(-2, 5), stats.uniform(-2, 7)),
    (Float(1e-5, 0.1, log=True), stats.loguniform(1e-5, 0.1)),
    (ExpUniform(-7, 2), stats.loguniform(math.exp(-7), math.exp(2))),
    (Normal(3, 2), stats.norm(3, 2)),
    (LogNormal(-1, 0.7), stats.lognorm(0.7, scale=math.exp(-1))),
    (Beta(2, 5), stats.beta(2, 5)),
    (Beta(0.5, 0.5), stats.beta(0.5, 0.5)),
]


@pytest.fixture(scope="module")
def sample() -> tuple[float, ...]:
    return uniforms(20_260_101, 0, 0, N)


@pytest.mark.parametrize(("distribution", "reference"), CONTINUOUS)
def test_100_000_values_pass_scipys_kolmogorov_smirnov_test(
    distribution: Distribution, reference: Any, sample: tuple[float, ...]
) -> None:
    values = [distribution.at(u) for u in sample]
    assert stats.kstest(values, reference.cdf).pvalue > 0.001


def rounded(reference: Any, values: list[float], q: float) -> list[float]:
    """The distribution function of rounded and clamped values, at these values."""
    return [*(float(reference.cdf(value + q / 2)) for value in values[:-1]), 1.0]


DISCRETE = [
    (Int(3, 17), [(i + 1) / 15 for i in range(15)]),
    (Int(0, 100, step=25), [0.2, 0.4, 0.6, 0.8, 1]),
    (Int(1, 40, log=True), rounded(stats.loguniform(0.5, 40.5), list(range(1, 41)), 1)),
    (Float(0, 1, step=0.1), [(i + 1) / 11 for i in range(11)]),
    (
        Float(1, 3, step=0.5, log=True),
        rounded(stats.loguniform(0.75, 3.25), [1, 1.5, 2, 2.5, 3], 0.5),
    ),
    (Choice(("a", "b", "c")), [1 / 3, 2 / 3, 1]),
    (Choice(("a", "b", "c"), probabilities=(0.2, 0.3, 0.5)), [0.2, 0.5, 1]),
    (QUniform(1, 10, 3), rounded(stats.uniform(1, 9), [3, 6, 9], 3)),
    (QLogUniform(32, 256, 8), rounded(stats.loguniform(32, 256), list(range(32, 257, 8)), 8)),
    (QExpUniform(0, 3, 1), rounded(stats.loguniform(1, math.exp(3)), list(range(1, 21)), 1)),
    (QBeta(2, 3, 0.1), rounded(stats.beta(2, 3), [i / 10 for i in range(11)], 0.1)),
]


@pytest.mark.parametrize(("distribution", "expected"), DISCRETE)
def test_100_000_discrete_values_are_as_frequent_as_they_should_be(
    distribution: Distribution, expected: list[float], sample: tuple[float, ...]
) -> None:
    grid = distribution.grid()
    counts = dict.fromkeys(grid, 0)
    for u in sample:
        counts[distribution.at(u)] += 1
    found = np.cumsum([counts[value] for value in grid]) / N
    # The Kolmogorov distance that a sample of this size exceeds once in 1,000.
    assert np.abs(found - np.array(expected)).max() < 1.95 / math.sqrt(N)


@pytest.mark.parametrize(
    ("distribution", "reference"),
    [
        (QNormal(1, 3, 0.5), stats.norm(1, 3)),
        (QLogNormal(1, 0.8, 0.5), stats.lognorm(0.8, scale=math.e)),
    ],
)
def test_rounded_values_without_bounds_are_as_frequent_as_they_should_be(
    distribution: Distribution, reference: Any, sample: tuple[float, ...]
) -> None:
    values = np.sort(np.array([distribution.at(u) for u in sample], dtype=float))
    distinct = np.unique(values)
    found = np.searchsorted(values, distinct, side="right") / N
    assert np.abs(found - reference.cdf(distinct + 0.25)).max() < 1.95 / math.sqrt(N)


def test_tails_are_finite() -> None:
    for distribution in (Normal(0, 1), QNormal(0, 1, 0.25)):
        low, high = distribution.at(0.0), distribution.at(1.0)
        assert -9 < low < -8 < 8 < high < 9
    assert [Beta(2, 9).at(u) for u in (0.0, 5e-324, 1e-200, 1.0)] == [0, 0, 0, 1]
    assert LogNormal(0, 1e6).at(1.0) == sys.float_info.max
    assert LogNormal(0, 1e6).at(0.0) == 5e-324
