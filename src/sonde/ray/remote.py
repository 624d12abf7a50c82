"""`remote`: a function whose calls run elsewhere, each a trial."""

import functools
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any, overload

from sonde.errors import ConfigError
from sonde.ray.calls import Calls, Terms
from sonde.ray.refs import ObjectRef

__all__ = ["RemoteFunction", "remote", "settings", "shutdown"]

_open: list[Calls] = []  # Ray's own names are global, so what they stand for is, too
settings: dict[str, Any] = {}
"""What `init` was told."""
_lock = threading.Lock()

# Ray's options that mean nothing here, as there is nothing they would change.
_IGNORED = {
    "max_calls", "runtime_env", "scheduling_strategy", "accelerator_type", "num_inputs",
    "placement_group", "max_concurrency", "lifetime", "namespace", "object_store_memory",
}  # fmt: skip
_KNOWN = (
    "num_cpus", "num_gpus", "memory", "resources", "num_returns", "max_retries",
    "retry_exceptions", "name", "goal", "on", "workers", "store",
)  # fmt: skip


class RemoteFunction:
    """A function; a call of it returns a reference at once."""

    def __init__(self, function: Callable[..., Any], options: Mapping[str, Any]) -> None:
        functools.update_wrapper(self, function)
        self._function, self._options = function, dict(options)
        self._calls: Calls | None = None

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call it; return a reference, or a list of them where it returns several values."""
        return self.remote(*args, **kwargs)

    def remote(self, *args: Any, **kwargs: Any) -> Any:
        """Call it; return a reference, or a list of them where it returns several values."""
        if os.environ.get("SONDE_TRIAL_DIR"):
            # Within a call: another one here would wait for the very agents that run it.
            ref = ObjectRef()
            ref.fulfil(self._function(*args, **kwargs))
            return ref
        with _lock:
            if self._calls is None or self._calls not in _open:
                self._calls = Calls(self._function, _terms(self._options))
                _open.append(self._calls)
        refs = self._calls.submit(args, kwargs)
        return refs if len(refs) > 1 else refs[0]

    def options(self, **options: Any) -> "RemoteFunction":
        """Return the same function with other options, as a sweep of its own.

        Raises:
            ConfigError: If one is unknown.
        """
        _check(options)
        return RemoteFunction(self._function, {**self._options, **options})

    def __reduce__(self) -> tuple[Any, ...]:
        return RemoteFunction, (self._function, self._options)


@overload
def remote(function: Callable[..., Any], /) -> RemoteFunction: ...
@overload
def remote(
    *types: Sequence[Any], **options: Any
) -> Callable[[Callable[..., Any]], RemoteFunction]: ...
def remote(*given: Any, **options: Any) -> Any:
    """Make a function remote: `@remote`, `@remote([dict], [float])` or `@remote(num_gpus=0.5)`.

    Args:
        given: The function; or the kinds of its arguments and of its results, of which only how
            many results there are means something.
        options: `num_cpus`, `num_gpus`, `memory`, `resources`, `num_returns`, `max_retries` (how
            often a call that raised is run again) as Ray has them; and `name` of the sweep, `goal`
            (`"value:max"`), `on` (`"ray"`), `workers`, `store`.

    Raises:
        ConfigError: If an option is unknown, or it is a class.
    """
    if len(given) == 1 and callable(given[0]) and not options:
        return _remote(given[0], {})
    _check(options)
    if len(given) == 2 and all(isinstance(one, list | tuple) for one in given):
        options.setdefault("num_returns", max(1, len(given[1])))
    elif given:
        raise ConfigError(
            "@remote", "those are no lists of types",
            "write @remote, @remote([dict], [float]) or @remote(num_gpus=0.5)",
        )  # fmt: skip
    return lambda function: _remote(function, options)


def shutdown() -> None:
    """End what runs; a later call begins anew."""
    with _lock:
        calls, _open[:] = list(_open), []
    for one in calls:
        one.close()


def _remote(function: Any, options: Mapping[str, Any]) -> RemoteFunction:
    if isinstance(function, type):
        raise ConfigError(
            f"@remote class {function.__name__}", "a trial is a call of a function, and no actor",
            "make it a function, or use Ray's own",
        )  # fmt: skip
    return RemoteFunction(function, options)


def _check(options: Mapping[str, Any]) -> None:
    unknown = [name for name in options if name not in _KNOWN and name not in _IGNORED]
    if unknown:
        raise ConfigError(
            f"@remote({unknown[0]}=...)",
            "there is no such option",
            f"there are {', '.join(_KNOWN)}",
        )


def _terms(options: Mapping[str, Any]) -> Terms:
    """Return how calls are to be run: as the options say, or `init`, or the environment."""
    from sonde.core.metric import Direction, parse_goal
    from sonde.executors.places import LOCAL
    from sonde.executors.resources import resources_of

    def told(name: str, otherwise: Any = None) -> Any:
        return options.get(name, settings.get(name, otherwise))

    each = resources_of(
        told("num_cpus"), told("num_gpus"), told("memory", 0), told("resources"),
        flags=[f"{name}={{}}" for name in ("num_cpus", "num_gpus", "memory", "resources")],
    )  # fmt: skip
    goal = parse_goal(told("goal", "value:max"))
    # Ray's own default, 3, is for machines that are lost, which costs a call nothing here.
    retries = options.get("max_retries", 0) if options.get("retry_exceptions") else 0
    return Terms(
        place=told("on") or os.environ.get("SONDE_ON") or LOCAL,
        workers=told("workers"),
        each=each,
        store=told("store"),
        name=options.get("name"),
        metric=goal.metric,
        is_min=goal.direction is Direction.MINIMIZE,
        outputs=int(options.get("num_returns", 1)),
        retries=max(0, int(retries)),
    )
