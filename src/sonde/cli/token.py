"""`sonde token`: who may use a server."""

import click

from sonde.cli.options import format_option, opened, store_option

__all__ = ["token"]


@click.group()
def token() -> None:
    """Make, list and revoke the tokens that `sonde serve` asks for."""


@token.command()
@click.argument("name")
@click.option(
    "--role", type=click.Choice(["viewer", "agent", "admin"]), default="agent", show_default=True,
    help="viewer: look; agent: run trials; admin: make and control sweeps.",
)  # fmt: skip
@store_option
def add(name: str, role: str, store: str | None) -> None:
    """Make a token, called NAME, and print it: this once."""
    from sonde.cli.output import say
    from sonde.server.roles import Role
    from sonde.server.tokens import tokens_of

    with opened(store, new=True) as opened_store:
        made = tokens_of(opened_store.url).add(name, Role[role.upper()])
    say(f"a token for the role {role}; it is not shown again:")
    click.echo(made)


@token.command()
@store_option
@format_option
def ls(store: str | None, form: str) -> None:
    """List the tokens: their names and roles."""
    from sonde.cli.output import emit, say
    from sonde.cli.table import Column
    from sonde.server.tokens import tokens_of

    with opened(store) as opened_store:
        found = tokens_of(opened_store.url).all()
    rows = [{"name": one.name, "role": one.role.word, "created": one.created} for one in found]
    if form == "table" and not rows:
        say("no tokens: anyone on this machine may use `sonde serve`, and nobody else")
        return
    columns = [
        Column(key="name", title="name"),
        Column(key="role", title="role"),
        Column(key="created", title="made"),
    ]
    cells = [
        {"name": one.name, "role": one.role.word, "created": f"{one.created:%Y-%m-%d %H:%M}"}
        for one in found
    ]
    emit(form, rows, columns, cells)


@token.command()
@click.argument("name")
@store_option
def revoke(name: str, store: str | None) -> None:
    """Revoke a token: it is refused from the next request on."""
    from sonde.cli.output import say
    from sonde.server.tokens import tokens_of

    with opened(store) as opened_store:
        tokens_of(opened_store.url).revoke(name)
    say(f"{name} is revoked")
