"""What each rule stops, by examples and by laws that not every rule has to keep."""

from math import inf

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sonde.core.stopping import RULES, Rule, rule
from sonde.core.stopping.asha import survives
from sonde.core.stopping.protocol import Heard, Point
from sonde.core.trial import State
from sonde.core.wanted import RULE, parse_wanted, written
from sonde.errors import ConfigError

losses = st.floats(-100, 100)
histories = st.lists(st.lists(losses, max_size=12), min_size=1, max_size=12)
texts = st.sampled_from(
    ["asha", "asha(eta=2, min_steps=2)", "hyperband(min_iter=1)", "hyperband(max_iter=9, s=2)",
     "hyperband(min_iter=2, strict=false)", "median(min_trials=1)",
     "median(min_trials=1, percent=20, every=2)", "patient(steps=1, rule='median(min_trials=1)')"]
)  # fmt: skip


def judged(made: Rule[object], curves: list[list[float]], ended: int = 0) -> list[str | None]:
    """Tell the rule the curves one after the other, the first `ended` of them as done."""
    state = made.start()
    for number, curve in enumerate(curves):
        points = [Point(loss, loss, 100.0 * number + step) for step, loss in enumerate(curve)]
        end = State.DONE if number < ended else State.RUNNING
        state = made.hear(state, Heard(number=number, points=points, state=end))
    return [made.judge(state, number) for number in range(len(curves))]


@given(texts, histories, st.integers(0, 6))
def test_the_units_of_the_metric_change_nothing(
    text: str, curves: list[list[float]], ended: int
) -> None:
    scaled = [[4.0 * loss for loss in curve] for curve in curves]  # exact, also in means
    assert judged(rule(text), curves, ended) == judged(rule(text), scaled, ended)


@given(texts, histories)
def test_whoever_is_best_all_the_way_is_never_stopped(text: str, curves: list[list[float]]) -> None:
    best = [-101.0] * max(map(len, curves))
    assert judged(rule(text), [best, *curves])[0] is None
    assert judged(rule(text), [*curves, best], ended=len(curves))[-1] is None


@given(texts, st.lists(losses, min_size=1))
def test_a_trial_that_is_alone_goes_on(text: str, curve: list[float]) -> None:
    assert judged(rule(text), [curve]) == [None]


