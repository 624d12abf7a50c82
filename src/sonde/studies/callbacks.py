"""Optuna's callbacks for `optimize`."""

from collections.abc import Iterable
from typing import Any

from sonde.studies.frozen import FrozenTrial, TrialState

__all__ = ["MaxTrialsCallback"]


class MaxTrialsCallback:
    """Ends the study once it has so many trials, whichever programs ran them.

    Args:
        n_trials: How many.
        states: Of which states; None: of all.
    """

    def __init__(
        self, n_trials: int, states: Iterable[TrialState] | None = (TrialState.COMPLETE,)
    ) -> None:
        self._most = n_trials
        self._states = None if states is None else tuple(states)

    def __call__(self, study: Any, trial: FrozenTrial) -> None:
        """Look after each trial; see `sonde.studies.study.Study.optimize`."""
        if len(study.get_trials(states=self._states)) >= self._most:
            study.stop()
