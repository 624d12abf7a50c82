"""What a study is, as a program for Optuna reads it."""

import threading
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sonde.api.sweep import Sweep as Opened
from sonde.controller import Controller
from sonde.core.appearing import clean
from sonde.core.constraint import is_feasible
from sonde.core.metric import Direction, Goal
from sonde.core.trial import State
from sonde.store.protocol import Store
from sonde.studies.attributes import attributes_in, set_attribute
from sonde.studies.frame import COLUMNS, frame_of
from sonde.studies.freezing import frozen
from sonde.studies.frozen import FrozenTrial, TrialState
from sonde.studies.names import Sampler
from sonde.studies.pruners import Pruner
from sonde.studies.room import rename

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Reading"]


class Reading:
    """The half of a study that reads; see `sonde.studies.study`.

    Attributes:
        store: Where it is.
        sweep: The same as `sonde.Sweep`, with all that that has.
    """

    def __init__(self, store: Store, sweep: str, sampler: Sampler | None = None) -> None:
        self.store = store
        self.take(Sampler() if sampler is None else sampler)
        self.sweep = Opened(store, sweep)
        self._id = sweep
        self._controller = Controller(store, sweep)
        self._lock = threading.RLock()

    def take(self, sampler: Sampler) -> None:
        """Have of a sampler what is this program's alone: fixed values, and a function."""
        self._fixed = {clean(name): value for name, value in sampler.fixed.items()}
        self._bounds = sampler.bounds

    def __repr__(self) -> str:
        return f"<Study {self.study_name}>"

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
    def sampler(self) -> Sampler:
        """The search method, and the seed."""
        definition = self._controller.record.sweep
        return Sampler(
            method=definition.method, seed=definition.seed, fixed=self._fixed, bounds=self._bounds
        )

    @property
    def pruner(self) -> Pruner:
        """The stopping rule."""
        return Pruner(self._controller.record.sweep.stopping)

    @property
    def trials(self) -> list[FrozenTrial]:
        """All trials, by number."""
        return self.get_trials()

    def get_trials(
        self,
        deepcopy: bool = True,
        states: Iterable[TrialState] | None = None,
    ) -> list[FrozenTrial]:
        """Return all trials, or those in some states, by number."""
        wanted = None if states is None else set(states)
        changes = self.store.changes(self._id)
        definition = changes.record.sweep
        curves = self.store.curves(self._id, None, [definition.goals[0].metric])
        found = [
            frozen(trial, definition, curves.get(trial.number, {})) for trial in changes.trials
        ]
        return [trial for trial in found if wanted is None or trial.state in wanted]

    @property
    def metric_names(self) -> list[str] | None:
        """What the values are called, where `set_metric_names` has said so."""
        names = [goal.metric for goal in self.goals]
        plain = ["value"] if len(names) == 1 else [f"value_{n}" for n in range(len(names))]
        return None if names == plain else names

    def set_metric_names(self, metric_names: Sequence[str]) -> None:
        """Say what the values are called, in the order of the directions.

        Raises:
            ConfigError: If they are not as many as directions, or the study has trials: their
                values have their names.
        """
        with self._lock:
            rename(self.store, self._id, metric_names)
            self._controller.refresh()
            self.sweep = Opened(self.store, self._id)

    @property
    def user_attrs(self) -> dict[str, Any]:
        """What `set_user_attr` noted of the study."""
        return attributes_in(self.store.get_sweep(self._id).notes)

    def set_user_attr(self, key: str, value: Any) -> None:
        """Note something of the study; it stands among the sweep's notes."""
        set_attribute(self.store, self._id, key, value)

    @property
    def best_trial(self) -> FrozenTrial:
        """The best trial that has completed.

        Raises:
            ValueError: If none has.
        """
        sign = 1 if self.direction is Direction.MINIMIZE else -1
        done = self._completed()
        if not done:
            raise ValueError("no trial has completed yet")
        best = min(done, key=lambda trial: sign * (trial.value or 0.0))
        return self._shown(best.number)  # with its curve

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
        done = self._completed()
        losses = [[sign * v for sign, v in zip(signs, t.values or (), strict=True)] for t in done]
        return [
            trial
            for trial, ours in zip(done, losses, strict=True)
            if not any(
                other != ours and all(a <= b for a, b in zip(other, ours, strict=True))
                for other in losses
            )
        ]

    def trials_dataframe(
        self, attrs: Sequence[str] = COLUMNS, multi_index: bool = False
    ) -> "pd.DataFrame":
        """Return the trials as a pandas DataFrame with Optuna's columns: `value`, `params_x`.

        `study.sweep.frame()` has sonde's.
        """
        names, ways = self.metric_names, len(self.goals)
        return frame_of(self.get_trials(), attrs, names, ways, multi_index=multi_index)

    def _completed(self) -> list[FrozenTrial]:
        """Return the trials that may be the best: none that breaks a bound."""
        changes = self.store.changes(self._id)
        definition = changes.record.sweep
        return [
            found
            for trial in changes.trials
            if trial.state is State.DONE and is_feasible(trial, definition.constraints)
            if (found := frozen(trial, definition, {})).values
        ]

    def _shown(self, number: int) -> FrozenTrial:
        """Return one trial as it is now, without reading all others."""
        with self._lock:
            self._controller.refresh()
            definition = self._controller.record.sweep
            trial = self._controller.history.trials[number]
        curves = self.store.curves(self._id, [number], [definition.goals[0].metric])
        return frozen(trial, definition, curves.get(number, {}))
