"""Hydra's launchers, as the sweeper uses them: some jobs now, each for a trial."""

import copy
import enum
import itertools
import logging
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from hydra.core.plugins import Plugins
from hydra.core.utils import JobReturn
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, OmegaConf

from hydra_plugins.hydra_sonde_sweeper.composing import Composed
from hydra_plugins.hydra_sonde_sweeper.job import Job
from sonde.api.asked import Asked

__all__ = ["Launching", "Overriding", "Way", "way_of"]

log = logging.getLogger(__name__)


class Overriding(Protocol):
    """What makes a job's overrides of a trial's values."""

    def overrides(self, params: Mapping[str, Any]) -> list[str]:
        """Return them."""

    def params(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Return the values under the keys that were written."""


class Way(enum.Enum):
    """How a launcher may be used."""

    HERE = "one job after the other, in this very thread"
    REFILLED = "several launches at once, each of one job"
    BATCHES = "one launch at a time, of several jobs"


def way_of(config: DictConfig, refill: bool | None) -> Way:
    """Return how the config's launcher may be used; `refill` decides where it is given."""
    target = str(config.hydra.launcher.get("_target_", ""))
    if target.endswith(".BasicLauncher"):
        return Way.HERE
    if refill is None:
        refill = any(name in target for name in ("joblib_launcher", "submitit_launcher"))
    return Way.REFILLED if refill else Way.BATCHES


class Launching:
    """Makes launchers."""

    def __init__(
        self, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig
    ) -> None:
        self.composed = Composed(hydra_context.config_loader)
        self.hydra_context = copy.copy(hydra_context)
        self.hydra_context.config_loader = self.composed  # type: ignore[assignment]
        self.task_function, self.config = task_function, config
        # Its processes cannot take what is no function of a module; there jobs do not report.
        self.is_plain = config.hydra.launcher.get("backend") == "multiprocessing"

    def launcher(self) -> "TrialLauncher":
        """Return one more; each is used by one thread."""
        return TrialLauncher(self)


class TrialLauncher:
    """One of Hydra's launchers, with trials in place of jobs."""

    def __init__(self, made_by: Launching) -> None:
        self._made_by = made_by
        self._job = Job(made_by.task_function)
        function = made_by.task_function if made_by.is_plain else self._job
        self._launcher = Plugins.instance().instantiate_launcher(
            hydra_context=made_by.hydra_context, task_function=function, config=made_by.config
        )

    def launch(self, trials: Sequence[Asked], plan: Overriding) -> list[JobReturn | Exception]:
        """Run a job for each trial; return what became of each, in the same order.

        An exception stands for a job of which the launcher has nothing to return, such as one
        whose process was killed.
        """
        returned: dict[int, JobReturn | Exception] = {}
        self._job.environment = {
            trial.number: trial.environment() | {"SONDE_RAISE_STOP": "1"} for trial in trials
        }
        for run in _runs(trials):
            returned |= self._launched(run, plan)
        return [returned[trial.number] for trial in trials]

    def _launched(
        self, trials: Sequence[Asked], plan: Overriding
    ) -> dict[int, JobReturn | Exception]:
        jobs = [[*plan.overrides(trial.params), *self._place(trial)] for trial in trials]
        numbers = [trial.number for trial in trials]
        try:
            results = self._launcher.launch(jobs, initial_job_idx=numbers[0])
        except Exception as error:  # noqa: BLE001 - whatever a launcher raises, the others go on
            log.warning("jobs %s: %s: %s", numbers, type(error).__name__, error)
            return dict.fromkeys(numbers, error)
        return dict(zip(numbers, results, strict=True))

    def _place(self, trial: Asked) -> list[str]:
        """Return the override that gives a further attempt a folder of its own."""
        if trial.attempt == 1:
            return []
        sweep = OmegaConf.to_container(self._made_by.config.hydra.sweep, resolve=False)
        assert isinstance(sweep, dict)
        return [f"hydra.sweep.subdir='{sweep['subdir']}.{trial.attempt}'"]


def _runs(trials: Sequence[Asked]) -> list[list[Asked]]:
    """Split trials where their numbers do not follow each other: launchers count jobs on."""
    counted = enumerate(sorted(trials, key=lambda trial: trial.number))
    grouped = itertools.groupby(counted, lambda pair: pair[1].number - pair[0])
    return [[trial for _, trial in group] for _, group in grouped]
