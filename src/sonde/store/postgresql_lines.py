"""The connections of a PostgreSQL store: a few, lent out; tried again where one is lost.

A call runs on one connection. Where that is lost, because the server restarts, fails over or
the network does, it is run again on another. If it was lost while a commit was under way, its
receipt tells whether the transaction was kept: then it is not done twice.

After a fork the child makes its own connections and never touches its parent's.
"""

import os
import time
from collections.abc import Callable
from threading import Condition
from typing import TypeVar
from weakref import WeakSet

import psycopg
from psycopg import errors

from sonde.errors import StoreError
from sonde.store.postgresql_faults import fault, is_passing
from sonde.store.postgresql_line import Line
from sonde.store.postgresql_url import Address
from sonde.store.waiting import SAID_AFTER_S

__all__ = ["Lines"]

_MOST = 8
_PATIENCE_S = 30.0  # for a server that answered before, or that says it will soon
_PAUSE_S = (0.02, 0.5)
_inherited: list[Line] = []  # of parents: kept, as hanging up would be theirs
T = TypeVar("T")


class Lines:
    """The connections of one process to one database.

    Attributes:
        losses: How often a connection was lost.
        changes: How often this process may have changed something.
        on_wait: See `sonde.store.waiting.Waiting`.
    """

    def __init__(self, address: Address, patience_s: float = _PATIENCE_S) -> None:
        self.address, self.patience_s = address, patience_s
        self.losses = self.changes = 0
        self.on_wait: Callable[[StoreError], None] | None = None
        self._free: list[Line] = []
        self._lent = 0
        self._some = Condition()
        self._closed = self._has_answered = False
        _made.add(self)
        self.call(lambda _: None)

    def call(self, act: Callable[[Line], T]) -> T:
        """Return what a function does on a connection, if need be on several in turn.

        Raises:
            StoreError: If the server does not answer, for half a minute if it did before.
        """
        until: float | None = None
        is_said = False
        pause = _PAUSE_S[0]
        unsure: tuple[int, int, T] | None = None  # whose receipt is to be looked at
        while True:
            line: Line | None = None
            try:
                line = self._take()
                if unsure is not None:
                    writer, token, answer = unsure
                    if _was_kept(line, writer, token):
                        return answer
                    unsure = None
                return act(line)
            except psycopg.Error as error:
                if line is not None and line.is_lost:
                    self.losses += 1
                    if line.token is not None:
                        unsure = line.writer, line.token, line.answer
                elif not self._may_pass(error, is_open=line is not None):
                    raise fault(self.address.place, error) from error
                now = time.monotonic()
                until = now + self.patience_s if until is None else until
                if now >= until:
                    raise fault(self.address.place, error) from error
                if self.on_wait and not is_said and now >= until - self.patience_s + SAID_AFTER_S:
                    is_said = True
                    self.on_wait(fault(self.address.place, error))
            finally:
                if line is not None:
                    self._give_back(line)
            time.sleep(pause)
            pause = min(pause * 2, _PAUSE_S[1])

    def close(self) -> None:
        """Hang up."""
        with self._some:
            self._closed = True
            free, self._free = self._free, []
            self._some.notify_all()
        for line in free:
            try:
                line.ask([("forget_receipt", (line.writer,))])
            except psycopg.Error:
                continue
            finally:
                line.close()

    def forget_parent(self) -> None:
        """Leave everything to the parent: called in a child right after a fork."""
        self._some = Condition()  # another thread of the parent may have held it
        _inherited.extend(self._free)
        self._free, self._lent = [], 0

    def _may_pass(self, error: psycopg.Error, *, is_open: bool) -> bool:
        """Tell whether it is worth waiting for: a server that was there once comes back."""
        if not self._has_answered:
            # One that says that it is about to start; no replica, which will not become a primary.
            return is_passing(error) and not isinstance(error, errors.ReadOnlySqlTransaction)
        return is_passing(error) or (not is_open and isinstance(error, psycopg.OperationalError))

    def _take(self) -> Line:
        with self._some:
            while not self._free and self._lent >= _MOST and not self._closed:
                self._some.wait()
            if self._closed:
                raise StoreError(f"{self.address.place}: the store is closed; open it again")
            self._lent += 1
            if self._free:
                return self._free.pop()
        try:
            line = Line(self.address)
            line.ask([("forget_receipts", ())])
        except BaseException:
            with self._some:
                self._lent -= 1
                self._some.notify()
            raise
        self._has_answered = True
        return line

    def _give_back(self, line: Line) -> None:
        try:
            line.leave()
        except psycopg.Error:
            line.close()
        line.token = line.answer = None
        with self._some:
            self._lent = max(self._lent - 1, 0)
            keeps = not line.is_lost and not self._closed
            if keeps:
                self._free.append(line)
            self._some.notify()
        if not keeps:
            line.close()


def _was_kept(line: Line, writer: int, token: int) -> bool:
    """Tell whether a transaction was kept, once whoever may still be at it has ended."""
    (found,) = line.ask([("receipt", (writer,))])
    is_kept = bool(found) and found[0][0] == token
    if is_kept and line.is_durable:
        line.ask([("settle", (line.durable,))])
    return is_kept


_made: WeakSet[Lines] = WeakSet()


def _forget_parents() -> None:
    for lines in list(_made):
        lines.forget_parent()


os.register_at_fork(after_in_child=_forget_parents)
