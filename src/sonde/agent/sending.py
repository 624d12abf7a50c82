"""Sending: what trials print and leave, on its way to a server.

A thread of its own, so that neither a slow line nor a large file keeps the agent from its
trials. What is to be sent lies in the trials' folders, also while the server is away. A note in
the folder says that something is left to send: if this agent dies, the next one that is started
for the sweep in its place does it.
"""

import json
import threading
import time
from collections.abc import Callable
from pathlib import Path

from sonde.agent import identity
from sonde.agent.folder import TrialFolder
from sonde.agent.outgoing import NOTE, Outgoing
from sonde.core.trial import Lease
from sonde.errors import (
    ConfigError,
    ConflictError,
    IllegalTransitionError,
    LeaseLostError,
    NotFoundError,
    StoreError,
)
from sonde.store import wire
from sonde.store.http import HttpStore

__all__ = ["Sending", "is_sending"]

_WAIT_S = 2.0  # that the end of a trial waits for the end of its logs
_IDLE_S = 60.0
_PAUSES = (0.2, 0.5, 1.0, 2.0, 4.0)


class Sending:
    """Sends the files of one agent's trials.

    Args:
        store: The server; closed with this.
        root: The `.sonde` folder in which the trials have their folders.
        sweep: The sweep's id.
        limit: Bytes of artifacts that are sent of a trial; None: as many as the server takes.
        wake: Called, in the thread, when something that the agent waits for was sent.
    """

    def __init__(
        self,
        store: HttpStore,
        root: Path,
        sweep: str,
        *,
        limit: int | None,
        wake: Callable[[], None],
    ) -> None:
        self._store, self._limit, self._wake = store, limit, wake
        self._outgoing: dict[tuple[int, int], Outgoing] = {}
        self._lock = threading.Lock()
        self._some = threading.Event()
        self._notes: list[str] = []
        self._failures = 0
        self._failing_since: float | None = None
        self._is_off = self._closed = False
        self._take_over(root, sweep)
        self._thread = threading.Thread(target=self._work, name="sonde-sending", daemon=True)
        self._thread.start()

    def begin(self, lease: Lease, folder: TrialFolder) -> None:
        """Send what this attempt prints and leaves from now on."""
        if not self._is_off:
            self._add(lease, folder)
            self._some.set()

    def end(self, lease: Lease) -> bool:
        """Send the rest, as the attempt has ended; tell whether there is no need to wait.

        That is when the server has all that it printed, or does not take it soon enough.
        """
        one = self._outgoing.get((lease.number, lease.attempt))
        if one is None:
            return True
        if one.ended is None:
            one.end()
            self._some.set()
        since = one.ended or 0.0
        return one.logs_are_in or self._failures > 0 or time.monotonic() - since > _WAIT_S

    def told(self, lease: Lease) -> None:
        """Send its artifacts as well, as the store knows how the attempt ended."""
        one = self._outgoing.get((lease.number, lease.attempt))
        if one is not None:
            one.is_told = True
            self._some.set()

    @property
    def left(self) -> int:
        """Of how many attempts something is left to send."""
        return len(self._outgoing)

    @property
    def trouble_s(self) -> float:
        """For how long the server has not taken anything; 0 while it does."""
        since = self._failing_since
        return 0.0 if since is None else time.monotonic() - since

    def notes(self) -> list[str]:
        """Return what happened since the last call that people should know."""
        with self._lock:
            notes, self._notes = self._notes, []
        return notes

    def close(self) -> None:
        """Stop; what was not sent stays noted for the next agent."""
        with self._lock:
            self._closed = True
        self._some.set()
        self._thread.join(1.0)  # a request under way ends with the process
        self._store.close()

    def _add(self, lease: Lease, folder: TrialFolder) -> Outgoing:
        one = Outgoing(self._store, wire.for_wire(lease), folder, limit=self._limit, note=self._say)
        with self._lock:
            self._outgoing[lease.number, lease.attempt] = one
        return one

    def _take_over(self, root: Path, sweep: str) -> None:
        """Go on with what agents left that died here."""
        for path in root.glob(f"trials/{sweep}/*/{NOTE}"):
            number, _, attempt = path.parent.name.partition(".")
            try:
                agent = str(json.loads(path.read_text(encoding="utf-8"))["agent"])
                folder = TrialFolder(root, sweep, int(number), int(attempt or 1))
            except (OSError, ValueError, LookupError, TypeError):
                continue  # cut off by a crash, or none of ours
            if identity.is_dead_here(agent):
                lease = Lease(
                    sweep=sweep,
                    number=folder.number,
                    attempt=folder.attempt,
                    agent=agent,
                    until=wire.NO_TIME,
                    params={},
                )
                one = self._add(lease, folder)
                one.is_told = True
                one.end()

    # -- the thread ---------------------------------------------------------------------

    def _work(self) -> None:
        while not self._closed:
            try:
                has_more = self._turn()
            except (StoreError, ValueError):  # no answer, or none of a server of ours
                has_more = False
                self._failing_since = self._failing_since or time.monotonic()
                self._failures += 1
                self._poke()
            else:
                self._failures, self._failing_since = 0, None
            if not has_more:
                self._some.wait(self._pause_s())
            self._some.clear()

    def _turn(self) -> bool:
        """Take a step with each attempt; tell whether more could be sent at once."""
        has_more = False
        for one in list(self._outgoing.values()):
            waited = one.ended is not None and not one.logs_are_in
            has_more |= not self._closed and self._step(one)
            if (waited and one.logs_are_in) or one.is_done:
                self._poke()
        return has_more

    def _step(self, one: Outgoing) -> bool:
        try:
            has_more = one.step()
        except (LeaseLostError, NotFoundError):
            self._forget(one)  # somebody else's trial by now
            return False
        except IllegalTransitionError:
            self._turn_off(has_all=True)  # it has the same folder
            return False
        except (ConfigError, ConflictError) as error:
            self._turn_off(why=f"what trials print and leave stays here: {error}")
            return False
        if one.is_done:
            self._forget(one)
        return has_more

    def _pause_s(self) -> float:
        if self._failures:
            return _PAUSES[min(self._failures, len(_PAUSES)) - 1]
        return min((one.next_s for one in list(self._outgoing.values())), default=_IDLE_S)

    def _forget(self, one: Outgoing) -> None:
        one.forget()
        with self._lock:
            self._outgoing.pop((one.lease.number, one.lease.attempt), None)

    def _turn_off(self, *, has_all: bool = False, why: str | None = None) -> None:
        """Send nothing more: the server has it all, or takes nothing."""
        self._is_off = True
        for one in list(self._outgoing.values()):
            if has_all:
                one.forget()
        with self._lock:
            self._outgoing.clear()
        if why is not None:
            self._say(why)
        self._poke()

    def _say(self, text: str) -> None:
        with self._lock:
            self._notes.append(text)

    def _poke(self) -> None:
        with self._lock:  # once closed, what `wake` needs may be gone
            if not self._closed:
                self._wake()


def is_sending(root: Path, sweep: str) -> bool:
    """Tell whether agents of this machine have something left to send of a sweep."""
    return any(root.glob(f"trials/{sweep}/*/{NOTE}"))
