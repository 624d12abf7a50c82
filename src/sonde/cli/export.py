"""`sonde export`: the trials of a sweep as a file."""

import sys
from pathlib import Path

import click

from sonde.cli.options import opened, store_option

__all__ = ["export"]


@click.command()
@click.argument("sweep")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Where to; its suffix says what it is: .csv, .json, .tex, .parquet. Default: stdout.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["csv", "json", "tex", "parquet"]),
    help="What it is, where no suffix tells.  [default: csv]",
)
@click.option(
    "--columns",
    metavar="NAME,...",
    help="Which columns, in order: parameters, metrics, number, state, duration_s, started, ... "
    "Default: all.",
)
@click.option(
    "--filter",
    "text",
    default="",
    metavar="TEXT",
    help="Which trials, as in the dashboard: 'done lr<0.01 optimizer=adam'.",
)
@click.option(
    "--sort", default="", metavar="[-]NAME", help="By which column; - before it for descending."
)
@store_option
def export(
    sweep: str,
    output: Path | None,
    form: str | None,
    columns: str | None,
    text: str,
    sort: str,
    store: str | None,
) -> None:
    """Write the trials of a sweep to a file: for spreadsheets, programs and papers."""
    from sonde.analysis.exports import export as exported
    from sonde.analysis.exports import table_of
    from sonde.analysis.filters import chosen
    from sonde.cli.output import say
    from sonde.cli.reading import load

    kind = form or _suffix(output)
    with opened(store) as opened_store:
        record, history = load(opened_store, sweep)
    rows = chosen(record.sweep, history.trials, text)
    names = [name for part in (columns or "").split(",") if (name := part.strip())]
    table = table_of(record.sweep, history.trials, rows, columns=names, sort=sort)
    data = exported(table, kind)
    if output is None:
        sys.stdout.flush()
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        return
    _write(output, data)
    say(f"{output}: {len(rows)} of {len(history.trials)} trials")


def _suffix(output: Path | None) -> str:
    from sonde.analysis.exports import FORMATS
    from sonde.errors import ConfigError

    if output is None:
        return "csv"
    suffix = output.suffix.lower().removeprefix(".")
    if suffix not in FORMATS:
        known = ", ".join(f".{form}" for form in FORMATS)
        raise ConfigError(
            f"--output {output}", "its suffix tells no format", f"use {known}, or --format"
        )
    return suffix


def _write(output: Path, data: bytes) -> None:
    from sonde.errors import ConfigError

    try:
        output.write_bytes(data)
    except OSError as error:
        raise ConfigError(
            f"--output {output}", error.strerror or str(error), "choose another place"
        ) from error
