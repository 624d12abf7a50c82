"""A trial run again, in the foreground, with exactly its values; the sweep is not touched."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from sonde.agent import identity
from sonde.agent.folder import TrialFolder
from sonde.agent.guard import Guard
from sonde.agent.running import RunningTrial
from sonde.agent.waker import Waker
from sonde.agent.workshop import Workshop
from sonde.core.trial import Lease, Outcome, Trial, Verdict
from sonde.store.protocol import Store, SweepRecord

__all__ = ["Rerun", "rerun"]

_PUMP_S = 0.05
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Rerun:
    """How it went.

    Attributes:
        status: As a shell tells it: 128 + the number of a signal that ended it.
        metrics: The last value of each.
        folder: Where its files are.
        outcome: With the error, if there was one.
    """

    status: int
    metrics: Mapping[str, float]
    folder: Path
    outcome: Outcome


def rerun(store: Store, record: SweepRecord, trial: Trial, root: Path) -> Rerun:
    """Run a trial again with its output on the terminal; Ctrl-C ends it.

    Args:
        store: Has the function, where it is one.
        record: The sweep.
        trial: Whose values are taken.
        root: The `.sonde` folder; the new folder is `reruns/<sweep>-<number>-<k>` in it.

    Raises:
        ConfigError: If the sweep's trials cannot be run here.
    """
    guard = Guard(is_alone=True)
    try:
        with Waker(None) as waker:
            workshop = Workshop(store, record, root, guard=guard, waker=waker)
            try:
                for note in workshop.make_ready():
                    print(note, file=sys.stderr)
                folder = _new_folder(root.absolute(), record.id, trial.number)
                lease = Lease(
                    sweep=record.id,
                    number=trial.number,
                    attempt=1,
                    agent=identity.me(),
                    until=datetime.now(UTC),
                    params=trial.params,
                    origin=trial.origin,
                )
                return _run(workshop.begin(lease, folder=folder), folder, waker)
            finally:
                workshop.close()
    finally:
        guard.close()


def _run(running: RunningTrial, folder: TrialFolder, waker: Waker) -> Rerun:
    pumps = [
        _Pump(folder.stdout, sys.stdout.buffer),
        _Pump(folder.stderr, sys.stderr.buffer),
    ]
    while running.outcome is None:
        running.advance()
        for pump in pumps:
            pump.move()
        if waker.interrupts + waker.terminations > 1:
            running.kill()
        elif waker.interrupts or waker.terminations:
            running.end(Verdict.STOP)
        if running.outcome is None:
            waker.wait(min(running.next_look_s, _PUMP_S))
    for pump in pumps:
        pump.move()
    outcome = running.outcome
    metrics = {name: value for report in running.unsent for name, value in report.metrics.items()}
    number = outcome.facts.get("signal")
    status = 128 + number if number else outcome.facts.get("exit_status")
    if status is None:
        status = 0 if outcome.error is None else 1
    return Rerun(
        status=status,
        metrics=metrics | dict(outcome.values),
        folder=folder.path,
        outcome=outcome,
    )


class _Pump:
    """Shows what is added to a log."""

    def __init__(self, log: Path, to: BinaryIO) -> None:
        self._log, self._to = log, to
        self._offset = 0

    def move(self) -> None:
        try:
            with self._log.open("rb") as source:
                source.seek(self._offset)
                while data := source.read(_CHUNK):
                    self._offset += len(data)
                    self._to.write(data)
        except FileNotFoundError:
            return
        self._to.flush()


def _new_folder(root: Path, sweep: str, number: int) -> TrialFolder:
    k = 1
    while (path := root / "reruns" / f"{sweep}-{number}-{k}").exists():
        k += 1
    return TrialFolder(root, sweep, number, 1, path=path)
