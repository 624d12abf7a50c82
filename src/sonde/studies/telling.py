"""What an objective returned, as numbers; and the line that is written when its trial has ended."""

from collections.abc import Sequence
from math import isnan
from typing import Any

from sonde.core.metric import Goal
from sonde.core.trial import State
from sonde.core.trial import Trial as Stored
from sonde.studies.logs import get_logger
from sonde.studies.trials import Trial

__all__ = ["numbers_of", "say"]


def numbers_of(goals: Sequence[Goal], returned: Any) -> tuple[dict[str, float] | None, str | None]:
    """Return what an objective returned, by metric; or None, and why it is no result."""
    values = list(returned) if isinstance(returned, list | tuple) else [returned]
    if len(values) != len(goals):
        return None, f"it returned {len(values)} values for {len(goals)} directions"
    found = {}
    for goal, value in zip(goals, values, strict=True):
        try:
            found[goal.metric] = float(value)
        except (TypeError, ValueError):
            return None, f"it returned {value!r:.60}, which is no number"
    if any(map(isnan, found.values())):
        return None, "it returned NaN"
    return found, None


def say(trial: Trial, stored: Stored, goals: Sequence[Goal], best: Stored | None) -> None:
    """Write the line of a trial that has ended, in Optuna's words."""
    logger = get_logger("optuna")
    if stored.state is State.STOPPED:
        logger.info("Trial %d pruned.", trial.number)
    elif stored.state is State.FAILED:
        logger.warning(
            "Trial %d failed with parameters: %s because of the following error: %s",
            trial.number, trial.params, stored.error,
        )  # fmt: skip
    elif stored.state is State.DONE and len(goals) > 1:
        values = [stored.value(goal) for goal in goals]
        logger.info(
            "Trial %d finished with values: %s and parameters: %s.",
            trial.number, values, trial.params,
        )  # fmt: skip
    elif stored.state is State.DONE:
        text = "" if best is None else (
            f" Best is trial {best.number} with value: {best.value(goals[0])}."
        )  # fmt: skip
        logger.info(
            "Trial %d finished with value: %s and parameters: %s.%s",
            trial.number, stored.value(goals[0]), trial.params, text,
        )  # fmt: skip
