"""Which scope a name belongs to: Python's rules over a syntax tree.

The compiler's own tables (`symtable`) say which scope a name belongs to, but not where in the text
it stands, and the two trees differ between Python versions. So the rules are applied here, from
the language reference, section 4.2.2 (Resolution of names): a name is local to the innermost
function or module that binds it, class bodies are skipped from within functions, comprehensions
are functions of their own, and `:=` inside them binds outside.
"""

import ast
import warnings

from sonde.core.substitute.collect import collect
from sonde.core.substitute.names import Scope
from sonde.errors import ConfigError

__all__ = ["Scopes", "parse"]


class Scopes:
    """All bindings and reads of a module, and the scopes they belong to; see `Names`."""

    def __init__(self, tree: ast.Module) -> None:
        names = collect(tree)
        self.module = names.module
        self.bindings = names.bindings
        self.reads = names.reads
        self.parameters = names.parameters
        self.is_dynamic = names.is_dynamic
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
