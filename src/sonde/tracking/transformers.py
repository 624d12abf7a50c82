"""Hugging Face: `Trainer(..., callbacks=[SondeCallback()])`."""

from collections.abc import Mapping
from typing import Any

from transformers import TrainerCallback

from sonde.tracking.reporting import report

__all__ = ["SondeCallback"]


class SondeCallback(TrainerCallback):  # type: ignore[misc]
    """Reports what the trainer logs (`loss`, `eval_loss`, ...), and stops when the trial is to end.

    The step is the trainer's global step.
    """

    def on_log(
        self,
        args: Any,
        state: Any,
        control: Any,
        logs: Mapping[str, Any] | None = None,
        **more: Any,
    ) -> None:
        """Report the numbers that are logged, evaluations among them."""
        if state.is_world_process_zero and report(logs or {}, state.global_step):
            control.should_training_stop = True
