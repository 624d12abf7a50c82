"""`sonde tensorboard`: sweeps as TensorBoard's directories, and the other way round."""

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sonde.cli.options import format_option, opened, store_option

if TYPE_CHECKING:
    from sonde.importing import Imported

__all__ = ["tensorboard"]

WATCH_S = 2.0
PROGRESS_S = 2.0


@click.group()
def tensorboard() -> None:
    """Show a sweep in TensorBoard, or take what TensorBoard shows into the store."""


@tensorboard.command("export")
@click.argument("sweep")
@click.argument("logdir", type=click.Path(file_okay=False, path_type=Path))
@store_option
def export_(sweep: str, logdir: Path, store: str | None) -> None:
    """Write a sweep into LOGDIR, for TensorBoard's HParams and Scalars pages.

    Again into the same LOGDIR, it adds what is new. `sonde run --tensorboard LOGDIR` writes it
    while the sweep runs.
    """
    from sonde.cli.mirror import Mirror
    from sonde.cli.output import say

    with opened(store) as opened_store:
        record = opened_store.find_sweep(sweep)
        count = Mirror(opened_store, record, logdir).update()
    say(
        f"{count} trials of {record.name} are in {logdir}; tensorboard --logdir {logdir} shows them"
    )


@tensorboard.command("import")
@click.argument("logdir", type=click.Path(path_type=Path))
@click.option("--name", metavar="NAME", help="Of the sweep. Default: the directory's name.")
@click.option(
    "--metric",
    metavar="TAG[:min|:max|:last|:mean]",
    help="What counts. Default: the first metric that the logdir declares, else a validation's.",
)
@click.option("--watch", is_flag=True, help="Go on while the files grow, until Ctrl-C.")
@store_option
@format_option
def import_(
    logdir: Path, name: str | None, metric: str | None, watch: bool, store: str | None, form: str
) -> None:
    """Take a directory of event files into the store, as a sweep with its curves.

    Each training in it becomes a trial: by its hyperparameters where HParams were written, else
    by its directory. Again on the same LOGDIR, it adds what is new.
    """
    from sonde.cli.output import say
    from sonde.cli.reading import load
    from sonde.cli.report import report
    from sonde.core.metric import parse_goal
    from sonde.core.sweep import check_name
    from sonde.importing import LogdirImport

    if name is not None:
        check_name(name, f"--name {name}")
    goal = parse_goal(metric) if metric is not None else None
    with opened(store, new=True) as opened_store:
        source = LogdirImport(opened_store, logdir, name=name, metric=goal)
        result = source.update(datetime.now(UTC), Progress())
        say(_told(result))
        while watch:
            time.sleep(WATCH_S)
            result = source.update(datetime.now(UTC))
            if result.added or result.ended or result.points:
                say(_told(result))
        for problem in source.problems:
            say(f"damaged, and read as far as it goes: {problem}")
        report(*load(opened_store, result.record.id), form)


class Progress:
    """Says now and then how far a long import is."""

    def __init__(self, things: str = "trainings") -> None:
        self._things = things
        self._next = time.monotonic() + PROGRESS_S

    def __call__(self, done: int, total: int) -> None:
        """Say it, if the last word was some time ago."""
        from sonde.cli.output import say

        if time.monotonic() >= self._next:
            say(f"{done} of {total} {self._things}")
            self._next = time.monotonic() + PROGRESS_S


def _told(result: "Imported") -> str:
    trials = sum(result.record.counts.values())
    running = f"; {result.running} are still being written" if result.running else ""
    new = f"{result.added} new trial{'' if result.added == 1 else 's'}"
    values = f"{result.points} new value{'' if result.points == 1 else 's'}"
    return f"{result.record.name}: {new}, {values}; trials in all: {trials}{running}"
