"""Which assignments give a name its first value, on whichever way through the code.

A script may set a name in both branches of an `if`, and lower it later as a schedule. The first
of every branch is where a parameter belongs; what follows is the script's own doing and stays.
Inside a loop branches follow each other in time, so only the first in the text counts there.
"""

import ast
from collections.abc import Collection, Iterator, Sequence
from itertools import chain

__all__ = ["first_assignments"]

_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
_LEAVES = (ast.Return, ast.Raise, ast.Continue, ast.Break)


def first_assignments(body: Sequence[ast.stmt], nodes: Collection[ast.AST]) -> list[ast.AST]:
    """Return those of `nodes`, statements and walruses in `body`, that nothing precedes.

    Args:
        body: The body of a module, function or class.
        nodes: All assignments of one name in it, not counting nested functions and classes.
    """
    search = _Search(nodes)
    search.block(body, assigned=False, loop=False)
    return search.found


class _Search:
    def __init__(self, nodes: Collection[ast.AST]) -> None:
        self.nodes = {id(node) for node in nodes}
        self.found: list[ast.AST] = []

    def block(self, body: Sequence[ast.stmt], *, assigned: bool, loop: bool) -> bool:
        """Search statements; `assigned` and the result tell whether the name surely has a value.

        In a loop the result is already true when some branch has assigned.
        """
        for statement in body:
            assigned = self.statement(statement, assigned=assigned, loop=loop)
            if isinstance(statement, _LEAVES):
                return True  # nothing that follows is reached from here without a value
        return assigned

    def statement(self, node: ast.stmt, *, assigned: bool, loop: bool) -> bool:
        if isinstance(node, _SCOPES):
            return assigned
        assigned = self.here(node, assigned=assigned)
        blocks = _blocks(node)
        if isinstance(node, ast.For | ast.AsyncFor | ast.While):
            inside = self.block(node.body, assigned=assigned, loop=True)
            inside = self.block(node.orelse, assigned=inside or assigned, loop=loop)
            return inside if loop else assigned
        if loop or isinstance(node, ast.With | ast.AsyncWith):
            for body in blocks:
                assigned = self.block(body, assigned=assigned, loop=loop)
            return assigned
        if isinstance(node, ast.If):
            ends = [self.block(body, assigned=assigned, loop=False) for body in blocks]
            return all(ends) if node.orelse else assigned
        if isinstance(node, ast.Match):
            ends = [self.block(body, assigned=assigned, loop=False) for body in blocks]
            return all(ends) if _is_exhaustive(node) else assigned
        if isinstance(node, ast.Try | ast.TryStar):
            tried = self.block([*node.body, *node.orelse], assigned=assigned, loop=False)
            handled = [
                self.block(handler.body, assigned=assigned, loop=False) for handler in node.handlers
            ]
            after = tried and all(handled)
            return self.block(node.finalbody, assigned=after, loop=False)
        return assigned

    def here(self, node: ast.stmt, *, assigned: bool) -> bool:
        """Look at a statement itself and the expressions of its head."""
        heads = chain([node], _expressions(node))
        for one in (one for one in heads if id(one) in self.nodes):
            if not assigned:
                self.found.append(one)
            assigned = True
        return assigned


def _blocks(node: ast.stmt) -> list[Sequence[ast.stmt]]:
    """Return the statement lists inside a statement, in the order of the text."""
    if isinstance(node, ast.Match):
        return [case.body for case in node.cases]
    blocks = [getattr(node, part, []) for part in ("body", "orelse", "finalbody")]
    if isinstance(node, ast.Try | ast.TryStar):
        blocks[1:1] = [handler.body for handler in node.handlers]
    return [block for block in blocks if block]


def _expressions(node: ast.AST) -> Iterator[ast.AST]:
    """Walk what belongs to a statement, without its blocks and nested functions."""
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, (*_SCOPES, ast.stmt, ast.ExceptHandler, ast.match_case)):
            yield child
            yield from _expressions(child)


def _is_exhaustive(node: ast.Match) -> bool:
    last = node.cases[-1]
    return last.guard is None and isinstance(last.pattern, ast.MatchAs) and not last.pattern.pattern
