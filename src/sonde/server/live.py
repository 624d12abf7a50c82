"""Server-sent events: whoever looks at a sweep hears of each change within half a second.

A stream says only *that* a sweep changed and how it stands now; what of its trials changed
the page then asks for, by version. So a page that was away misses nothing, whatever it
missed: each event has an id, and a browser that reconnects says which it had last.
"""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from secrets import token_hex
from typing import Any

from sonde.analysis.strict_json import plain
from sonde.errors import SondeError
from sonde.server.desk import Desk
from sonde.server.views import sweep_view
from sonde.store.protocol import Store, SweepRecord

__all__ = ["Live", "event"]

LOOK_S = 0.1  # how often the store is asked whether anything changed: it costs microseconds
BATCH_S = 0.1  # a sweep that changes all the time is told of so often
PING_S = 15.0  # proxies close what is silent for longer


@dataclass(eq=False)
class _Listener:
    sweep: str | None  # None: all of them
    wake: asyncio.Event = field(default_factory=asyncio.Event)


class Live:
    """What streams of one server share: one look at the store for all of them."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._run = token_hex(4)  # ids of another run of the server mean nothing here
        self._serial = 0
        self._told: dict[str, tuple[int, int]] = {}  # sweep -> (serial, version)
        self._views: dict[str, dict[str, Any]] = {}
        self._listeners: set[_Listener] = set()
        self._task: asyncio.Task[None] | None = None
        self._trouble = ""
        self._is_closed = False

    async def stream(self, sweep: str | None, last: str | None) -> AsyncIterator[bytes]:
        """Yield events for ever: `sweep` (how one stands), `trouble` (with the store), pings.

        Args:
            sweep: Only of this one.
            last: The id of the last event that the page had.
        """
        run, _, serial = (last or "").partition(".")
        seen = int(serial) if run == self._run and serial.isdigit() else 0
        trouble = ""
        with self._listening(sweep) as (listener, task):
            yield b"retry: 1000\n: hello\n\n"
            # A stream that nobody feeds ends; its page opens another.
            while not (self._is_closed or task.done()):
                listener.wake.clear()
                for serial_now, key in sorted((s, k) for k, (s, _) in self._told.items()):
                    if serial_now > seen and sweep in {None, key}:
                        seen = serial_now
                        yield event("sweep", self._views[key], f"{self._run}.{seen}")
                if trouble != self._trouble:
                    trouble = self._trouble
                    yield event("trouble", {"message": trouble})
                if not await _woken(listener):
                    yield b": ping\n\n"

    async def changes_of(self, sweep: str) -> AsyncGenerator[bool]:
        """Yield true now and whenever a sweep has changed, false after each long silence."""
        with self._listening(sweep) as (listener, task):
            yield True
            while not (self._is_closed or task.done()):
                has_changed = await _woken(listener)
                listener.wake.clear()
                yield has_changed

    @contextmanager
    def _listening(self, sweep: str | None) -> Iterator[tuple[_Listener, asyncio.Task[None]]]:
        listener = _Listener(sweep)
        self._listeners.add(listener)
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._look())
        task = self._task
        try:
            yield listener, task
        finally:
            self._listeners.discard(listener)
            if not self._listeners:
                task.cancel()
                self._task = None

    def close(self) -> None:
        """End all streams: the server is to end."""
        self._is_closed = True
        for listener in self._listeners:
            listener.wake.set()

    async def _look(self) -> None:
        """Follow the store while anybody listens."""
        stamp: object = None
        wanted: set[str | None] = set()
        while True:
            try:
                listening = {listener.sweep for listener in self._listeners}
                known = None if listening - wanted else stamp
                # Asked in one go: on a busy machine each turn of a thread may take long.
                now, view, others = await self._desk.ask(partial(self._changed, known, listening))
                if view is not None:
                    self._tell(view)
                for key in others:
                    self._tell(await self._desk.ask(partial(self._view, key)))
                stamp, wanted = now, listening
                self._say("")
                if view is not None:
                    await asyncio.sleep(BATCH_S)
                    continue
            except SondeError as error:
                self._say(str(error))
            await asyncio.sleep(LOOK_S)

    def _changed(
        self, known: object, listening: set[str | None], store: Store
    ) -> tuple[object, dict[str, Any] | None, list[str]]:
        """Return the store's stamp, how the first sweep stands that changed, and which others did.

        Args:
            known: The stamp since which nothing may have changed.
            listening: The sweeps that are listened to.
            store: Asked on a thread of the desk's.
        """
        stamp = store.stamp()
        if stamp == known:
            return stamp, None, []
        changed = [
            record.id
            for record in _records(store, listening)
            if self._told.get(record.id, (0, -1))[1] != record.version
        ]
        if not changed:
            return stamp, None, []
        return stamp, self._view(changed[0], store), changed[1:]

    def _tell(self, view: dict[str, Any]) -> None:
        """Note how a sweep stands, and wake those who listen to it."""
        self._serial += 1
        key = view["id"]
        self._told[key] = self._serial, view["version"]
        self._views[key] = view
        for listener in self._listeners:
            if listener.sweep in {None, key}:
                listener.wake.set()

    def _view(self, sweep: str, _: Store) -> dict[str, Any]:
        with self._desk.sweep(sweep) as (record, history):
            view: dict[str, Any] = plain(sweep_view(record, history, datetime.now(UTC)))
            return view

    def _say(self, trouble: str) -> None:
        if trouble != self._trouble:
            self._trouble = trouble
            for listener in self._listeners:
                listener.wake.set()


async def _woken(listener: _Listener) -> bool:
    try:
        await asyncio.wait_for(listener.wake.wait(), PING_S)
    except TimeoutError:
        return False
    return True


def _records(store: Store, wanted: set[str | None]) -> list[SweepRecord]:
    """Return the sweeps that are listened to, the newest first."""
    if None in wanted:
        return list(reversed(store.list_sweeps()))
    return [store.get_sweep(key) for key in wanted if key is not None]


def event(name: str, data: dict[str, Any], key: str = "") -> bytes:
    """Return a server-sent event; with `key` as its id."""
    line = f"id: {key}\n" if key else ""
    return f"{line}event: {name}\ndata: {json.dumps(data, allow_nan=False)}\n\n".encode()
