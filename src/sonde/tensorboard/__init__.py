"""TensorBoard's event files, read and written without TensorBoard, TensorFlow or protobuf.

`summary` writes scalars and `hparams` what a trial was run with, both under the names that
TensorFlow and TensorBoard give to this, and with the standard library alone. So a script
that says `import tensorflow as tf` for its summaries may say `import sonde.tensorboard as tf`.
`ingest` follows the files that a script writes.

Nothing is imported until it is asked for, so that a script which only writes does not pay
for the reader.
"""

import importlib
from typing import Any

__all__ = ["hparams", "summary"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return importlib.import_module(f"{__name__}.{name}")
