"""Studies of Optuna as sweeps in a store: their trials, curves, and what was searched.

A study that was imported before is gone on with: trials that have ended since are added. What is
still running or waiting there is left to Optuna.
"""

import math
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import optuna
from optuna.study import Study, StudyDirection
from optuna.trial import FrozenTrial, TrialState

from sonde.core.metric import Direction, Goal
from sonde.core.sweep import Budget, Control, Sweep
from sonde.core.trial import Report, State, Trial
from sonde.errors import ConfigError
from sonde.optuna.searched import clean, space_of, value_of
from sonde.store.passwords import hidden
from sonde.store.protocol import PastTrial, Store, SweepRecord

__all__ = ["StudyImport", "import_study", "opened_study", "storage_of"]

_BATCH = 200  # trials in one transaction
_STATES = {
    TrialState.COMPLETE: State.DONE,
    TrialState.PRUNED: State.STOPPED,
    TrialState.FAIL: State.FAILED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyImport:
    """What an import brought.

    Attributes:
        added: How many trials were new.
        left: How many are not there, as they run or wait in Optuna.
    """

    record: SweepRecord
    added: int
    left: int


def opened_study(storage: str, name: str | None) -> Study:
    """Return a study of a storage, as Optuna's command line names one.

    Args:
        storage: A URL (`sqlite:///study.db`, `postgresql://...`), or a journal file.
        name: Of the study; None: the only one that there is.

    Raises:
        ConfigError: If the storage cannot be read, or has no such study.
    """
    shown = hidden(storage)
    try:
        theirs = storage_of(storage)
        names = optuna.get_all_study_names(theirs)
    except Exception as error:  # whatever a database's driver raises
        line = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise ConfigError(
            shown, f"Optuna cannot read it: {hidden(line)}", "check the URL"
        ) from error
    listed = ", ".join(names) or "none"
    if name is None and len(names) != 1:
        raise ConfigError(shown, f"it has {len(names)} studies: {listed}", "name one")
    if name is not None and name not in names:
        raise ConfigError(shown, f"it has no study '{name}'", f"there are: {listed}")
    return optuna.load_study(storage=theirs, study_name=name or names[0])


def import_study(
    study: Study,
    store: Store,
    now: datetime,
    *,
    origin: str,
    name: str | None = None,
    metrics: Sequence[str] = (),
    told: Callable[[int, int], None] = lambda done, total: None,
) -> StudyImport:
    """Bring a study into a store.

    Args:
        origin: What the study is known by at a further import: its storage.
        name: Of the sweep; the study's if not given.
        metrics: What its values are called, one for each direction; by default the study's metric
            names, else `value`.
        told: Is told now and then how many trials are done, and of how many.

    Raises:
        ConfigError: If there is nothing to import, or the names are not as many as directions.
    """
    trials = study.get_trials(deepcopy=False)
    ended = [trial for trial in trials if trial.state.is_finished()]
    if not ended:
        raise ConfigError(
            f"study {study.study_name}", "no trial of it has ended", "come back later"
        )
    record = _sweep_of(study, ended, store, now, origin, name, metrics)
    known = {trial.agent for trial in store.changes(record.id).trials}
    fresh = [trial for trial in ended if _agent(study, trial) not in known]
    for first in range(0, len(fresh), _BATCH):
        told(first, len(fresh))
        batch = fresh[first : first + _BATCH]
        past = [_past(study, one, record, n, now) for n, one in enumerate(batch, record.trials)]
        record = store.put_trials(record.id, past, now, against=record.revision)
    if record.control is not Control.DONE and record.budget.trials == 0:  # nobody goes on with it
        record = store.update_sweep(record.id, now, control=Control.DONE, reason="imported")
    return StudyImport(record=record, added=len(fresh), left=len(trials) - len(ended))


def _sweep_of(
    study: Study,
    ended: Sequence[FrozenTrial],
    store: Store,
    now: datetime,
    origin: str,
    name: str | None,
    metrics: Sequence[str],
) -> SweepRecord:
    """Find the sweep of a study, its space as it is by now, or make it."""
    # Without its password, as it is kept and shown.
    space, place = space_of(ended), f"{hidden(origin)}#{study.study_name}"
    for record in store.list_sweeps():
        if record.facts.get("optuna") == place:
            _check_same(record, name, metrics)
            if record.sweep.space == space:
                return record
            definition = replace(record.sweep, space=space)
            why = "what was searched has grown in Optuna"
            return store.update_sweep(record.id, now, definition=definition, why=why)
    goals = _goals(study, metrics)
    definition = Sweep(
        space=space,
        goals=goals,
        method="auto",
        budget=Budget(trials=0),
        name=name or study.study_name,
    )
    return store.create_sweep(definition, now, {"optuna": place})


def _check_same(record: SweepRecord, name: str | None, metrics: Sequence[str]) -> None:
    """Refuse another name for what was imported before."""
    named = [goal.metric for goal in record.sweep.goals]
    for flag, given, there in (
        ("--name", name, record.name),
        ("--metric", ", ".join(metrics), ", ".join(named)),
    ):
        if given and given != there:
            raise ConfigError(
                f"{flag} {given}",
                f"the study was imported before, as {record.name} with {', '.join(named)}",
                "leave it out",
            )


def _goals(study: Study, names: Sequence[str]) -> tuple[Goal, ...]:
    directions = study.directions
    if not names:
        plain = (
            ["value"] if len(directions) == 1 else [f"value_{k}" for k in range(len(directions))]
        )
        names = study.metric_names or plain
    if len(names) != len(directions):
        raise ConfigError(
            f"--metric {', '.join(names)}",
            f"the study has {len(directions)} directions",
            "name one metric for each",
        )
    minimize = StudyDirection.MINIMIZE
    return tuple(
        Goal(
            metric=name,
            direction=Direction.MINIMIZE if way is minimize else Direction.MAXIMIZE,
        )
        for name, way in zip(names, directions, strict=True)
    )


def _past(
    study: Study, trial: FrozenTrial, record: SweepRecord, number: int, now: datetime
) -> PastTrial:
    """Return a trial of a study as the trial of that number."""
    begun = _utc(trial.datetime_start, now)
    goals = record.sweep.goals
    ended = _utc(trial.datetime_complete, now)
    at = ended.timestamp()
    reports = [
        Report(step, {goals[0].metric: value}, at)
        for step, value in sorted(trial.intermediate_values.items())
    ]
    values = {name: float(number) for name, number in _numbers(trial.user_attrs)}
    if trial.state is TrialState.COMPLETE:
        values |= {goal.metric: v for goal, v in zip(goals, trial.values or (), strict=True)}
    if values:
        reports.append(Report(reports[-1].step + 1 if reports else 0, values, at))
    others = {k: v for k, v in trial.user_attrs.items() if k not in values}
    facts: dict[str, Any] = {"optuna": trial.number} | ({"user_attrs": others} if others else {})
    reason = trial.system_attrs.get("fail_reason")
    state = _STATES[trial.state]
    return PastTrial(
        trial=Trial(
            number=number,
            state=state,
            params={clean(key): value_of(trial, key) for key in trial.params},
            attempts=1,
            failures=int(state is State.FAILED),
            agent=_agent(study, trial),
            origin="import",
            created=begun,
            started=begun,
            finished=ended,
            error=str(reason or "it failed in Optuna") if state is State.FAILED else None,
            facts=facts,
        ),
        reports=reports,
    )


def _agent(study: Study, trial: FrozenTrial) -> str:
    return f"optuna {study.study_name}/{trial.number}"


def _numbers(attributes: Mapping[str, Any]) -> Iterable[tuple[str, float]]:
    for name, value in attributes.items():
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if is_number and name and name[0] != "_" and math.isfinite(value):
            yield name, value


def _utc(time: datetime | None, otherwise: datetime) -> datetime:
    return otherwise if time is None else time.astimezone(UTC)  # Optuna's is local and naive


def storage_of(url: str, *, new: bool = False) -> Any:
    """Return what Optuna opens.

    Args:
        url: As Optuna has it; or `journal:FILE`, or the path of a journal or an SQLite file, or
            the URL of a Redis server with a journal.
        new: Whether a file may be made that is not there.

    Raises:
        FileNotFoundError: If it is a file that is not there.
    """
    plain = url.removeprefix("sqlite:///") if url.startswith("sqlite:///") else url
    is_sqlite = plain != url or plain.endswith((".db", ".sqlite", ".sqlite3"))
    if plain.startswith(("redis://", "rediss://", "unix://")):
        from optuna.storages import JournalStorage
        from optuna.storages.journal import JournalRedisBackend

        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            return JournalStorage(JournalRedisBackend(url))
    if "://" in plain:
        from sqlalchemy.pool import NullPool

        if url.startswith(("postgresql://", "postgres://")) and find_spec("psycopg2") is None:
            # SQLAlchemy takes that for granted; sonde's own driver will do.
            url = f"postgresql+psycopg://{url.partition('://')[2]}"
        # No connection stays open behind those who have read what they wanted.
        theirs = optuna.storages.RDBStorage(url, engine_kwargs={"poolclass": NullPool})
        return optuna.storages.get_storage(theirs)
    path = Path(plain.removeprefix("journal:").removeprefix("//"))
    if path.is_file():
        with path.open("rb") as source:
            is_sqlite = source.read(16).startswith(b"SQLite format 3") or is_sqlite
    elif not new:
        raise FileNotFoundError(f"there is no file {path}")
    if is_sqlite:
        return optuna.storages.get_storage(f"sqlite:///{path}")
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    return JournalStorage(JournalFileBackend(str(path)))
