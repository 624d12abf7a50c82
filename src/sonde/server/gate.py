"""The gate: which requests come in at all.

A page of any site may send requests to a server on this machine, in two ways. By *DNS
rebinding* its own name comes to mean 127.0.0.1: then `Host` is a foreign name. By a form or
`fetch` it writes across sites: then `Origin` is not ours. Neither gets in.
"""

from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from sonde.server.answers import Problem
from sonde.server.roles import Caller, Role

__all__ = ["LOCAL_HOSTS", "Gate"]

LOCAL_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})
_READING = {"GET", "HEAD", "OPTIONS"}


class Gate:
    """Refuses foreign hosts, and writes from other sites.

    Args:
        app: What is behind it.
        hosts: The names that the server goes by, without ports; None: any.
    """

    def __init__(self, app: ASGIApp, hosts: Collection[str] | None) -> None:
        self.app, self.hosts = app, hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request in, or answer it."""
        refusal = self._refusal(scope) if scope["type"] in {"http", "websocket"} else None
        if refusal is None:
            scope["sonde.caller"] = Caller("", Role.ADMIN)
            await self.app(scope, receive, send)
        else:
            await refusal(scope, receive, send)

    def _refusal(self, scope: Scope) -> Problem | None:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if self.hosts is not None and _name(host) not in self.hosts:
            return Problem(
                421,
                "ForeignHost",
                f"this server is not called '{_name(host)}'; start it with --allow-host if it is",
            )
        if scope.get("method") in _READING:
            return None
        origin = headers.get("origin")
        if origin is not None and urlsplit(origin).netloc != host:
            return Problem(403, "ForeignOrigin", f"pages of {origin} may not write here")
        if headers.get("sec-fetch-site") in {"cross-site", "same-site"}:
            return Problem(403, "ForeignOrigin", "pages of other sites may not write here")
        return None


def _name(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:  # brackets that do not match
        return host
