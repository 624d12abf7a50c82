"""One connection to a PostgreSQL store: statements by name, several in one round trip.

The server keeps what it was told when it says so, not when it is on its disk: sessions commit
asynchronously, so that a sweep's row is free for the next writer at once, and then `settle`
waits for the disk, together with whoever else does. What was kept later can never be on the
disk without what was kept before, as a log has one end only.
"""

import os
import select
import time
from collections.abc import Sequence
from struct import pack
from typing import Any

import psycopg
from psycopg import sql as composed
from psycopg.adapt import AdaptersMap, Buffer, Loader, Transformer
from psycopg.errors import error_from_result
from psycopg.pq import ConnStatus, ExecStatus, Format, TransactionStatus
from psycopg.pq.abc import PGresult

from sonde.store.postgresql_faults import foreign, newer
from sonde.store.postgresql_url import Address
from sonde.store.sql import load_migrations, load_queries

__all__ = ["Line", "Statement"]

Statement = tuple[str, Sequence[Any]]

_QUERIES = load_queries("postgresql") | {
    "begin": "BEGIN",
    "begin_reading": "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
    "commit": "COMMIT",
    "rollback": "ROLLBACK",
}
_EITHER = select.POLLIN | select.POLLOUT
_PATIENCE_S = 10
_VERSION_BITS = 40  # of one server's; with 8192 servers in turn JSON still has them exactly
_SIGN = "\u2400"  # stands for U+0000, and doubled, nearly, for itself
_SESSION = {
    "synchronous_commit": "off",
    "idle_in_transaction_session_timeout": "60s",  # a writer that froze holds up nobody for long
    "tcp_keepalives_idle": "20",
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "4",
    # Plans are made once, when tables may be empty: they shall be those for full ones.
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
    "jit": "off",
    "client_min_messages": "warning",
}


class _Text(Loader):
    """Strings, with the U+0000 in them that PostgreSQL's text has not."""

    format = Format.BINARY

    def load(self, data: Buffer) -> str:
        text = str(data, "utf-8")
        if _SIGN in text:
            text = text.replace(f"{_SIGN}0", "\x00").replace(f"{_SIGN}.", _SIGN)
        return text


def _sent(value: Any) -> bytes | None:
    """Return a value as PostgreSQL's binary format has it."""
    kind = type(value)
    if value is None or kind is bytes:
        return value  # type: ignore[no-any-return]
    if kind is int or kind is bool:
        return pack("!q", value)
    if kind is float:
        return pack("!d", value)
    if kind is list:
        # int8[]: one dimension, no NULLs, the element's type, how many, from 1
        items = b"".join(pack("!iq", 8, item) for item in value)
        return pack("!iiIii", 1, 0, 20, len(value), 1) + items
    text = str(value)
    if "\x00" in text or _SIGN in text:
        text = text.replace(_SIGN, f"{_SIGN}.").replace("\x00", f"{_SIGN}0")
    return text.encode()


class _Context:
    """Says how values travel, to the driver."""

    adapters = AdaptersMap(psycopg.adapters)
    connection = None


_Context.adapters.register_loader("text", _Text)


