"""`sonde logs`: what a trial printed."""

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sonde.cli.options import opened, store_option, trial_key

if TYPE_CHECKING:
    from sonde.core.trial import Trial
    from sonde.store.protocol import Store, SweepRecord

__all__ = ["logs"]

POLL_S = 0.2
FAR_POLL_S = 1.0  # a server is asked over the network
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
        log = _Log(opened_store, record, found, attempt, stderr=stderr)
        if not log.copy():
            _refuse_in_process(record, found)
            where = found.facts.get("host")
            raise NotFoundError(
                f"{log.path} is not there" + (f"; the trial ran on {where}" if where else "")
            )


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


class _Log:
    """What one attempt prints: in its folder here, or on the server that has it."""

    def __init__(
        self,
        store: "Store",
        record: "SweepRecord",
        trial: "Trial",
        attempt: int | None,
        *,
        stderr: bool,
    ) -> None:
        from sonde.agent.place import folder_of

        self._store, self._sweep, self._number = store, record.id, trial.number
        self.attempt = attempt or trial.attempts
        folder = folder_of(store.url, record.id, trial, attempt)
        self.path: Path = folder.stderr if stderr else folder.stdout
        self._name = f"logs/{self.path.stem}"
        self._offset = 0

    def copy(self) -> bool:
        """Print what is new; tell whether there is such a log."""
        try:
            while data := self._read():
                sys.stdout.buffer.write(data)
                self._offset += len(data)
        except FileNotFoundError:
            return False
        sys.stdout.buffer.flush()
        return True

    def _read(self) -> bytes:
        from sonde.errors import NotFoundError
        from sonde.store import is_served

        try:
            with self.path.open("rb") as source:  # it ran here: nothing is as fresh
                source.seek(self._offset)
                return source.read(CHUNK)
        except FileNotFoundError:
            if not is_served(self._store.url):
                raise
        from sonde.store.http import HttpStore

        assert isinstance(self._store, HttpStore)
        try:
            return self._store.read_file(
                self._sweep, self._number, self._name, self._offset, self.attempt
            )
        except NotFoundError as error:
            raise FileNotFoundError(self.path) from error


def _follow(
    store: "Store", record: "SweepRecord", number: int, attempt: int | None, *, stderr: bool
) -> None:
    from sonde.cli.reading import one_trial
    from sonde.core.history import History
    from sonde.store import is_served

    history, version = History(record.sweep), 0
    log: _Log | None = None
    is_there = False
    while True:
        changes = store.changes(record.id, version)
        version = changes.version
        history.add(changes.trials)
        trial = one_trial(record, history, number)
        # Whether it has ended is asked before the last read, so that no end is cut off.
        over = trial.is_ended or (attempt is not None and attempt < trial.attempts)
        if trial.attempts and (log is None or log.attempt != (attempt or trial.attempts)):
            if log is not None:
                log.copy()
            log = _Log(store, record, trial, attempt, stderr=stderr)
        is_there = (log is not None and log.copy()) or is_there
        if over:
            if not is_there and trial.attempts:
                _refuse_in_process(record, trial)
            return
        time.sleep(FAR_POLL_S if is_served(store.url) else POLL_S)
