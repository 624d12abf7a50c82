"""What stands at the end of a run: the best trials, and how to run the best again."""

import shlex
from collections.abc import Iterator
from pathlib import Path

import click

from sonde.analysis.rows import sweep_row, trial_row
from sonde.cli.by_hand import by_hand
from sonde.cli.no_best import why_no_best
from sonde.cli.output import emit
from sonde.cli.screen import screen_of
from sonde.cli.trial_table import trial_cells, trial_columns
from sonde.cli.typed import broken, store_words, typed
from sonde.core.history import History
from sonde.core.ranking import ranked
from sonde.core.sweep import Command, Function
from sonde.core.trial import State, Trial
from sonde.store.protocol import SweepRecord

__all__ = ["again", "complaints", "report"]

MOST_ROWS = 20
BEST_ROWS = 10
INDENT = 11  # of what stands behind `again` and `by hand`


def report(record: SweepRecord, history: History, form: str) -> None:
    """Print the results of a sweep on stdout."""
    goals, sweep = record.sweep.goals, record.sweep
    if form == "json":
        row = sweep_row(record, history)
        emit(form, row | {"results": [trial_row(trial, history) for trial in history.trials]})
        return
    if form == "csv":
        emit(form, [trial_row(trial, history) for trial in history.trials])
        return
    if not history.trials:
        return
    found = history.assignments()
    shown = ranked(found, goals, sweep.constraints) if goals else list(found)
    if len(shown) > MOST_ROWS:
        shown = shown[:BEST_ROWS]
    click.echo()
    emit(form, (), trial_columns(shown, history), trial_cells(shown, history))
    if len(shown) < len(found):
        rest = typed("trials", record.name)
        what = "trials" if sweep.repeats == 1 else "assignments"
        click.echo(f"{len(shown)} of {len(found)} {what}; all: {rest}")
    if history.best is not None:
        for line in again(record, history.best):
            click.echo(line)


def again(record: SweepRecord, best: Trial) -> Iterator[str]:
    """Yield the lines that say which trial is best and how to run it again."""
    values = "  ".join(f"{name}={value!r}" for name, value in best.params.items())
    yield ""
    yield f"best  {record.name}/{best.number}  {values}".rstrip()
    work = record.sweep.work
    if isinstance(work, Command) or (isinstance(work, Function) and work.blob is not None):
        yield f"{'again':<{INDENT}}{typed('rerun', f'{record.name}/{best.number}')}"
    if best.lineage is not None and best.lineage.parent is not None:
        # Its values alone do not repeat it: they are those of the last leg.
        yield f"{'came from':<{INDENT}}{typed('show', f'{record.name}/{best.number}')}"
    elif isinstance(work, Command):
        elsewhere = Path(work.folder) != Path.cwd()
        words = ["sonde", "run", *store_words(moved=elsewhere), *by_hand(record.sweep, best)]
        way = f"cd {shlex.quote(work.folder)} && " if elsewhere else ""
        yield f"{'by hand':<{INDENT}}{way}{broken(words, screen_of().width, INDENT)}"


def complaints(record: SweepRecord, history: History) -> Iterator[str]:
    """Yield a line for each metric that was asked for and never came, or why none is best."""
    goals = record.sweep.goals
    kept = [trial for trial in history.trials if trial.state in {State.DONE, State.STOPPED}]
    came = {name for trial in kept for name in trial.metrics}
    first = {goal.metric for goal in goals[:1]}
    for name in record.sweep.wanted:
        if kept and name not in came and name not in first:
            yield f"no trial reported {name}"
    if goals and history.best is None and history.ended:
        yield why_no_best(record.sweep, history)
