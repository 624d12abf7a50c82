"""Lightning: `Trainer(callbacks=[SondeCallback()])`, of `lightning` or `pytorch_lightning`."""

import sys
from typing import TYPE_CHECKING, Any

from sonde.tracking.reporting import report

if TYPE_CHECKING or "pytorch_lightning" not in sys.modules or "lightning" in sys.modules:
    import lightning.pytorch as pl
else:  # the older package, which the script has imported
    import pytorch_lightning as pl

__all__ = ["SondeCallback"]


class SondeCallback(pl.Callback):  # type: ignore[misc]
    """Reports what the module logs, once an epoch, and stops when the trial is to end.

    The step is the epoch. With several processes the first one reports, and all stop.
    """

    def on_train_epoch_end(self, trainer: Any, pl_module: Any) -> None:
        """Report the epoch; validation has run by then, where there is any."""
        asked = trainer.is_global_zero and report(trainer.callback_metrics, trainer.current_epoch)
        if trainer.strategy.reduce_boolean_decision(asked, all=False):
            trainer.should_stop = True
