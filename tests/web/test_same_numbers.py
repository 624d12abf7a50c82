"""What the dashboard counts in the browser, beside the figures that are made from the store."""

from datetime import UTC, datetime
from typing import Any

import pytest

from browsing import Look
from cli_stores import BEGIN, add_sweep, add_trial
from sonde.analysis.figures import Asked
from sonde.analysis.figures.stored import figure_from
from sonde.core.decision import Decision, NewTrial
from sonde.core.metric import Direction, Goal, SummaryKind
from sonde.core.trial import Outcome, State, Verdict
from sonde.store.memory import MemoryStore
from sonde.store.protocol import Ask

_COUNTED = """async (sweep) => {
    const { Columns } = await import("/web/columns.js");
    const { points } = await import("/web/charts/history.js");
    const { merits } = await import("/web/charts/parallel.js");
    const { resultsOf } = await import("/web/charts/results.js");
    const { axisOf } = await import("/web/charts/axis.js");
    const columns = new Columns(sweep);
    await columns.update();
    const rows = Uint32Array.from({ length: columns.count }, (_, i) => i);
    const [goal, other] = columns.goals;
    const axes = [...columns.role("param")].map((column) => axisOf(columns, column));
    const on = points(columns, other, rows, goal);
    const read = ({ column, isWords }) => [...column.values].map((v) => (isWords ? v - 1 : v));
    return {
        best: [...points(columns, goal, rows, "number").best],
        over: [...points(columns, goal, rows, "time").xs],
        front: on.front.map((at) => on.rows[at]),
        merits: [...merits(columns, goal)].map((merit) => (Number.isNaN(merit) ? null : merit)),
        results: [...resultsOf(columns, goal, null)],
        logs: Object.fromEntries(axes.map((axis) => [axis.title, axis.isLog])),
        values: axes.map(read),
    };
}"""


@pytest.fixture
def sweep(store: MemoryStore) -> str:
    size = Goal(metric="size", direction=Direction.MAXIMIZE)
    loss = Goal(metric="loss", summary=SummaryKind.LAST)
    record = add_sweep(store, goals=(loss, size), stopping="median")
    for found in (0.3, 0.2):
        _cut_short(store, record.id, {"loss": found, "size": 30.0})
    for n in range(24):
        state = {5: State.FAILED, 9: State.STOPPED}.get(n, State.DONE)
        params = {"lr": 10.0 ** -(n % 5), "opt": ["adam", "sgd"][n % 2]}
        value = 0.1 + (n * 7 % 24) // 2 / 40  # two of each
        add_trial(store, record.id, params, [1.0, value], state, after=10 * n, size=n * 5 % 24)
    return record.id


def _cut_short(store: MemoryStore, sweep: str, values: dict[str, float]) -> None:
    """Add a trial that a rule stops."""
    new = NewTrial(params={"lr": 0.5, "opt": "adam"})
    decision = Decision(against=store.get_sweep(sweep).revision, add=[new])
    record, (lease,) = store.commit(sweep, decision, BEGIN, Ask(agent="me"))
    told = Decision(
        against=record.revision,
        verdicts={lease.number: Verdict.STOP},
        reasons={lease.number: "median: it is slow"},
    )
    store.commit(sweep, told, BEGIN)
    store.finish(lease, Outcome(state=State.STOPPED, values=values), BEGIN)


def test_the_dashboard_counts_what_figures_say(
    store: MemoryStore, sweep: str, url: str, look: Look
) -> None:
    with look(url) as page:
        page.goto("/")
        counted: dict[str, Any] = page.evaluate(_COUNTED, sweep)

    def figure(kind: str, **asked: Any) -> Any:
        return figure_from(store, [sweep], Asked(kind=kind, **asked), datetime.now(UTC))

    (run,) = figure("history").runs
    steps = dict(zip(run.best.trial.tolist(), run.best.value.tolist(), strict=True))
    best, line = None, []
    shown = [number for number in run.points.trial.tolist() if run.points.value.has[number]]
    for number in shown:
        best = steps.get(number, best)
        line.append(best)
    assert counted["best"] == line
    (run,) = figure("history", over="time").runs
    ended = sorted(
        at for at, has in zip(run.at.values.tolist(), run.points.value.has, strict=True) if has
    )
    assert counted["over"] == pytest.approx(ended)
    (edf,) = figure("edf").runs
    assert sorted(set(counted["results"])) == edf.value.tolist()
    assert len(counted["results"]) == edf.results
    pareto = figure("pareto")
    assert sorted(counted["front"]) == pareto.points.trial[pareto.front].tolist()
    rank = figure("rank")
    expected = [
        1 - value if has else None
        for value, has in zip(rank.rank.values.tolist(), rank.rank.has, strict=True)
    ]
    assert counted["merits"] == [
        value if value is None else pytest.approx(value) for value in expected
    ]
    plotted = figure("slice").columns
    assert counted["logs"] == {column.axis.name: column.axis.log for column in plotted}
    assert counted["values"] == [column.values.values.tolist() for column in plotted]
