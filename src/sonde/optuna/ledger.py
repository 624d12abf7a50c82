"""An Optuna storage in memory that can go back: what was written after a mark is forgotten.

To ask a sampler leaves traces in its study. A search method must propose the same when it
is asked again, so they are taken back; what has ended stays.
"""

import copy
from collections.abc import Container, Sequence
from typing import Any

from optuna.distributions import BaseDistribution
from optuna.exceptions import UpdateFinishedTrialError
from optuna.storages import BaseStorage
from optuna.study import StudyDirection
from optuna.study._frozen import FrozenStudy
from optuna.trial import FrozenTrial, TrialState

__all__ = ["Ledger"]

_STUDY, _NAME = 0, "sonde"


class Ledger(BaseStorage):
    """One study, whose trials have their numbers as ids.

    Trials are replaced and never changed, so that whoever listed them keeps what he saw.
    """

    def __init__(self, directions: Sequence[StudyDirection]) -> None:
        self._directions = list(directions)
        self._trials: list[FrozenTrial] = []
        self._user_attrs: dict[str, Any] = {}
        self._system_attrs: dict[str, Any] = {}
        self._replaced: list[tuple[int, FrozenTrial]] = []

    def mark(self) -> tuple[int, int, dict[str, Any]]:
        """Return what `back` goes back to."""
        return len(self._trials), len(self._replaced), self._system_attrs

    def back(self, mark: tuple[int, int, dict[str, Any]]) -> None:
        """Forget what was written since a mark."""
        trials, replaced, self._system_attrs = mark
        del self._trials[trials:]
        while len(self._replaced) > replaced:
            number, trial = self._replaced.pop()
            if number < trials:
                self._trials[number] = trial

    def keep(self) -> None:
        """Let no mark go back beyond what is there now."""
        self._replaced.clear()

    def add(self, trial: FrozenTrial) -> int:
        """Add a trial as it is, but for its number; return that."""
        number = len(self._trials)
        trial = copy.copy(trial)
        trial.number = trial._trial_id = number
        self._trials.append(trial)
        return number

    def replace(self, number: int, trial: FrozenTrial) -> None:
        """Put a trial in the place of another, whose system attributes it takes over."""
        trial = copy.copy(trial)
        trial.number = trial._trial_id = number
        trial.system_attrs = self._trials[number].system_attrs | trial.system_attrs
        self._put(number, trial)

    # What Optuna asks of a storage follows.

    def create_new_study(
        self, directions: Sequence[StudyDirection], study_name: str | None = None
    ) -> int:
        """Return the one study there is."""
        return _STUDY

    def delete_study(self, study_id: int) -> None:
        """Forget all trials."""
        self._trials.clear()

    def set_study_user_attr(self, study_id: int, key: str, value: Any) -> None:
        """Set an attribute of the study."""
        self._user_attrs[key] = value

    def set_study_system_attr(self, study_id: int, key: str, value: Any) -> None:
        """Set what a sampler notes with the study."""
        self._system_attrs = self._system_attrs | {key: value}

    def get_study_id_from_name(self, study_name: str) -> int:
        """Return the one study there is."""
        return _STUDY

    def get_study_name_from_id(self, study_id: int) -> str:
        """Return its name."""
        return _NAME

    def get_study_directions(self, study_id: int) -> list[StudyDirection]:
        """Return a direction for each goal."""
        return self._directions

    def get_study_user_attrs(self, study_id: int) -> dict[str, Any]:
        """Return the attributes of the study."""
        return self._user_attrs

    def get_study_system_attrs(self, study_id: int) -> dict[str, Any]:
        """Return what samplers noted with the study."""
        return self._system_attrs

    def get_all_studies(self) -> list[FrozenStudy]:
        """Return the one study there is."""
        return [
            FrozenStudy(
                study_name=_NAME, direction=None, directions=self._directions,
                user_attrs=self._user_attrs, system_attrs=self._system_attrs, study_id=_STUDY,
            )
        ]  # fmt: skip

    def create_new_trial(self, study_id: int, template_trial: FrozenTrial | None = None) -> int:
        """Add a running trial, or the one given."""
        if template_trial is not None:
            return self.add(template_trial)
        return self.add(
            FrozenTrial(
                number=0, trial_id=0, state=TrialState.RUNNING, value=None, params={},
                distributions={}, user_attrs={}, system_attrs={}, intermediate_values={},
                datetime_start=None, datetime_complete=None,
            )
        )  # fmt: skip

    def set_trial_param(
        self,
        trial_id: int,
        param_name: str,
        param_value_internal: float,
        distribution: BaseDistribution,
    ) -> None:
        """Give a running trial a parameter."""
        trial = self._changeable(trial_id)
        value = distribution.to_external_repr(param_value_internal)
        trial.params = trial.params | {param_name: value}
        trial.distributions = trial.distributions | {param_name: distribution}
        self._put(trial_id, trial)

    def set_trial_state_values(
        self, trial_id: int, state: TrialState, values: Sequence[float] | None = None
    ) -> bool:
        """End a running trial."""
        trial = self._changeable(trial_id)
        trial.state = state
        if values is not None:
            trial.values = list(values)
        self._put(trial_id, trial)
        return True

    def set_trial_intermediate_value(
        self, trial_id: int, step: int, intermediate_value: float
    ) -> None:
        """Report a value of a running trial."""
        trial = self._changeable(trial_id)
        trial.intermediate_values = trial.intermediate_values | {step: intermediate_value}
        self._put(trial_id, trial)

    def set_trial_user_attr(self, trial_id: int, key: str, value: Any) -> None:
        """Set an attribute of a running trial."""
        trial = self._changeable(trial_id)
        trial.user_attrs = trial.user_attrs | {key: value}
        self._put(trial_id, trial)

    def set_trial_system_attr(self, trial_id: int, key: str, value: Any) -> None:
        """Set what a sampler notes with a running trial."""
        trial = self._changeable(trial_id)
        trial.system_attrs = trial.system_attrs | {key: value}
        self._put(trial_id, trial)

    def get_trial(self, trial_id: int) -> FrozenTrial:
        """Return a trial."""
        return self._trials[trial_id]

    def get_all_trials(
        self,
        study_id: int,
        deepcopy: bool = True,
        states: Container[TrialState] | None = None,
    ) -> list[FrozenTrial]:
        """Return the trials in the order in which they were added."""
        found = [trial for trial in self._trials if states is None or trial.state in states]
        return copy.deepcopy(found) if deepcopy else found

    def _changeable(self, number: int) -> FrozenTrial:
        trial = self._trials[number]
        if trial.state.is_finished():
            raise UpdateFinishedTrialError(f"trial {number} has ended")
        return copy.copy(trial)

    def _put(self, number: int, trial: FrozenTrial) -> None:
        self._replaced.append((number, self._trials[number]))
        self._trials[number] = trial
