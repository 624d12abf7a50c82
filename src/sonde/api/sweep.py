"""A sweep as a user holds it: run it, read it, steer it, ask it for trials."""

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sonde.api.asked import Asked
from sonde.api.asking import Asking
from sonde.api.frame import frame_of, html_of
from sonde.api.goals import seconds_of
from sonde.api.places import opened
from sonde.api.saying import headline, why_none_is_best
from sonde.api.steering import Steered, check_not_cancelled
from sonde.api.trial import Best, Trial
from sonde.controller import Controller, utc_now
from sonde.core import trial as core
from sonde.core.certainty import Certainty, certainty
from sonde.core.metric import Goal, parse_goal
from sonde.core.pareto import front
from sonde.core.ranking import ranked
from sonde.core.repeats import spread
from sonde.errors import ConfigError, NotFoundError
from sonde.store.protocol import Store, SweepRecord

if TYPE_CHECKING:
    import pandas as pd

    from sonde.analysis.pictures import Picture
    from sonde.api.crew import Gpus
    from sonde.api.running import Progress
    from sonde.core.importance import Importance

__all__ = ["Sweep"]


class Sweep(Steered):
    """A sweep in a store; made by `sonde.sweep`, found again by `Sweep.open`.

    What is read from it (`best`, `trials`, `frame()` ...) is as the store has it at that
    moment, whoever runs the trials. It may be used by several threads.
    """

    def __init__(
        self, store: Store, sweep: str, *, function: Callable[..., Any] | None = None
    ) -> None:
        self.store = store
        self.id = sweep
        self._function = function
        self._controller = Controller(store, sweep)
        self._lock = threading.RLock()
        self._asking = Asking(self._controller, self._lock)
        self._judged: tuple[int, Certainty] | None = None  # as of a version

    @classmethod
    def open(cls, name: str, *, store: str | Store | None = None) -> "Sweep":
        """Return the sweep of a name, an id, or a unique prefix of one.

        Raises:
            NotFoundError: If there is none.
        """
        at = opened(store)
        return cls(at, at.find_sweep(name).id)

    # ---------------------------------------------------------------- what it is

    @property
    def name(self) -> str:
        """Its name, unique in the store."""
        return self._controller.record.name

    @property
    def state(self) -> str:
        """How it stands: `running` while a trial runs, `idle` when more is to be done.

        Or `paused`, `stopping` and `stopped`, `cancelling` and `cancelled`, `done`.
        """
        return self._read().state

    @property
    def goals(self) -> tuple[Goal, ...]:
        """What is to be improved, in order."""
        return self._controller.record.sweep.goals

    @property
    def url(self) -> str:
        """The store that it is in, as `--store` and `SONDE_STORE` take it."""
        return self.store.url

    @property
    def trials(self) -> list[Trial]:
        """All trials, by number."""
        with self._lock:
            self._read()
            return [self._trial(trial) for trial in self._controller.history.trials]

    def lineage(self, number: int) -> list[Trial]:
        """Return the trials that a trial goes on from, the first one first, and itself.

        Their values in this order are the schedule that led to it (`pbt`).

        Raises:
            NotFoundError: If there is no such trial.
        """
        with self._lock:
            record = self._read()
            trials = self._controller.history.trials
            if not 0 <= number < len(trials):
                raise NotFoundError(f"{record.name} has no trial {number}; it has {len(trials)}")
            return [self._trial(trial) for trial in self._controller.history.line_of(number)]

    @property
    def assignments(self) -> list[Trial]:
        """What was tried, each once: with `repeats` the means over the trials of each.

        One that is not through yet has no numbers.
        """
        with self._lock:
            self._read()
            return [self._trial(trial) for trial in self._controller.history.assignments()]

    @property
    def best(self) -> Best:
        """The best trial that has ended, by the first goal; ties go to the earlier one.

        One that breaks a constraint is never the best. With `repeats` it is the assignment with
        the best mean among those of which all repeats have ended.

        Raises:
            NotFoundError: If none has a result yet, none is feasible, or there is no goal.
        """
        with self._lock:
            record = self._read()
            history = self._controller.history
            best = history.best
            if best is None:
                raise NotFoundError(why_none_is_best(record, history))
            group = history.repeats_of(best.number)
            return Best(
                best,
                record.sweep.goals,
                record.sweep.constraints,
                repeats=[self._trial(trial) for trial in group],
                se=spread(group, record.sweep.goals[0])[1],
                judge=self._judge,
            )

    @property
    def indistinguishable(self) -> list[Trial]:
        """What may be truly better than `best`, with a probability of 5 % or more, likeliest first.

        Empty where nothing is known of that (`best.why_unsure`), and where the best is sure.
        """
        with self._lock:
            found = self._judge()
            by_number = {t.number: t for t in self._controller.history.assignments()}
            return [self._trial(by_number[number]) for number in found.indistinguishable]

    @property
    def recommended(self) -> Trial:
        """The trial whose values to use: `best`, or one that promises more where results are noisy.

        The best of many noisy results is in part the luckiest. Without repeats a trial is therefore
        judged by what those near it got, too; see docs/noise.md.

        Raises:
            NotFoundError: As for `best`.
        """
        with self._lock:
            best, number = self.best, self._judge().recommended
            if number is None or number == best.number:
                return best
            by_number = {t.number: t for t in self._controller.history.assignments()}
            return self._trial(by_number[number])

    @property
    def pareto(self) -> list[Trial]:
        """The trials that no other one beats in one goal without losing in another."""
        with self._lock:
            sweep = self._read().sweep
            found = front(self._controller.history.assignments(), sweep.goals, sweep.constraints)
            return [self._trial(trial) for trial in found]

    def frame(self) -> "pd.DataFrame":
        """Return all trials as a pandas DataFrame, a row each; see `sonde.api.frame.rows_of`.

        Raises:
            ConfigError: If pandas is not installed.
        """
        return frame_of(self.trials)

    def importance(
        self, metric: str | None = None, *, method: str = "fanova"
    ) -> "list[Importance]":
        """Return how much of the results' variation each parameter explains, most first.

        Args:
            metric: What is explained, as `minimize` names it; by default the first goal.
            method: `fanova`, `ped-anova`, `permutation` or `correlation`.

        Raises:
            ConfigError: If there is no goal and no metric is given, or no such method.
        """
        from sonde.core.importance import importances

        with self._lock:
            sweep = self._read().sweep
            goals = sweep.goals if metric is None else (parse_goal(metric, flag="metric"),)
            if not goals:
                raise ConfigError("importance()", "the sweep has no goal", "name a metric")
            trials = self._controller.history.told()
        return importances(trials, sweep.space, goals[0], seed=sweep.seed, method=method)

    def plot(
        self,
        kind: str,
        *others: "Sweep | str",
        metric: str | Sequence[str] | None = None,
        params: Sequence[str] = (),
        over: str = "trial",
        filter: str = "",  # noqa: A002 - what everyone calls it
        points: int | None = None,
        method: str = "fanova",
    ) -> "Picture":
        """Return a figure: shown by a notebook, saved by `.save("f.png")`, printed in letters.

        Args:
            kind: `history`, `importance`, `parallel`, `slice`, `contour`, `rank`, `edf`,
                `timeline`, `pareto`, `curves`, `scatter-matrix` or `correlation`.
            others: Further sweeps of this store in the same figure, by the goals of this one.
            metric: What is shown, as `minimize` names it; by default the goals.
            params: Which parameters; by default all that vary. A contour has two.
            over: Of a history: `trial`, `time` or `cost`.
            filter: Which trials, as in the dashboard: `done lr<0.01`.
            points: How many trials are shown at most.
            method: Of importances.

        Raises:
            ConfigError: If it cannot be drawn.
            NotFoundError: If there is no such sweep.
        """
        from sonde.analysis.figures import Asked
        from sonde.analysis.figures.stored import figure_from
        from sonde.analysis.pictures import Picture

        asked = Asked(
            kind=kind,
            metrics=(metric,) if isinstance(metric, str) else tuple(metric or ()),
            params=tuple(params),
            over=over,
            points=points,
            method=method,
        )
        names = [self.id, *(other.id if isinstance(other, Sweep) else other for other in others)]
        return Picture(figure_from(self.store, names, asked, utc_now(), text=filter))

    # ---------------------------------------------------------------- running

    def run(
        self,
        trials: int | None = None,
        time: float | str | None = None,
        workers: int | None = None,
        progress: "Progress | bool" = "auto",
        *,
        gpus: "Gpus" = None,
        gpus_per_trial: float = 0,
        cpus_per_trial: float | None = None,
        mem_per_trial: float | str = 0,
        resources: Mapping[str, float] | None = None,
        on: str | None = None,
        cloud: str | None = None,
    ) -> "Sweep":
        """Run trials until there are so many in all, or the time is used up; return the sweep.

        Both limits are totals over every run of this sweep. Where neither is given, those
        given before hold; a grid ends by itself. The first Ctrl-C lets running trials finish
        and returns; the second ends them and raises `KeyboardInterrupt`. Either way, and
        also after SIGKILL, the next `run` goes on.

        Args:
            trials: How many trials in all, those included that failed.
            time: Working time in all: seconds, or text such as `"1h30m"`.
            workers: How many trials at once, each in a process of its own; by default one
                for each core. 0: here, in this process, one after the other.
            progress: `live` (at a terminal), `plain` lines, `json` events, `none`; `auto`
                chooses. False is `none`, True `auto`.
            gpus: The devices to hand out: `[0, 1]`, `"0,1"` or `"all"`.
            gpus_per_trial: How many for each; with 0.5 two trials share one. By default 1
                where there are `gpus`.
            cpus_per_trial: Cores that each trial counts for, and threads that it may use.
            mem_per_trial: Memory that it counts for: bytes, or text such as `"4GB"`.
            resources: What it takes of resources that the place counts: `{"licence": 1}`.
            on: Where the worker processes run: `"local"`, which is the default, `"ray"`,
                `"dask"`, `"slurm"`, `"cloud"`, or a place that a plugin adds.
            cloud: Machines that are started for this run and ended with it: `"ec2"`,
                `"gcloud"`, with options as in `"ec2(spot=True)"`. They cost money: what, is
                said, and nobody is asked.

        Raises:
            ConfigError: If there is nothing to run, or no limit.
            IllegalTransitionError: If it was cancelled.
            TrialError: If trials failed and none was completed.
            KeyboardInterrupt: At the second Ctrl-C.
        """
        from sonde.api.crew import crew_of, named_as_run, place_of
        from sonde.api.running import run
        from sonde.executors.resources import resources_of

        each = resources_of(
            cpus_per_trial, gpus_per_trial or None, mem_per_trial, resources,
            flags=[f"run({name}={{}})" for name in
                   ("cpus_per_trial", "gpus_per_trial", "mem_per_trial", "resources")],
        )  # fmt: skip
        crew = crew_of(workers, gpus, each, place_of(on, cloud))
        with self._lock:
            check_not_cancelled(self._read())
        try:
            with named_as_run(on):
                run(self._controller, self._function, trials, seconds_of(time), crew, progress)
        finally:
            with self._lock:  # what is asked for from now on follows what was given here
                self._asking.controller = self._controller = Controller(self.store, self.id)
        return self

    def enqueue(self, params: Mapping[str, Any] | None = None, /, **named: Any) -> int:
        """Add a trial with these values, to run next; return its number.

        Raises:
            ConfigErrors: If they are none of this space; constants need not be given.
        """
        given = {**(params or {}), **named}
        with self._lock:
            return self._asking.add(given)[0]

    # ---------------------------------------------------------------- ask and tell

    def ask(self, params: Mapping[str, Any] | None = None) -> Asked:
        """Return a trial to be run by this program, which holds a lease on it from now on.

            with sweep.ask() as t:
                t.report(0.31, step=1)
                t.tell(0.27)

        Args:
            params: Values of one's own; by default what is waiting, or what the search
                method proposes.

        Raises:
            ExhaustedError: If there is nothing to run: the budget is used up, the method has
                nothing left, or the sweep is paused or has ended.
        """
        return self._asking.ask(params)

    def tell(self, trial: "Asked | Trial | int", value: Any = None) -> None:
        """End a running trial with its result.

        Args:
            trial: What `ask` returned, or its number, also from another process.
            value: A number for each goal, or numbers by name; None: what was reported last.

        Raises:
            IllegalTransitionError: If it is not running.
        """
        if isinstance(trial, Asked):
            trial.tell(value)
            return
        self._asking.tell(trial if isinstance(trial, int) else trial.number, value)

    # ---------------------------------------------------------------- for people

    def __repr__(self) -> str:
        return f"<sonde.Sweep {self._headline()}>"

    def _repr_html_(self) -> str:
        with self._lock:
            self._read()
            trials = self._ranked()
        return html_of(f"sweep {self._headline()}", [self._trial(trial) for trial in trials])

    def _headline(self) -> str:
        with self._lock:
            return headline(self._read(), self._controller.history)

    # ---------------------------------------------------------------- below

    def _read(self) -> SweepRecord:
        with self._lock:
            self._controller.refresh()
            return self._controller.record

    def _trial(self, trial: core.Trial) -> Trial:
        sweep = self._controller.record.sweep
        return Trial(trial, sweep.goals, sweep.constraints)

    def _judge(self) -> Certainty:
        with self._lock:
            record = self._read()
            if self._judged is None or self._judged[0] != record.version:
                self._judged = record.version, certainty(self._controller.history)
            return self._judged[1]

    def _ranked(self) -> list[core.Trial]:
        sweep = self._controller.record.sweep
        return ranked(self._controller.history.assignments(), sweep.goals, sweep.constraints)
