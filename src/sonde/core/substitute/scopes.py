"""Who binds and who reads a name: Python's scoping rules over a syntax tree.

The compiler's own tables (`symtable`) say which scope a name belongs to, but not where in the text
it stands, and the two trees differ between Python versions. So the rules are applied here, from
the language reference, section 4.2.2 (Resolution of names): a name is local to the innermost
function or module that binds it, class bodies are skipped from within functions, comprehensions
are functions of their own, and `:=` inside them binds outside.
"""

import ast
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from sonde.errors import ConfigError

__all__ = ["Assigned", "Binding", "Read", "Scope", "Scopes", "parse"]

Kind = Literal["module", "function", "class", "comprehension"]
Parameters = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
Comprehension = ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp

_NAMESPACES = frozenset({"eval", "exec", "globals", "locals"})


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


class Scopes:
    """All bindings and reads of a module, and the scopes they belong to."""

    def __init__(self, tree: ast.Module) -> None:
        collector = _Collector(tree)
        self.module = collector.module
        self.bindings: tuple[Binding, ...] = tuple(collector.bindings)
        self.reads: tuple[Read, ...] = tuple(collector.reads)
        self.parameters = collector.parameters
        """The line of each name's first use as a function's parameter."""
        self.is_dynamic = collector.is_dynamic
        """Whether the module looks into namespaces: eval, exec, globals, locals, vars()."""
        for binding in self.bindings:
            declared = binding.scope.globals | binding.scope.nonlocals
            if binding.name not in declared:
                binding.scope.bound.add(binding.name)
            elif binding.name in binding.scope.globals:
                self.module.bound.add(binding.name)

    def owner(self, name: str, scope: Scope) -> Scope | None:
        """Return the scope whose `name` is meant inside `scope`; None for builtins."""
        here: Scope | None = scope
        first = True
        while here is not None:
            if name in here.globals:
                here = self.module
            if name in here.bound and (first or here.kind != "class"):
                return here
            here, first = here.parent, False
        return None


def parse(source: str, script: str) -> ast.Module:
    """Return the syntax tree of `source`, which has no byte order mark.

    Raises:
        ConfigError: It is not Python, or not of this version.
    """
    remedy = "correct it, or use --substitute regex, which works on any text"
    try:
        with warnings.catch_warnings():
            # What Python thinks of the script's style is said when it runs, not here.
            warnings.simplefilter("ignore")
            return ast.parse(source)
    except SyntaxError as error:
        where = f"{script}, line {error.lineno}, column {error.offset}"
        raise ConfigError(where, error.msg, remedy) from error
    except ValueError as error:  # null bytes, before Python 3.12
        raise ConfigError(script, str(error), remedy) from error
    except (RecursionError, MemoryError) as error:
        raise ConfigError(script, "too deeply nested to analyse", remedy) from error


