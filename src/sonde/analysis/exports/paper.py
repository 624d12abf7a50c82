"""A LaTeX table with booktabs' rules, numbers with four digits."""

import json
import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sonde.analysis.exports.table import MISSING, Table
from sonde.analysis.strict_json import plain

__all__ = ["tex_of"]

_DIGITS = 4
_SPECIAL: Mapping[str, str] = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "\n": " ",
    "\r": " ",
    "\t": " ",
}
_ESCAPES = str.maketrans(dict(_SPECIAL))


def tex_of(table: Table) -> bytes:
    r"""Return a `tabular`; it needs `\usepackage{booktabs}` (and T1 fonts for quotation marks)."""
    columns = [[row[place] for row in table.rows] for place in range(len(table.fields))]
    aligned = "".join("r" if _is_numeric(values) else "l" for values in columns)
    head = " & ".join(_escaped(field.name) for field in table.fields)
    body = [" & ".join(map(_cell, row)) + r" \\" for row in table.rows]
    lines = [
        r"% \usepackage[T1]{fontenc}  \usepackage{booktabs}",
        rf"\begin{{tabular}}{{{aligned}}}",
        r"\toprule",
        head + r" \\",
        r"\midrule",
        *body,
        r"\bottomrule",
        r"\end{tabular}",
    ]
    return ("\n".join(lines) + "\n").encode()


def _is_numeric(values: Sequence[Any]) -> bool:
    found = [value for value in values if value is not MISSING]
    return bool(found) and all(type(value) in {int, float} for value in found)


def _cell(value: Any) -> str:
    if value is MISSING:
        return "--"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, int):
        return str(value) if value >= 0 else f"${value}$"
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
    return _escaped(value if isinstance(value, str) else json.dumps(plain(value)))


def _number(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return r"$\infty$" if value > 0 else r"$-\infty$"
    text = f"{value:.{_DIGITS}g}"
    mantissa, e, exponent = text.partition("e")
    if e:
        return rf"${mantissa} \times 10^{{{int(exponent)}}}$"
    return f"${text}$" if value < 0 else text


def _escaped(text: str) -> str:
    return text.translate(_ESCAPES)
