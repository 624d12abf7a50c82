"""Studies: programs written for Optuna, run on sonde's sweeps.

A study is a sweep whose space appears while its objective runs (`sonde.core.appearing`). All
else is a sweep's: its store, its methods and stopping rules, `sonde ls`, `sonde ui`.
"""

import os
import time
import traceback
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Any

from sonde.agent.identity import me
from sonde.api.judged import Judged
from sonde.api.keeper import Held, Keeper, release_dead
from sonde.controller import utc_now
from sonde.core.appearing import clean, grown
from sonde.core.distributions import Distribution
from sonde.core.distributions.values import canonical
from sonde.core.sweep import Budget, Control
from sonde.core.trial import Lease, State
from sonde.errors import (
    ConfigError,
    ConflictError,
    ExhaustedError,
    LeaseLostError,
)
from sonde.store.protocol import Ask, Decision, NewTrial, Store
from sonde.studies.freezing import asked_of, past
from sonde.studies.frozen import FrozenTrial, TrialState
from sonde.studies.logs import WARNING, get_logger
from sonde.studies.names import Sampler
from sonde.studies.reading import Reading
from sonde.studies.room import TOLD, make_bounds, make_room, settle
from sonde.studies.telling import numbers_of, say
from sonde.studies.trials import Trial, is_pruned

__all__ = ["Study"]


