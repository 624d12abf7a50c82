"""Questions to a Redis server: connections, scripts, and patience with one that is away.

Each question takes a connection that nobody else uses. Where the server does not answer it is
asked again, with pauses, for half a minute: a restart or a failover takes that. So whatever is
asked must bear to be asked twice.
"""

import hashlib
import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from redis import Connection, ConnectionPool, SSLConnection, UnixDomainSocketConnection, exceptions
from redis.backoff import NoBackoff
from redis.retry import Retry

from sonde.errors import StoreError
from sonde.store.lua import load_scripts
from sonde.store.redis_faults import FAILURES, fault, may_pass
from sonde.store.redis_url import Address
from sonde.store.waiting import SAID_AFTER_S

__all__ = ["FIRST_PATIENCE_S", "Command", "RedisLine"]

PATIENCE_S = 30.0
FIRST_PATIENCE_S = 2.0
"""With a server that never answered: its address may be wrong."""
_TIMEOUT_S = 15.0  # for one answer; no question waits for longer than a second on purpose
_CONNECT_S = 5.0
_PAUSES_S = (0.01, 0.05, 0.2, 0.5, 1.0)
Command = tuple[Any, ...]
T = TypeVar("T")


class RedisLine:
    """Connections to one server, for all threads of a process; a forked child has its own.

    Attributes:
        is_replica: Whether it was a replica from the first, and not one of a failover.
        on_wait: See `sonde.store.waiting.Waiting`.
    """

    def __init__(self, address: Address) -> None:
        self.address = address
        self.is_replica = False
        self.on_wait: Callable[[StoreError], None] | None = None
        self._scripts = {name: text.encode() for name, text in load_scripts().items()}
        self._hashes = {
            name: hashlib.sha1(text, usedforsecurity=False).hexdigest().encode()
            for name, text in self._scripts.items()
        }
        self._pool = self._make_pool()
        self._closed = False

    def ask(self, *commands: Command) -> list[Any]:
        """Put commands in one go; return their answers.

        Raises:
            StoreError: If one of them is refused, or the server does not answer.
        """
        return self.patiently(lambda: self.put(*commands)) if commands else []

    def script(self, name: str, keys: Sequence[Any], *given: Any) -> Command:
        """Return the command that runs one of our scripts."""
        return ("EVALSHA", self._hashes[name], len(keys), *keys, *given)

    def put(self, *commands: Command) -> list[Any]:
        """As `ask`, once; raises what the driver does."""
        with self._connection() as connection:
            answers = _converse(connection, commands)
            for at, answer in enumerate(answers):
                if isinstance(answer, exceptions.NoScriptError):  # it was started anew
                    load = [("SCRIPT", "LOAD", text) for text in self._scripts.values()]
                    *_, answer = _converse(connection, [*load, commands[at]])
                    answers[at] = answer
                if isinstance(answer, Exception):
                    raise answer
        return answers

    def patiently(self, call: Callable[[], T], patience_s: float = PATIENCE_S) -> T:
        """Call again while the server does not answer."""
        began, pauses = time.monotonic(), iter(_PAUSES_S)
        pause, is_said = 0.0, False
        while True:
            if self._closed:
                raise StoreError(f"{self.address.url}: the store is closed; open it again")
            try:
                return call()
            except FAILURES as error:
                is_vain = self.is_replica and isinstance(error, exceptions.ReadOnlyError)
                waited = time.monotonic() - began
                if is_vain or not may_pass(error) or waited > patience_s:
                    raise fault(self.address.url, error) from error
                if self.on_wait and not is_said and waited >= SAID_AFTER_S:
                    is_said = True
                    self.on_wait(fault(self.address.url, error))
            pause = next(pauses, pause)
            time.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 - who comes first

    def listener(self) -> Connection:
        """Return a connection of its own, over which the server may speak unasked."""
        options = self._pool.connection_kwargs | {"protocol": 3}
        made: Connection = self._pool.connection_class(**options)
        return made

    def close(self) -> None:
        """Let go of the connections."""
        self._closed = True
        self._pool.disconnect()

    @contextmanager
    def _connection(self) -> Iterator[Connection]:
        connection = self._pool.get_connection()
        try:
            yield connection
        except BaseException as error:
            # What was asked may still be answered: nobody shall take that for their own. And
            # where another server has become the primary, its name may lead there by now.
            if not isinstance(error, exceptions.ResponseError) or may_pass(error):
                connection.disconnect()
            raise
        finally:
            self._pool.release(connection)

    def _make_pool(self) -> ConnectionPool:
        address = self.address
        common: dict[str, Any] = {
            **address.options,
            "protocol": 2,
            "socket_timeout": _TIMEOUT_S,
            "retry": Retry(NoBackoff(), 0),
            "retry_on_error": [],
        }
        if "path" not in address.options:
            common |= {"socket_connect_timeout": _CONNECT_S, "socket_keepalive": True}
        if address.sentinels:
            from redis.sentinel import Sentinel, SentinelConnectionPool

            asked = Sentinel(
                list(address.sentinels),
                sentinel_kwargs={"socket_timeout": _CONNECT_S, "retry": Retry(NoBackoff(), 0)},
            )
            return SentinelConnectionPool(address.service, asked, **common)
        kinds: dict[str, Any] = {"path": UnixDomainSocketConnection}
        kind = kinds["path"] if "path" in common else Connection
        return ConnectionPool(SSLConnection if address.is_tls else kind, **common)


def _converse(connection: Connection, commands: Sequence[Command]) -> list[Any]:
    """Put commands, and read an answer to each, errors among them."""
    connection.send_packed_command(connection.pack_commands(commands))
    answers: list[Any] = []
    for _ in commands:
        try:
            answers.append(connection.read_response())
        except exceptions.ResponseError as error:
            answers.append(error)
    return answers
