"""`sonde ls`: the sweeps of a store."""

import os

import click

from sonde.cli.options import format_option, opened, store_option

__all__ = ["ls"]


@click.command()
@click.option("--project", metavar="NAME", help="Only the sweeps of this project.")
@store_option
@format_option
def ls(project: str | None, store: str | None, form: str) -> None:
    """List the sweeps of a store, the newest last."""
    from sonde.cli.output import emit, say
    from sonde.cli.sweeps import sweep_columns, sweep_rows
    from sonde.errors import NotFoundError

    try:
        with opened(store) as opened_store:
            records = [
                record
                for record in opened_store.list_sweeps()
                if project is None or record.sweep.project == project
            ]
            data, cells = sweep_rows(opened_store, records)
    except NotFoundError as no_store:
        if store is not None or os.environ.get("SONDE_STORE"):
            raise  # it was named, so it was thought to be there
        # No store here, no sweeps: that is an answer, not a fault.
        if form == "table":
            say(str(no_store))
        else:
            emit(form, [])
        return
    if form == "table" and not records:
        say("no sweeps yet; sonde run starts one")
    else:
        emit(form, data, sweep_columns(data), cells)
