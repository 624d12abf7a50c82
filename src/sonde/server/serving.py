"""Serving: a uvicorn on an address, known to listen, ended cleanly."""

import signal
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

from sonde.errors import ConfigError
from sonde.server.short_way import ShortWay

__all__ = ["Address", "check_files", "listening", "run", "serving"]

_START_S = 30.0
_LEAVE_S = 3  # that open requests get to end


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where to listen.

    Attributes:
        host: A name or address.
        port: 0: any that is free.
        certfile: A TLS certificate (PEM, with its chain); None: plain HTTP.
        keyfile: Its key, where that is not in the same file.
    """

    host: str = "127.0.0.1"
    port: int = 0
    certfile: Path | None = None
    keyfile: Path | None = None


@contextmanager
def serving(app: ASGIApp, address: Address | None = None) -> Iterator[str]:
    """Serve from a thread for the time of a block; gives the URL, which is listened at.

    Raises:
        ConfigError: If nobody can listen there.
    """
    server, listener, url = _server(app, address or Address(), None)
    # A daemon: whoever forgets the block is not kept from ending.
    thread = threading.Thread(
        target=server.run, kwargs={"sockets": [listener]}, name="sonde-server", daemon=True
    )
    with listener:
        thread.start()
        until = time.monotonic() + _START_S
        while not server.started and thread.is_alive() and time.monotonic() < until:
            time.sleep(0.005)
        try:
            yield url
        finally:
            server.should_exit = True
            thread.join(_LEAVE_S + 5)


def run(
    app: ASGIApp,
    address: Address,
    ready: Callable[[str], None],
    listener: socket.socket | None = None,
) -> None:
    """Serve in this thread until SIGINT or SIGTERM; `ready(url)` is called before.

    Args:
        app: What is served.
        address: Where.
        ready: Called with the URL.
        listener: What `listening` gave for the address; it is closed at the end.

    Raises:
        ConfigError: If nobody can listen there.
    """
    server, listener, url = _server(app, address, listener)
    with listener, _ended_by_signals(server):
        ready(url)
        server.run(sockets=[listener])


def check_files(certfile: Path | None, keyfile: Path | None) -> None:
    """Refuse a certificate that cannot be used.

    Raises:
        ConfigError: With the reason.
    """
    if certfile is None:
        if keyfile is not None:
            raise ConfigError("--keyfile", "a key without a certificate", "add --certfile")
        return
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certfile, keyfile)
    except OSError as error:  # SSLError is one
        files = f"--certfile {certfile}" + (f" --keyfile {keyfile}" if keyfile else "")
        raise ConfigError(
            files, f"they cannot be used ({error.strerror or error})", "give PEM files that match"
        ) from error


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone: uvicorn's own way ends the process by them a second time."""
        yield

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the streams, which have no end of their own, then what is left."""
        state = getattr(self.config.app, "state", None)
        if state is not None and hasattr(state, "leave"):
            state.leave()
        await super().shutdown(sockets)


@contextmanager
def _ended_by_signals(server: uvicorn.Server) -> Iterator[None]:
    before = {
        number: signal.signal(number, server.handle_exit)
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _server(
    app: ASGIApp, address: Address, listener: socket.socket | None
) -> tuple[uvicorn.Server, socket.socket, str]:
    config = uvicorn.Config(
        app,
        http=ShortWay if hasattr(getattr(app, "state", None), "brief") else "auto",
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=_LEAVE_S,
        timeout_keep_alive=75,
        ssl_certfile=address.certfile,
        ssl_keyfile=address.keyfile,
        server_header=False,
        proxy_headers=False,
        ws="none",
        lifespan="on",
    )
    listener = listener or listening(address)
    host, port = listener.getsockname()[:2]
    scheme = "https" if address.certfile is not None else "http"
    name = f"[{host}]" if ":" in host else host
    return _Server(config), listener, f"{scheme}://{name}:{port}"


def listening(address: Address) -> socket.socket:
    """Take an address, before anything is made that only a server needs.

    Raises:
        ConfigError: If nobody can listen there.
    """
    where = f"--host {address.host} --port {address.port}"
    try:
        found = socket.getaddrinfo(
            address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
    except (OSError, UnicodeError) as error:
        raise ConfigError(where, f"there is no such host ({error})", "use 127.0.0.1") from error
    family, kind, protocol, _, place = found[0]
    listener = socket.socket(family, kind, protocol)
    try:
        # A server that was killed is started again at once on its port.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(place)
        listener.listen(2048)
    except OSError as error:
        listener.close()
        raise ConfigError(
            where, f"one cannot listen there: {error.strerror}", "use another port, or --port 0"
        ) from error
    listener.set_inheritable(False)
    return listener
