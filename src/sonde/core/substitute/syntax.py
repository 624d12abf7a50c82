"""Values put in for names by the rules of Python: the default for Python scripts.

Meant is a name that the module assigns (`lr = 0.01`, `lr: float = 0.01`, `lr, bs = 0.1, 32`, a
walrus); failing that, one that functions assign; failing that, one that class bodies do. Where
several functions or classes assign it, those that give it a plain literal are meant.

In each such scope, one of two ways:

- *read*: every read of the bare name becomes the value, its assignment stays as it is. Strings,
  comments, keywords, attributes, imports, parameters and whatever hides the name are left alone.
- *assignment*: its first assignment gets the value (the first in each branch, see `first`). So
  wherever replacing reads could change what the script means: the name is bound more than once
  (`lr *= 0.95`: the schedule keeps working), is read above its assignment or in an f-string, is
  called like a builtin, is looked up by `eval`, `globals()` and the like, or a literal would be
  no valid or no clean Python in the place of a read.
"""

import ast
import builtins
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from sonde.core.distributions import Value
from sonde.core.substitute.first import first_assignments
from sonde.core.substitute.result import (
    How,
    Place,
    Substitution,
    literal,
    names_in_text,
    shortened,
)
from sonde.core.substitute.scopes import Binding, Read, Scope, Scopes, parse
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
    owned: dict[Scope, list[Binding]] = {}
    for binding in scopes.bindings:
        if binding.name == identifier:
            owner = scopes.owner(identifier, binding.scope)
            if owner is not None:
                owned.setdefault(owner, []).append(binding)
    reads = [read for read in scopes.reads if read.name == identifier]
    edits: list[_Edit] = []
    for scope in _meant(owned, identifier):
        bindings = owned[scope]
        own = [read for read in reads if scopes.owner(identifier, read.scope) is scope]
        if _reads_suffice(scopes, scope, bindings, own, reads, spans):
            edits += [_read_edit(spans, read, name, text) for read in own]
        else:
            for binding in _firsts(scope, bindings):
                edits += _assignment_edits(spans, binding, name, text)
    return edits


def _meant(owned: Mapping[Scope, Sequence[Binding]], name: str) -> list[Scope]:
    """Return the scopes whose variable of this name is the parameter."""
    assigning = [
        scope
        for scope, bindings in owned.items()
        if name not in scope.parameters and any(binding.assigned for binding in bindings)
    ]
    for kind in ("module", "function", "class"):
        scopes = [scope for scope in assigning if scope.kind == kind]
        # What a scope inside of another one assigns hides the outer name: it is another variable.
        scopes = [scope for scope in scopes if not any(o in scopes for o in _outer(scope))]
        plain = [scope for scope in scopes if _is_literal(_firsts(scope, owned[scope])[0])]
        if scopes:
            return plain or scopes
    return []


def _outer(scope: Scope) -> Iterator[Scope]:
    while scope.parent is not None:
        scope = scope.parent
        yield scope


def _is_literal(binding: Binding) -> bool:
    value = binding.assigned.value if binding.assigned else None
    if isinstance(value, ast.UnaryOp):
        value = value.operand
    return isinstance(value, ast.Constant)


def _reads_suffice(
    scopes: Scopes,
    scope: Scope,
    bindings: Sequence[Binding],
    own: Sequence[Read],
    reads: Sequence[Read],
    spans: Spans,
) -> bool:
    """Tell whether replacing the reads gives the script the value and changes nothing else."""
    only = bindings[0]
    if len(bindings) > 1 or only.assigned is None or only.scope is not scope:
        return False
    if only.assigned.statement is None:  # a walrus is a read as well
        return False
    if scope.kind == "class" or scopes.is_dynamic or hasattr(builtins, only.name):
        return False
    # `class C: lr = lr` reads the outer name first and its own afterwards.
    ambiguous = (
        read.scope.kind == "class"
        and read.scope.parent is not None
        and read.name in read.scope.bound
        and scopes.owner(read.name, read.scope.parent) is scope
        for read in reads
    )
    if any(ambiguous) or not all(read.replaceable for read in own):
        return False
    bound_at = spans.of(only.assigned.statement)[1]
    return all(
        spans.of(read.node)[0] >= bound_at for read in own if _runs_at_once(read.scope, scope)
    )


def _runs_at_once(inner: Scope, scope: Scope) -> bool:
    """Whether code of `inner` is executed where it stands in `scope`, not when it is called."""
    here: Scope | None = inner
    while here is not None and here is not scope:
        if here.kind == "function":
            return False
        here = here.parent
    return True


def _firsts(scope: Scope, bindings: Sequence[Binding]) -> list[Binding]:
    """Return the assignments that get the value: the scope's own, or those by `global` in others.

    There is at least one assignment among `bindings`.
    """
    inside = [binding for binding in bindings if binding.scope is scope and binding.assigned]
    assigning = inside or [binding for binding in bindings if binding.assigned]
    found: list[Binding] = []
    for where in dict.fromkeys(binding.scope for binding in assigning):
        nodes = {
            id(binding.assigned.statement or binding.assigned.value): binding
            for binding in reversed(assigning)
            if binding.scope is where and binding.assigned
        }
        found += _first_in(where, nodes)
    return found


def _first_in(scope: Scope, nodes: Mapping[int, Binding]) -> list[Binding]:
    wanted = [
        binding.assigned.statement or binding.assigned.value
        for binding in nodes.values()
        if binding.assigned
    ]
    first = first_assignments(scope.body, [node for node in wanted if node is not None])
    found = [nodes[id(node)] for node in first]
    # A walrus in a lambda or a comprehension's inside is in no statement list of its own.
    return found or list(nodes.values())[-1:]


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
