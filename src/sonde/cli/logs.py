"""`sonde logs`: what a trial printed."""

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click

from sonde.cli.options import opened, store_option, trial_key

if TYPE_CHECKING:
    from sonde.core.trial import Trial
    from sonde.store.protocol import Store, SweepRecord

__all__ = ["logs"]

POLL_S = 0.2
CHUNK = 1 << 16


@click.command()
@click.argument("trial", metavar="SWEEP/N")
@click.option("--stderr", is_flag=True, help="What it wrote to stderr instead of stdout.")
@click.option("-f", "--follow", is_flag=True, help="Go on until the trial has ended.")
@click.option(
    "--attempt", type=click.IntRange(min=1), metavar="K", help="Of this attempt; else the last."
)
@store_option
def logs(trial: str, stderr: bool, follow: bool, attempt: int | None, store: str | None) -> None:
    """Print what a trial printed, byte for byte.

    With --follow also further attempts are followed, until the trial has ended.
    """
    from sonde.cli.reading import load, one_trial
    from sonde.errors import NotFoundError

    name, number = trial_key(trial)
    with opened(store) as opened_store:
        record, history = load(opened_store, name)
        found = one_trial(record, history, number)
        if attempt is not None and attempt > found.attempts:
            times = "once" if found.attempts == 1 else f"{found.attempts} times"
            raise NotFoundError(f"{record.name}/{number} was started {times}, not {attempt} times")
        if not found.attempts and not follow:
            raise NotFoundError(f"{record.name}/{number} has not been started yet")
        if follow:
            _follow(opened_store, record, number, attempt, stderr=stderr)
            return
        path = _path(opened_store, record, found, attempt, stderr=stderr)
        try:
            with path.open("rb") as source:
                _copy(source)
        except FileNotFoundError:
            _refuse_in_process(record, found)
            where = found.facts.get("host")
            raise NotFoundError(
                f"{path} is not there" + (f"; the trial ran on {where}" if where else "")
            ) from None


def _refuse_in_process(record: "SweepRecord", trial: "Trial") -> None:
    """Say so where no agent ran a trial, as nobody but an agent keeps what is printed."""
    from sonde.core.sweep import Command
    from sonde.core.trial import State
    from sonde.errors import NotFoundError

    has_ended_by_itself = trial.state in {State.DONE, State.STOPPED, State.FAILED}
    by_agent = isinstance(record.sweep.work, Command) or "host" in trial.facts
    if by_agent or (record.sweep.work is not None and not has_ended_by_itself):
        return
    how = "asked for by it" if record.sweep.work is None else "workers=0"
    raise NotFoundError(
        f"{record.name}/{trial.number} has no log: it ran in your own program ({how}), "
        "which printed where that prints"
    )


def _path(
    store: "Store", record: "SweepRecord", trial: "Trial", attempt: int | None, *, stderr: bool
) -> Path:
    from sonde.agent.place import folder_of

    folder = folder_of(store.url, record.id, trial, attempt)
    return folder.stderr if stderr else folder.stdout


def _follow(
    store: "Store", record: "SweepRecord", number: int, attempt: int | None, *, stderr: bool
) -> None:
    from sonde.cli.reading import one_trial
    from sonde.core.history import History

    history, version = History(record.sweep), 0
    path: Path | None = None
    source: BinaryIO | None = None
    try:
        while True:
            changes = store.changes(record.id, version)
            version = changes.version
            history.add(changes.trials)
            trial = one_trial(record, history, number)
            # Whether it has ended is asked before the last read, so that no end is cut off.
            over = trial.is_ended or (attempt is not None and attempt < trial.attempts)
            now = _path(store, record, trial, attempt, stderr=stderr) if trial.attempts else None
            if now != path and now is not None and now.exists():
                if source is not None:
                    _copy(source)
                    source.close()
                path, source = now, now.open("rb")
            if source is not None:
                _copy(source)
            if over:
                if source is None and trial.attempts:
                    _refuse_in_process(record, trial)
                return
            time.sleep(POLL_S)
    finally:
        if source is not None:
            source.close()


def _copy(source: BinaryIO) -> None:
    while chunk := source.read(CHUNK):
        sys.stdout.buffer.write(chunk)
    sys.stdout.buffer.flush()
