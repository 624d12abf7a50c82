"""The store on a Redis server: for many machines, without a server of ours.

Its layout is in `sonde.store.redis_rows`, its rules in `sonde.store.rules`. A transaction
reads what it needs, is worked out here, and is applied by a script of the server, whole, if
the sweep is still in the state that was read; else it begins again. So nothing depends on who
is killed when.

Processes take turns all the same, so that little is worked out in vain: the turn of a sweep
is an item in a list, for which they wait in line (BLPOP), and which the script puts back. It
is a courtesy, no lock: if its holder is killed, the next in line takes it after a second.
"""

import os
import threading
import time
import warnings
import weakref
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from itertools import chain
from typing import Any, TypeVar

from sonde.core.sweep import Sweep
from sonde.errors import NotFoundError, StoreError
from sonde.store import names, rules
from sonde.store.clocks import SKEW_S, skewed
from sonde.store.columns import Lasting, head_of, joined, to_us
from sonde.store.curves import to_curves
from sonde.store.operations import NOTHING, BookStore, Foresight, gives_out
from sonde.store.packing import pack, unpack
from sonde.store.protocol import Changes, Curve, Definition, PastTrial, SweepRecord
from sonde.store.redis_book import NEVER, Page, RedisBook, Want
from sonde.store.redis_faults import FAILURES
from sonde.store.redis_line import Command, RedisLine
from sonde.store.redis_promises import FORMAT, check
from sonde.store.redis_rows import definition_from, lasting_from, lasting_of_new, trials_from
from sonde.store.redis_stamp import RedisStamp
from sonde.store.redis_url import Address
from sonde.store.rows import Book, Head

__all__ = ["RedisStore"]

_TURN_S = 1  # what nobody gives back for so long has gone missing ...
_LONGEST_TURN_S = 8  # ... or for longer, where all is slow: who asks again is the last in line
_MARK_S = 600  # far longer than anything is asked again
_FIRST_TURN = "0"
_DONE, _NAME_TAKEN = 1, -1  # as lua/commit.lua says it
T = TypeVar("T")


class _MovedOnError(Exception):
    """The sweep is in another state than what was read first."""