class Study(Reading):
    """A sweep as a study; made by `create_study` and `load_study`."""

    def __init__(self, store: Store, sweep: str, sampler: Sampler | None = None) -> None:
        super().__init__(store, sweep, sampler)
        self._keeper = Keeper(store, self._controller.record.sweep.lease_s)
        self._open: dict[int, tuple[Trial, Held]] = {}
        self._has_asked = self._is_stopped = False

    def optimize(
        self,
        func: Callable[[Trial], Any],
        n_trials: int | None = None,
        timeout: float | None = None,
        n_jobs: int = 1,
        catch: type[BaseException] | Iterable[type[BaseException]] = (),
        callbacks: Iterable[Callable[["Study", FrozenTrial], None]] | None = None,
        gc_after_trial: bool = False,
        show_progress_bar: bool = False,
    ) -> None:
        """Call the objective until there were so many trials, or the time is over, or Ctrl-C.

        Several programs may do so at once on one storage: they share the study. A grid ends by
        itself.

        Args:
            func: The objective. It returns a number, or one for each direction.
            n_trials: How many trials from now on; None: no number ends it.
            timeout: Seconds after which no further trial begins.
            n_jobs: How many trials at once, in threads of this process; -1: one a core.
            catch: Exceptions that fail a trial and do not end the study.
            callbacks: Called with the study and each trial that has ended.
            gc_after_trial: Collect garbage after each trial.
            show_progress_bar: Taken, and of no effect: `sonde ui` shows the study.
        """
        if n_trials is not None and n_trials < 1:
            raise ConfigError(
                f"n_trials={n_trials}", "that is no number of trials", "use 1 or more"
            )
        caught = (catch,) if isinstance(catch, type) else tuple(catch)
        deadline = None if timeout is None else time.monotonic() + timeout
        called = tuple(callbacks or ())
        self._is_stopped = False
        jobs = n_jobs if n_jobs > 0 else os.cpu_count() or 1

        def one() -> None:
            try:
                self._run(func, caught, called)
            except ExhaustedError:
                self._is_stopped = True
            if gc_after_trial:
                import gc

                gc.collect()

        def is_over(begun: int) -> bool:
            late = deadline is not None and time.monotonic() >= deadline
            return self._is_stopped or late or (n_trials is not None and begun >= n_trials)

        begun = 0
        if jobs == 1:
            while not is_over(begun):
                begun += 1
                one()
            return
        running: set[Future[None]] = set()
        with ThreadPoolExecutor(jobs) as pool:
            while running or not is_over(begun):
                while len(running) < jobs and not is_over(begun):
                    running.add(pool.submit(one))
                    begun += 1
                ended, running = wait(running, return_when=FIRST_COMPLETED)
                for future in ended:
                    if future.exception() is not None:
                        self._is_stopped = True
                    future.result()

    def stop(self) -> None:
        """Let no further trial begin; for objectives and callbacks."""
        self._is_stopped = True

    def enqueue_trial(
        self,
        params: Mapping[str, Any],
        user_attrs: Mapping[str, Any] | None = None,
        skip_if_exists: bool = False,
    ) -> None:
        """Try these values next; what is not among them is proposed.

        Args:
            params: By name.
            user_attrs: Of a trial that waits there are none: refused.
            skip_if_exists: Not where a trial has these values already, or waits with them.
        """
        if user_attrs:
            raise ConfigError(
                "enqueue_trial(user_attrs=...)",
                "a trial that waits has no attributes",
                "set them in the objective, trial.set_user_attr(...)",
            )
        given = {clean(name): value for name, value in params.items()}
        if skip_if_exists:
            wanted = {name: canonical(value) for name, value in given.items()}
            for trial in self.store.changes(self._id).trials:
                if {name: canonical(value) for name, value in trial.params.items()} == wanted:
                    return
        with self._lock:
            self._commit([NewTrial(params=given, origin="user")])

    def add_trial(self, trial: FrozenTrial) -> None:
        """Take in a trial that was made elsewhere: `create_trial(...)`, or another study's."""
        self.add_trials([trial])

    def add_trials(self, trials: Iterable[FrozenTrial]) -> None:
        """Take in trials that were made elsewhere, all or, where one cannot be, none.

        Raises:
            ValueError: If one runs, or has not as many values as there are directions.
        """
        ended = list(trials)
        for trial in ended:
            if trial.state is TrialState.RUNNING:
                raise ValueError(f"trial {trial.number} runs: add it once it has ended")
            if trial.values is not None and len(trial.values) != len(self.goals):
                raise ValueError(
                    f"trial {trial.number} has {len(trial.values)} values, and the study "
                    f"{len(self.goals)} directions"
                )
        waiting = [trial for trial in ended if trial.state is TrialState.WAITING]
        ended = [trial for trial in ended if trial.state is not TrialState.WAITING]
        if not ended:
            for trial in waiting:
                self.enqueue_trial(trial.params)
            return
        with self._lock:
            for trial in ended:
                make_room(self.store, self._id, asked_of(trial))
                if trial.constraints:
                    self.make_bounds([f"constraint_{clean(key)}" for key in trial.constraints])
            while True:
                record = self.store.get_sweep(self._id)
                written = [past(t, record.sweep, n) for n, t in enumerate(ended, record.trials)]
                try:
                    self.store.put_trials(self._id, written, utc_now(), against=record.revision)
                except ConflictError:
                    continue  # somebody else added one first
                break
            for one in written:
                if one.trial.state in TOLD:
                    self._settle(one.trial.params)
        for trial in waiting:
            self.enqueue_trial(trial.params)

    def ask(self, fixed_distributions: Mapping[str, Any] | None = None) -> Trial:
        """Begin a trial, whose result `tell` is told.

        Args:
            fixed_distributions: What it has, by name, so that `trial.params` is known at once.

        Raises:
            ExhaustedError: If the study is a grid, and all of it was tried.
        """
        with self._lock:
            if not self._has_asked:
                release_dead(self._controller)
                self._has_asked = True
            lease = self._leased()
            proposal = {**lease.params, **self._fixed}
            record = self._controller.record
            held = Held(lease)
            judged = Judged(self._controller, held, self._controller.refresh, self._lock)
            trial = Trial(self, held, judged, record.sweep.seed, proposal)
            self._open[trial.number] = trial, held
            self._keeper.add(held)
        if fixed_distributions:
            trial.take_fixed(fixed_distributions)
            trial.keep()
        return trial

    def tell(
        self,
        trial: Trial | int,
        values: float | Sequence[float] | None = None,
        state: TrialState | None = None,
        skip_if_finished: bool = False,
    ) -> FrozenTrial:
        """End a trial that was asked for.

        Args:
            trial: Or its number.
            values: What it reached, one number for each direction.
            state: `PRUNED` or `FAIL`; None: it has completed, or failed where `values` are none.
            skip_if_finished: Do nothing where it has ended already.

        Raises:
            ValueError: If it does not run in this program.
        """
        number = trial if isinstance(trial, int) else trial.number
        if number not in self._open:
            with self._lock:
                self._controller.refresh()
                known = self._controller.history.trials
            if skip_if_finished and 0 <= number < len(known) and known[number].is_ended:
                return self._shown(number)
            raise ValueError(f"trial {number} does not run in this program")
        found, why = numbers_of(self.goals, values)
        if state is TrialState.PRUNED:
            self._end(number, State.STOPPED, {})
        elif state is TrialState.FAIL or found is None:
            self._end(number, State.FAILED, {}, why or "told to have failed")
        else:
            self._end(number, State.DONE, found)
        return self._shown(number)

    def make_room(self, asked: Mapping[str, Distribution]) -> None:
        """Bring what a trial asks for into the definition."""
        definition = self._controller.record.sweep
        if definition.method == "grid":  # whose values are given, whatever range is asked for
            known = {parameter.name for parameter in definition.space.parameters}
            asked = {name: one for name, one in asked.items() if name not in known}
        if grown(definition.space, asked) is definition.space:
            return
        make_room(self.store, self._id, asked)

    def make_bounds(self, metrics: Sequence[str]) -> None:
        """Have the definition know that these are to be 0 at most."""
        known = {constraint.metric for constraint in self._controller.record.sweep.constraints}
        if not known.issuperset(metrics):
            make_bounds(self.store, self._id, metrics)

    # ------------------------------------------------------------------ how it does it

    def _run(
        self,
        func: Callable[[Trial], Any],
        caught: tuple[type[BaseException], ...],
        callbacks: Sequence[Callable[["Study", FrozenTrial], None]],
    ) -> None:
        trial = self.ask()
        raised: BaseException | None = None
        try:
            found, why = numbers_of(self.goals, func(trial))
            if found is None:
                warnings.warn(f"trial {trial.number} failed: {why}", stacklevel=2)
                self._end(trial.number, State.FAILED, {}, why)
            else:
                self._end(trial.number, State.DONE, found)
        except LeaseLostError:
            self._let_go(trial.number)
        except BaseException as error:  # noqa: BLE001 whatever an objective raises
            if is_pruned(error):
                self._end(trial.number, State.STOPPED, {})
            elif isinstance(error, Exception):
                text = f"{type(error).__name__}: {error}".rstrip(": ").partition("\n")[0]
                trial.user_attrs.setdefault("traceback", traceback.format_exc())
                self._end(trial.number, State.FAILED, {}, text)
                raised = None if isinstance(error, caught) else error
            else:
                self._end(trial.number, State.WAITING, {})
                raised = error
        if get_logger("optuna").isEnabledFor(WARNING):
            with self._lock:
                self._controller.refresh()
                history = self._controller.history
            say(trial, history.trials[trial.number], self.goals, history.best)
        if raised is not None:
            raise raised
        if callbacks:
            ended = self._shown(trial.number)
            for callback in callbacks:
                callback(self, ended)

    def _end(
        self, number: int, state: State, values: Mapping[str, float], error: str | None = None
    ) -> None:
        trial, held = self._open[number]
        if self._bounds is not None and state in TOLD:
            for place, over in enumerate(self._bounds(trial.frozen(values))):
                trial.set_constraint(str(place), over)
        self._let_go(number)
        try:
            trial.end(state, values, error)
        except LeaseLostError:  # this program was silent for too long: another one has the trial
            return
        if state in TOLD:
            self._settle(held.lease.params)

    def _let_go(self, number: int) -> None:
        found = self._open.pop(number, None)
        if found is not None:
            self._keeper.remove(found[1])

    def _settle(self, params: Mapping[str, Any]) -> None:
        """Have the definition say which trials have which parameters, where it does not."""
        with self._lock:
            self._controller.refresh()
            if self._controller.record.sweep.space.admits(params):
                return
            settle(self.store, self._id, self._controller.history.trials)

    def _leased(self) -> Lease:
        """Return a lease on the next trial: one that waits, or one that the method proposes."""
        ask = Ask(agent=me(), lease_s=self._controller.record.sweep.lease_s)
        while True:
            self._reopen()
            if self._controller.record.sweep.space.parameters:
                leases = self._controller.step(1, ask)
            else:
                leases = self.store.lease(self._id, ask, utc_now())
            if leases:
                return leases[0]
            definition = self._controller.record.sweep
            if definition.method == "grid" and definition.space.parameters:
                raise ExhaustedError(f"all of the grid of {self.study_name} was tried")
            # Nothing is known to be searched yet, or all of it was tried: Optuna goes on.
            leases = self._commit([NewTrial(params={}, origin="method")], ask)
            if leases:
                return leases[0]

    def _reopen(self) -> None:
        """Have the sweep take trials: a study has no end of its own."""
        self._controller.refresh()
        record = self._controller.record
        if record.control is Control.CANCELLED:
            raise ConfigError(f"study {record.name}", "it was cancelled", "make a new one")
        endless = Budget(workers=record.budget.workers)
        if record.control is not Control.RUNNING or record.budget != endless:
            self.store.update_sweep(
                self._id, utc_now(), control=Control.RUNNING, budget=endless, reason=""
            )
            self._controller.refresh()

    def _commit(self, add: Sequence[NewTrial], ask: Ask | None = None) -> Sequence[Lease]:
        while True:
            revision = self.store.get_sweep(self._id).revision
            try:
                decision = Decision(against=revision, add=add)
                return self.store.commit(self._id, decision, utc_now(), ask)[1]
            except ConflictError:
                continue  # somebody else decided first
