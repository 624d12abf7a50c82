"""The gate: which requests come in at all.

A page of any site may send requests to a server on this machine, in two ways. By *DNS
rebinding* its own name comes to mean 127.0.0.1: then `Host` is a foreign name. By a form or
`fetch` it writes across sites: then `Origin` is not ours. Neither gets in, nor who lacks a
token that is needed (`sonde.server.door`), nor a body without end.
"""

from collections.abc import Collection, Mapping
from functools import lru_cache
from urllib.parse import urlsplit

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sonde.server.answers import Problem
from sonde.server.door import Door
from sonde.server.roles import Caller

__all__ = ["BLOB_LIMIT", "BODY_LIMIT", "LOCAL_HOSTS", "Gate"]

LOCAL_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})
BODY_LIMIT = 16 << 20
"""Bytes of a message: some 200,000 reports."""
BLOB_LIMIT = 256 << 20
"""Bytes of a blob, such as the code of a sweep, packed."""
_READING = {"GET", "HEAD", "OPTIONS"}


class Gate:
    """Refuses foreign hosts, writes from other sites, strangers, and bodies that are too large.

    Args:
        app: What is behind it.
        hosts: The names that the server goes by, without ports; None: any.
        door: Knows who may do what.
        blobs: The path that blobs are sent to.
    """

    def __init__(
        self, app: ASGIApp, *, hosts: Collection[str] | None, door: Door, blobs: str
    ) -> None:
        self.app, self.hosts, self.door, self.blobs = app, hosts, door, blobs

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request in, or answer it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        # Every request comes by here: one pass instead of a search for each name.
        headers = {
            name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]
        }
        limit = BLOB_LIMIT if scope["path"] == self.blobs else BODY_LIMIT
        caller = self.look(scope, headers, limit)
        if isinstance(caller, Problem):
            await caller(scope, receive, send)
            return
        scope["sonde.caller"] = caller
        await self.app(scope, _limited(receive, limit), send)

    def look(
        self, scope: Scope, headers: Mapping[str, str], limit: int = BODY_LIMIT
    ) -> Caller | Problem:
        """Return who comes in, or what is answered instead; names of headers in small letters."""
        return self._refusal(scope, headers, limit) or self.door.enter(scope, headers)

    def _refusal(self, scope: Scope, headers: Mapping[str, str], limit: int) -> Problem | None:
        host = headers.get("host", "")
        if self.hosts is not None and _name(host) not in self.hosts:
            return Problem(
                421,
                "ForeignHost",
                f"this server is not called '{_name(host)}'; start it with --allow-host if it is",
            )
        length = headers.get("content-length", "0")
        if not (length.isascii() and length.isdigit() and len(length) < 16):
            return Problem(400, "HTTPError", "content-length is no number")
        if int(length) > limit:
            return _too_large(limit)
        if scope.get("method") in _READING:
            return None
        origin = headers.get("origin")
        if origin is not None and urlsplit(origin).netloc != host:
            return Problem(403, "ForeignOrigin", f"pages of {origin} may not write here")
        if headers.get("sec-fetch-site") in {"cross-site", "same-site"}:
            return Problem(403, "ForeignOrigin", "pages of other sites may not write here")
        return None


def _limited(receive: Receive, limit: int) -> Receive:
    """Return a `receive` that gives up on a body beyond the limit, whatever its length said."""
    read = 0

    async def receive_some() -> Message:
        nonlocal read
        message = await receive()
        if message["type"] == "http.request":
            read += len(message.get("body", b""))
            if read > limit:
                raise HTTPException(413, _large(limit))
        return message

    return receive_some


def _too_large(limit: int) -> Problem:
    return Problem(413, "HTTPError", _large(limit))


def _large(limit: int) -> str:
    return f"a body may have {limit >> 20} MiB here"


@lru_cache(maxsize=1000)
def _name(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:  # brackets that do not match
        return host
