"""What stands at the end of a sweep of which trials failed: their last words, and how to go on."""

import os
from collections.abc import Iterator
from pathlib import Path

from sonde.agent.place import folder_of
from sonde.cli.typed import typed
from sonde.core.failing import is_for_failures
from sonde.core.history import History
from sonde.core.sweep import Command, Control
from sonde.core.trial import State
from sonde.store.protocol import SweepRecord

__all__ = ["last_words"]

_LINES = 5
_TAIL = 8192  # bytes of a log


def last_words(url: str, record: SweepRecord, history: History) -> Iterator[str]:
    """Yield the last lines of the trial that failed last, and how to go on.

    Nothing where some trials were completed, unless it was stopped for its failures.

    Args:
        url: Of the store.
        record: The sweep.
        history: Its trials.
    """
    stopped = record.control is Control.STOPPED and is_for_failures(record.reason)
    completed = history.counts[State.DONE] or history.counts[State.STOPPED]
    failed = [trial for trial in history.trials if trial.state is State.FAILED]
    if not failed:
        if stopped:
            yield from _way_on(record)
        return
    if completed and not stopped:
        return
    last = max(failed, key=lambda trial: trial.version)
    name = f"{record.name}/{last.number}"
    folder = folder_of(url, record.id, last)
    for path, stream in ((folder.stderr, "stderr"), (folder.stdout, "stdout")):
        if lines := _tail(path):
            yield f"the last that trial {name} wrote to {stream}:"
            yield from (f"  | {line}" for line in lines)
            break
    if stopped:
        yield from _way_on(record)


def _way_on(record: SweepRecord) -> Iterator[str]:
    yield f"{record.name} was stopped, as {record.reason}"
    go_on = typed("resume", record.name)
    again = f"go on all the same: {go_on}"
    if isinstance(record.sweep.work, Command) and record.sweep.work.workspace != "none":
        again += f"; with the files as they are now: {go_on} --update-code"
    yield again


def _tail(path: Path) -> list[str]:
    """Return the last lines of a log, without empty ones."""
    try:
        with path.open("rb") as source:
            source.seek(max(0, source.seek(0, os.SEEK_END) - _TAIL))
            text = source.read().decode(errors="replace")
    except OSError:
        return []
    said = [line.rstrip()[:500] for line in text.splitlines() if line.strip()]
    return ["".join(c if c.isprintable() else " " for c in line) for line in said[-_LINES:]]
