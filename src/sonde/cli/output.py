"""Results on stdout, as a table, as JSON or as CSV."""

import csv
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import click

from sonde.analysis.strict_json import iso, plain
from sonde.cli.screen import screen_of
from sonde.cli.table import Column, table

__all__ = ["COLOURS", "emit", "iso", "plain", "say", "to_json"]

COLOURS = {
    "done": "green",
    "running": "cyan",
    "failed": "red",
    "stopped": "yellow",
    "paused": "yellow",
    "cancelled": "bright_black",
}


def emit(
    form: str,
    data: Any,
    columns: Sequence[Column] = (),
    cells: Iterable[Mapping[str, str]] = (),
) -> None:
    """Print results.

    Args:
        form: `table`, `json` or `csv`.
        data: An object or an array of objects, for JSON and CSV.
        columns: Of the table.
        cells: The table's rows.
    """
    if form == "json":
        click.echo(to_json(data, indent=2))
    elif form == "csv":
        _csv([data] if isinstance(data, Mapping) else data)
    else:
        for line in table(columns, list(cells), screen_of(), COLOURS):
            click.echo(line)


def say(text: str) -> None:
    """Tell people something that is no result: on stderr."""
    click.echo(text, err=True)


def to_json(data: Any, indent: int | None = None) -> str:
    """Strict JSON: NaN and infinities become the strings "NaN", "Infinity", "-Infinity"."""
    encoding = (getattr(sys.stdout, "encoding", None) or "ascii").lower()
    return json.dumps(
        plain(data), indent=indent, allow_nan=False, ensure_ascii=not encoding.startswith("utf")
    )


def _csv(rows: Iterable[Mapping[str, Any]]) -> None:
    """One line an object; nested objects become columns `params.lr`; a missing value is empty."""
    flat = [_flat(plain(row)) for row in rows]
    keys = list(dict.fromkeys(key for row in flat for key in row))
    writer = csv.DictWriter(sys.stdout, keys, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(flat)


def _flat(value: Mapping[str, Any], path: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, item in value.items():
        name = f"{path}.{key}" if path else key
        if isinstance(item, Mapping):
            flat |= _flat(item, name)
        elif isinstance(item, list):
            flat[name] = json.dumps(item)
        elif isinstance(item, bool):
            flat[name] = "true" if item else "false"
        else:
            flat[name] = item
    return flat