class _Collector(ast.NodeVisitor):
    def __init__(self, tree: ast.Module) -> None:
        self.module = self.scope = Scope("module", body=tree.body)
        self.bindings: list[Binding] = []
        self.reads: list[Read] = []
        self.parameters: dict[str, int] = {}
        self.is_dynamic = False
        self._path: list[ast.AST] = []
        self._literal_forbidden = 0
        self._classes = 0
        self.visit(tree)

    def visit(self, node: ast.AST) -> None:
        self._path.append(node)
        super().visit(node)
        self._path.pop()

    # Names

    def visit_Name(self, node: ast.Name) -> None:
        if not isinstance(node.ctx, ast.Load):
            self._bind(node.id, node)
            return
        if self._classes and node.id.startswith("__") and not node.id.endswith("__"):
            return  # mangled: inside a class, __x is another name
        around = self._path[-2]
        if node.id in _NAMESPACES or (
            node.id == "vars" and isinstance(around, ast.Call) and not around.args
        ):
            self.is_dynamic = True
        read = Read(
            name=node.id,
            scope=self.scope,
            node=node,
            around=around,
            replaceable=not self._literal_forbidden and not _warns(node, around),
        )
        self.reads.append(read)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        if node.attr == "modules" and isinstance(node.value, ast.Name) and node.value.id == "sys":
            self.is_dynamic = True
        self.generic_visit(node)

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        self._without_literals(node)

    def visit_TemplateStr(self, node: ast.AST) -> None:  # Python 3.14
        self._without_literals(node)

    def visit_match_case(self, node: ast.match_case) -> None:
        self._literal_forbidden += 1
        self.visit(node.pattern)
        self._literal_forbidden -= 1
        for part in (node.guard, *node.body):
            if part is not None:
                self.visit(part)

    def _without_literals(self, node: ast.AST) -> None:
        self._literal_forbidden += 1
        self.generic_visit(node)
        self._literal_forbidden -= 1

    # Assignments

    def visit_Assign(self, node: ast.Assign) -> None:
        self.visit(node.value)
        own = node.value if len(node.targets) == 1 else None
        for target in node.targets:
            self._assign(target, own, node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        self.visit(node.annotation)
        if node.value is not None:
            self.visit(node.value)
            self._assign(node.target, node.value, node)
        elif not isinstance(node.target, ast.Name):
            self.visit(node.target)
        elif self.scope.kind == "function":
            self.scope.bound.add(node.target.id)  # declares a local without giving it a value

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        self.visit(node.value)
        self._bind(node.target.id, node, Assigned(value=node.value, statement=None))

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        self.visit(node.target)
        self.visit(node.value)

    def _assign(
        self, target: ast.expr, value: ast.expr | None, statement: ast.Assign | ast.AnnAssign
    ) -> None:
        if isinstance(target, ast.Name):
            self._bind(target.id, target, Assigned(value=value, statement=statement))
        elif isinstance(target, ast.Starred):
            self._assign(target.value, None, statement)
        elif isinstance(target, ast.Tuple | ast.List):
            for part, own in zip(target.elts, _elements(target, value), strict=True):
                self._assign(part, own, statement)
        else:
            self.visit(target)

    # Other bindings

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        if node.name:
            self._bind(node.name, node)
        self.generic_visit(node)

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            self._bind(alias.asname or alias.name.partition(".")[0], node)
            self.is_dynamic |= alias.name == "__main__"

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        for alias in node.names:
            self._bind(alias.asname or alias.name, node)

    def visit_MatchAs(self, node: ast.MatchAs) -> None:
        self._bind_if(node.name, node)

    def visit_MatchStar(self, node: ast.MatchStar) -> None:
        self._bind_if(node.name, node)

    def visit_MatchMapping(self, node: ast.MatchMapping) -> None:
        self._bind_if(node.rest, node)

    def visit_Global(self, node: ast.Global) -> None:
        self.scope.globals.update(node.names)

    def visit_Nonlocal(self, node: ast.Nonlocal) -> None:
        self.scope.nonlocals.update(node.names)

    def _bind_if(self, name: str | None, node: ast.pattern) -> None:
        if name:
            self._bind(name, node)
        self.generic_visit(node)

    def _bind(
        self,
        name: str,
        node: ast.stmt | ast.expr | ast.excepthandler | ast.pattern,
        assigned: Assigned | None = None,
    ) -> None:
        scope = self.scope
        if isinstance(node, ast.NamedExpr):
            while scope.kind == "comprehension" and scope.parent is not None:
                scope = scope.parent
        self.bindings.append(Binding(name=name, scope=scope, line=node.lineno, assigned=assigned))

    # Scopes

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self._define(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self._define(node)

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self._signature(node)
        with_body = Scope("function", self.scope, parameters=_parameters(node.args))
        self._inside(with_body, [node.body])

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self._bind(node.name, node)
        for part in (*node.decorator_list, *node.bases, *node.keywords):
            self.visit(part)
        self._classes += 1
        self._inside(Scope("class", self.scope, body=node.body), node.body)
        self._classes -= 1

    def visit_ListComp(self, node: ast.ListComp) -> None:
        self._comprehend(node, node.elt)

    def visit_SetComp(self, node: ast.SetComp) -> None:
        self._comprehend(node, node.elt)

    def visit_GeneratorExp(self, node: ast.GeneratorExp) -> None:
        self._comprehend(node, node.elt)

    def visit_DictComp(self, node: ast.DictComp) -> None:
        self._comprehend(node, node.key, node.value)

    def _define(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self._bind(node.name, node)
        for decorator in node.decorator_list:
            self.visit(decorator)
        self._signature(node)
        scope = Scope("function", self.scope, node.body, parameters=_parameters(node.args))
        self._inside(scope, node.body)

    def _signature(self, node: Parameters) -> None:
        """Visit defaults and annotations, which are evaluated outside of the function."""
        for default in (*node.args.defaults, *node.args.kw_defaults):
            if default is not None:
                self.visit(default)
        for argument in _arguments(node.args):
            self.parameters.setdefault(argument.arg, argument.lineno)
            if argument.annotation is not None:
                self.visit(argument.annotation)
        if not isinstance(node, ast.Lambda) and node.returns is not None:
            self.visit(node.returns)

    def _comprehend(self, node: Comprehension, *results: ast.expr) -> None:
        first = node.generators[0]
        self.visit(first.iter)  # evaluated outside of the comprehension
        parts: list[ast.AST] = [first.target, *first.ifs]
        for generator in node.generators[1:]:
            parts += [generator.target, generator.iter, *generator.ifs]
        self._inside(Scope("comprehension", self.scope), [*parts, *results])

    def _inside(self, scope: Scope, parts: Sequence[ast.AST]) -> None:
        scope.bound |= scope.parameters
        outer, self.scope = self.scope, scope
        for part in parts:
            self.visit(part)
        self.scope = outer


def _elements(target: ast.Tuple | ast.List, value: ast.expr | None) -> Sequence[ast.expr | None]:
    """Return the expression that each part of a tuple gets, None where it has none of its own."""
    if (
        isinstance(value, ast.Tuple | ast.List)
        and len(value.elts) == len(target.elts)
        and not any(isinstance(part, ast.Starred) for part in (*target.elts, *value.elts))
    ):
        return value.elts
    return [None] * len(target.elts)


def _warns(node: ast.Name, around: ast.AST) -> bool:
    if isinstance(around, ast.Compare):
        return any(isinstance(op, ast.Is | ast.IsNot) for op in around.ops)
    if isinstance(around, ast.Call):
        return around.func is node
    return isinstance(around, ast.Subscript) and around.value is node


def _arguments(args: ast.arguments) -> Iterator[ast.arg]:
    yield from (*args.posonlyargs, *args.args, *args.kwonlyargs)
    yield from (one for one in (args.vararg, args.kwarg) if one is not None)


def _parameters(args: ast.arguments) -> set[str]:
    return {argument.arg for argument in _arguments(args)}
