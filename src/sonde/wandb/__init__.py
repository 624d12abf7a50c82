"""The names of W&B's Python library, for sweeps without an account: `import sonde.wandb as wandb`.

In a training script or function: `init`, `config`, `log`, `run`, `summary`, `finish`. To search:
`sweep`, `agent`, `controller`. Everything stays on this machine, or in the store that
`SONDE_STORE` names; `WANDB_*` variables that mean something here are heeded.

Outside of a sweep a run keeps its config and its last values, and writes nothing. Importing it
loads the standard library only.
"""

from sonde.wandb.accepted import (
    Artifact,
    Audio,
    Histogram,
    Html,
    Image,
    Object3D,
    Plotly,
    Table,
    Video,
    alert,
    login,
    save,
    setup,
    unwatch,
    watch,
)
from sonde.wandb.current import (
    config,
    define_metric,
    finish,
    init,
    log,
    mark_preempting,
    summary,
    teardown,
)
from sonde.wandb.running import Run, Settings
from sonde.wandb.summing import Summary
from sonde.wandb.values import Config

TYPE_CHECKING = False  # `typing` would cost each training process 3 ms
if TYPE_CHECKING:
    from typing import Any

    from sonde.errors import ConfigError as UsageError
    from sonde.errors import SondeError as Error
    from sonde.wandb.agents import agent
    from sonde.wandb.controllers import controller
    from sonde.wandb.sweeps import sweep

    run: Run | None

__all__ = [
    "Artifact",
    "Audio",
    "Config",
    "Error",
    "Histogram",
    "Html",
    "Image",
    "Object3D",
    "Plotly",
    "Run",
    "Settings",
    "Summary",
    "Table",
    "UsageError",
    "Video",
    "agent",
    "alert",
    "config",
    "controller",
    "define_metric",
    "finish",
    "init",
    "join",
    "log",
    "login",
    "mark_preempting",
    "run",
    "save",
    "setup",
    "summary",
    "sweep",
    "teardown",
    "unwatch",
    "watch",
]

join = finish  # its old name

_LAZY = {
    "Error": ("sonde.errors", "SondeError"),
    "UsageError": ("sonde.errors", "ConfigError"),
    "agent": ("sonde.wandb.agents", "agent"),
    "controller": ("sonde.wandb.controllers", "controller"),
    "sweep": ("sonde.wandb.sweeps", "sweep"),
}


def __getattr__(name: str) -> "Any":
    """Return the current run, or what is loaded when it is first used."""
    if name == "run":
        from sonde.wandb import current

        return current.run()
    if name not in _LAZY:
        raise AttributeError(f"sonde.wandb has no {name!r}: docs/wandb.md lists what it has")
    from importlib import import_module

    module, attribute = _LAZY[name]
    return getattr(import_module(module), attribute)
