"""`sonde doctor`: what this machine has and lacks."""

import click

from sonde.cli.options import format_option, store_option

__all__ = ["doctor"]


@click.command()
@store_option
@format_option
def doctor(store: str | None, form: str) -> None:
    """Say what this machine has and lacks, and how to get it.

    Changes nothing. Exit code 1 if something is missing that sonde needs.
    """
    from sonde.cli.check import Level
    from sonde.cli.checks import checks
    from sonde.cli.output import emit
    from sonde.cli.screen import screen_of

    found = checks(store)
    if form != "table":
        rows = [check.as_row() for check in found]
        if form == "csv":
            rows = [{k: v for k, v in row.items() if k != "facts"} for row in rows]
        emit(form, rows)
    else:
        screen = screen_of()
        width = max(len(check.name) for check in found)
        colours = {Level.OK: "green", Level.LACKS: "yellow", Level.FAILS: "red"}
        for check in found:
            word = click.style(f"{check.level.value:<5}", fg=colours[check.level])
            shown = word if screen.colours else f"{check.level.value:<5}"
            click.echo(f"{shown}  {check.name:<{width}}  {check.found}")
            if check.remedy:
                click.echo(f"{'':<5}  {'':<{width}}  {check.remedy}")
    if any(check.level is Level.FAILS for check in found):
        click.get_current_context().exit(1)
