"""Studies: programs written for Optuna, run on sonde's sweeps.

A study is a sweep whose space appears while its objective runs (`sonde.core.appearing`). All
else is a sweep's: its store, its methods and stopping rules, `sonde ls`, `sonde ui`.
"""

import os
import threading
import time
import traceback
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from math import isnan
from typing import Any

from sonde.agent.identity import me
from sonde.api.judged import Judged
from sonde.api.keeper import Held, Keeper, release_dead
from sonde.api.sweep import Sweep as Opened
from sonde.controller import Controller, utc_now
from sonde.core.appearing import clean, grown
from sonde.core.distributions import Distribution
from sonde.core.metric import Direction, Goal
from sonde.core.sweep import Budget, Control
from sonde.core.trial import Lease, State
from sonde.core.trial import Trial as Stored
from sonde.errors import (
    ConfigError,
    ConflictError,
    LeaseLostError,
)
from sonde.store.protocol import Ask, Decision, NewTrial, Store
from sonde.studies.room import TOLD, make_room, settle
from sonde.studies.trials import FrozenTrial, Trial, TrialState, is_pruned

__all__ = ["Study"]

_STATES = {
    State.DONE: TrialState.COMPLETE,
    State.STOPPED: TrialState.PRUNED,
    State.RUNNING: TrialState.RUNNING,
    State.WAITING: TrialState.WAITING,
    State.PAUSED: TrialState.WAITING,
}


