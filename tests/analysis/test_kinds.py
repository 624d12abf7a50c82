"""What each kind of figure says, on trials whose figure is known."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from figured import GOALS, SPACE, draw, snapshot_of
from sonde.analysis.pictures.words import lane_names, said_by
from sonde.core.constraint import parse_constraint
from sonde.core.metric import Direction, Goal, Summary
from sonde.core.pareto import front
from sonde.core.trial import WHY_STOPPED, State, Trial
from sonde.store.protocol import Curve
from trials import make


def _on(values: list[float], **more: list[float]) -> list[Trial]:
    """Trials with these losses, a second each, one after the other."""
    found = []
    for n, loss in enumerate(values):
        others: dict[str, Any] = {name: column[n] for name, column in more.items()}
        found.append(make(n, params={}, span=(n, n + 1), loss=loss, **others))
    return found


def test_history_follows_the_best_so_far_of_what_can_be_compared() -> None:
    trials = _on([3.0, 2.0, 2.5, 0.1, math.nan, 1.0])
    trials[3] = replace(trials[3], state=State.FAILED)
    (run,) = draw("history", snapshot_of(trials)).runs
    assert run.points.trial.tolist() == [0, 1, 2, 3, 4, 5]
    assert (run.best.trial.tolist(), run.best.value.tolist()) == ([0, 1, 5], [3.0, 2.0, 1.0])
    (up,) = draw(
        "history", snapshot_of(_on([0.0] * 3, speed=[1.0, 3.0, 2.0])), metrics=("speed",)
    ).runs
    assert up.best.value.tolist() == [1.0, 3.0]


def test_history_over_time_and_cost_counts_seconds() -> None:
    trials = [
        make(0, params={}, span=(0, 10), loss=3.0),
        make(1, params={}, span=(2, 4), loss=2.0),
        make(2, params={}, span=None, loss=1.0),
    ]
    (time,) = draw("history", snapshot_of(trials), over="time").runs
    assert time.at.values.tolist() == [10.0, 4.0]
    assert time.points.omitted == {"no time": 1}
    assert time.best.trial.tolist() == [1]  # it ended before trial 0
    (cost,) = draw("history", snapshot_of(trials), over="cost").runs
    assert cost.at.values.tolist() == [12.0, 2.0]
    assert cost.end == 12.0


def test_a_trial_that_breaks_a_constraint_is_never_the_best_so_far_and_is_marked() -> None:
    trials = _on([1.0, 2.0], speed=[5.0, 50.0])
    snapshot = snapshot_of(trials, constraints=(parse_constraint("speed >= 10"),))
    (run,) = draw("history", snapshot).runs
    assert run.points.feasible.tolist() == [False, True]
    assert run.best.trial.tolist() == [1]


def test_edf_is_the_share_of_results_at_most_so_large() -> None:
    (run,) = draw("edf", snapshot_of(_on([2.0, 1.0, 2.0, 5.0]))).runs
    assert (run.value.tolist(), run.share.tolist()) == ([1.0, 2.0, 5.0], [0.25, 0.75, 1.0])
    (thin,) = draw("edf", snapshot_of(_on([float(n) for n in range(50)])), points=5).runs
    assert (len(thin.value), thin.thinned, thin.share[-1], thin.value[0]) == (5, 45, 1.0, 0.0)


def test_a_trial_that_a_rule_cut_short_is_shown_and_counts_for_nothing_else() -> None:
    trials = _on([3.0, 0.5, 2.0], speed=[1.0, 2.0, 3.0])
    why = {WHY_STOPPED: "asha: after 1 step at place 2 of 2, and the best 1 go on"}
    trials[1] = replace(trials[1], state=State.STOPPED, facts=why)
    last = (replace(GOALS[0], summary=GOALS[1].summary), GOALS[1])
    (run,) = draw("history", snapshot_of(trials, last)).runs
    assert run.points.result.tolist() == [True, False, True]
    assert run.best.trial.tolist() == [0, 2]
    (share,) = draw("edf", snapshot_of(trials, last)).runs
    assert share.omitted == {"stopped": 1}


def test_what_was_cut_short_is_the_best_so_far_until_one_has_run_to_its_end() -> None:
    trials = _on([0.5, 0.7, 0.4, 3.0, 0.1, 2.0], speed=[1.0] * 6)
    for n in (0, 1, 2, 4):
        why = {WHY_STOPPED: "asha: after 1 step at place 2 of 2, and the best 1 go on"}
        trials[n] = replace(trials[n], state=State.STOPPED, facts=why)
    last = (replace(GOALS[0], summary=GOALS[1].summary), GOALS[1])
    (run,) = draw("history", snapshot_of(trials, last)).runs
    assert run.best.trial.tolist() == [0, 2, 3, 5]
    assert run.best.value.tolist() == [0.5, 0.4, 3.0, 2.0]


def test_the_trend_of_a_slice_is_made_from_all_results_and_follows_the_log_axis() -> None:
    lrs = [10 ** (-4 + 4 * n / 999) for n in range(1000)]
    trials = [make(n, params={"lr": lr}, loss=abs(math.log10(lr) + 2)) for n, lr in enumerate(lrs)]
    figure = draw("slice", snapshot_of(trials), params=("lr",), points=50)
    (trend,) = figure.trends
    assert trend.count.sum() == 1000
    assert len(trend.at) == 16
    lowest = trend.at[trend.middle.argmin()]
    assert lowest == pytest.approx(1e-2, rel=0.8)
    assert (trend.low <= trend.middle).all()
    assert (trend.middle <= trend.high).all()


def test_the_trend_over_categories_has_one_stretch_for_each() -> None:
    trials = [make(n, params={"batch": [16, 64][n % 2]}, loss=float(n % 2)) for n in range(10)]
    (trend,) = draw("slice", snapshot_of(trials), params=("batch",)).trends
    assert (trend.at.tolist(), trend.middle.tolist()) == ([0.0, 2.0], [0.0, 1.0])


def test_ranks_run_from_the_best_to_the_worst_and_ties_share_theirs() -> None:
    trials = [
        make(n, params=SPACE.at([0.5] * 5), loss=v) for n, v in enumerate([1.0, 4.0, 2.0, 2.0])
    ]
    trials.append(make(4, State.FAILED, SPACE.at([0.5] * 5)))
    figure = draw("rank", snapshot_of(trials), params=("lr", "opt", "batch"))
    assert figure.rank.values[:4].tolist() == pytest.approx([0, 1, 0.5, 0.5])
    assert figure.rank.has.tolist() == [True] * 4 + [False]
    assert figure.pairs == ((0, 1), (0, 2), (1, 2))


def test_a_contour_finds_the_valley_and_says_where_it_extrapolates() -> None:
    rng = np.random.default_rng(0)
    trials = []
    for n in range(120):
        u, v = rng.random(), rng.random() / 2  # nothing is tried in the upper half of momentum
        lr, loss = 10 ** (-4 + 4 * u), (u - 0.75) ** 2 + (v - 0.25) ** 2
        params = {"lr": lr, "opt": "sgd", "momentum": v}
        trials.append(make(n, params=params, loss=loss + 0.01 * rng.normal()))
    trials.append(make(120, params={"lr": 0.1, "opt": "sgd", "momentum": 0.2}, loss=1e9))
    trials.append(make(121, params={"lr": 0.1, "opt": "adam"}, loss=0.0))
    figure = draw("contour", snapshot_of(trials), params=("lr", "momentum"))
    assert figure.points.omitted == {"inactive": 1}
    grid = figure.grid
    assert grid is not None
    row, column = np.unravel_index(grid.value.argmin(), grid.value.shape)
    assert math.log10(grid.x[column]) == pytest.approx(-1, abs=0.4)
    assert grid.y[row] == pytest.approx(0.25, abs=0.12)
    lower, upper = grid.y < 0.5, grid.y > 0.9
    assert grid.extrapolates[lower].mean() < 0.1
    assert grid.extrapolates[upper].mean() > 0.5


def test_a_surface_says_which_results_it_does_not_follow() -> None:
    rng = np.random.default_rng(2)
    trials = []
    for n in range(40):
        params = SPACE.at(rng.random(5).tolist())
        trials.append(make(n, params=params, loss=1.0 + rng.random()))
    calm = draw("contour", snapshot_of(trials), params=("lr", "layers"))
    assert (calm.grid.limit, calm.grid.limited) == (None, 0)
    assert len(said_by(calm)) == 1
    # So far beyond that the axis is logarithmic.
    trials += [make(n, params=SPACE.at(rng.random(5).tolist()), loss=1e7) for n in (40, 41)]
    wild = draw("contour", snapshot_of(trials), params=("lr", "layers"))
    assert wild.goal.log
    assert wild.grid.limited == 2
    assert 2.0 < wild.grid.limit < 1e3
    assert wild.grid.value.max() <= wild.grid.limit
    limit = f"{wild.grid.limit:.3g}"
    assert said_by(wild)[1] == f"the surface counts 2 results above {limit} as {limit}"
    most = [replace(one, number=n) for n, one in enumerate(trials)]
    up = Goal(metric="loss", direction=Direction.MAXIMIZE)
    high = draw("contour", snapshot_of(most, (up,)), params=("lr", "layers"))
    assert high.grid.limit is None, "what is far better than the others is followed"


def test_a_contour_over_categories_has_a_place_for_each() -> None:
    rng = np.random.default_rng(1)
    trials = []
    for n in range(60):
        params = SPACE.at(rng.random(5).tolist())
        better = 1.0 if params["opt"] == "sgd" else 0.0
        trials.append(make(n, params=params, loss=better + 0.01 * rng.normal()))
    grid = draw("contour", snapshot_of(trials), params=("opt", "batch")).grid
    assert grid is not None
    assert grid.value.shape == (3, 2)
    assert grid.value.mean(axis=0) == pytest.approx([0, 1], abs=0.1)


def test_too_few_results_make_points_and_no_surface() -> None:
    trials = [make(n, params=SPACE.at([0.5] * 5), loss=1.0) for n in range(4)]
    figure = draw("contour", snapshot_of(trials), params=("lr", "layers"))
    assert figure.grid is None
    assert len(figure.points.trial) == 4


@pytest.mark.parametrize(
    ("agents", "names"),
    [
        (["vm/b/n/71/5000"], ["vm"]),
        (["vm/b/n/71/5000", "far/b/n/71/5000"], ["vm", "far"]),
        (["vm/b/n/71/5000", "vm/b/n/72/5000"], ["vm 71", "vm 72"]),
        (["vm/b/n/71/5000", "vm/c/n/71/6000"], ["vm/b/n/71/5000", "vm/c/n/71/6000"]),
        (["", "a"], ["?", "a"]),
    ],
)
def test_lanes_are_called_so_that_no_two_agents_are_called_alike(
    agents: list[str], names: list[str]
) -> None:
    assert lane_names(agents) == names


def test_what_an_edit_says_of_earlier_trials_is_seen_in_figures() -> None:
    rest = {"lr": 0.1, "layers": 2, "batch": 64, "opt": "adam", "device": "cpu"}
    trials = [make(n, params=rest | {"lr": 0.1 * (n + 1)}, loss=n) for n in range(8)]
    trials = [replace(t, params={k: v for k, v in t.params.items() if k != "layers"}
                      if t.number < 4 else t.params) for t in trials]  # fmt: skip
    seen = snapshot_of(trials, backfill={"layers": 7}, version=2)
    assert seen.param("layers").values.tolist() == [7.0] * 4 + [2.0] * 4
    assert len(draw("slice", seen, params=("layers",)).points.trial) == 8
    shares = draw("importance", seen).goals[0].shares
    assert {one.name: one.trials for one in shares}["layers"] == 8


def test_the_timeline_has_a_lane_for_each_agent() -> None:
    trials = [
        replace(make(0, params={}, span=(5, 7), loss=1.0), agent="b"),
        replace(make(1, params={}, span=(0, 4), loss=1.0), agent="a"),
        replace(make(2, State.FAILED, {}, span=(7, 8)), agent="b"),
        make(3, State.WAITING, {}, span=None),
    ]
    figure = draw("timeline", snapshot_of(trials))
    assert [(lane.agent, lane.trials, lane.worked) for lane in figure.lanes] == [
        ("a", 1, 4.0),
        ("b", 2, 3.0),
    ]
    assert figure.bars.lane.tolist() == [1, 0, 1]
    assert (figure.bars.start.tolist(), figure.bars.end.tolist()) == (
        [5.0, 0.0, 7.0],
        [7.0, 4.0, 8.0],
    )
    assert figure.points.omitted == {"waiting": 1}


def test_the_front_of_several_goals_is_marked_and_is_never_thinned_out() -> None:
    front = [(float(n), float(n)) for n in range(10)]  # less loss, less speed
    rest = [(n % 10 + 1.0, n % 10 - 1.0) for n in range(300)]
    losses, speeds = zip(*front, *rest, strict=True)
    figure = draw("pareto", snapshot_of(_on(list(losses), speed=list(speeds))), points=40)
    assert figure.on_front == 10
    assert figure.points.trial[figure.front].tolist() == list(range(10))
    assert len(figure.points.trial) <= 40
    assert [axis.direction for axis in figure.goals] == ["minimize", "maximize"]
    assert figure.pairs == ((0, 1),)


def test_curves_mark_rungs_and_stops_and_keep_their_spikes_when_thinned() -> None:
    steps = list(range(0, 3000, 3))
    calm = [1.0] * 1000
    spiky = [5.0 if n == 777 else 1.0 for n in range(1000)]
    found = {0: Curve(steps, spiky, steps), 1: Curve(steps[:9], calm[:9], steps[:9])}
    trials = [make(n, params={}, loss=1.0) for n in range(3)]
    why = {WHY_STOPPED: "asha: after 9 steps at place 3 of 3, and the best 1 go on"}
    trials[1] = replace(trials[1], state=State.STOPPED, facts=why)
    figure = draw(
        "curves", snapshot_of(trials, stopping="asha(min_steps=3, max_steps=81)"), curves=found
    )
    (run,) = figure.runs
    long, short, none = run.lines
    assert (long.reports, len(long.step) <= 200, long.value.max()) == (1000, True, 5.0)
    assert (short.step[-1], short.stopped) == (24, why[WHY_STOPPED])
    assert (none.reports, none.stopped) == (0, None)
    assert [(rung.reports, rung.step) for rung in run.rungs] == [(3, 6.0), (9, 24.0), (27, 78.0)]


def test_correlation_is_that_of_ranks_over_the_trials_that_have_both() -> None:
    trials = []
    for n in range(20):
        params = {"lr": 10 ** (-n / 10), "layers": 1 + n % 8, "opt": ["adam", "sgd"][n % 2]}
        if n % 2:
            params["momentum"] = n / 20
        trials.append(make(n, params=params, loss=float(n**3)))
    trials.append(replace(make(20, params={"lr": 1.0}, loss=1e9), state=State.FAILED))
    figure = draw("correlation", snapshot_of(trials), metrics=("loss",))
    names = [axis.name for axis in figure.axes]
    assert names == ["loss", "lr", "layers", "batch", "momentum"]
    assert figure.unordered == ("opt",)
    assert figure.value[0, 1] == pytest.approx(-1)
    assert figure.value[0, 4] == pytest.approx(1)
    assert figure.count[0, 4] == 10
    assert math.isnan(figure.value[0, 3])  # nobody has a batch


def test_summaries_of_curves_are_what_the_goal_says() -> None:
    curve = Summary.of([(0, 5.0), (1, 1.0), (2, 3.0)])
    trial = replace(make(0, params={}), metrics={"loss": curve})
    assert draw("history", snapshot_of([trial])).runs[0].points.value.values.tolist() == [1.0]
    last = draw("history", snapshot_of([trial], goals=()), metrics=("loss:last",))
    assert last.runs[0].points.value.values.tolist() == [3.0]


@given(
    st.lists(
        st.tuples(*[st.sampled_from([0.0, 1.0, 2.0, 3.0, math.inf, math.nan])] * 3), max_size=25
    )
)
def test_the_front_is_that_of_the_command_line(values: list[tuple[float, float, float]]) -> None:
    goals = (*GOALS, Goal(metric="size"))
    trials = [
        make(n, list(State)[n % 7], {}, loss=loss, speed=speed, size=size)
        for n, (loss, speed, size) in enumerate(values)
    ]
    data = draw("pareto", snapshot_of(trials, goals))
    expected = sorted(trial.number for trial in front(trials, goals))
    assert data.points.trial[data.front].tolist() == expected
    assert data.on_front == len(expected)
