"""The desk: how the event loop, which never waits, gets answers from a store, which may.

Store calls are short, but they wait for locks and for the disk. They run on a few threads;
what a resource does with a store is a plain function, called there.
"""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from threading import Lock
from typing import Annotated, TypeVar

from fastapi import Depends, Request

from sonde.core.history import History
from sonde.errors import SondeError
from sonde.server.columns import Columns
from sonde.server.lane import Lane
from sonde.store.protocol import Store, SweepRecord

__all__ = ["MOST_TRIALS", "SOON_TRIALS", "Desk", "TheDesk"]

_THREADS = 8
_WRITERS = 3
_WAITING = 64  # who wait for the disk together, which takes longer than what each has to say
MOST_TRIALS = 300_000
"""So many trials of all sweeps together are remembered; of the sweep asked for last, all."""
SOON_TRIALS = 20_000
"""So many of the sweeps that changed last are read before anybody asks: half a second of work."""
T = TypeVar("T")


def _apart(*, durable: bool) -> AbstractContextManager[None]:
    """Return a block in which each call is a transaction of its own."""
    return nullcontext()


class Desk:
    """A store, and what the server knows of its sweeps.

    Attributes:
        store: To be used on the desk's threads only: see `ask`.
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        # A store that can makes one transaction of what many agents write at once.
        together = getattr(store, "together", _apart)
        self._lane = Lane("sonde-store-lane", partial(together, durable=False))
        self._writers = [
            Lane(f"sonde-store-writers-{number}", partial(together, durable=True), _WAITING)
            for number in range(_WRITERS)
        ]
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="sonde-store")
        self._lock = Lock()
        self._followed: dict[str, _Followed] = {}

    def ask_briefly(
        self, question: Callable[[Store], T], *, writes: bool = False
    ) -> "asyncio.Future[T]":
        """Return what a function says of the store, if it never waits for the disk.

        All such questions share one thread, one after the other. Those that only write reports
        and renewals may share a transaction: `writes`.
        """
        store = self.store
        return self._lane.ask(lambda: question(store), writes=writes)

    def ask_together(self, question: Callable[[Store], T]) -> "asyncio.Future[T]":
        """Return what a function says of the store that writes what must be on the disk.

        A few threads do that, so that one writes while another waits for the disk. Questions
        that come meanwhile share a transaction.
        """
        store = self.store
        lane = min(self._writers, key=lambda one: one.waiting)
        return lane.ask(lambda: question(store), writes=True)

    async def ask(self, question: Callable[[Store], T]) -> T:
        """Return what a function says of the store, called on a thread of ours."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, question, self.store)

    @contextmanager
    def sweep(self, text: str) -> Iterator[tuple[SweepRecord, History]]:
        """Give the sweep that a text means, up to date, for the time of a block.

        Only on a thread of ours. What has not changed since the last time is not read again.

        Raises:
            NotFoundError: If there is none.
            AmbiguousError: If it fits several.
        """
        with self._sweep(text) as (record, followed):
            assert followed.history is not None
            yield record, followed.history

    @contextmanager
    def columns(self, text: str) -> Iterator[Columns]:
        """Give a sweep's trials as columns, up to date, for the time of a block; as `sweep`."""
        with self._sweep(text) as (_, followed):
            history = followed.history
            assert history is not None
            if followed.columns is None:
                followed.columns = Columns(history.sweep)
                followed.columns.add(history.trials, followed.version)
            yield followed.columns

    def foresee(self) -> None:
        """Read the sweeps that changed last, as these are what somebody will look at first.

        Only on a thread of ours. A store that cannot be read now is read when it is asked for.
        """
        room = SOON_TRIALS
        try:
            records = list(reversed(self.store.list_sweeps()))  # the newest first among equals
            for record in sorted(records, key=lambda one: one.updated, reverse=True):
                if record.trials and room >= record.trials:
                    room -= record.trials
                    with self.columns(record.id):
                        pass
        except SondeError:
            return

    @contextmanager
    def _sweep(self, text: str) -> "Iterator[tuple[SweepRecord, _Followed]]":
        key = self.store.find_sweep(text).id
        with self._lock:
            followed = self._followed.pop(key, None) or _Followed()
            self._followed[key] = followed  # the one asked for last stands last
            self._forget()
        with followed.lock:
            changes = self.store.changes(key, followed.version)
            history = followed.history
            is_new = history is None or changes.record.sweep != history.sweep
            if history is None or is_new or changes.anew:
                # The first time, or its definition was changed, or what was read is void.
                history = followed.history = History(changes.record.sweep)
                followed.columns = None
                if followed.version and not changes.anew:
                    changes = self.store.changes(key)
            history.add(changes.trials)
            if followed.columns is not None:
                followed.columns.add(changes.trials, changes.version)
            followed.version = changes.version
            yield changes.record, followed

    def _forget(self) -> None:
        """Drop the sweeps that were not asked for the longest, beyond the most trials."""
        sizes = {key: len(one.history.trials) for key, one in self._followed.items() if one.history}
        total = sum(sizes.values())
        for key in list(self._followed)[:-1]:
            if total <= MOST_TRIALS:
                return
            total -= sizes.get(key, 0)
            del self._followed[key]

    def close(self) -> None:
        """Let go of the threads; the store is whose it was."""
        self._lane.close()
        for lane in self._writers:
            lane.close()
        self._pool.shutdown(cancel_futures=True)


class _Followed:
    """A sweep as it was last read."""

    __slots__ = ("columns", "history", "lock", "version")

    def __init__(self) -> None:
        self.lock = Lock()
        self.history: History | None = None
        self.columns: Columns | None = None  # made when a page first asks for them
        self.version = 0


def _desk(request: Request) -> Desk:
    desk: Desk = request.app.state.desk
    return desk


TheDesk = Annotated[Desk, Depends(_desk)]
"""The parameter of a route that needs the desk."""
