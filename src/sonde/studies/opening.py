"""Studies are made and opened: `create_study` and `load_study`, as Optuna has them."""

from collections.abc import Sequence
from dataclasses import replace

from sonde.api.places import opened
from sonde.controller import utc_now
from sonde.core.metric import Direction, Goal
from sonde.core.parameter import Parameter
from sonde.core.space import Space
from sonde.core.stopping.judge import judge_of
from sonde.core.sweep import Sweep, check_name
from sonde.editing import amend
from sonde.errors import ConfigError, StoreError, SweepExistsError
from sonde.plugins.methods import method as method_of
from sonde.plugins.rules import rule as rule_of
from sonde.store.protocol import Store
from sonde.studies.logs import INFO, get_logger
from sonde.studies.names import Sampler
from sonde.studies.pruners import Pruner
from sonde.studies.searched import choice_of
from sonde.studies.study import Study

__all__ = ["create_study", "load_study"]

_FACT = "define_by_run"


def create_study(
    *,
    storage: str | Store | None = None,
    sampler: Sampler | str | None = None,
    pruner: Pruner | str | None = None,
    study_name: str | None = None,
    direction: str | None = None,
    load_if_exists: bool = False,
    directions: Sequence[str] | None = None,
) -> Study:
    """Make a study, or go on with one, as Optuna's function of that name does.

    Args:
        storage: A store: a path or a URL; by default the project's, as the command line has it.
        sampler: One of `sonde.optuna.samplers`, or a search method by name (docs/methods.md).
        pruner: One of `sonde.optuna.pruners`, or a stopping rule by name; by default `median`,
            which ends nobody that does not report.
        study_name: Of the sweep.
        direction: `minimize` (the default) or `maximize`.
        load_if_exists: Go on with the study of that name.
        directions: Instead of `direction`, for several values.

    Raises:
        ConfigError: If something of this is wrong.
        SweepExistsError: If there is a study of that name.
    """
    goals = _goals(direction, directions)
    store = _opened(storage)
    if study_name is not None:
        check_name(study_name, f"study_name={study_name!r}")
    chosen = Sampler.of(sampler)
    rule = Pruner.of(pruner).rule_for(goals)
    declared = () if chosen.grid is None else [
        Parameter(name, choice_of(values, name)) for name, values in chosen.grid.items()
    ]  # fmt: skip
    definition = Sweep(
        space=Space(tuple(declared)),
        goals=goals,
        method=chosen.method,
        seed=chosen.seed,
        name=study_name,
        stopping=rule if len(goals) == 1 else None,
        max_failures=0,
    )
    method_of(definition.method)
    judge_of(definition, rule_of)
    try:
        record = store.create_sweep(definition, utc_now(), {_FACT: True})
    except SweepExistsError:
        if not load_if_exists:
            raise
        study = load_study(study_name=study_name, storage=store)
        study.take(chosen)
        if study.goals != goals:
            raise ConfigError(
                f"study {study_name}",
                f"it is there, and to {', '.join(map(str, study.directions))}",
                "use another name, or the same direction",
            ) from None
        return study
    if get_logger("optuna").isEnabledFor(INFO):
        get_logger("optuna").info("A new study created in %s with name: %s", store.url, record.name)
    return Study(store, record.id, chosen)


def load_study(
    *,
    study_name: str | None = None,
    storage: str | Store | None = None,
    sampler: Sampler | str | None = None,
    pruner: Pruner | str | None = None,
) -> Study:
    """Go on with a study: one of ours, or one that `sonde optuna import` took in.

    Args:
        study_name: Its name; None: the only one that there is.
        storage: As in `create_study`.
        sampler: Instead of the one it has.
        pruner: Likewise.

    Raises:
        NotFoundError: If there is none.
        ConfigError: If that sweep runs a program or a function of its own.
    """
    store = _opened(storage)
    if study_name is None:
        records = store.list_sweeps()
        if len(records) != 1:
            raise ConfigError("study_name", f"{store.url} has {len(records)} sweeps", "name one")
        record = records[0]
    else:
        record = store.find_sweep(study_name)
    if record.sweep.work is not None:
        raise ConfigError(
            f"study {record.name}", "it is a sweep with a program of its own", "resume that"
        )
    chosen = None if sampler is None else Sampler.of(sampler)
    study = Study(store, record.id, chosen)
    if chosen is not None or pruner is not None:
        method = record.sweep.method if chosen is None else chosen.method
        stopping = record.sweep.stopping
        if pruner is not None:
            stopping = Pruner.of(pruner).rule_for(record.sweep.goals)
        amend(
            store,
            record.id,
            lambda old: replace(old, method=method, stopping=stopping),
            utc_now(),
            why="the program says so",
        )
    return study


def _opened(storage: str | Store | None) -> Store:
    """Return a store; say what to do with one that is Optuna's."""
    try:
        return opened(storage)
    except StoreError as error:
        if "another program" in str(error):
            raise ConfigError(
                f"storage={storage!r}",
                "it is the database of another program: Optuna's, perhaps",
                f"take it in (sonde optuna import {storage}) and leave `storage` out, or name "
                "another file",
            ) from error
        raise


def _goals(direction: str | None, directions: Sequence[str] | None) -> tuple[Goal, ...]:
    if direction is not None and directions is not None:
        raise ConfigError("directions", "there is a direction, too", "give one of the two")
    given = list(directions) if directions is not None else [direction or "minimize"]
    names = ["value"] if len(given) == 1 else [f"value_{place}" for place in range(len(given))]
    found = []
    for name, way in zip(names, given, strict=True):
        text = getattr(way, "name", str(way)).lower()  # Optuna's enumeration, too
        if text not in {"minimize", "maximize"}:
            raise ConfigError(
                f"direction={way!r}", "that is no direction", "use 'minimize' or 'maximize'"
            )
        found.append(Goal(metric=name, direction=Direction(text)))
    return tuple(found)
