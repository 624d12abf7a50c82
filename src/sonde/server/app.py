"""The application: the resources, behind a gate, over one store."""

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from importlib.metadata import version

from fastapi import FastAPI
from starlette.middleware.gzip import GZipMiddleware

from sonde.server import sweeps
from sonde.server.answers import answer_errors
from sonde.server.desk import Desk
from sonde.server.gate import LOCAL_HOSTS, Gate
from sonde.store.protocol import Store

__all__ = ["API", "create_app"]

API = "/api/v1"
_SMALL = 1000  # bytes of an answer that is not worth compressing
_ROUTERS = (sweeps.router,)


def create_app(store: Store, *, hosts: Collection[str] | None = LOCAL_HOSTS) -> FastAPI:
    """Return the application over a store, which stays open when it ends.

    Args:
        store: What is served.
        hosts: The names that the server goes by, without ports; None: any.
    """
    desk = Desk(store)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        desk.close()

    app = FastAPI(
        title="sonde",
        version=version("sonde"),
        summary="Hyperparameter search for any training script",
        openapi_url=f"{API}/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
    )
    app.state.desk = desk
    answer_errors(app)
    for router in _ROUTERS:
        app.include_router(router, prefix=API)
    app.add_middleware(GZipMiddleware, minimum_size=_SMALL, compresslevel=1)
    app.add_middleware(Gate, hosts=hosts)  # the outermost is added last
    return app