class Line:
    """A connection, for one thread at a time.

    Attributes:
        writer: Its number, by which its receipts are known.
        token: That of the transaction whose commit is under way, and None where no answer to
            one can have been lost.
        answer: What that transaction's caller is to be told if it was kept.
        ahead_s: How far this machine's clock is ahead of the server's.
        is_durable: False where its administrator has chosen not to wait for the disk.
        first_version: See `sonde.store.sql_book.Session`.

    Raises:
        psycopg.Error: If the server cannot be reached, or will not have us.
    """

    def __init__(self, address: Address) -> None:
        self._pid = os.getpid()
        self.db = psycopg.connect(address.conninfo, autocommit=True, **_given(address))
        self.writer = int.from_bytes(os.urandom(7), "big")
        self.token: int | None = None
        self.answer: Any = None
        try:
            self._set_up(address)
            self._pg = self.db.pgconn
            self._poll = select.poll()
            self._poll.register(self._pg.socket)
            self._loading = Transformer(_Context())
            self._prepare()
        except BaseException:
            self.db.close()
            raise

    @property
    def is_lost(self) -> bool:
        """Whether the connection is of no more use."""
        return self.db.closed

    def ask(self, statements: Sequence[Statement]) -> list[list[tuple[Any, ...]]]:
        """Put several statements in one round trip; return what each found.

        Raises:
            psycopg.Error: That of the first which failed; those after it were not done.
        """
        pg = self._pg
        for query, values in statements:
            sent = [_sent(value) for value in values]
            formats = [Format.BINARY] * len(sent)
            pg.send_query_prepared(query.encode(), sent, formats, Format.BINARY)
        return [self._loaded(result) for result in self._results(len(statements))]

    def leave(self) -> None:
        """End a transaction that is open, without a trace."""
        status = self._pg.transaction_status
        if status == TransactionStatus.ACTIVE:  # left in the middle, as by Ctrl-C
            self.db.close()
        elif status != TransactionStatus.IDLE and not self.db.closed:
            self.ask([("rollback", ())])

    def close(self) -> None:
        """Hang up."""
        self.db.close()

    def _prepare(self) -> None:
        """Let the server know all statements, in one round trip."""
        self._pg.enter_pipeline_mode()
        for query, text in _QUERIES.items():
            numbers = iter(range(1, 100))
            text = "".join(f"${next(numbers)}" if sign == "?" else sign for sign in text)
            self._pg.send_prepare(query.encode(), text.encode())
        self._results(len(_QUERIES))

    def _results(self, count: int) -> list[PGresult]:
        """Send what is to be sent; return so many results."""
        pg = self._pg
        pg.pipeline_sync()
        found: list[PGresult] = []
        trouble: psycopg.Error | None = None
        unsent = bool(pg.flush())
        while True:
            # Both ways at once, as the server may wait for us to take before it takes more.
            while unsent or pg.is_busy():
                self._poll.modify(pg.socket, _EITHER if unsent else select.POLLIN)
                ((_, event),) = self._poll.poll()  # not in the driver, which is deaf to Ctrl-C
                if event & ~select.POLLOUT:
                    pg.consume_input()
                if unsent:
                    unsent = bool(pg.flush())
            result = pg.get_result()
            if result is None:
                if pg.status == ConnStatus.BAD:
                    raise trouble or psycopg.OperationalError("the connection was lost")
                continue
            status = result.status
            if status == ExecStatus.PIPELINE_SYNC:
                break
            if status == ExecStatus.FATAL_ERROR and trouble is None:
                trouble = error_from_result(result)
            found.append(result)
        if trouble is not None:
            raise trouble
        assert len(found) == count
        return found

    def _loaded(self, result: PGresult) -> list[tuple[Any, ...]]:
        if result.status != ExecStatus.TUPLES_OK or not result.ntuples:
            return []
        loading = self._loading
        loading.set_pgresult(result)
        return loading.load_rows(0, result.ntuples, tuple)

    def __del__(self) -> None:
        # A store that nobody closed; a parent's is not ours to close.
        if hasattr(self, "db") and os.getpid() == self._pid:
            self.db.close()

    def _set_up(self, address: Address) -> None:
        db = self.db
        before = time.time()
        ((durable, now, is_replica),) = db.execute(
            "SELECT current_setting('synchronous_commit'), extract(epoch FROM clock_timestamp())"
            "::float8, pg_is_in_recovery() OR current_setting('transaction_read_only')::bool"
        ).fetchall()
        self.ahead_s = (before + time.time()) / 2 - now
        self.durable = durable
        self.is_durable = durable != "off"
        if is_replica:
            raise psycopg.errors.ReadOnlySqlTransaction("cannot be written")
        self.first_version = (self._timeline() - 1) << _VERSION_BITS
        settings = _SESSION | {"search_path": f'"{address.schema}"'}
        calls = ", ".join(["set_config(%s, %s, false)"] * len(settings))
        values = [text for pair in settings.items() for text in pair]
        db.execute(f"SELECT {calls}", values)
        self._make_layout(address)

    def _timeline(self) -> int:
        """Return how often a standby took over from a primary here, and 1."""
        try:
            ((name,),) = self.db.execute(
                "SELECT pg_walfile_name(pg_current_wal_insert_lsn())"
            ).fetchall()
        except psycopg.DatabaseError:
            if self.db.closed:
                raise
            return 1  # a service that keeps this to itself
        return int(name[:8], 16)

    def _make_layout(self, address: Address) -> None:
        scripts = load_migrations("postgresql")
        version = self._version(address)
        if version == len(scripts):
            return
        if version > len(scripts):
            raise newer(address.place, version, len(scripts))
        db = self.db
        lock = "(1936682596, hashtext(%s))"
        # Whoever comes first makes it; the others wait for its lock, and find it made. Not a lock
        # of the transaction: only one that begins later is sure to see what was made meanwhile.
        db.execute(f"SELECT pg_advisory_lock{lock}", [address.schema])
        try:
            self._migrate(address, scripts)
        finally:
            if not db.closed:
                db.execute(f"SELECT pg_advisory_unlock{lock}", [address.schema])

    def _migrate(self, address: Address, scripts: Sequence[str]) -> None:
        db = self.db
        with db.transaction():
            db.execute("SET LOCAL synchronous_commit = on")
            known = db.execute("SELECT 1 FROM pg_namespace WHERE nspname = %s", [address.schema])
            if known.fetchone() is None:
                schema = composed.Identifier(address.schema)
                db.execute(composed.SQL("CREATE SCHEMA {}").format(schema))
            version = self._version(address)
            if version < len(scripts):
                for script in scripts[version:]:
                    db.execute(script, prepare=False)
                db.execute("DELETE FROM layout")
                db.execute("INSERT INTO layout VALUES (%s)", [len(scripts)])

    def _version(self, address: Address) -> int:
        """Return the version of the layout that is there, 0 where there is none."""
        ((layout, tables),) = self.db.execute(
            "SELECT to_regclass(quote_ident(%s) || '.layout')::text, (SELECT count(*) FROM "
            "pg_class WHERE relnamespace = to_regnamespace(quote_ident(%s)) AND relkind = 'r')",
            [address.schema, address.schema],
        ).fetchall()
        if layout is None:
            if tables:
                raise foreign(address.place, address.schema)
            return 0
        found = self.db.execute("SELECT version FROM layout").fetchone()
        return 0 if found is None else int(found[0])


def _given(address: Address) -> dict[str, Any]:
    given: dict[str, Any] = {"fallback_application_name": "sonde"}
    if address.password is not None:
        given["password"] = address.password
    wishes = {
        "connect_timeout": _PATIENCE_S,
        "keepalives_idle": 20,
        "keepalives_interval": 10,
        "keepalives_count": 4,
        "tcp_user_timeout": 60_000,  # ms
    }
    given |= {name: value for name, value in wishes.items() if name not in address.conninfo}
    return given
