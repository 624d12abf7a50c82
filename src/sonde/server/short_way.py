"""The short way: what agents send most, answered without a scope, a task or a coroutine.

A report is a small request, and to take one through ASGI costs as much as half of writing it
into the store. So this looks at what comes in before uvicorn's protocol does. A request for one
of the store's brief operations that is plain and not large is let in by the same gate, done on
the same thread and answered in one piece. All others are left to uvicorn, as is whatever is
unusual in any way: nothing is refused here for its form.
"""

import asyncio
import re
from collections.abc import Iterable, Mapping
from typing import Any

from starlette.responses import Response
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol
from uvicorn.server import ServerState

from sonde.errors import SondeError
from sonde.server.exchange import Exchange, refusal_of
from sonde.server.gate import Gate
from sonde.store import wire

__all__ = ["Brief", "ShortWay"]

_LARGEST = 1 << 16  # bytes of a request, and of what waits behind one
_START = b"POST /"
_HEAD = re.compile(
    rb"POST (/[a-z0-9_/]+) HTTP/1\.1\r\n((?:[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\x20-\x7e]*\r\n)+)\r\n"
)
_UNUSUAL = frozenset({"transfer-encoding", "expect", "upgrade", "te", "trailer"})
_MEDIA_TYPE = b"content-type: %b\r\n" % wire.MEDIA_TYPE.encode()


class Brief:
    """What goes the short way, and who answers it.

    Args:
        gate: Lets requests in.
        exchange: Answers them.
    """

    def __init__(self, gate: Gate, exchange: Exchange) -> None:
        self._gate, self._exchange = gate, exchange
        self.paths = exchange.brief_paths

    def ask(
        self, path: str, headers: Mapping[str, str], client: Any, body: bytes
    ) -> "asyncio.Future[bytes] | Response":
        """Return the message that will answer a POST, or what is answered instead of one."""
        scope = {"type": "http", "method": "POST", "path": path, "client": client}
        caller = self._gate.look(scope, headers)
        if isinstance(caller, Response):
            return caller
        return self._exchange.briefly(path, caller, body)


class ShortWay(HttpToolsProtocol):
    """A connection; the application's `state.brief` answers what goes the short way."""

    def __init__(
        self, config: Config, server_state: ServerState, app_state: dict[str, Any], **more: Any
    ) -> None:
        super().__init__(config, server_state, app_state, **more)
        self._brief: Brief = config.app.state.brief  # type: ignore[union-attr]
        self._held = b""  # of a request that is not whole, or has to wait for its turn
        self._is_asking = False
        self._is_within = False  # a request that is uvicorn's
        self._is_leaving = False

    def data_received(self, data: bytes) -> None:
        """Take what came in."""
        if self._held:
            data, self._held = self._held + data, b""
        if self._is_asking:
            self._held = data
            if len(data) > _LARGEST:
                self.flow.pause_reading()
        elif not self._take(data):
            super().data_received(data)

    def on_message_begin(self) -> None:
        """Know that what comes now is uvicorn's."""
        self._is_within = True
        super().on_message_begin()

    def on_message_complete(self) -> None:
        """Know that a request of uvicorn's has come to its end."""
        self._is_within = False
        super().on_message_complete()

    def shutdown(self) -> None:
        """Close, after the answer that is due."""
        if self._is_asking:
            self._is_leaving = True
        else:
            super().shutdown()

    def _take(self, data: bytes) -> bool:
        """Take a request, or wait for the rest of it; False: it is uvicorn's."""
        if not self._is_free() or not data.startswith(_START):
            return False
        found = _HEAD.match(data)
        if found is None:
            return b"\r\n\r\n" not in data and self._wait(data)
        path = found[1].decode()
        if path not in self._brief.paths:
            return False
        lines = found[2].decode().split("\r\n")[:-1]
        pairs = [line.partition(":") for line in lines]
        headers = {name.lower(): value.strip(" ") for name, _, value in pairs}
        length = headers.get("content-length", "")
        if (
            len(headers) < len(lines)  # one stands there twice
            or not _UNUSUAL.isdisjoint(headers)
            or headers.get("connection", "keep-alive").lower() != "keep-alive"
            or not (length.isdigit() and len(length) < 6)
        ):
            return False
        end = found.end() + int(length)
        if len(data) < end:
            return self._wait(data)
        self._unset_keepalive_if_required()
        self._is_asking = True
        self._held = data[end:]
        answer = self._brief.ask(path, headers, self.client, data[found.end() : end])
        if isinstance(answer, Response):
            self._refuse(answer)
        else:
            answer.add_done_callback(self._answer)
        return True

    def _is_free(self) -> bool:
        """Tell whether uvicorn has nothing under way here, nor to be sent."""
        is_done = self.cycle is None or self.cycle.response_complete
        return is_done and not self._is_within and not self.flow.write_paused

    def _wait(self, data: bytes) -> bool:
        if len(data) > _LARGEST:
            return False
        self._unset_keepalive_if_required()
        self._held = data
        return True

    def _answer(self, done: "asyncio.Future[bytes]") -> None:
        error = done.exception()
        if error is None:
            body = done.result()
            self._send(200, (_MEDIA_TYPE, b"content-length: %d\r\n" % len(body)), body)
            return
        if isinstance(error, SondeError | ValueError | OverflowError):
            self._refuse(refusal_of(error))
        else:
            self.logger.error("Exception in a brief operation\n", exc_info=error)
            self._refuse(Response("Internal Server Error", 500, media_type="text/plain"))

    def _refuse(self, answer: Response) -> None:
        lines = [b"%b: %b\r\n" % pair for pair in answer.raw_headers]
        self._send(answer.status_code, lines, bytes(answer.body))

    def _send(self, status: int, lines: Iterable[bytes], body: bytes) -> None:
        if self.transport.is_closing():
            return
        own = [b"%b: %b\r\n" % pair for pair in self.server_state.default_headers]
        if self._is_leaving:
            own.append(b"connection: close\r\n")
        self.transport.write(b"".join((STATUS_LINE[status], *own, *lines, b"\r\n", body)))
        self.server_state.total_requests += 1
        if self._is_leaving:
            self.transport.close()
        elif self._held:
            # Not from here: who sends many at once would have us go down a level for each.
            self.loop.call_soon(self._go_on)
        else:
            self._is_asking = False
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )

    def _go_on(self) -> None:
        self._is_asking = False
        if not self.transport.is_closing():
            self.flow.resume_reading()
            self.data_received(b"")
