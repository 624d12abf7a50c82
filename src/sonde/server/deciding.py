"""Deciding: the controller's role, taken by the server for the sweeps that agents ask for.

An agent that finds nothing waiting gets what is decided on the spot, in rounds: all who wait
share one step, so that a hundred agents cost one and not a hundred. Where proposals do not
depend on results, trials are made ahead for all who asked of late.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime

from sonde.controller import Controller
from sonde.core.sweep import Control
from sonde.core.trial import Lease, State
from sonde.errors import NotFoundError, SondeError
from sonde.server.desk import Desk
from sonde.store.protocol import Ask

__all__ = ["Deciders"]

_THREADS = 2  # methods think in NumPy, which mostly lets others run
_WAIT_S = 20.0  # at most; then the agent asks again
_AGAIN_S = 0.5  # after a step that found nothing to try, and between looks after what runs
_KEPT_S = 60.0  # that a sweep of which nothing runs is looked after without any agent asking
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

    async def lease(self, sweep: str, ask: Ask) -> Sequence[Lease]:
        """Decide for an agent that found nothing, and lease; nothing if there is none to try."""
        decider = self._sweeps.setdefault(sweep, _Decider())
        decider.asked(ask.agent)
        decider.wanted += ask.count
        until = time.monotonic() + _WAIT_S
        try:
            while True:
                # Others may have decided since, or taken what was decided for us.
                leases = await self._desk.ask_together(
                    lambda store: store.lease(sweep, ask, datetime.now(UTC))
                )
                now = time.monotonic()
                if leases or now >= until or not await self._round(sweep, decider):
                    return leases
        finally:
            decider.wanted -= ask.count

    async def _round(self, sweep: str, decider: "_Decider") -> bool:
        """Decide once for all that wait; tell whether there may be something for them now."""
        if decider.round is None:
            if time.monotonic() < decider.again_at:
                return False
            decider.round = asyncio.ensure_future(self._decide(sweep, decider))
        return await asyncio.shield(decider.round)

    async def _decide(self, sweep: str, decider: "_Decider") -> bool:
        try:
            await asyncio.sleep(0)  # so that all who ask now are counted
            made = await self._step(sweep, decider, decider.want())
            if not made:
                decider.again_at = time.monotonic() + _AGAIN_S
            return made
        finally:
            decider.round = None

    async def _step(self, sweep: str, decider: "_Decider", want: int) -> bool:
        """Have the controller decide; tell whether trials wait afterwards that may begin."""

        def step() -> bool:
            if decider.controller is None:
                decider.controller = Controller(self._desk.store, sweep)
            decider.controller.step(want)
            record = decider.controller.record
            return bool(record.counts.get(State.WAITING)) and not record.is_full

        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, step)
        except NotFoundError:
            self._sweeps.pop(sweep, None)
            raise
        except SondeError as error:
            if str(error) != decider.trouble:
                decider.trouble = str(error)
                self._note(f"sweep {sweep}: nothing can be decided: {error}")
            return False

    async def look_after(self) -> None:
        """Look after what runs, time budgets and stopping rules, until cancelled."""
        with suppress(SondeError):  # a store in trouble: then as soon as an agent asks
            await self._take_up()
        while True:
            await asyncio.sleep(_AGAIN_S)
            now = time.monotonic()
            for sweep, decider in list(self._sweeps.items()):
                if decider.round is not None:
                    continue
                if now - decider.last_asked > _KEPT_S and not decider.has_running:
                    del self._sweeps[sweep]
                elif decider.needs_care:
                    decider.round = asyncio.ensure_future(self._care(sweep, decider))
                    with suppress(NotFoundError):
                        await asyncio.shield(decider.round)

    async def _take_up(self) -> None:
        """Begin with the sweeps of which trials run, though no agent has asked here yet.

        Agents of long trials may ask for nothing for hours after a restart of the server.
        """
        for record in await self._desk.ask(lambda store: store.list_sweeps()):
            is_timed = record.budget.time_s is not None or record.sweep.stopping is not None
            if is_timed and record.counts.get(State.RUNNING, 0) and record.id not in self._sweeps:
                decider = self._sweeps[record.id] = _Decider()
                decider.last_asked = time.monotonic()
                decider.round = asyncio.ensure_future(self._care(record.id, decider))
                with suppress(NotFoundError):
                    await asyncio.shield(decider.round)

    async def _care(self, sweep: str, decider: "_Decider") -> bool:
        try:
            await self._step(sweep, decider, 0)
            return True  # who waited for this shall ask for themselves
        finally:
            decider.round = None

    def close(self) -> None:
        """Let go of the threads."""
        self._pool.shutdown(cancel_futures=True)


class _Decider:
    """What is known of one sweep's agents, and its controller."""

    __slots__ = ("again_at", "agents", "controller", "last_asked", "round", "trouble", "wanted")

    def __init__(self) -> None:
        self.round: asyncio.Future[bool] | None = None  # under way; one at a time
        self.controller: Controller | None = None
        self.wanted = 0  # trials, by those who wait
        self.again_at = self.last_asked = 0.0
        self.agents: dict[str, float] = {}  # who asked, and when last
        self.trouble = ""

    @property
    def needs_care(self) -> bool:
        """Whether something may be to be decided though nobody asks."""
        if self.controller is None:
            return False
        control = self.controller.record.control
        return control not in {Control.STOPPED, Control.CANCELLED}

    @property
    def has_running(self) -> bool:
        """Whether trials run that may have to be ended: long ones, whose agents ask for nothing."""
        if self.controller is None or not self.needs_care:
            return False
        return self.controller.record.counts.get(State.RUNNING, 0) > 0

    def asked(self, agent: str) -> None:
        """Note that an agent asked."""
        self.last_asked = time.monotonic()
        self.agents.pop(agent, None)
        self.agents[agent] = self.last_asked

    def want(self) -> int:
        """Return how many trials are to wait, one for each who waits or asked of late."""
        if self.controller is None or self.controller.adaptive:
            return self.wanted
        horizon = time.monotonic() - _KEPT_S
        while self.agents and next(iter(self.agents.values())) < horizon:
            del self.agents[next(iter(self.agents))]
        return self.wanted + min(len(self.agents), _AHEAD)
