"""What runs inside a trial: its values, its reports, its checkpoint, and whether to stop.

Standard library only, no thread, no network: a training process pays microseconds.
"""

from sonde.tracking.run import (
    Config,
    LastValues,
    Run,
    checkpoint,
    config,
    current,
    finish,
    init,
    install,
    log,
    reset,
    seed,
    should_stop,
    summary,
)

__all__ = [
    "Config",
    "LastValues",
    "Run",
    "checkpoint",
    "config",
    "current",
    "finish",
    "init",
    "install",
    "log",
    "reset",
    "seed",
    "should_stop",
    "summary",
]
