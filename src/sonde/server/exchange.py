"""`/store`: the store's own operations, for agents and for `sonde.store.http`.

Agents call these a hundred times a second, so they stand before the framework: one message
in, one out (`sonde.store.wire`), on a thread of the desk. What a caller says of the time is
not believed: agents' clocks differ, the server has one.
"""

import asyncio
from typing import Any

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from sonde.errors import SondeError
from sonde.server.answers import Json, Problem, problem_of
from sonde.server.code import code_of
from sonde.server.deciding import Deciders
from sonde.server.desk import Desk
from sonde.server.once import Once
from sonde.server.operations import OPERATIONS, Clock, Operation, Operations, Wish
from sonde.server.roles import Caller, Role, caller_of
from sonde.server.uploads import Uploads
from sonde.store import wire
from sonde.store.protocol import Store

__all__ = ["Exchange", "refusal_of"]

_LONGEST_KEY = 200


class Exchange:
    """Answers what is under a prefix.

    Args:
        desk: Where the store is asked.
        prefix: `/api/v1/store/`.
        clock: The time of a call, given what the caller says it is.
        deciders: Decide for agents that find nothing; None: nobody does here.
        uploads: Where files of trials go.
        once: The answers of late.
    """

    def __init__(
        self,
        *,
        desk: Desk,
        prefix: str,
        clock: Clock,
        deciders: Deciders | None,
        uploads: Uploads,
        once: Once,
    ) -> None:
        self._prefix = prefix
        self._desk, self._deciders = desk, deciders
        self._operations = Operations(desk.store, clock, uploads, deciding=deciders is not None)
        self._once = once

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        name = scope["path"][len(self._prefix) :]
        try:
            operation = OPERATIONS.get(name)
            if operation is None or scope["method"] != "POST":
                answer = await self._other(Request(scope, receive), name)
            elif operation.once:
                answer = await self._once_only(scope, name, operation, await _body(receive))
            else:
                self._check(scope, operation, name)
                await _send(await self._done(operation, await _body(receive)), send)
                return
        except ClientDisconnect:
            return
        except (HTTPException, OverflowError, SondeError, ValueError) as error:
            answer = refusal_of(error)
        await answer(scope, receive, send)

    @property
    def brief_paths(self) -> frozenset[str]:
        """The paths that `briefly` answers."""
        names = (name for name, one in OPERATIONS.items() if one.is_brief and not one.once)
        return frozenset(f"{self._prefix}{name}" for name in names)

    def briefly(self, path: str, caller: Caller, body: bytes) -> "asyncio.Future[bytes] | Response":
        """Answer a brief operation, or refuse it; what it raises, `refusal_of` answers."""
        operation = OPERATIONS[path[len(self._prefix) :]]
        try:
            caller.check(operation.role)
        except HTTPException as error:
            return refusal_of(error)
        return self._desk.ask_briefly(
            lambda _: wire.encode(self._worked(operation, body)),
            writes=operation.role is Role.AGENT,
        )

    def _check(self, scope: Scope, operation: Operation, name: str) -> None:
        role = Role.ADMIN if name == "commit" and self._deciders else operation.role
        caller_of(scope).check(role)

    async def _other(self, request: Request, name: str) -> Response:
        if name == "blobs" or name.startswith("blobs/"):
            return await self._blob(request, name.removeprefix("blobs").removeprefix("/"))
        if name.startswith("code/"):
            return await self._code(request, name.removeprefix("code/"))
        if name in OPERATIONS:
            return Problem(405, "HTTPError", "POST a message to an operation of the store")
        return Problem(404, "HTTPError", f"the store has no operation {name!r:.40}")

    async def _done(self, operation: Operation, body: bytes, begun: float | None = None) -> bytes:
        """Do an operation; `begun`: it may have been done already since then."""

        def answer(_: Store) -> bytes | Wish:
            done = self._worked(operation, body, begun)
            return done if isinstance(done, Wish) else wire.encode(done)

        if operation.is_brief:
            done = await self._desk.ask_briefly(answer, writes=operation.role is Role.AGENT)
        elif operation.shares:
            done = await self._desk.ask_together(answer)
        else:
            done = await self._desk.ask(answer)
        return wire.encode(await self._granted(done)) if isinstance(done, Wish) else done

    def _worked(self, operation: Operation, body: bytes, begun: float | None = None) -> Any:
        call = wire.decode(body, operation.shape)
        try:
            if begun is not None and operation.added is not None:
                found = operation.added(self._operations, call, begun)
                if found is not None:
                    return found
            return operation.work(self._operations, call)
        except TypeError as error:  # bytes, which MessagePack has, where JSON is kept
            raise ValueError(f"something in the message is no JSON: {error}") from error

    async def _once_only(
        self, scope: Scope, name: str, operation: Operation, body: bytes
    ) -> Response:
        self._check(scope, operation, name)

        async def work(begun: float | None) -> Response:
            done = await self._done(operation, body, begun)
            return Response(done, media_type=wire.MEDIA_TYPE)

        key = Headers(scope=scope).get("idempotency-key")
        if key is None:
            return await work(None)
        if len(key) > _LONGEST_KEY:
            return Problem(422, "ValueError", f"an idempotency key has {_LONGEST_KEY} characters")
        adds = operation.added is not None
        return await self._once.answer(caller_of(scope).name, key, work, adds=adds)

    async def _granted(self, wish: Wish) -> Any:
        """Decide what an agent may try, as nothing waits for it."""
        if self._deciders is None:
            return wish.answer(())
        return wish.answer(await self._deciders.lease(wish.sweep, wish.ask))

    async def _code(self, request: Request, sweep: str) -> Response:
        if request.method != "GET":
            return Problem(405, "HTTPError", "GET the code of a sweep")
        caller_of(request.scope).check(Role.AGENT)
        data = await self._desk.ask(lambda store: code_of(store, sweep))
        return Response(data, media_type="application/gzip")

    async def _blob(self, request: Request, key: str) -> Response:
        caller = caller_of(request.scope)
        if request.method == "GET" and key:
            caller.check(Role.VIEWER)
            data = await self._desk.ask(lambda store: store.get_blob(key))
            return Response(data, media_type="application/octet-stream")
        if request.method != "POST" or key:
            return Problem(405, "HTTPError", "POST bytes to blobs, GET them from blobs/KEY")
        caller.check(Role.ADMIN)
        data = await request.body()
        return Json({"key": await self._desk.ask(lambda store: store.put_blob(data))})


def refusal_of(error: Exception) -> Response:
    """Return the answer for what an operation raises."""
    if isinstance(error, HTTPException):
        return Problem(error.status_code, "HTTPError", str(error.detail))
    if isinstance(error, OverflowError):
        return problem_of(ValueError("a number in the message is too large"))
    return problem_of(error)


async def _body(receive: Receive) -> bytes:
    """Return the whole body of a request."""
    message = await receive()
    if message["type"] == "http.request" and not message.get("more_body"):
        return bytes(message.get("body", b""))  # nearly always
    parts = []
    while message["type"] == "http.request":
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)
        message = await receive()
    raise ClientDisconnect


async def _send(body: bytes, send: Send) -> None:
    """Answer with a message; as `Response` does it, at a fraction of its cost."""
    length = str(len(body)).encode()
    headers = [(b"content-type", wire.MEDIA_TYPE.encode()), (b"content-length", length)]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
