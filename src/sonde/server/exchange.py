"""`/store`: the store's own operations, for agents and for `sonde.store.http`.

Agents call these a hundred times a second, so they stand before the framework: one message
in, one out (`sonde.store.wire`), on a thread of the desk. What a caller says of the time is
not believed: agents' clocks differ, the server has one.
"""

from collections.abc import Awaitable, Callable
from typing import Any

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
from sonde.server.operations import OPERATIONS, Clock, Operations, Wish
from sonde.server.roles import Role, caller_of
from sonde.store import wire
from sonde.store.protocol import Store

__all__ = ["Exchange"]

_LONGEST_KEY = 200


class Exchange:
    """Answers what is under a prefix.

    Args:
        desk: Where the store is asked.
        prefix: `/api/v1/store/`.
        clock: The time of a call, given what the caller says it is.
        deciders: Decide for agents that find nothing; None: nobody does here.
    """

    def __init__(self, *, desk: Desk, prefix: str, clock: Clock, deciders: Deciders | None) -> None:
        self._prefix = prefix
        self._desk, self._deciders = desk, deciders
        self._operations = Operations(desk.store, clock, deciding=deciders is not None)
        self._once = Once()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        request = Request(scope, receive)
        try:
            answer = await self._answer(request, scope["path"][len(self._prefix) :])
        except ClientDisconnect:
            return
        except HTTPException as error:
            answer = Problem(error.status_code, "HTTPError", str(error.detail))
        except OverflowError:
            answer = problem_of(ValueError("a number in the message is too large"))
        except (SondeError, ValueError) as error:
            answer = problem_of(error)
        await answer(scope, receive, send)

    async def _answer(self, request: Request, name: str) -> Response:
        if name == "blobs" or name.startswith("blobs/"):
            return await self._blob(request, name.removeprefix("blobs").removeprefix("/"))
        if name.startswith("code/"):
            return await self._code(request, name.removeprefix("code/"))
        operation = OPERATIONS.get(name)
        if operation is None:
            return Problem(404, "HTTPError", f"the store has no operation {name!r:.40}")
        if request.method != "POST":
            return Problem(405, "HTTPError", "POST a message to an operation of the store")
        role = Role.ADMIN if name == "commit" and self._deciders else operation.role
        caller = caller_of(request)
        caller.check(role)
        body = await _body(request.receive)
        ask = self._desk.ask_briefly if operation.is_brief else self._desk.ask

        def answer(_: Store) -> bytes | Wish:
            call = wire.decode(body, operation.shape)
            try:
                done = operation.work(self._operations, call)
            except TypeError as error:  # bytes, which MessagePack has, where JSON is kept
                raise ValueError(f"something in the message is no JSON: {error}") from error
            return done if isinstance(done, Wish) else wire.encode(done)

        async def work() -> Response:
            done = await ask(answer)
            if isinstance(done, Wish):
                done = wire.encode(await self._granted(done))
            return Response(done, media_type=wire.MEDIA_TYPE)

        return await (self._once_only(request, work) if operation.once else work())

    async def _once_only(
        self, request: Request, work: Callable[[], Awaitable[Response]]
    ) -> Response:
        key = request.headers.get("idempotency-key")
        if key is None:
            return await work()
        if len(key) > _LONGEST_KEY:
            return Problem(422, "ValueError", f"an idempotency key has {_LONGEST_KEY} characters")
        return await self._once.answer(caller_of(request).name, key, work)

    async def _granted(self, wish: Wish) -> Any:
        """Decide what an agent may try, as nothing waits for it."""
        if self._deciders is None:
            return wish.answer(())
        return wish.answer(await self._deciders.lease(wish.sweep, wish.ask))

    async def _code(self, request: Request, sweep: str) -> Response:
        if request.method != "GET":
            return Problem(405, "HTTPError", "GET the code of a sweep")
        caller_of(request).check(Role.AGENT)
        data = await self._desk.ask(lambda store: code_of(store, sweep))
        return Response(data, media_type="application/gzip")

    async def _blob(self, request: Request, key: str) -> Response:
        caller = caller_of(request)
        if request.method == "GET" and key:
            caller.check(Role.VIEWER)
            data = await self._desk.ask(lambda store: store.get_blob(key))
            return Response(data, media_type="application/octet-stream")
        if request.method != "POST" or key:
            return Problem(405, "HTTPError", "POST bytes to blobs, GET them from blobs/KEY")
        caller.check(Role.ADMIN)
        data = await request.body()
        return Json({"key": await self._desk.ask(lambda store: store.put_blob(data))})


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
