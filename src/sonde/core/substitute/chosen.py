"""Where in a script a parameter's value goes.

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
from collections.abc import Iterator, Mapping, Sequence

from sonde.core.substitute.first import first_assignments
from sonde.core.substitute.names import Binding, Read, Scope
from sonde.core.substitute.scopes import Scopes
from sonde.core.substitute.spans import Spans

__all__ = ["chosen"]


def chosen(scopes: Scopes, spans: Spans, name: str) -> list[Read | Binding]:
    """Return the reads that become the value and the assignments that get it."""
    owned: dict[Scope, list[Binding]] = {}
    for binding in scopes.bindings:
        if binding.name == name:
            owner = scopes.owner(name, binding.scope)
            if owner is not None:
                owned.setdefault(owner, []).append(binding)
    reads = [read for read in scopes.reads if read.name == name]
    places: list[Read | Binding] = []
    for scope in _meant(owned, name):
        own = [read for read in reads if scopes.owner(name, read.scope) is scope]
        if _reads_suffice(scopes, scope, owned[scope], own, reads, spans):
            places += own
        else:
            places += _firsts(scope, owned[scope])
    return places


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