class Study:
    """A sweep as a study; made by `create_study` and `load_study`.

    Attributes:
        store: Where it is.
        sweep: The same as `sonde.Sweep`, with all that that has.
    """

    def __init__(self, store: Store, sweep: str) -> None:
        self.store = store
        self.sweep = Opened(store, sweep)
        self._id = sweep
        self._controller = Controller(store, sweep)
        self._lock = threading.RLock()
        self._keeper = Keeper(store, self._controller.record.sweep.lease_s)
        self._open: dict[int, tuple[Trial, Held]] = {}
        self._has_asked = self._is_stopped = False

    def __repr__(self) -> str:
        return f"<Study {self.study_name}>"

    # ------------------------------------------------------------------ what it is

    @property
    def study_name(self) -> str:
        """Its name."""
        return self._controller.record.name

    @property
    def goals(self) -> Sequence[Goal]:
        """What is to be improved."""
        return self._controller.record.sweep.goals

    @property
    def directions(self) -> list[Direction]:
        """Which way is better, of each value."""
        return [goal.direction for goal in self.goals]

    @property
    def direction(self) -> Direction:
        """Which way is better."""
        if len(self.goals) > 1:
            raise RuntimeError("the study has several directions; use `directions`")
        return self.goals[0].direction

    @property
    def trials(self) -> list[FrozenTrial]:
        """All trials, by number."""
        return self.get_trials()

    def get_trials(self, states: Iterable[TrialState] | None = None) -> list[FrozenTrial]:
        """Return all trials, or those in some states, by number."""
        wanted = None if states is None else set(states)
        changes = self.store.changes(self._id)
        curves = self.store.curves(self._id, None, [self.goals[0].metric])
        found = [self._frozen(trial, curves.get(trial.number, {})) for trial in changes.trials]
        return [trial for trial in found if wanted is None or trial.state in wanted]

    @property
    def best_trial(self) -> FrozenTrial:
        """The best trial that has completed.

        Raises:
            ValueError: If none has.
        """
        sign = 1 if self.direction is Direction.MINIMIZE else -1
        done = [trial for trial in self.get_trials([TrialState.COMPLETE]) if trial.values]
        if not done:
            raise ValueError("no trial has completed yet")
        return min(done, key=lambda trial: sign * (trial.value or 0.0))

    @property
    def best_params(self) -> Mapping[str, Any]:
        """The values of the best trial."""
        return self.best_trial.params

    @property
    def best_value(self) -> float:
        """What the best trial reached."""
        value = self.best_trial.value
        assert value is not None  # of a trial that has completed
        return value

    @property
    def best_trials(self) -> list[FrozenTrial]:
        """The trials that no other is better than in every respect."""
        signs = [1 if way is Direction.MINIMIZE else -1 for way in self.directions]
        done = [trial for trial in self.get_trials([TrialState.COMPLETE]) if trial.values]
        losses = [[sign * v for sign, v in zip(signs, t.values or (), strict=True)] for t in done]
        return [
            trial
            for trial, ours in zip(done, losses, strict=True)
            if not any(
                other != ours and all(a <= b for a, b in zip(other, ours, strict=True))
                for other in losses
            )
        ]

    def trials_dataframe(self) -> Any:
        """Return the trials as a pandas DataFrame, with sonde's columns."""
        return self.sweep.frame()

    # ------------------------------------------------------------------ what it does

    def optimize(
        self,
        func: Callable[[Trial], Any],
        n_trials: int | None = None,
        timeout: float | None = None,
        n_jobs: int = 1,
        catch: type[BaseException] | Iterable[type[BaseException]] = (),
        callbacks: Iterable[Callable[["Study", FrozenTrial], None]] = (),
        gc_after_trial: bool = False,
        show_progress_bar: bool = False,
    ) -> None:
        """Call the objective until there were so many trials, or the time is over, or Ctrl-C.

        The same program may run several times at once on one storage: they share the study.

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
        called = tuple(callbacks)
        self._is_stopped = False
        jobs = n_jobs if n_jobs > 0 else os.cpu_count() or 1

        def one() -> None:
            self._run(func, caught, called)
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

    def enqueue_trial(self, params: Mapping[str, Any]) -> None:
        """Try these values next; what is not among them is proposed."""
        given = {clean(name): value for name, value in params.items()}
        with self._lock:
            self._commit([NewTrial(params=given, origin="user")])

    def ask(self) -> Trial:
        """Begin a trial, whose result `tell` is told."""
        with self._lock:
            if not self._has_asked:
                release_dead(self._controller)
                self._has_asked = True
            lease = self._leased()
            proposal = dict(lease.params)
            record = self._controller.record
            held = Held(lease)
            judged = Judged(self._controller, held, self._controller.refresh, self._lock)
            trial = Trial(self, held, judged, record.sweep.seed, proposal)
            self._open[trial.number] = trial, held
            self._keeper.add(held)
            return trial

    def tell(
        self,
        trial: Trial | int,
        values: float | Sequence[float] | None = None,
        state: TrialState | None = None,
    ) -> FrozenTrial:
        """End a trial that was asked for.

        Args:
            trial: Or its number.
            values: What it reached, one number for each direction.
            state: `PRUNED` or `FAIL`; None: it has completed, or failed where `values` are none.
        """
        number = trial if isinstance(trial, int) else trial.number
        if number not in self._open:
            raise ValueError(f"trial {number} does not run in this program")
        found, why = self._numbers(values)
        if state is TrialState.PRUNED:
            self._end(number, State.STOPPED, {})
        elif state is TrialState.FAIL or found is None:
            self._end(number, State.FAILED, {}, why or "told to have failed")
        else:
            self._end(number, State.DONE, found)
        return self.get_trials()[number]

    def make_room(self, asked: Mapping[str, Distribution]) -> None:
        """Bring what a trial asks for into the definition."""
        if grown(self._controller.record.sweep.space, asked) is self._controller.record.sweep.space:
            return
        make_room(self.store, self._id, asked)

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
            found, why = self._numbers(func(trial))
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
        if raised is not None:
            raise raised
        if callbacks:
            frozen = self.get_trials()[trial.number]
            for callback in callbacks:
                callback(self, frozen)

    def _end(
        self, number: int, state: State, values: Mapping[str, float], error: str | None = None
    ) -> None:
        trial, held = self._open[number]
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

    def _numbers(self, returned: Any) -> tuple[dict[str, float] | None, str | None]:
        """Return what an objective returned, by metric; or None, and why it is no result."""
        goals = self.goals
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

    def _frozen(self, trial: Stored, curves: Mapping[str, Any]) -> FrozenTrial:
        goals = self.goals
        state = _STATES.get(trial.state, TrialState.FAIL)
        values: list[float] | None = [
            value for goal in goals if (value := trial.value(goal)) is not None
        ]
        if state not in {TrialState.COMPLETE, TrialState.PRUNED} or len(values or ()) < len(goals):
            values = None
        curve = curves.get(goals[0].metric)
        points: dict[int, float] = {}
        if curve is not None:
            # The final value of a trial that has completed is no intermediate one.
            last = -1 if state is TrialState.COMPLETE else None
            points = dict(zip(curve.steps[:last], curve.values[:last], strict=True))
        return FrozenTrial(
            number=trial.number,
            state=state,
            params=dict(trial.params),
            values=values,
            user_attrs=trial.facts.get("user_attrs", {}),
            intermediate_values=points if len(goals) == 1 else {},
            datetime_start=trial.started,
            datetime_complete=trial.finished,
        )
