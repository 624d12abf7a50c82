"""JSON and Parquet, for programs: every number comes back to the last bit."""

import io
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sonde.analysis.exports.table import MISSING, Table
from sonde.analysis.strict_json import plain
from sonde.core.distributions.values import is_number
from sonde.errors import ConfigError

__all__ = ["json_of", "parquet_of"]

_LONG = 2**63
_PLAIN = frozenset({str, int, bool, type(None)})  # what JSON has as it is


def json_of(table: Table) -> bytes:
    """Return an array of objects, one a trial, a line each; what is missing is null."""
    names = [field.name for field in table.fields]
    lines = [
        json.dumps(
            {name: _strict(value) for name, value in zip(names, row, strict=True)},
            allow_nan=False,
            ensure_ascii=False,
        )
        for row in table.rows
    ]
    return ("[\n" + ",\n".join(lines) + "\n]\n").encode() if lines else b"[]\n"


def _strict(value: Any) -> Any:
    return value if type(value) in _PLAIN else plain(value)


def parquet_of(table: Table) -> bytes:
    """Return a Parquet file.

    Numbers are doubles, or 64-bit integers where all are whole; NaN is told from what is missing.
    A column of other values than numbers, text, bools or times is JSON text.

    Raises:
        ConfigError: If pyarrow is not installed.
    """
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError as error:
        raise ConfigError(
            "parquet", "pyarrow is not installed", "pip install pyarrow, or export csv"
        ) from error
    columns = [[row[place] for row in table.rows] for place in range(len(table.fields))]
    arrays = [_array(pa, values) for values in columns]
    names = [field.name for field in table.fields]
    sink = io.BytesIO()
    parquet.write_table(pa.table(arrays, names=names), sink)
    return sink.getvalue()


def _array(pa: Any, values: Sequence[Any]) -> Any:
    kinds = {type(value) for value in values if value is not MISSING}
    if kinds <= {int} and all(v is MISSING or -_LONG <= v < _LONG for v in values) and kinds:
        return pa.array(values, pa.int64())
    if kinds <= {int, float} and kinds:
        exact = [v for v in values if v is not MISSING and is_number(v) and isinstance(v, int)]
        if all(abs(v) <= 2**53 for v in exact):
            found = [None if v is MISSING else float(v) for v in values]
            return pa.array(found, pa.float64(), from_pandas=False)
    if kinds == {bool}:
        return pa.array(values, pa.bool_())
    if kinds == {datetime}:
        times = [None if v is MISSING else v.astimezone(UTC) for v in values]
        return pa.array(times, pa.timestamp("us", "UTC"))
    texts = [_text(value) for value in values]
    return pa.array(texts, pa.string())


def _text(value: Any) -> str | None:
    if value is MISSING or isinstance(value, str):
        return value
    return json.dumps(plain(value), ensure_ascii=False)
