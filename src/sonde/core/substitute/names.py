"""Names in a module: the scopes there are, what binds a name, what reads it."""

import ast
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

__all__ = ["Assigned", "Binding", "Names", "Read", "Scope"]

Kind = Literal["module", "function", "class", "comprehension"]


@dataclass(eq=False, slots=True)
class Scope:
    """One namespace, and what is said about names in it."""

    kind: Kind
    parent: "Scope | None" = None
    body: Sequence[ast.stmt] = ()
    parameters: set[str] = field(default_factory=set)
    bound: set[str] = field(default_factory=set)
    globals: set[str] = field(default_factory=set)
    nonlocals: set[str] = field(default_factory=set)


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Assigned:
    """A plain assignment to a name.

    Attributes:
        value: The expression that the name alone gets; None where there is none of its own, as
            in `a = b = 1` or `a, b = f()`.
        statement: None for a walrus.
    """

    value: ast.expr | None
    statement: ast.Assign | ast.AnnAssign | None


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Binding:
    """Something that gives a name a value: an assignment, or a loop, import, `del`, `+=`, ..."""

    name: str
    scope: Scope
    line: int
    assigned: Assigned | None


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Read:
    """A use of a name's value.

    Attributes:
        around: The node that the name is a direct part of.
        replaceable: Whether a literal may stand in its place. It may not inside f-strings and
            patterns, and where Python would warn about a literal (`5 is None`, `5()`).
    """

    name: str
    scope: Scope
    node: ast.Name
    around: ast.AST
    replaceable: bool


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Names:
    """All bindings and reads of a module, in the order of evaluation.

    Attributes:
        module: The module's scope.
        parameters: The line of each name's first use as a function's parameter.
        is_dynamic: Whether the module looks into namespaces: eval, exec, globals, locals, vars(),
            sys.modules, __main__.
    """

    module: Scope
    bindings: tuple[Binding, ...]
    reads: tuple[Read, ...]
    parameters: dict[str, int]
    is_dynamic: bool
