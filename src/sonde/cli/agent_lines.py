"""The lines of `sonde agent`: which trial began, what came of it, and which is best by now."""

import time
from types import TracebackType
from typing import Self

from sonde.agent.orders import Event
from sonde.analysis.rows import feasible
from sonde.cli.best_so_far import BestSoFar
from sonde.cli.cells import number
from sonde.core.trial import State, Trial
from sonde.errors import StoreError
from sonde.store import open_store
from sonde.store.protocol import Store, SweepRecord

__all__ = ["Lines"]

_READ_S = 1.0  # between two looks at what other agents have found


class Lines:
    """Turns an agent's events into lines; a context manager, as it reads the store for the best.

    The store is opened with the first trial that has ended, when the agent has its own open.
    """

    def __init__(self, url: str, record: SweepRecord) -> None:
        self._url, self._record = url, record
        self._best = BestSoFar(record.sweep)
        self._seen: set[int] = set()
        self._store: Store | None = None
        self._version, self._read_at = 0, 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        if self._store is not None:
            self._store.close()

    def of(self, event: Event) -> str:
        """Return what to say of an event."""
        about = f"{self._record.name}/{event.number} " if event.number is not None else ""
        if event.kind == "started":
            return f"{about}started {event.text}"
        trial = event.trial
        if event.kind != "ended" or trial is None or trial.state not in {State.DONE, State.STOPPED}:
            return f"{about}{event.text}"
        parts = [f"{about}{event.text}", *self._values(trial)]
        if self._record.sweep.goals:
            self._look()
            self._see(trial)
            parts.append(self._best.text)
        return " ".join(part for part in parts if part)

    def _values(self, trial: Trial) -> list[str]:
        parts = []
        for goal in self._record.sweep.goals:
            value = trial.value(goal)
            parts.append(f"{goal.metric}={'-' if value is None else number(value)}")
        if feasible(trial, self._record.sweep) is False:
            parts.append("infeasible")
        return parts

    def _look(self) -> None:
        """See what others have found; what cannot be read now is read with the next line."""
        now = time.monotonic()
        if self._version and now < self._read_at:
            return
        self._read_at = now + _READ_S
        try:
            if self._store is None:
                self._store = open_store(self._url)
            changes = self._store.changes(self._record.id, self._version)
        except StoreError:
            return
        self._version = changes.version
        for trial in sorted(changes.trials, key=lambda trial: trial.version):
            if trial.is_ended:
                self._see(trial)

    def _see(self, trial: Trial) -> None:
        if trial.number not in self._seen:
            self._seen.add(trial.number)
            self._best.see(trial)
