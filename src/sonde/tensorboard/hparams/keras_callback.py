"""The Keras callback that records a training as a trial."""

import time
from collections.abc import Mapping
from typing import Any

from sonde.tensorboard import summary
from sonde.tensorboard.hparams.messages import SUCCESS, encode_end, encode_start
from sonde.tensorboard.hparams.writing import group_of, plain_hparams

try:
    import keras
except ImportError as error:
    raise ImportError(
        "hp.KerasCallback needs Keras, which is not installed: pip install keras"
    ) from error

__all__ = ["KerasCallback"]


class KerasCallback(keras.callbacks.Callback):  # type: ignore[misc]
    """Writes a trial's values when its training begins, and that it succeeded when it ends.

    It serves one training.
    """

    def __init__(
        self, writer: Any, hparams: Mapping[Any, Any], trial_id: str | None = None
    ) -> None:
        """Record a trial.

        Args:
            writer: The trial's directory, or a writer of `sonde.tensorboard.summary` or of
                TensorFlow.
            hparams: As for `hp.hparams`.
            trial_id: As for `hp.hparams`.

        Raises:
            TypeError: There is no writer, a value is of a wrong type, or `trial_id` is no text.
            ValueError: A name is given twice.
        """
        if writer is None:
            raise TypeError("writer must be a directory or a writer, and is None")
        super().__init__()
        self._hparams = plain_hparams(hparams)
        self._group = group_of(self._hparams, trial_id)
        self._writer = writer

    def on_train_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        """Write the values.

        Raises:
            RuntimeError: It has served a training before.
        """
        self._write(encode_start(self._hparams, self._group, time.time()))

    def on_train_end(self, logs: Mapping[str, Any] | None = None) -> None:
        """Write that the training succeeded."""
        self._write(encode_end(SUCCESS, time.time()))
        self._writer = None

    def _write(self, encoded: bytes) -> None:
        if self._writer is None:
            raise RuntimeError(
                "hp.KerasCallback has served a training; make a new one for the next"
            )
        if not hasattr(self._writer, "as_default"):
            self._writer = summary.create_file_writer(self._writer)
        if isinstance(self._writer, summary.FileWriter):
            self._writer.write_summary(encoded)
            return
        import tensorflow as tf

        with self._writer.as_default():
            tf.summary.experimental.write_raw_pb(encoded, step=0)
