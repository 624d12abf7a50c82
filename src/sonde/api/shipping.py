"""A function on its way to the workers: pickled so that it works there as it does here.

What stands in `__main__`, a notebook or a closure travels by value, and so needs no
`if __name__ == "__main__"` guard. What stands in a module that can be imported travels by
name, together with the folders in which we would look for it.
"""

import importlib.machinery
import inspect
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from sonde.core.space import Space
from sonde.errors import ConfigError, ConfigErrors

__all__ = ["adapted", "code_folder", "name_of", "pack", "unpack"]


def pack(function: Callable[..., Any]) -> bytes:
    """Return the function as bytes that `pickle.loads` turns into it, in any process.

    Raises:
        ConfigError: If it holds something that cannot be pickled.
    """
    import cloudpickle

    module = sys.modules.get(getattr(_innermost(function), "__module__", None) or "")
    by_value = module is not None and module.__name__ != "__main__" and not _is_found(module)
    try:
        if by_value:
            cloudpickle.register_pickle_by_value(module)
        data: bytes = cloudpickle.dumps(function)
    except Exception as error:
        raise ConfigError(
            f"sonde.sweep({name_of(function)})",
            f"the function cannot be sent to other processes: {error}",
            "make what it holds inside of it, or run it in this process: run(workers=0)",
        ) from error
    finally:
        if by_value:
            cloudpickle.unregister_pickle_by_value(module)
    packed: bytes = cloudpickle.dumps(_Packed(data))
    return packed


def unpack(paths: Sequence[str], data: bytes, base: str = "") -> Callable[..., Any]:
    """Return the function, with the sender's folders to import from.

    Args:
        paths: The folders.
        data: The function, pickled.
        base: The folder that travelled along, if `SONDE_CODE` says where it is now.
    """
    import pickle

    moved = os.environ.get("SONDE_CODE")
    if moved and base:
        inside = (f"{base}/", base)
        paths = [moved + path[len(base) :] if path.startswith(inside) else path for path in paths]
    sys.path[:0] = [path for path in paths if path not in sys.path]
    function: Callable[..., Any] = pickle.loads(data)  # noqa: S301 - the user's own store
    return function


def adapted(function: Callable[..., Any], space: Space) -> Callable[..., Any]:
    """Return what is to be called with the parameters by name.

    A function without arguments is called without; it has `sonde.config`.

    Raises:
        ConfigErrors: If arguments and parameters do not fit together, naming each.
    """
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return function  # a builtin that does not tell
    arguments = signature.parameters.values()
    if not arguments:
        return _WithoutArguments(function)
    where = f"sonde.sweep({name_of(function)})"
    named = {a.name: a for a in arguments if a.kind in {a.POSITIONAL_OR_KEYWORD, a.KEYWORD_ONLY}}
    takes_all = any(argument.kind is argument.VAR_KEYWORD for argument in arguments)
    faults = [
        ConfigError(where, f"the function takes no {p.name}", "add the argument, or **params")
        for p in space.parameters
        if p.name not in named and not takes_all
    ]
    for argument in arguments:
        if argument.kind in {argument.VAR_POSITIONAL, argument.VAR_KEYWORD}:
            continue
        if argument.default is not argument.empty:
            continue
        name = argument.name
        if argument.kind is argument.POSITIONAL_ONLY or name not in space:
            remedy = f"put {name} into the space, or give it a default"
            faults.append(ConfigError(where, f"nothing is given for its argument {name}", remedy))
        elif space[name].when is not None:
            found = f"{name} does not exist unless {space[name].when}"
            faults.append(ConfigError(where, found, f"give the argument {name} a default"))
    if faults:
        raise faults[0] if len(faults) == 1 else ConfigErrors(faults)
    return function


def name_of(function: Callable[..., Any]) -> str:
    """Return what people call the function."""
    inner = _innermost(function)
    name: str = getattr(inner, "__name__", None) or type(inner).__name__
    return name.strip("<>")  # a name is typed in shells, and `<lambda>` is none there


def code_folder() -> Path:
    """Return the folder whose modules a function may import: that of the program, or ours.

    Ours where the program lies in it, or there is none, as in a notebook.
    """
    here = Path.cwd()
    file = getattr(sys.modules.get("__main__"), "__file__", None)
    if file is None:
        return here
    program = Path(os.path.abspath(file)).parent  # noqa: PTH100 - links stay as they are
    is_ours = program.is_relative_to(here) or not program.is_dir() or _is_installed(program)
    return here if is_ours else program


def _is_installed(folder: Path) -> bool:
    """Tell whether it belongs to Python: programs such as pytest or ipython lie there."""
    return any(folder.is_relative_to(prefix) for prefix in {sys.prefix, sys.base_prefix})


class _Packed:
    """Pickled function, with where to import from."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def __reduce__(self) -> tuple[Any, ...]:
        paths = [os.path.abspath(path) for path in sys.path if os.path.isdir(path or ".")]  # noqa: PTH100, PTH112 - "" is the current folder
        return unpack, (paths, self.data, str(code_folder()))


class _WithoutArguments:
    """Called with the parameters, calls without them."""

    def __init__(self, function: Callable[[], Any]) -> None:
        self.__wrapped__ = function

    def __call__(self, **params: Any) -> Any:
        return self.__wrapped__()


def _innermost(function: Any) -> Any:
    while True:
        inner = getattr(function, "__wrapped__", None) or getattr(function, "func", None)
        if not callable(inner):
            return function
        function = inner


def _is_found(module: ModuleType) -> bool:
    """Tell whether a process that looks where we look would import this very module."""
    file = getattr(module, "__file__", None)
    if file is None:
        return module.__name__ in sys.builtin_module_names
    path: Sequence[str] | None = None
    spec: importlib.machinery.ModuleSpec | None = None
    parts = module.__name__.split(".")
    for count in range(1, len(parts) + 1):
        spec = _spec(".".join(parts[:count]), path)
        if spec is None:
            return False
        path = spec.submodule_search_locations
    return spec is not None and spec.origin is not None and _same(spec.origin, file)


def _spec(name: str, path: Sequence[str] | None) -> importlib.machinery.ModuleSpec | None:
    for finder in sys.meta_path:
        find = getattr(finder, "find_spec", None)
        spec = find(name, path) if find else None
        if spec is not None:
            found: importlib.machinery.ModuleSpec = spec
            return found
    return None


def _same(one: str, other: str) -> bool:
    return os.path.realpath(one) == os.path.realpath(other)
