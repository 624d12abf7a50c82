"""Leases that this process holds: reports are kept in order, and silence does not lose them.

A trial that runs in the user's own process may be silent for hours. A thread renews the
leases meanwhile, sends what was reported, and hears whether a trial is to end.
"""

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from sonde.agent.identity import is_dead_here
from sonde.controller import Controller, utc_now
from sonde.core.trial import Lease, Outcome, Report, Trial, Verdict
from sonde.errors import LeaseLostError, ReportsLostError, StoreError
from sonde.store.protocol import Ask, Store

__all__ = ["Held", "Keeper", "release_dead"]

TICK_S = 0.25  # how long a report may wait that nobody sends at once
RENEW_S = 1.0  # so that a trial hears within two seconds that it is to end
_IDLE_S = 5.0  # without leases, then the thread ends


def release_dead(controller: Controller) -> None:
    """Give back, without waiting, what processes of this machine held that are gone."""
    controller.refresh()
    history = controller.history
    agents = {history.trials[number].agent for number in history.running}
    dead = [agent for agent in agents if agent is not None and is_dead_here(agent)]
    if dead:
        controller.store.release(controller.sweep, dead, utc_now())


class Held:
    """A lease with its reports.

    Attributes:
        verdict: What is to become of the trial, as it was last heard.
        deadline: When it is to end by itself, in `time.monotonic` seconds.
    """

    __slots__ = ("_next_step", "_pending", "_sent", "deadline", "lease", "lock", "verdict")

    def __init__(self, lease: Lease, deadline: float | None = None) -> None:
        self.lease = lease
        self.verdict = Verdict.GO_ON
        self.deadline = deadline
        self.lock = threading.Lock()
        self._pending: list[Report] = []
        self._sent = lease.reported
        self._next_step = 0

    def report(self, step: int | None, metrics: Mapping[str, float], at: float) -> int:
        """Take a report; it is in the store after the next `flush`. Returns its step."""
        with self.lock:
            number = self._next_step if step is None else step
            self._next_step = number + 1
            self._pending.append(Report(number, metrics, at))
        return number

    def flush(self, store: Store) -> None:
        """Send what was reported.

        Raises:
            LeaseLostError: If the trial is somebody else's by now.
        """
        if not self._pending:
            return
        with self.lock:
            pending = self._pending
            with _lost_if_forgotten():
                self._sent = store.report(self.lease, self._sent + 1, pending, utc_now())
            self._pending = []

    def finish(
        self, store: Store, outcome: Outcome, ask: Ask | None = None
    ) -> tuple[Trial, Sequence[Lease]]:
        """End the trial with what was reported last, as `Store.finish` does.

        Raises:
            LeaseLostError: If the trial is somebody else's by now.
        """
        with self.lock:
            pending = self._pending
            with _lost_if_forgotten():
                ended = store.finish(
                    self.lease, outcome, utc_now(), ask, reports=pending, first=self._sent + 1
                )
            self._sent += len(pending)
            self._pending = []
        return ended

    def hear(self, verdict: Verdict) -> None:
        """Take a verdict; nobody who was asked to end is told to go on again."""
        if verdict is not Verdict.GO_ON:
            self.verdict = verdict

    def is_to_end(self) -> bool:
        """Tell whether the trial was asked to end, or has used up its time."""
        if self.deadline is not None and time.monotonic() >= self.deadline:
            return True
        return self.verdict is not Verdict.GO_ON

    @property
    def has_reports(self) -> bool:
        """Whether anything was reported."""
        return bool(self._sent or self._pending)


@contextmanager
def _lost_if_forgotten() -> Iterator[None]:
    """Take a lease for lost of which the store has forgotten reports that it had."""
    try:
        yield
    except ReportsLostError as error:
        raise LeaseLostError(str(error)) from error


class Keeper:
    """A thread that holds on to leases; it runs while there are any."""

    def __init__(self, store: Store, lease_s: float) -> None:
        self._store, self._lease_s = store, lease_s
        self._held: dict[int, Held] = {}
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._closed = threading.Event()

    def add(self, held: Held) -> None:
        """Hold on to a lease from now on."""
        with self._lock:
            self._held[id(held)] = held
            if self._thread is None:
                self._closed.clear()
                self._thread = threading.Thread(target=self._run, name="sonde-leases", daemon=True)
                self._thread.start()

    def remove(self, held: Held) -> None:
        """Let go of a lease; returns when nothing is being done with it any more."""
        with self._lock:
            self._held.pop(id(held), None)

    def close(self) -> None:
        """End the thread."""
        self._closed.set()
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join()

    def _run(self) -> None:
        renewed = busy = time.monotonic()
        while not self._closed.wait(TICK_S):
            now = time.monotonic()
            # Held under the lock, so that `remove` waits for what is being sent.
            with self._lock:
                if self._held:
                    busy = now
                    is_due = now - renewed >= min(RENEW_S, self._lease_s / 3)
                    self._keep(list(self._held.values()), renew=is_due)
                    renewed = now if is_due else renewed
                elif now - busy > _IDLE_S:
                    self._thread = None
                    return
        with self._lock:
            self._thread = None

    def _keep(self, held: list[Held], *, renew: bool) -> None:
        for one in held:
            try:
                one.flush(self._store)
            except LeaseLostError:
                one.verdict = Verdict.LOST
            except StoreError:
                pass  # it stays pending, and whoever ends the trial meets the error
        if not renew:
            return
        try:
            leases = [one.lease for one in held]
            verdicts = self._store.renew(leases, utc_now(), self._lease_s)
        except StoreError:
            return
        for one, verdict in zip(held, verdicts, strict=True):
            one.hear(verdict)
