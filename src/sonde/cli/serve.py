"""`sonde serve`: a store over HTTP, for agents on other machines and for programs."""

import click

from sonde.cli.options import opened, store_option

__all__ = ["serve"]


@click.command()
@click.option(
    "--host", default="127.0.0.1", show_default=True, metavar="NAME", help="Where to listen."
)
@click.option(
    "--port", type=click.IntRange(0, 65535), default=7733, show_default=True, metavar="N",
    help="At which port; 0: any that is free.",
)  # fmt: skip
@store_option
def serve(host: str, port: int, store: str | None) -> None:
    """Serve a store over HTTP: its sweeps, for agents anywhere and for programs.

    Ctrl-C ends it. Agents wait until it is back; nothing is lost.
    """
    from sonde.cli.output import say
    from sonde.server.app import create_app
    from sonde.server.serving import Address, run

    with opened(store, new=True) as opened_store:
        app = create_app(opened_store, decides=True, note=say)
        run(
            app,
            Address(host=host, port=port),
            lambda url: say(f"serving {opened_store.url} at {url}; Ctrl-C ends it"),
        )
