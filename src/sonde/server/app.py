"""The application: the resources, behind a gate, over one store."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from importlib.metadata import version

from fastapi import FastAPI
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from sonde.agent.place import beside
from sonde.server import (
    about,
    control,
    dashboard,
    definition,
    exporting,
    figures,
    files,
    following,
    session,
    sweeps,
)
from sonde.server.answered import Answered
from sonde.server.answers import answer_errors
from sonde.server.deciding import Deciders
from sonde.server.description import describe
from sonde.server.desk import Desk
from sonde.server.door import Door
from sonde.server.drawing import Drawing
from sonde.server.exchange import Exchange
from sonde.server.gate import LOCAL_HOSTS, Gate
from sonde.server.holding import hold_leases
from sonde.server.live import Live
from sonde.server.once import KEPT_S, Once
from sonde.server.operations import Clock, server_time
from sonde.server.pages import page_routes, prepare
from sonde.server.short_way import Brief
from sonde.server.tokens import Tokens
from sonde.server.uploads import LIMIT, Uploads
from sonde.store.protocol import Store

__all__ = ["API", "create_app"]

API = "/api/v1"
_CLEAN_S = 3600.0
_SMALL = 1000  # bytes of an answer that is not worth compressing
_ROUTERS = (
    about.router, session.router, sweeps.router, following.router, definition.router,
    figures.router, exporting.router, control.router, files.router, dashboard.router,
)  # fmt: skip


def _silent(_: str) -> None:
    return


def create_app(
    store: Store,
    *,
    hosts: Collection[str] | None = LOCAL_HOSTS,
    tokens: Tokens | None = None,
    is_local: bool = True,
    decides: bool = False,
    agents: bool = True,
    clock: Clock = server_time,
    note: Callable[[str], None] = _silent,
    limit: int = LIMIT,
) -> FastAPI:
    """Return the application over a store, which stays open when it ends.

    Args:
        store: What is served.
        hosts: The names that the server goes by, without ports; None: any.
        tokens: Who may do what; None: everyone may do everything.
        is_local: Whether the same holds while there is no token.
        decides: Whether it takes the controller's role for agents that find nothing to run.
        agents: Whether agents may work through it: what they hold is held for them at its start.
        clock: The time of a call, given what the caller says it is.
        note: Told what people should know.
        limit: Bytes of artifacts that an attempt at a trial may send.
    """
    desk = Desk(store)
    drawing = Drawing(desk)
    deciders = Deciders(desk, note) if decides else None
    uploads = Uploads(desk, limit)
    answered = _answered(store.url)
    once = Once(answered)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        once.recall()
        if agents:
            await desk.ask(hold_leases)
        tasks = [asyncio.create_task(_clean(desk, uploads))]
        tasks.append(asyncio.create_task(_foresee(desk)))
        if deciders is not None:
            tasks.append(asyncio.create_task(deciders.look_after()))
        yield
        for task in tasks:
            task.cancel()
        if deciders is not None:
            deciders.close()
        drawing.close()
        desk.close()
        if answered is not None:
            answered.close()

    app = _App(
        title="sonde",
        version=version("sonde"),
        summary="Hyperparameter search for any training script",
        openapi_url=f"{API}/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
    )
    app.state.desk = desk
    app.state.drawing = drawing
    app.state.decides = decides
    app.state.live = Live(desk)
    app.state.leave = app.state.live.close  # called by whoever serves, before open requests end
    answer_errors(app)
    for router in _ROUTERS:
        app.include_router(router, prefix=API)
    app.router.routes.extend(page_routes())
    app.add_middleware(GZipMiddleware, minimum_size=_SMALL, compresslevel=1)
    door = Door(
        tokens,
        is_local=is_local,
        api="/api",
        own=f"{API}/store/",
        open_paths=frozenset({f"{API}/session"}),
    )
    blobs = f"{API}/store/blobs"
    app.add_middleware(Gate, hosts=hosts, door=door, blobs=blobs)  # the outermost is added last
    app.prefix = f"{API}/store/"
    exchange = Exchange(
        desk=desk, prefix=app.prefix, clock=clock, deciders=deciders, uploads=uploads, once=once
    )
    gate = Gate(exchange, hosts=hosts, door=door, blobs=blobs)
    app.exchange = gate
    app.state.brief = Brief(gate, exchange)
    app.state.once = once
    app.openapi = lambda: describe(app, app.prefix)  # type: ignore[method-assign]
    return app


def _answered(url: str) -> Answered | None:
    """Return where answers last: beside the store, if it lasts."""
    path = beside(url, "answers")
    return None if path is None else Answered(path, KEPT_S)


async def _foresee(desk: Desk) -> None:
    """Make what the first one who opens the page would wait for."""
    await desk.ask(lambda _: prepare())
    await desk.ask(lambda _: desk.foresee())


async def _clean(desk: Desk, uploads: Uploads) -> None:
    """Take away what lost agents left half, now and then, until cancelled."""
    while True:
        await desk.ask(lambda _: uploads.clean())
        await asyncio.sleep(_CLEAN_S)


class _App(FastAPI):
    """The application, where what agents call passes the framework by."""

    prefix: str
    exchange: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] == "http" and scope["path"].startswith(self.prefix):
            await self.exchange(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)
