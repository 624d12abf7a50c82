"""`sonde serve`: a store over HTTP, for agents on other machines and for programs."""

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sonde.cli.options import exists, opened, store_option

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sonde.errors import ConfigError
    from sonde.server.tokens import Tokens

__all__ = ["serve"]


@click.command()
@click.option(
    "--host", default="127.0.0.1", show_default=True, metavar="NAME",
    help="Where to listen; 0.0.0.0: everywhere, for which a token is needed.",
)  # fmt: skip
@click.option(
    "--port", type=click.IntRange(0, 65535), default=7733, show_default=True, metavar="N",
    help="At which port; 0: any that is free.",
)  # fmt: skip
@click.option(
    "--allow-host", multiple=True, metavar="NAME",
    help="A name that the server goes by besides, such as that of a proxy; repeatable.",
)  # fmt: skip
@click.option(
    "--certfile", type=click.Path(path_type=Path), metavar="FILE",
    help="Serve HTTPS with this certificate (PEM, with its chain).",
)  # fmt: skip
@click.option(
    "--keyfile", type=click.Path(path_type=Path), metavar="FILE",
    help="Its private key, where that is a file of its own.",
)  # fmt: skip
@click.option(
    "--artifact-limit", default="10GiB", show_default=True, metavar="SIZE",
    help="How much of artifacts each trial of another machine may send; 0: none.",
)  # fmt: skip
@store_option
def serve(
    host: str,
    port: int,
    allow_host: tuple[str, ...],
    certfile: Path | None,
    keyfile: Path | None,
    artifact_limit: str,
    store: str | None,
) -> None:
    """Serve a store over HTTP: its sweeps, for agents anywhere and for programs.

    Anyone on this machine may use it until `sonde token add` makes a token; from then on
    everyone needs one. Ctrl-C ends it: agents wait until it is back, and nothing is lost.
    """
    from sonde.cli.output import say
    from sonde.cli.quantities import bytes_of
    from sonde.server.app import create_app
    from sonde.server.gate import LOCAL_HOSTS
    from sonde.server.serving import Address, check_files, listening, run

    check_files(certfile, keyfile)
    limit = bytes_of(artifact_limit, "--artifact-limit")
    is_local = host in LOCAL_HOSTS
    if not is_local and not exists(store):
        raise _no_token(host)
    address = Address(host=host, port=port, certfile=certfile, keyfile=keyfile)
    # What is refused leaves nothing behind: no store, either.
    with closing(listening(address)) as listener, opened(store, new=True) as opened_store:
        tokens = _tokens(opened_store.url, host, is_local=is_local)
        if not is_local and certfile is None:
            say("without --certfile, tokens and results travel unencrypted")
        app = create_app(
            opened_store,
            hosts=_hosts(host, allow_host, is_local=is_local),
            tokens=tokens,
            is_local=is_local,
            decides=True,
            note=say,
            limit=limit,
        )
        run(
            app,
            address,
            lambda url: say(f"serving {opened_store.url} at {url}; Ctrl-C ends it"),
            listener,
        )


def _hosts(host: str, more: "Sequence[str]", *, is_local: bool) -> frozenset[str] | None:
    """Return the names that the server goes by; None: any, as no cookie of ours has them."""
    from sonde.server.gate import LOCAL_HOSTS

    names = {name.lower() for name in more}
    if is_local:
        return LOCAL_HOSTS | names
    return frozenset({host.lower(), *LOCAL_HOSTS, *names}) if names else None


def _tokens(url: str, host: str, *, is_local: bool) -> "Tokens | None":
    from sonde.agent.place import beside
    from sonde.server.tokens import tokens_of

    if is_local and beside(url, "tokens") is None:
        return None
    tokens = tokens_of(url)
    if not tokens.all() and not is_local:
        raise _no_token(host)
    return tokens


def _no_token(host: str) -> "ConfigError":
    from sonde.errors import ConfigError

    return ConfigError(
        f"--host {host}",
        "whoever reaches it could start programs on your agents, as there is no token",
        "make one first: sonde token add NAME --role admin",
    )