@given(texts, losses, st.integers(1, 12), st.integers(1, 12))
def test_where_all_are_alike_nobody_is_stopped(
    text: str, loss: float, trials: int, steps: int
) -> None:
    if text.startswith("median"):
        loss = float(round(loss))  # whose mean is the same to the last bit
    assert judged(rule(text), [[loss] * steps] * trials, ended=trials // 2) == [None] * trials


@given(st.lists(losses, min_size=1, unique=True), st.integers(2, 9))
def test_of_those_that_arrive_at_a_rung_the_best_one_in_eta_goes_on(
    arrivals: list[float], eta: int
) -> None:
    found = judged(rule(f"asha(eta={eta})"), [[loss] for loss in arrivals])
    for place, loss in enumerate(arrivals):
        better = sum(other < loss for other in arrivals[:place])
        goes_on = better < -(-(place + 1) // eta)
        assert (found[place] is None) is goes_on is survives(loss, better, place, eta)


@settings(max_examples=50)
@given(st.permutations(range(8)))
def test_the_order_in_which_one_hears_of_arrivals_plays_no_part_for_asha(
    order: list[int],
) -> None:
    points = [Point(float(loss), float(loss), float(at)) for at, loss in enumerate("72938165")]
    told = rule("asha(eta=2)")
    state = told.start()
    for number in order:
        state = told.hear(state, Heard(number=number, points=[points[number]]))
        told.judge(state, number)  # and what was said meanwhile does not bind
    found = [told.judge(state, number) for number in range(8)]
    assert found == judged(rule("asha(eta=2)"), [[float(loss)] for loss in "72938165"])


def test_asha_says_where_a_trial_fell() -> None:
    curves = [[1.0] * 9, [2.0] * 2 + [3.0] * 7, [1.0, 1.0, 0.5]]
    assert judged(rule("asha"), curves) == [
        None, "asha: after 1 step at place 2 of 2, and the best 1 go on", None,
    ]  # fmt: skip
    assert judged(rule("asha(min_steps=3)"), [[1.0] * 3, [inf] * 3])[1] == (
        "asha: after 3 steps it had diverged"
    )


def test_where_trials_end_by_themselves_asha_stops_nobody() -> None:
    full, worse = [1.0] * 9, [0.5] * 8 + [2.0]
    assert judged(rule("asha(min_steps=9)"), [full, worse], ended=0)[1] is not None
    assert judged(rule("asha(min_steps=9)"), [full, worse], ended=1)[1] is None
    assert judged(rule("asha(min_steps=3, max_steps=9)"), [full, worse])[1] is None


def test_the_median_rule_waits_for_enough_trials_and_compares_the_best_with_averages() -> None:
    done = [[4.0, 2.0], [6.0, 2.0], [9.0, 1.0], [5.0, 5.0], [8.0, 8.0]]
    # Averages up to the second step are 3, 4, 5, 5 and 8.
    assert judged(rule("median"), [*done, [9.0, 5.0]], ended=5)[-1] is None
    assert judged(rule("median"), [*done, [9.0, 5.5]], ended=5)[-1] == (
        "median: after 2 steps its best was worse than the median of the averages of 5 trials"
    )
    assert judged(rule("median"), [*done[:4], [9.0, 9.0]], ended=4)[-1] is None
    assert judged(rule("median(min_steps=3)"), [*done, [9.0, 9.0]], ended=5)[-1] is None
    assert judged(rule("median"), [*done, [9.0, 9.0, 9.0]], ended=5)[-1] is None  # none came so far


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("ahsa", "stop ahsa: there is no such stopping rule; did you mean asha?"),
        ("none", "stop none: there is no such stopping rule; use asha, hyperband, median"),
        ("asha(eta=1)", "stop asha: eta=1 is no whole number from 2 on; use for instance 3"),
        ("asha(eta=3.5)", "stop asha: eta=3.5 is no whole number from 2 on; use for instance 3"),
        ("asha(min_steps=0)", "stop asha: min_steps=0 is no whole number from 1 on; use 1 or 3"),
        (
            "asha(min_steps=9, max_steps=9)",
            "asha: max_steps=9 is no whole number above min_steps=9; raise it, or leave it out",
        ),
        ("median(min_trials=0)", "median: min_trials=0 is no whole number from 1 on; use 1 or 5"),
        (
            "asha(steps=3)",
            "stop asha(steps=3): asha has no option steps; it has eta, min_steps, max_steps",
        ),
        (
            "asha eta=3",
            "that is no name of a stopping rule; write for instance median, or asha(eta=4, min",
        ),
    ],
)  # fmt: skip
def test_a_rule_that_is_none_is_refused_with_a_remedy(text: str, message: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        rule(text)
    assert message in str(refusal.value)


@given(
    st.sampled_from(sorted(RULES)),
    st.dictionaries(
        st.sampled_from(["eta", "s", "strict", "min_steps"]),
        st.integers()
        | st.booleans()
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.none(),
    ),
)
def test_a_rule_with_options_is_written_as_it_is_read(
    name: str, options: dict[str, object]
) -> None:
    read = parse_wanted(written(name, options), RULE)
    assert (read.name, read.options) == (name, options)


@pytest.mark.parametrize(
    ("text", "going_on"),
    [
        ("median(min_trials=4)", [1.0, 2.0, 2.5]),
        ("median(min_trials=4, percent=25)", [1.0]),
        ("median(min_trials=4, percent=100)", [1.0, 2.0, 2.5, 4.0]),
        ("median(min_trials=4, percent=0)", [1.0]),
    ],
)
def test_another_share_than_half_of_the_others_may_go_on(text: str, going_on: list[float]) -> None:
    others = [[1.0], [2.0], [3.0], [4.0]]
    found = [
        loss for loss in (1.0, 2.0, 2.5, 4.0) if judged(rule(text), [*others, [loss]], 4)[4] is None
    ]
    assert found == going_on


def test_a_rule_may_look_at_every_so_many_th_step_only() -> None:
    others = [[0.0] * 9] * 3
    looked = [
        steps
        for steps in range(1, 10)
        if judged(rule("median(min_trials=3, min_steps=2, every=3)"), [*others, [1.0] * steps], 3)[
            3
        ]
    ]
    assert looked == [2, 5, 8]


@pytest.mark.parametrize(
    ("curve", "why"),
    [
        ([3.0, 2.0, 2.5, 2.4], None),
        ([3.0, 2.0, 2.5, 2.4, 2.2], "patient: no better than 2 in its last 3 steps"),
        ([3.0, 2.0, 2.5, 2.4, 1.9], None),
        ([2.0, 2.0, 2.0, 2.0, 2.0], None),
        ([3.0, 2.0, inf, inf, inf], "patient: no better than 2 in its last 3 steps"),
    ],
)
def test_patience_is_for_who_gets_no_worse(curve: list[float], why: str | None) -> None:
    assert judged(rule("patient(steps=2)"), [curve]) == [why]
    lenient = judged(rule("patient(steps=2, least=0.5)"), [curve])
    assert lenient == [why if inf in curve else None]


@pytest.mark.parametrize(
    ("text", "curve", "why"),
    [
        ("threshold(worst=5)", [5.0, 4.0], None),
        ("threshold(worst=5)", [4.0, 5.5, 1.0], "threshold: a loss of 5.5 at step 2"),
        ("threshold(best=0)", [1.0, -0.5], "threshold: a loss of -0.5 at step 2"),
        ("threshold(worst=5, min_steps=3)", [9.0, 9.0], None),
        ("threshold(worst=5, every=2)", [1.0, 9.0, 1.0], None),
        ("threshold", [1.0, inf], "threshold: a loss of inf at step 2"),
        ("threshold", [1e300, -1e300], None),
    ],
)
def test_a_threshold_is_for_who_leaves_the_bounds(
    text: str, curve: list[float], why: str | None
) -> None:
    assert judged(rule(text), [curve]) == [why]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("threshold(worst=1, best=2)", "best=2 is not below worst=1"),
        ("threshold(worst='a')", "worst='a' is no number"),
        ("threshold(every=0)", "every=0 is no whole number"),
        ("patient(steps=-1)", "steps=-1 is no whole number"),
        ("patient(least=-1)", "least=-1 is no number from 0 on"),
        ("patient(rule=3)", "rule=3 is no text"),
        ("patient(rule='medin')", "did you mean median?"),
        ("median(percent=101)", "percent=101 is not from 0 to 100"),
        ("median(every=0)", "every=0 is no whole number"),
    ],
)
def test_options_that_cannot_be_are_refused(text: str, message: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        rule(text)
    assert message in str(refusal.value)
