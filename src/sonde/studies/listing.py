"""The studies of a store: their names, what they are in short, and copies of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sonde.api.places import opened
from sonde.core.metric import Direction
from sonde.store.protocol import Store, SweepRecord
from sonde.studies.attributes import attributes_in
from sonde.studies.frozen import FrozenTrial
from sonde.studies.opening import create_study, load_study
from sonde.studies.study import Study

__all__ = ["StudySummary", "copy_study", "get_all_study_names", "get_all_study_summaries"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StudySummary:
    """What a study is, in short."""

    study_name: str
    directions: Sequence[Direction]
    best_trial: FrozenTrial | None
    user_attrs: Mapping[str, Any]
    n_trials: int
    datetime_start: datetime | None

    @property
    def direction(self) -> Direction:
        """Which way is better."""
        if len(self.directions) > 1:
            raise RuntimeError("the study has several directions; use `directions`")
        return self.directions[0]


def get_all_study_names(storage: str | Store | None = None) -> list[str]:
    """Return the names of all studies of a store: of sweeps without a program of their own."""
    return [record.name for record in _studies(opened(storage))]


def get_all_study_summaries(
    storage: str | Store | None = None, include_best_trial: bool = True
) -> list[StudySummary]:
    """Return what the studies of a store are, in short."""
    store = opened(storage)
    return [_summary(store, record, best=include_best_trial) for record in _studies(store)]


def copy_study(
    *,
    from_study_name: str,
    from_storage: str | Store | None = None,
    to_storage: str | Store | None = None,
    to_study_name: str | None = None,
) -> None:
    """Copy a study's trials that have ended into a new one; `sonde store copy` copies as it is.

    Raises:
        SweepExistsError: If there is a study of that name.
    """
    source = load_study(study_name=from_study_name, storage=from_storage)
    copy = create_study(
        storage=to_storage,
        study_name=to_study_name or from_study_name,
        directions=[way.value for way in source.directions],
        sampler=source.sampler,
        pruner=source.pruner,
    )
    if source.metric_names is not None:
        copy.set_metric_names(source.metric_names)
    for key, value in source.user_attrs.items():
        copy.set_user_attr(key, value)
    copy.add_trials(trial for trial in source.trials if trial.state.is_finished())


def _studies(store: Store) -> list[SweepRecord]:
    return [record for record in store.list_sweeps() if record.sweep.work is None]


def _summary(store: Store, record: SweepRecord, *, best: bool) -> StudySummary:
    found = None
    study = Study(store, record.id)
    trials = study.trials
    if best and len(study.directions) == 1:
        try:
            found = study.best_trial
        except ValueError:  # none has completed
            found = None
    return StudySummary(
        study_name=record.name,
        directions=study.directions,
        best_trial=found,
        user_attrs=attributes_in(record.notes),
        n_trials=len(trials),
        datetime_start=min((t.datetime_start for t in trials if t.datetime_start), default=None),
    )
