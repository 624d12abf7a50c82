"""XGBoost: `xgboost.train(..., callbacks=[SondeCallback()])`, or its estimators' `callbacks`."""

from collections.abc import Mapping, Sequence
from typing import Any

from xgboost.callback import TrainingCallback

from sonde.tracking.reporting import report

__all__ = ["SondeCallback"]


class SondeCallback(TrainingCallback):  # type: ignore[misc]
    """Reports each evaluation as XGBoost prints it (`validation-rmse`), and stops when asked to."""

    def after_iteration(
        self, model: Any, epoch: int, evals_log: Mapping[str, Mapping[str, Sequence[Any]]]
    ) -> bool:
        """Report the round; return whether to stop."""
        latest = {
            f"{data}-{metric}": values[-1][0] if isinstance(values[-1], tuple) else values[-1]
            for data, metrics in evals_log.items()
            for metric, values in metrics.items()
        }
        return report(latest, epoch)
