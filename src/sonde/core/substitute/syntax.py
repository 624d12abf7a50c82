"""Values put in for names by the rules of Python: the default for Python scripts.

Where a value goes is chosen in `sonde.core.substitute.chosen`. Here it is written: as a literal,
in brackets where it would else bind differently, and never so that an effect of the script is
lost or the text besides changes.
"""

import ast
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from sonde.core.distributions import Value
from sonde.core.substitute.chosen import chosen
from sonde.core.substitute.names import Binding, Read
from sonde.core.substitute.result import (
    How,
    Place,
    Substitution,
    literal,
    names_in_text,
    shortened,
)
from sonde.core.substitute.scopes import Scopes, parse
from sonde.core.substitute.spans import Spans
from sonde.errors import ConfigError

__all__ = ["by_syntax", "candidates"]

_COOKIE = re.compile(r"[^\n]*\n?[ \t\f]*#.*?coding[:=][ \t]*(?!utf-?8)[-\w.]+", re.IGNORECASE)
_EFFECTS = (ast.Call, ast.Await, ast.Yield, ast.YieldFrom, ast.NamedExpr)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Edit:
    start: int
    end: int
    after: str
    name: str
    how: How
    counts: bool = True  # False for the opening half of a pair of edits


def by_syntax(
    source: str, values: Mapping[str, Value], *, script: str = "the script"
) -> Substitution:
    """Put `values` into Python source; see the module's docstring.

    Args:
        source: The text, with its line ends and byte order mark as they are.
        values: By parameter; names that Python cannot have occur nowhere.
        script: How the user called the script, for errors.

    Raises:
        ConfigError: The source is not Python; its place names line and column.
    """
    spans = Spans(source)
    ascii_only = _COOKIE.match(source) is not None
    edits: list[_Edit] = []
    notes: dict[str, str] = {}
    with _depth_checked(script):
        scopes = Scopes(parse(spans.body, script))
        for name, value in values.items():
            # Python compares identifiers in this form, and the tree has them in it.
            identifier = unicodedata.normalize("NFKC", name)
            text = literal(value, ascii_only=ascii_only)
            found = _edits(scopes, spans, identifier, name, text)
            edits += found
            note = "" if found else _note(scopes, identifier, script)
            if note:
                notes[name] = note
    return _applied(source, edits, values, notes, spans)


def candidates(source: str) -> dict[str, str]:
    """Return the names that `source` assigns with the text of their present values, shortened.

    In the order of the text, the module's before those of functions and classes. What is not
    Python is searched for lines of the form `NAME = VALUE`.
    """
    spans = Spans(source)
    try:
        with _depth_checked(""):
            scopes = Scopes(parse(spans.body, ""))
    except ConfigError:
        return names_in_text(source)
    found: dict[str, str] = {}
    for binding in sorted(scopes.bindings, key=lambda binding: binding.scope is not scopes.module):
        if binding.assigned is None or binding.name == "_":
            continue
        value = binding.assigned.value or getattr(binding.assigned.statement, "value", None)
        if value is not None:
            start, end = spans.of(value)
            found.setdefault(binding.name, shortened(source[start:end]))
    return found


@contextmanager
def _depth_checked(script: str) -> Iterator[None]:
    try:
        yield
    except RecursionError as error:
        raise ConfigError(
            script, "it is too deeply nested to analyse", "use --substitute regex"
        ) from error


def _edits(scopes: Scopes, spans: Spans, identifier: str, name: str, text: str) -> list[_Edit]:
    edits: list[_Edit] = []
    for one in chosen(scopes, spans, identifier):
        if isinstance(one, Read):
            edits.append(_read_edit(spans, one, name, text))
        else:
            edits += _assignment_edits(spans, one, name, text)
    return edits


def _read_edit(spans: Spans, read: Read, name: str, text: str) -> _Edit:
    start, end = spans.of(read.node)
    around = read.around
    negative = text.startswith("-") and isinstance(
        around, ast.BinOp | ast.UnaryOp | ast.Await | ast.Starred
    )
    if negative or isinstance(around, ast.Attribute):
        text = f"({text})"
    return _Edit(start=start, end=end, after=text, name=name, how="read")


def _assignment_edits(spans: Spans, binding: Binding, name: str, text: str) -> list[_Edit]:
    assigned = binding.assigned
    if assigned is None:
        return []
    value, statement = assigned.value, assigned.statement
    if value is not None and not any(isinstance(node, _EFFECTS) for node in ast.walk(value)):
        start, end = spans.of(value)
        return [_Edit(start=start, end=end, after=text, name=name, how="assignment")]
    # What the assigned expression does besides must still happen.
    if statement is not None:
        end = spans.of(statement)[1]
        after = f"; {binding.name} = {text}"
        return [_Edit(start=end, end=end, after=after, name=name, how="assignment")]
    if value is None:
        return []
    start, end = spans.of(value)
    return [
        _Edit(start=start, end=start, after="(", name=name, how="assignment", counts=False),
        _Edit(start=end, end=end, after=f", {text})[1]", name=name, how="assignment"),
    ]


def _applied(
    source: str,
    edits: Sequence[_Edit],
    values: Mapping[str, Value],
    notes: Mapping[str, str],
    spans: Spans,
) -> Substitution:
    counts = dict.fromkeys(values, 0)
    places: list[Place] = []
    parts, done = [], 0
    # What only adds text first, then the longer: a read inside an expression that is replaced as
    # a whole is gone with it.
    order = sorted(edits, key=lambda edit: (edit.start, edit.start != edit.end, -edit.end))
    for edit in order:
        if edit.start < done:
            continue
        before = source[edit.start : edit.end]
        line, column = spans.position(edit.start)
        places.append(
            Place(
                line=line,
                column=column,
                name=edit.name,
                how=edit.how,
                before=before,
                after=edit.after,
            )
        )
        counts[edit.name] += edit.counts
        parts += [source[done : edit.start], edit.after]
        done = edit.end
    parts.append(source[done:])
    return Substitution(
        source=source, text="".join(parts), counts=counts, places=tuple(places), notes=notes
    )


def _note(scopes: Scopes, name: str, script: str) -> str:
    """Say what there is of a name that got no place."""
    bindings = [binding for binding in scopes.bindings if binding.name == name]
    assigned = [binding for binding in bindings if binding.assigned]
    if assigned:
        return f"{name} is assigned in {script} (line {assigned[0].line}), but nothing reads it"
    if bindings:
        return f"{name} is no plain variable in {script}: see line {bindings[0].line}"
    if name in scopes.parameters:
        return f"{name} is a function's parameter in {script} (line {scopes.parameters[name]})"
    if any(read.name == name for read in scopes.reads):
        return f"{name} is read in {script}, but not assigned there"
    return ""
