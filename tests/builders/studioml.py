"""StudioML 0.0.49 as an oracle: its range parser and its substitution, from the real package.

Its modules import things that are long gone, so only the two that matter are touched:
`studio.hyperparameter` is imported with a stand-in for `setuptools_scm`, the one thing that its
package wants at import, and `studio.runner`, which cannot be imported any more, is read: the one
`re.sub` call of its `create_experiments` is taken out of the source as it stands and run.

The package is installed without its dependencies: pip install --no-deps studioml==0.0.49
"""

import ast
import importlib
import re
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.metadata import distribution
from types import CodeType, ModuleType
from typing import Any, cast

VERSION = "0.0.49"


def parse_grid(text: str) -> list[float]:
    """Return the values that StudioML makes of what stands behind `NAME=`.

    Raises:
        Exception: Whatever StudioML lets through, ValueError for most bad input.
    """
    parser = _hyperparameter().HyperparameterParser(None, None)
    return cast("list[float]", parser._parse_grid("name", text).values)


def substitute(source: str, name: str, value: object) -> str:
    """Return a script as StudioML writes it for one experiment."""
    names = {"re": re, "param_name": name, "param_value": value, "script_text": source, "str": str}
    return cast("str", eval(_substitution(), names))


@cache
def _hyperparameter() -> ModuleType:
    assert distribution("studioml").version == VERSION
    with _stand_ins(setuptools_scm={"get_version": lambda **_: VERSION}):
        return importlib.import_module("studio.hyperparameter")


@cache
def _substitution() -> CodeType:
    assert distribution("studioml").version == VERSION
    path = distribution("studioml").locate_file("studio/runner.py")
    source = cast("Any", path).read_text(encoding="utf-8")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of backslashes in strings that it does not mean so
        tree = ast.parse(source)
    (call,) = (
        node
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef) and function.name == "create_experiments"
        for node in ast.walk(function)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "re.sub"
    )
    return compile(ast.Expression(call), "studio/runner.py", "eval")


@contextmanager
def _stand_ins(**modules: dict[str, object]) -> Iterator[None]:
    """Put stand-ins for modules in place, and what was there before back."""
    before = {name: sys.modules.get(name) for name in modules}
    for name, content in modules.items():
        module = ModuleType(name)
        vars(module).update(content)
        sys.modules[name] = module
    try:
        yield
    finally:
        for name, module_before in before.items():
            if module_before is None:
                del sys.modules[name]
            else:
                sys.modules[name] = module_before
