"""Deciding: the controller's role, taken by the server for the sweeps that agents ask for.

An agent that finds nothing waiting gets what is decided on the spot. Requests for one sweep
stand in line, so that a hundred agents cost one step and not a hundred; where proposals do
not depend on results, trials are made ahead for all who asked of late.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime

from sonde.controller import Controller
from sonde.core.sweep import Control
from sonde.core.trial import Lease
from sonde.errors import NotFoundError, SondeError
from sonde.server.desk import Desk
from sonde.store.protocol import Ask

__all__ = ["Deciders"]

_THREADS = 2  # methods think in NumPy, which mostly lets others run
_WAIT_S = 20.0  # in line, at most; then the agent asks again
_AGAIN_S = 0.5  # after a step that found nothing to try, and between looks after what runs
_KEPT_S = 60.0  # that a sweep is looked after without any agent asking
_AHEAD = 256  # trials, at most


class Deciders:
    """A controller for each sweep whose agents ask here.

    Args:
        desk: Where the store is asked.
        note: Told what people should know.
    """

    def __init__(self, desk: Desk, note: Callable[[str], None]) -> None:
        self._desk, self._note = desk, note
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="sonde-decide")
        self._sweeps: dict[str, _Decider] = {}
        self._task: asyncio.Task[None] | None = None

    async def lease(self, sweep: str, ask: Ask) -> Sequence[Lease]:
        """Decide for an agent that found nothing, and lease; nothing if there is none to try."""
        decider = self._sweeps.setdefault(sweep, _Decider())
        decider.asked(ask.agent)
        decider.wanted += ask.count
        try:
            async with asyncio.timeout(_WAIT_S), decider.lock:
                return await self._lease(sweep, decider, ask)
        except TimeoutError:
            return ()
        finally:
            decider.wanted -= ask.count

    async def _lease(self, sweep: str, decider: "_Decider", ask: Ask) -> Sequence[Lease]:
        leases = await self._desk.ask(lambda store: store.lease(sweep, ask, datetime.now(UTC)))
        if leases or time.monotonic() < decider.again_at:
            return leases
        leases = await self._step(sweep, decider, decider.want(), ask)
        if not leases:
            decider.again_at = time.monotonic() + _AGAIN_S
        return leases

    async def _step(
        self, sweep: str, decider: "_Decider", want: int, ask: Ask | None
    ) -> Sequence[Lease]:
        def step() -> Sequence[Lease]:
            if decider.controller is None:
                decider.controller = Controller(self._desk.store, sweep)
            return decider.controller.step(want, ask)

        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, step)
        except NotFoundError:
            self._sweeps.pop(sweep, None)
            raise
        except SondeError as error:
            if str(error) != decider.trouble:
                decider.trouble = str(error)
                self._note(f"sweep {sweep}: nothing can be decided: {error}")
            return ()

    async def look_after(self) -> None:
        """Look after what runs, time budgets and stopping rules, until cancelled."""
        while True:
            await asyncio.sleep(_AGAIN_S)
            now = time.monotonic()
            for sweep, decider in list(self._sweeps.items()):
                if now - decider.last_asked > _KEPT_S and not decider.lock.locked():
                    del self._sweeps[sweep]
                    continue
                if decider.controller is None or decider.lock.locked():
                    continue
                if decider.controller.record.control in {Control.STOPPED, Control.CANCELLED}:
                    continue
                with suppress(NotFoundError):
                    async with decider.lock:
                        await self._step(sweep, decider, 0, None)

    def close(self) -> None:
        """Let go of the threads."""
        self._pool.shutdown(cancel_futures=True)


class _Decider:
    """What is known of one sweep's agents, and its controller."""

    __slots__ = ("again_at", "agents", "controller", "last_asked", "lock", "trouble", "wanted")

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.controller: Controller | None = None
        self.wanted = 0  # trials, by those in line
        self.again_at = self.last_asked = 0.0
        self.agents: dict[str, float] = {}  # who asked, and when last
        self.trouble = ""

    def asked(self, agent: str) -> None:
        """Note that an agent asked."""
        self.last_asked = time.monotonic()
        self.agents.pop(agent, None)
        self.agents[agent] = self.last_asked

    def want(self) -> int:
        """Return how many trials are to wait, one for each in line or of late."""
        if self.controller is None or self.controller.adaptive:
            return self.wanted
        horizon = time.monotonic() - _KEPT_S
        while self.agents and next(iter(self.agents.values())) < horizon:
            del self.agents[next(iter(self.agents))]
        return self.wanted + min(len(self.agents), _AHEAD)
