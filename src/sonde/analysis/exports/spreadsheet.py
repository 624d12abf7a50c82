"""CSV that spreadsheets open as it is meant.

Lines end as RFC 4180 says. Text that a spreadsheet would take for a formula, and run, has an
apostrophe before it, which it does not show. A file with other than ASCII text begins with the
mark by which Excel knows UTF-8.
"""

import csv
import io
import json
import math
from typing import Any

from sonde.analysis.exports.table import MISSING, Table
from sonde.analysis.strict_json import plain

__all__ = ["csv_of"]

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def csv_of(table: Table) -> bytes:
    """Return the table as CSV; what is missing is an empty cell."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([_guarded(field.name) for field in table.fields])
    writer.writerows([_cell(value) for value in row] for row in table.rows)
    written = text.getvalue()
    return written.encode("utf-8" if written.isascii() else "utf-8-sig")


def _cell(value: Any) -> Any:
    if value is MISSING:
        return ""
    if type(value) is float and math.isfinite(value):  # by far the most
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return value
    value = plain(value)  # NaN, infinities and times as text
    if isinstance(value, float):
        return repr(value)
    if not isinstance(value, str):
        value = json.dumps(value, ensure_ascii=False)
    return value if value == "-Infinity" else _guarded(value)


def _guarded(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text
