"""All names of a module, written down in one walk over its syntax tree.

Which scope a name belongs to is settled in `scopes`, once all bindings are known.
"""

import ast
from collections.abc import Iterator, Sequence

from sonde.core.substitute.names import Assigned, Binding, Names, Read, Scope

__all__ = ["collect"]

Parameters = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
Comprehension = ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp

_NAMESPACES = frozenset({"eval", "exec", "globals", "locals"})


def collect(tree: ast.Module) -> Names:
    """Return what binds and what reads names in a module."""
    found = _Collector(tree)
    return Names(
        module=found.module,
        bindings=tuple(found.bindings),
        reads=tuple(found.reads),
        parameters=found.parameters,
        is_dynamic=found.is_dynamic,
    )


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
