"""Exports: the table of a sweep's trials as a file, for spreadsheets, programs and papers.

The columns, the filter and the order are those of the dashboard's table. `csv` opens in a
spreadsheet as it is meant, `json` and `parquet` keep every number to the last bit, `tex` is a
table for a paper.
"""

from collections.abc import Callable, Mapping

from sonde.analysis.exports.table import Field, Table, columns_of, table_of
from sonde.errors import ConfigError

__all__ = ["FORMATS", "MEDIA_TYPES", "Field", "Table", "columns_of", "export", "table_of"]


def _csv(table: Table) -> bytes:
    from sonde.analysis.exports.spreadsheet import csv_of

    return csv_of(table)


def _json(table: Table) -> bytes:
    from sonde.analysis.exports.programs import json_of

    return json_of(table)


def _parquet(table: Table) -> bytes:
    from sonde.analysis.exports.programs import parquet_of

    return parquet_of(table)


def _tex(table: Table) -> bytes:
    from sonde.analysis.exports.paper import tex_of

    return tex_of(table)


FORMATS: Mapping[str, Callable[[Table], bytes]] = {
    "csv": _csv,
    "json": _json,
    "tex": _tex,
    "parquet": _parquet,
}
"""By name, which is also the suffix of such a file."""
MEDIA_TYPES: Mapping[str, str] = {
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
    "tex": "application/x-tex; charset=utf-8",
    "parquet": "application/vnd.apache.parquet",
}


def export(table: Table, form: str) -> bytes:
    """Return the bytes of a file.

    Raises:
        ConfigError: If there is no such format, or what it needs is not installed.
    """
    if form not in FORMATS:
        remedy = f"choose from {', '.join(FORMATS)}"
        raise ConfigError(f"format {form}", "there is no such format", remedy)
    return FORMATS[form](table)
