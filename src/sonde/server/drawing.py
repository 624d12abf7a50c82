"""Figures for whoever asks: made on threads of their own, kept, and never waited for too long.

A figure of one version of a sweep never changes, so it is kept under that version. One that
takes longer than a moment goes on by itself: meanwhile the last one that was made for the same
question is given (its `source.version` tells how old it is), or the answer that it is not ready.
"""

import asyncio
import json
import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Lock
from typing import TYPE_CHECKING, Any

from sonde.core.sweep import Sweep
from sonde.core.trial import State, Trial
from sonde.server.desk import Desk
from sonde.store.protocol import Store

if TYPE_CHECKING:
    from sonde.analysis.figures import Asked, Snapshot

__all__ = ["Drawing"]

WAIT_S = 1.5
_FIGURES = 128  # kept
_SNAPSHOTS = 6  # kept: the figures of a page share one
_SLOW = frozenset({"importance", "contour", "curves"})
_GROWING, _GROWS_S = frozenset({"history", "timeline"}), 5.0
Brushes = Mapping[str, tuple[float, float]]


class Drawing:
    """What draws figures, for one server."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        # Slow ones have a thread of their own, so that the others do not queue behind them.
        self._quick = ThreadPoolExecutor(1, thread_name_prefix="sonde-figures")
        self._slow = ThreadPoolExecutor(1, thread_name_prefix="sonde-slow-figures")
        self._lock = Lock()
        self._made: OrderedDict[Any, tuple[Any, bytes]] = OrderedDict()
        self._making: dict[Any, asyncio.Future[bytes]] = {}
        self._snapshots: OrderedDict[Any, Snapshot] = OrderedDict()

    async def draw(
        self, asked: "Asked", sweeps: Sequence[str], filter_: str, brushes: Brushes
    ) -> bytes | None:
        """Return a figure as JSON; None while it is made.

        Args:
            asked: Which one.
            sweeps: Names of what it shows, the first one above all.
            filter_: Which trials, as `sonde.analysis.filters` has it.
            brushes: Stretches of axes that they lie in.

        Raises:
            NotFoundError: If there is no such sweep.
            ConfigError: If it cannot be drawn.
        """
        question = asked, tuple(sweeps), filter_, tuple(sorted(brushes.items()))
        versions = await self._desk.ask(
            lambda store: tuple(_version(store, sweep, asked.kind) for sweep in sweeps)
        )
        with self._lock:
            at, body = self._made.get(question, (None, b""))
        if at == versions:
            return body
        making = self._making.get(question)
        if making is None:
            pool = self._slow if asked.kind in _SLOW else self._quick
            making = asyncio.get_running_loop().run_in_executor(
                pool, self._draw, question, versions, brushes
            )
            self._making[question] = making
            making.add_done_callback(lambda made: self._forget(question, made))
        done, _ = await asyncio.wait([making], timeout=WAIT_S)
        if done:
            return making.result()
        return body or None

    def close(self) -> None:
        """Let go of the threads."""
        for pool in (self._quick, self._slow):
            pool.shutdown(wait=False, cancel_futures=True)

    def _forget(self, question: Any, made: "asyncio.Future[bytes]") -> None:
        self._making.pop(question, None)
        if not made.cancelled():
            made.exception()  # seen: whoever waits for it raises it

    def _draw(self, question: Any, versions: Any, brushes: Brushes) -> bytes:
        from sonde.analysis.figures import figure, json_of
        from sonde.analysis.figures.stored import reader

        asked, _, filter_, _ = question
        now = datetime.now(UTC)
        snapshots = [self._snapshot(key, filter_, brushes) for key, *_ in versions]
        reads = [reader(self._desk.store, key) for key, *_ in versions]
        found = json_of(figure(asked, snapshots, reads, now))
        body = json.dumps(found, allow_nan=False, separators=(",", ":")).encode()
        with self._lock:
            self._made.pop(question, None)
            self._made[question] = versions, body
            while len(self._made) > _FIGURES:
                self._made.popitem(last=False)
        return body

    def _snapshot(self, key: str, filter_: str, brushes: Brushes) -> "Snapshot":
        from sonde.analysis.figures import Snapshot
        from sonde.analysis.filters import chosen

        with self._desk.sweep(key) as (record, history):
            definition: Sweep = history.sweep
            trials: list[Trial] = list(history.trials)
        which = key, record.version, filter_, tuple(sorted(brushes.items()))
        with self._lock:
            known = self._snapshots.pop(which, None)
        if known is None:
            rows = None
            if filter_.strip() or brushes:
                rows = chosen(definition, trials, filter_, brushes)
            known = Snapshot(
                definition,
                trials,
                sweep=key,
                name=record.name,
                version=record.version,
                rows=rows,
            )
        with self._lock:
            self._snapshots[which] = known
            while len(self._snapshots) > _SNAPSHOTS:
                self._snapshots.popitem(last=False)
        return known


def _version(store: Store, sweep: str, kind: str) -> tuple[str, int, int]:
    """Return as of what a figure of a sweep is."""
    record = store.find_sweep(sweep)
    # The bar of a trial that runs grows by itself.
    grows = kind in _GROWING and record.counts.get(State.RUNNING)
    return record.id, record.version, int(time.monotonic() / _GROWS_S) if grows else 0
