"""TensorBoard's `hp`, without TensorFlow: `from sonde.tensorboard import hparams as hp`.

The same names, checks and errors as `tensorboard.plugins.hparams.api`. What is written is
read by TensorBoard's HParams dashboard, and by `sonde tensorboard import`.

Loads the standard library only; `KerasCallback` imports Keras when it is first asked for.
"""

from typing import Any

from sonde.tensorboard.hparams.declared import HParam, Metric
from sonde.tensorboard.hparams.domains import Discrete, Domain, IntInterval, RealInterval
from sonde.tensorboard.hparams.writing import (
    hparams,
    hparams_config,
    hparams_config_pb,
    hparams_pb,
)

__all__ = [
    "Discrete",
    "Domain",
    "HParam",
    "IntInterval",
    "KerasCallback",
    "Metric",
    "RealInterval",
    "hparams",
    "hparams_config",
    "hparams_config_pb",
    "hparams_pb",
]


def __getattr__(name: str) -> Any:
    if name != "KerasCallback":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from sonde.tensorboard.hparams.keras_callback import KerasCallback

    globals()[name] = KerasCallback
    return KerasCallback