class RedisStore(BookStore):
    """Sweeps under one prefix of one database of a Redis server.

    Raises:
        StoreError: If the server does not answer, or is none that we can use.
    """

    def __init__(self, address: Address) -> None:
        self.url = address.url
        self.address = address
        self._line = RedisLine(address)
        self._stamp = RedisStamp(self._line, self._key("stamp"))
        self._known: dict[str, Lasting] = {}
        self._who = _Who()
        self._turn_s = _TURN_S
        doubts, self._ahead_s = check(self._line)
        for doubt in doubts:
            warnings.warn(doubt, stacklevel=4)
        _opened.add(self)

    @property
    def on_wait(self) -> Callable[[StoreError], None] | None:
        """See `sonde.store.waiting.Waiting`."""
        return self._line.on_wait

    @on_wait.setter
    def on_wait(self, told: Callable[[StoreError], None] | None) -> None:
        self._line.on_wait = told

    def create_sweep(
        self, sweep: Sweep, now: datetime, facts: Mapping[str, Any] | None = None
    ) -> SweepRecord:
        """Add a sweep."""
        while True:
            sweep_id = names.new_id()
            name = sweep.name or names.made_name(sweep, sweep_id)
            lasting = lasting_of_new(sweep, name, now, facts or {})
            book = RedisBook.new(sweep_id, replace(lasting, tags=sweep.tags))
            done = self._insert(book)
            if done == _DONE:
                return self.get_sweep(sweep_id)
            if done == _NAME_TAKEN and sweep.name is not None:
                raise names.name_taken(sweep.name)

    def put_sweep(
        self, record: SweepRecord, versions: Sequence[Definition], trials: Collection[PastTrial]
    ) -> SweepRecord:
        """Add a sweep as it is elsewhere, whole."""
        first = versions[0].sweep
        lasting = lasting_of_new(first, record.name, record.created, record.facts)
        book = RedisBook.new(record.id, lasting)
        rules.put_sweep(book, record, versions, trials)
        done = self._insert(book)
        if done == _NAME_TAKEN:
            raise names.name_taken(record.name)
        if done != _DONE:
            raise names.id_taken(record.id)
        return self.get_sweep(record.id)

    def get_sweep(self, sweep: str) -> SweepRecord:
        """Return the sweep as it is now."""
        return self._look(sweep)[1].record()

    def list_sweeps(self) -> Sequence[SweepRecord]:
        """Return all sweeps, oldest first."""
        (ids,) = self._line.ask(("LRANGE", self._key("sweeps"), 0, -1))
        ids = [key.decode() for key in ids]
        pages = self._line.ask(*(self._reading(key, self._wanted(key)) for key in ids))
        records = [
            self._read_head(key, Page(*page))[1].record()
            for key, page in zip(ids, pages, strict=True)
            if page is not None
        ]
        return sorted(records, key=lambda record: record.created)

    def find_sweep(self, text: str) -> SweepRecord:
        """Return the sweep that `text` means."""
        ids, flat = self._line.ask(
            ("LRANGE", self._key("sweeps"), 0, -1), ("HGETALL", self._key("names"))
        )
        by_id = dict(zip(flat[1::2], flat[::2], strict=True))
        pairs = [(key.decode(), by_id[key].decode("utf-8", "surrogatepass")) for key in ids]
        return self.get_sweep(names.meant(text, pairs))

    def versions(self, sweep: str) -> Sequence[Definition]:
        """Return all versions of the definition, oldest first."""
        page = self._page(sweep, Want())
        lasting = lasting_from(page.lasting)
        found = [definition_from(data) for data in page.lasting[4]]
        return found or [Definition(number=1, sweep=lasting.sweep, made=lasting.created)]

    def changes(self, sweep: str, after: int = 0) -> Changes:
        """Return the sweep and every trial whose version is above `after`."""
        want = self._wanted(sweep)
        if after > 0:
            want = Want(edition=want.edition, after=after)
            page = self._page(sweep, want)
            rows = page.after
        else:
            every = ("HVALS", f"{self._key(sweep)}:trials")
            found, rows = self._in_one_state(sweep, self._reading(sweep, want), every)
            page = Page(*found)
        lasting, head = self._read_head(sweep, page)
        if after > head.version:  # a replica that had not received it took over
            return replace(self.changes(sweep), anew=True)
        trials = trials_from(rows, lasting.packings)
        return Changes(version=head.version, record=head.record(), trials=trials)

    def curves(
        self, sweep: str, trials: Sequence[int] | None = None, metrics: Sequence[str] | None = None
    ) -> Mapping[int, Mapping[str, Curve]]:
        """Return joined curves by trial number and metric."""
        key = self._key(sweep)
        wanted = None if trials is None else [str(number) for number in sorted(set(trials))]
        (_, live), flat = self._in_one_state(
            sweep,
            self._line.script("live", [key], pack(wanted)),
            ("HGETALL", f"{key}:reports")
            if wanted is None
            else ("HMGET", f"{key}:reports", *(wanted or ["-"])),
        )
        if wanted is None:
            sealed = dict(zip(flat[::2], flat[1::2], strict=True))
        else:
            sealed = dict(zip((number.encode() for number in wanted), flat, strict=False))
        batches = {int(number): unpack(data) for number, data in sealed.items() if data is not None}
        attempts = {number: list(enumerate(each)) for number, each in batches.items()}
        for number, unsealed in zip(live[::2], live[1::2], strict=True):
            before = attempts.setdefault(int(number), [])
            last = len(before)
            before += [(last, data) for data in unsealed]
        found = {}
        for number in sorted(attempts):
            curves = to_curves(joined(attempts[number]), metrics)
            if curves:
                found[number] = curves
        return found

    def put_blob(self, data: bytes) -> str:
        """Keep bytes under their SHA-256."""
        from hashlib import sha256

        key = sha256(data).hexdigest()
        self._line.ask(("SETNX", self._key("blob", key), bytes(data)), ("INCR", self._key("stamp")))
        self._stamp.forget()
        return key

    def get_blob(self, key: str) -> bytes:
        """Return the bytes of a key."""
        (found,) = self._line.ask(("GET", self._key("blob", key)))
        if found is None:
            raise NotFoundError(f"the store has nothing under the key '{key}'")
        return bytes(found)

    def stamp(self) -> object:
        """Return something that differs after any change by any process."""
        return self._stamp.value()

    def close(self) -> None:
        """Let go of the connections."""
        self._stamp.close()
        self._line.close()

    def forget_parent(self) -> None:
        """Leave to the parent what is its own: called in a child right after a fork."""
        self._stamp.forget_parent()
        self._who = _Who()

    def _write(
        self,
        sweep: str,
        change: Callable[[Book], T],
        foresight: Foresight = NOTHING,
        *,
        durable: bool = True,
    ) -> T:
        if sweep not in self._known:
            self._look(sweep)  # nobody waits for the turn of what is not there
        if foresight.now is not None and abs(self._ahead_s) > SKEW_S:
            raise skewed(self.url, self._ahead_s)
        tx, turn = self._who.next(), b""
        try:
            while True:
                want = Want.foreseen(self._edition(sweep), foresight)
                page, turn = self._open(sweep, want, turn)
                lasting, head = self._read_head(sweep, page)
                book = RedisBook(self._more(sweep, page.tx), lasting, head, page, foresight)
                try:
                    answer = change(book)
                    commands = book.commands(self._key(sweep))
                except _MovedOnError:
                    continue
                if not commands:
                    return answer
                if self._commit(sweep, page.tx, tx, turn, commands, durable=durable):
                    turn = b""
                    return answer
        finally:
            if turn:
                # Where that fails the next in line takes it over.
                with suppress(*FAILURES):
                    self._line.put(self._line.script("pass", [self._key(sweep)], turn))

    def _open(self, sweep: str, want: Want, turn: bytes) -> tuple[Page, bytes]:
        """Wait for the turn, unless it is held already, and read."""
        key, reading = self._key(sweep), self._reading(sweep, want)
        started, moved = time.monotonic(), 0
        while True:
            if turn:
                (found,) = self._line.ask(reading)
            else:
                wait = self._turn_s
                before, taken, found = self._line.ask(
                    ("HMGET", key, "tx", "turn"), ("BLPOP", f"{key}:turn", wait), reading
                )
                if taken is not None:
                    turn = taken[1]
            if found is None:
                self._known.pop(sweep, None)
                raise names.no_sweep(sweep)
            page = Page(*found)
            if turn:
                if moved == 0 and time.monotonic() - started < _TURN_S / 4:
                    self._turn_s = max(self._turn_s // 2, _TURN_S)
                return page, turn
            if page.tx == before[0] and page.turn == before[1]:
                mine = os.urandom(6).hex().encode()
                usurp = self._line.script("usurp", [key], page.turn, mine)
                turn = mine if self._line.ask(usurp) == [1] else b""
                continue
            moved += 1
            if moved > 1:  # once may be that somebody was killed in between
                self._turn_s = min(2 * wait, _LONGEST_TURN_S)

    def _commit(
        self,
        sweep: str,
        before: bytes,
        tx: bytes,
        turn: bytes,
        commands: list[list[Any]],
        *,
        name: bytes = b"",
        durable: bool = True,
    ) -> int:
        """Apply commands if the sweep is in the state `before`; see `lua/commit.lua`."""
        keys = [self._key(sweep), self._key("mark", tx.partition(b".")[0].decode())]
        keys += [self._key("stamp"), self._key("names")]
        words = chain.from_iterable((len(command), *command) for command in commands)
        script = self._line.script("commit", keys, before, tx, turn, _MARK_S, name, *words)
        replicas = self.address.replicas if durable else 0
        if replicas:
            done, had = self._line.ask(script, ("WAIT", replicas, 5000))
            if done == 1 and had < replicas:
                raise StoreError(
                    f"{self.url}: only {had} of {replicas} replicas have what was written; look "
                    "after them, or ask for fewer with ?replicas="
                )
        else:
            (done,) = self._line.ask(script)
        self._stamp.forget()
        return int(done)

    def _insert(self, book: RedisBook) -> int:
        """Write a sweep that is not there yet."""
        key, name = self._key(book.head.id), book.head.name.encode("utf-8", "surrogatepass")
        commands: list[list[Any]] = [
            ["HSET", key, "turn", _FIRST_TURN],
            ["RPUSH", f"{key}:turn", _FIRST_TURN],
            ["HSET", self._key("names"), name, book.head.id],
            ["RPUSH", self._key("sweeps"), book.head.id],
            ["SET", self._key("format"), FORMAT],
            *book.commands(key),
        ]
        return self._commit(book.head.id, b"", self._who.next(), b"", commands, name=name)

    def _is_any(self, sweep: str, now: datetime) -> bool:
        page = self._page(sweep, Want(edition=self._edition(sweep), lapsed=to_us(now)))
        return bool(page.lapsed) or gives_out(self._read_head(sweep, page)[1])

    def _look(self, sweep: str) -> tuple[Lasting, Head]:
        return self._read_head(sweep, self._page(sweep, self._wanted(sweep)))

    def _page(self, sweep: str, want: Want) -> Page:
        (found,) = self._line.ask(self._reading(sweep, want))
        if found is None:
            self._known.pop(sweep, None)
            raise names.no_sweep(sweep)
        return Page(*found)

    def _in_one_state(self, sweep: str, script: Command, large: Command) -> tuple[Any, Any]:
        """Return the answers of a script, which begins with the state, and of what is large.

        A transaction of the server would do, but for one that has no memory left.
        """
        while True:
            found, answer, tx = self._line.ask(script, large, ("HGET", self._key(sweep), "tx"))
            if found is None:
                self._known.pop(sweep, None)
                raise names.no_sweep(sweep)
            if found[0] == tx:
                return found, answer

    def _more(self, sweep: str, tx: bytes) -> Callable[[Want], Page]:
        """Return what reads more of one state."""

        def read(want: Want) -> Page:
            found = self._line.ask(self._reading(sweep, want, tx))[0]
            if found is None or len(found) == 1:
                raise _MovedOnError
            return Page(*found)

        return read

    def _reading(self, sweep: str, want: Want, tx: bytes | None = None) -> Command:
        return self._line.script("read", [self._key(sweep)], want.packed(tx))

    def _wanted(self, sweep: str) -> Want:
        return Want(edition=self._edition(sweep))

    def _edition(self, sweep: str) -> int:
        known = self._known.get(sweep)
        return NEVER if known is None else known.edition

    def _read_head(self, sweep: str, page: Page) -> tuple[Lasting, Head]:
        if page.lasting:
            self._known[sweep] = lasting = lasting_from(page.lasting)
        else:
            lasting = self._known[sweep]
        return lasting, head_of(sweep, lasting, tuple(unpack(page.standing)))

    def _key(self, *parts: str) -> str:
        return ":".join((self.address.prefix, *parts))


class _Who(threading.local):
    """Names of this thread's transactions: no other thread of any process has them."""

    def __init__(self) -> None:
        self._own = os.urandom(9).hex()
        self._count = 0

    def next(self) -> bytes:
        """Return one."""
        self._count += 1
        return f"{self._own}.{self._count}".encode()


_opened: "weakref.WeakSet[RedisStore]" = weakref.WeakSet()


def _forget_parents() -> None:
    for store in list(_opened):
        store.forget_parent()


os.register_at_fork(after_in_child=_forget_parents)
