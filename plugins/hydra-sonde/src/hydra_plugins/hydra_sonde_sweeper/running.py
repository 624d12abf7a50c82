"""One run of a sweep: trials are asked for, jobs are launched, and what they return is told."""

import logging
import queue
import shlex
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.utils import JobReturn, JobStatus
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, OmegaConf

import sonde
from hydra_plugins.hydra_sonde_sweeper.extending import Extending, extender_of
from hydra_plugins.hydra_sonde_sweeper.launching import Launching, Overriding, Way, way_of
from hydra_plugins.hydra_sonde_sweeper.overrides import Plan, plan_of, written_as_overrides
from hydra_plugins.hydra_sonde_sweeper.results import write_results
from hydra_plugins.hydra_sonde_sweeper.settings import settings_of
from sonde import ConfigError, ExhaustedError
from sonde.api.asked import Asked
from sonde.errors import LeaseLostError
from sonde.store.passwords import hidden

__all__ = ["Running"]

log = logging.getLogger(__name__)

_OTHERS_S = 0.3  # between looks, while other processes run what is left


class Running:
    """See `SondeSweeper.sweep`."""

    def __init__(
        self,
        given: Mapping[str, Any],
        arguments: Sequence[str],
        hydra_context: HydraContext,
        task_function: TaskFunction,
        config: DictConfig,
    ) -> None:
        self.settings = settings_of(given)
        self.config = config
        parser = OverridesParser.create(config_loader=hydra_context.config_loader)
        written = [*written_as_overrides(self.settings.params), *arguments]
        self.plan: Plan = plan_of(parser.parse_overrides(written))
        custom = self.settings.custom
        self.extender = None if custom is None else extender_of(custom)
        self.extending: Extending | None = None
        if self.extender is not None and self.settings.method == "grid":
            raise ConfigError(
                f"hydra.sweeper.custom_search_space={custom}",
                "a grid is walked through, and what a function will ask for is not known",
                "choose another sampler",
            )
        self.launching = Launching(hydra_context, task_function, config)
        self.way = way_of(config, self.settings.refill)
        self.jobs: dict[int, JobReturn] = {}
        self.failed: list[JobReturn | Exception] = []
        self.ended = 0
        self.has_said: set[str] = set()

    def declare(self) -> None:
        """Find the sweep, or make it.

        Raises:
            ConfigError: If something in the config or the overrides cannot be used.
        """
        self._compose_first()
        self.sweep = self._declared()
        if self.extender is not None:
            self.extending = Extending(self.extender, self.config, self.sweep, self.plan)

    def run(self) -> list[list[JobReturn]]:
        """Run it, once it is declared."""
        folder = Path(str(self.config.hydra.sweep.dir))
        folder.mkdir(parents=True, exist_ok=True)
        OmegaConf.save(self.config, folder / "multirun.yaml")
        show = ["sonde", "show", self.sweep.name]
        if self.settings.storage is not None:
            show += ["--store", hidden(self.settings.storage)]
        at_once = 1 if self.way is Way.HERE else self.settings.n_jobs
        log.info(
            "sweep %s: %d of %d trials are there; %d at once; %s",
            self.sweep.name, len(self.sweep.trials), self._total(), at_once, shlex.join(show),
        )  # fmt: skip
        if self.way is Way.HERE:
            self._one_by_one()
        elif self.way is Way.REFILLED:
            self._refilled()
        else:
            self._in_batches()
        write_results(folder / "optimization_results.yaml", self.sweep, self._overriding)
        if self._is_given_up():
            self._raise_failure()
        returned = [self.jobs[number] for number in sorted(self.jobs)]
        size = self.settings.n_jobs
        return [returned[at : at + size] for at in range(0, len(returned), size)]

    # ---------------------------------------------------------------- what is to be run

    def _declared(self) -> sonde.Sweep:
        settings, space = self.settings, self.plan.space
        cells = None if self.extender else space.size
        # All assignments of a small space are tried in the order in which they are written.
        is_grid = settings.method in {"auto", "grid"} and cells is not None
        is_small = cells is not None and (cells <= settings.n_trials or not space.parameters)
        method = "grid" if is_grid and is_small else settings.method
        trials = settings.n_trials if cells is None else min(settings.n_trials, max(cells, 1))
        return sonde.sweep(
            None,
            space,
            goals=settings.goals,
            name=settings.study_name,
            project=str(self.config.hydra.job.name),
            method=method,
            seed=settings.seed,
            stop=settings.pruner,
            store=settings.storage,
            trials=trials if is_grid or cells is None else settings.n_trials,
            time=settings.timeout,
            max_failures=0,  # max_failure_rate says when it is enough
            # As with Optuna, whose studies without a storage end with their program.
            new=settings.storage is None,
        )

    def _total(self) -> int:
        cells = None if self.extender else self.plan.space.size
        return self.settings.n_trials if cells is None else min(self.settings.n_trials, cells)

    def _compose_first(self) -> None:
        """Find faults of a job's config before anything is stored."""
        middle = {p.name: p.distribution.middle for p in self.plan.space.parameters}
        self.launching.composed.check(self.config, self.plan.overrides(middle))

    def _ask(self) -> Asked | None:
        """Return a trial to be run, if there is one now."""
        if self._is_given_up():
            return None
        try:
            asked = self._asked()
        except ExhaustedError:
            return None
        if self.extending is not None and asked is not None:
            with _given_back_if_interrupted([asked]):
                self.extending.extend(asked)
        return asked

    def _asked(self) -> Asked | None:
        if self.extending is None or self.extending.has_space:
            return self.sweep.ask()
        # All comes from the function, which was not called yet.
        return self.sweep.ask({}) if len(self.sweep.trials) < self.settings.n_trials else None

    @property
    def _overriding(self) -> Overriding:
        """What makes a job's overrides."""
        return self.plan if self.extending is None else self.extending

    def _others_work(self) -> bool:
        """Tell whether other processes have trials that might come back to us; wait a little."""
        if self._is_given_up() or self.sweep.state != "running":
            return False
        time.sleep(_OTHERS_S)
        return True

    # ---------------------------------------------------------------- ways to run it

    def _one_by_one(self) -> None:
        launcher = self.launching.launcher()
        while True:
            asked = self._ask()
            if asked is not None:
                with _given_back_if_interrupted([asked]):
                    self._end([asked], launcher.launch([asked], self._overriding))
            elif not self._others_work():
                return

    def _refilled(self) -> None:
        done: queue.SimpleQueue[tuple[Any, Asked, Any]] = queue.SimpleQueue()
        free = [self.launching.launcher() for _ in range(self.settings.n_jobs)]
        running: dict[int, Asked] = {}

        def work(launcher: Any, asked: Asked) -> None:
            done.put((launcher, asked, launcher.launch([asked], self._overriding)))

        with _given_back_if_interrupted(running):
            while True:
                while free:
                    asked = self._ask()
                    if asked is None:
                        break
                    running[asked.number] = asked
                    args = free.pop(), asked
                    threading.Thread(target=work, args=args, daemon=True).start()
                if not running:
                    if self._others_work():
                        continue
                    return
                try:
                    launcher, asked, returned = done.get(timeout=_OTHERS_S)
                except queue.Empty:
                    continue  # somebody may have given a trial back
                free.append(launcher)
                del running[asked.number]
                self._end([asked], returned)

    def _in_batches(self) -> None:
        launcher = self.launching.launcher()
        while True:
            batch: list[Asked] = []
            while len(batch) < self.settings.n_jobs:
                asked = self._ask()
                if asked is None:
                    break
                batch.append(asked)
            if batch:
                with _given_back_if_interrupted(batch):
                    self._end(batch, launcher.launch(batch, self._overriding))
            elif not self._others_work():
                return

    # ---------------------------------------------------------------- how jobs ended

    def _end(self, asked: Sequence[Asked], returned: Sequence[JobReturn | Exception]) -> None:
        for trial, job in zip(asked, returned, strict=True):
            self.ended += 1
            try:
                self._tell(trial, job)
            except LeaseLostError:
                log.warning("trial %d was given to another process meanwhile", trial.number)
            if isinstance(job, JobReturn):
                self.jobs[trial.number] = job
        if self.extending is not None:
            self.extending.settle()

    def _tell(self, trial: Asked, job: JobReturn | Exception) -> None:
        if isinstance(job, Exception) or job.status is not JobStatus.COMPLETED:
            error = job if isinstance(job, Exception) else job._return_value
            self.failed.append(job)
            trial.fail(f"{type(error).__name__}: {error}".partition("\n")[0].rstrip(": "))
            return
        value = job.return_value
        if value is None and trial.should_stop:
            trial.tell()  # it was ended, by what it logged or by somebody's wish
            return
        names = [goal.metric for goal in self.sweep.goals]
        if isinstance(value, Mapping) and not set(names) & set(value):
            self._say_once(
                f"jobs return {', '.join(map(str, value))}, and the sweep goes by "
                f"{', '.join(names)}: set hydra.sweeper.metric"
            )
        try:
            trial.tell(value)
        except ConfigError as fault:
            self._say_once(f"trial {trial.number}: {fault}; it counts as failed")
            self.failed.append(fault)
            trial.fail(str(fault))

    def _say_once(self, text: str) -> None:
        if text.partition(":")[2] not in self.has_said:
            self.has_said.add(text.partition(":")[2])
            log.warning("%s", text)

    def _is_given_up(self) -> bool:
        failed = sum(1 for job in self.failed if not isinstance(job, ConfigError))
        enough = self.ended >= min(self.settings.n_jobs, self._total())
        return enough and failed > self.settings.max_failure_rate * self.ended

    def _raise_failure(self) -> None:
        share = f"{len(self.failed)} of {self.ended} jobs failed"
        log.error("%s; hydra.sweeper.max_failure_rate allows more", share)
        for job in self.failed:
            if isinstance(job, JobReturn):
                _ = job.return_value  # which raises what the job raised
            elif not isinstance(job, ConfigError):
                raise job


class _given_back_if_interrupted:  # noqa: N801 - a context manager
    """Give trials back where the block is left by an error: others, or the next run, have them."""

    def __init__(self, trials: Mapping[int, Asked] | Sequence[Asked]) -> None:
        self.trials = trials

    def __enter__(self) -> None:
        return

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            return
        trials = self.trials.values() if isinstance(self.trials, Mapping) else self.trials
        for trial in list(trials):
            try:
                trial.give_back()
            except sonde.SondeError:
                continue  # it has ended, or is somebody else's
