"""What stands at the end of a run: the best trials, and how to run the best again."""

import shlex
from collections.abc import Iterator, Sequence
from pathlib import PurePath

import click

from sonde.cli.cells import shell_words
from sonde.cli.output import emit
from sonde.cli.rows import sweep_row, trial_row
from sonde.cli.trial_table import trial_cells, trial_columns
from sonde.core.history import History
from sonde.core.ranking import ranked
from sonde.core.sweep import Command
from sonde.core.trial import State, Trial
from sonde.store.protocol import SweepRecord

__all__ = ["again", "missing_metrics", "report"]

MOST_ROWS = 20
BEST_ROWS = 10


def report(record: SweepRecord, history: History, form: str) -> None:
    """Print the results of a sweep on stdout."""
    goals = record.sweep.goals
    if form == "json":
        row = sweep_row(record, history.best)
        emit(form, row | {"results": [trial_row(trial, goals) for trial in history.trials]})
        return
    if form == "csv":
        emit(form, [trial_row(trial, goals) for trial in history.trials])
        return
    if not history.trials:
        return
    shown = ranked(history.trials, goals) if goals else list(history.trials)
    if len(shown) > MOST_ROWS:
        shown = shown[:BEST_ROWS]
    click.echo()
    emit(form, (), trial_columns(shown, record.sweep), trial_cells(shown, record.sweep))
    if len(shown) < len(history.trials):
        click.echo(f"{len(shown)} of {len(history.trials)} trials; all: sonde trials {record.name}")
    if history.best is not None:
        for line in again(record, history.best):
            click.echo(line)


def again(record: SweepRecord, best: Trial) -> Iterator[str]:
    """Yield the lines that say which trial is best and how to run it again."""
    values = "  ".join(f"{name}={value!r}" for name, value in best.params.items())
    yield ""
    yield f"best  {record.name}/{best.number}  {values}"
    yield f"again      sonde rerun {shlex.quote(f'{record.name}/{best.number}')}"
    work = record.sweep.work
    if isinstance(work, Command):
        words = ["sonde", "run", *shell_words(best.params), *_as_typed(work.argv)]
        yield f"by hand    {shlex.join(words)}"


def missing_metrics(record: SweepRecord, history: History) -> Iterator[str]:
    """Yield a line for each goal's metric that no trial has reported, with those that came."""
    done = [trial for trial in history.trials if trial.state in {State.DONE, State.STOPPED}]
    came = sorted({name for trial in done for name in trial.metrics})
    for goal in record.sweep.goals:
        if done and goal.metric not in came:
            there = f"they reported {', '.join(came)}" if came else "they reported nothing at all"
            yield f"no trial reported {goal.metric}; {there}"


def _as_typed(argv: Sequence[str]) -> Sequence[str]:
    """The command without the interpreter that was put before a script."""
    is_python = PurePath(argv[0]).name.startswith("python")
    return argv[1:] if is_python and len(argv) > 1 and argv[1].endswith(".py") else argv
