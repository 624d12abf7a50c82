"""Editing a sweep in its store, while trials run and controllers decide.

Doors and the server share it: an edit is made from the definition as it is, checked, and
committed against the revision that it was made from; who comes second makes it again.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise
from typing import Any

from sonde.core.changes import Change, changes
from sonde.core.edit import Effect, check_edit, effect_of
from sonde.core.sweep import Control, Sweep, difference
from sonde.errors import ConfigError, ConflictError, IllegalTransitionError
from sonde.plugins.methods import method
from sonde.plugins.rules import rule
from sonde.store.protocol import Definition, Store, SweepRecord

__all__ = ["Edited", "Step", "amend", "edit", "history_of", "limit_workers", "unlike"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Edited:
    """What came of an edit, or with `dry_run` would come of it.

    Attributes:
        record: The sweep as it is now.
        changes: What differs from before; empty: nothing does, and nothing was done.
        effect: What it makes of the trials.
        version: The version of the definition that it makes.
        is_made: Whether it was done.
    """

    record: SweepRecord
    changes: Sequence[Change]
    effect: Effect
    version: int
    is_made: bool

    def to_json(self) -> dict[str, Any]:
        """Return it for programs."""
        return {
            "sweep": self.record.id,
            "name": self.record.name,
            "version": self.version,
            "made": self.is_made,
            "changes": [change.to_json() for change in self.changes],
            "trials": self.effect.to_json(),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A version of a definition, and what it changed of the one before."""

    version: Definition
    changes: Sequence[Change]

    def to_json(self) -> dict[str, Any]:
        """Return it for programs."""
        return {
            "version": self.version.number,
            "made": self.version.made.isoformat(),
            "first_trial": self.version.first,
            "why": self.version.why,
            "changes": [change.to_json() for change in self.changes],
        }


def edit(
    store: Store,
    sweep: str,
    apply: Callable[[Sweep], Sweep],
    now: datetime,
    *,
    why: str = "",
    dry_run: bool = False,
    version: int | None = None,
) -> Edited:
    """Change a sweep's definition.

    Args:
        store: Where it is.
        sweep: Its id.
        apply: Returns the new definition, given the one at work with the present budget.
        now: When.
        why: For people.
        dry_run: Change nothing, only tell.
        version: The version that the edit was thought out for: of another one it is refused.

    Raises:
        ConfigError: If the definition cannot be, with all faults.
        ConflictError: If the sweep is at another version than `version`.
        IllegalTransitionError: If it was cancelled.
    """
    while True:
        found = store.changes(sweep)
        record = found.record
        if record.control is Control.CANCELLED:
            raise IllegalTransitionError(
                f"{record.name} was cancelled, which is final; make a new sweep that learns from it"
            )
        old = replace(record.sweep, budget=record.budget)
        if version not in {None, old.version}:
            raise ConflictError(
                f"{record.name} is at version {old.version} of its definition, and the edit is for "
                f"version {version}; look at what was changed, and make it again"
            )
        new = check_edit(old, apply(old), method, rule)
        different = changes(old, new)
        edited = Edited(
            record=record,
            changes=different,
            effect=effect_of(new, found.trials),
            version=old.version + (1 if different and found.trials else 0),
            is_made=False,
        )
        if dry_run or not different:
            return edited
        is_reopened = record.control is Control.DONE and _searched(old) != _searched(new)
        try:
            record = store.update_sweep(
                record.id,
                now,
                definition=_stored(record, new),
                budget=None if new.budget == record.budget else new.budget,
                control=Control.RUNNING if is_reopened else None,
                tags=None if new.tags == old.tags else new.tags,
                why=why,
                against=record.revision,
            )
        except ConflictError:
            continue  # trials were added meanwhile, or somebody else edited it
        return replace(edited, record=record, is_made=True)


def limit_workers(
    store: Store, sweep: str, workers: int | None, now: datetime
) -> tuple[SweepRecord, int | None]:
    """Set how many trials of a sweep run at once at most, whoever runs them; None: no limit.

    Trials that run already go on.

    Returns:
        The sweep, and what the limit was before.

    Raises:
        ConfigError: If it is no such number.
        IllegalTransitionError: If the sweep was cancelled.
    """
    if workers is not None and (
        isinstance(workers, bool) or not isinstance(workers, int) or workers < 1
    ):
        remedy = "use 1 or more; pause it where nothing shall start"
        raise ConfigError("workers", f"{workers!r} is no number of trials", remedy)
    while True:
        record = store.get_sweep(sweep)
        if record.control is Control.CANCELLED:
            raise IllegalTransitionError(f"{record.name} was cancelled: nothing of it runs again")
        before = record.budget.workers
        if before == workers:
            return record, before
        budget = replace(record.budget, workers=workers)
        try:
            record = store.update_sweep(record.id, now, budget=budget, against=record.revision)
        except ConflictError:
            continue  # somebody decided, or changed it, meanwhile
        return record, before


def amend(
    store: Store, sweep: str, apply: Callable[[Sweep], Sweep], now: datetime, *, why: str = ""
) -> SweepRecord:
    """Change what an edit does not speak of, such as the code of a function.

    It takes nothing back that somebody else changes in the same moment.
    """
    while True:
        record = store.get_sweep(sweep)
        new = apply(record.sweep)
        if new == record.sweep:
            return record
        try:
            return store.update_sweep(sweep, now, definition=new, why=why, against=record.revision)
        except ConflictError:
            continue  # trials were added meanwhile, or somebody edited it


def history_of(store: Store, sweep: str) -> list[Step]:
    """Return all versions of a definition, each with what it changed, oldest first.

    Raises:
        NotFoundError: If there is no such sweep.
    """
    versions = store.versions(sweep)
    steps = [Step(version=versions[0], changes=())]
    for before, after in pairwise(versions):
        steps.append(Step(version=after, changes=changes(before.sweep, after.sweep)))
    return steps


def unlike(store: Store, record: SweepRecord, definition: Sweep) -> list[str]:
    """Return where a definition that somebody wrote differs from a sweep's, a line each.

    Nowhere, if it is what the sweep was before it was edited: then it goes on as it is now.
    """
    lines = difference(record.sweep, replace(definition, backfill=record.sweep.backfill))
    if not lines or record.sweep.version == 1:
        return lines
    for version in store.versions(record.id):
        of_then = replace(version.sweep, work=record.sweep.work, backfill={})
        if not difference(of_then, definition):
            return []
    return lines


def _stored(record: SweepRecord, new: Sweep) -> Sweep:
    """Return a definition with its own budget, unless another one is wanted than the present.

    `auto` goes by the budget that a sweep was begun with, whatever it was raised to.
    """
    return replace(new, budget=record.sweep.budget) if new.budget == record.budget else new


def _searched(sweep: Sweep) -> tuple[object, ...]:
    """Return what a sweep that was done is decided anew for."""
    goals = [goal.target for goal in sweep.goals]
    return sweep.space, sweep.method, sweep.budget, sweep.repeats, sweep.start, goals
