"""`sonde ui`: the dashboard of the store here, in a browser."""

import os
import sys
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import click

from sonde.cli.options import opened, store_option

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sonde.server.serving import Address
    from sonde.store.protocol import Store

__all__ = ["ui"]

PORT = 8585


@click.command()
@click.option(
    "--port", type=click.IntRange(0, 65535), metavar="N",
    help=f"At which port; 0: any that is free. Default: {PORT}, or a free one where that is taken.",
)  # fmt: skip
@click.option("--no-browser", is_flag=True, help="Only print the address.")
@click.argument("logdir", required=False, type=click.Path(path_type=Path))
@store_option
def ui(port: int | None, no_browser: bool, logdir: Path | None, store: str | None) -> None:
    """Show the sweeps of a store in a browser, live, and steer them.

    With LOGDIR, a directory of TensorBoard's event files, it shows that one instead, and
    follows it as it grows; nothing is kept.

    It listens on this machine only. Ctrl-C ends it; sweeps go on without it.
    """
    from sonde.cli.output import say

    _check_logdir(logdir)  # before the server is imported, which takes a second
    from sonde.agent.place import root_of
    from sonde.cli.shown_at import announced, shown_at
    from sonde.server.app import create_app
    from sonde.server.serving import listening, run

    address = _address(port)
    is_new = logdir is None and not _has_store(store)
    # What cannot be listened at leaves nothing behind.
    with closing(listening(address)) as listener, _shown(logdir, store) as opened_store:
        app = create_app(opened_store, agents=False)
        root = root_of(opened_store.url)
        if logdir is None and (other := shown_at(root)) is not None:
            say(f"a dashboard of this store runs already, at {other}; this is another one")
        elif port is None and address.port != PORT:
            say(f"port {PORT} is taken, so it is at another one")
        if is_new:
            say("no store was here, so it is new; sweeps of this folder and of those in it appear")
        with ExitStack() as stack:

            def ready(url: str) -> None:
                click.echo(url)
                say(f"the dashboard of {logdir or opened_store.url}; Ctrl-C ends it")
                if logdir is None:
                    stack.enter_context(announced(root, url))
                if not no_browser and _has_display():
                    _open(url)

            run(app, address, ready, listener)


def _has_store(store: str | None) -> bool:
    """Tell whether there is a store already where one is looked for by itself."""
    from sonde.store import default_path

    named = store or os.environ.get("SONDE_STORE")
    return bool(named) or default_path(Path.cwd()).exists()


def _check_logdir(logdir: Path | None) -> None:
    if logdir is not None and not logdir.is_dir():
        from sonde.errors import ConfigError

        found = "it is no directory" if logdir.exists() else "there is no such directory"
        raise ConfigError(str(logdir), found, "name one with event files")


@contextmanager
def _shown(logdir: Path | None, store: str | None) -> "Iterator[Store]":
    """Open what is to be shown, for the time of a block.

    Raises:
        ConfigError: If the logdir is none, or holds nothing yet.
    """
    if logdir is None:
        with opened(store, new=True) as opened_store:
            yield opened_store
        return
    from sonde.importing import following

    with TemporaryDirectory(prefix="sonde-ui-") as folder:
        url = str(Path(folder) / "logdir.db")
        with following(url, logdir), opened(url) as opened_store:
            yield opened_store


def _address(port: int | None) -> "Address":
    """Return where to listen: at the port that was asked for, or at one that is free."""
    from sonde.server.serving import Address

    if port is None:
        port = PORT if _is_free(PORT) else 0
    return Address(port=port)


def _is_free(port: int) -> bool:
    import socket

    with socket.socket() as trial:
        # As the server does: a port that was just left is free.
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def _has_display() -> bool:
    """Tell whether a browser could show up: not over ssh, in a container, in CI."""
    if sys.platform == "darwin":
        return "SSH_CONNECTION" not in os.environ
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _open(url: str) -> None:
    """Open a browser, without waiting for it; one that does not start is no fault of ours."""
    import threading
    import webbrowser

    threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()
