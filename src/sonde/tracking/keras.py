"""Keras: `model.fit(..., callbacks=[SondeCallback()])`."""

from collections.abc import Mapping
from typing import Any

import keras

from sonde.tracking.reporting import report

__all__ = ["SondeCallback"]


class SondeCallback(keras.callbacks.Callback):  # type: ignore[misc]
    """Reports what an epoch logs (`loss`, `val_loss`, ...), and stops when the trial is to end."""

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Report the epoch."""
        if report(logs or {}, epoch):
            self.model.stop_training = True
