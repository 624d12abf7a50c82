"""What is wrong with a store, and where: counts, versions, curves, blobs, and a file's own order.

All that a store shows is read and held against each other. Of stores in SQL databases the rows
are read one by one too, so that of a damaged one can be said which trials it has lost.
"""

from collections import Counter
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from sonde.core.lineage import is_proposed
from sonde.core.metric import Summary
from sonde.core.trial import State, Trial
from sonde.errors import NotFoundError, StoreError
from sonde.store.copying import blob_keys
from sonde.store.protocol import Curve, Definition, Store, SweepRecord, definition_of
from sonde.store.sql_store import SqlStore
from sonde.store.sqlite import SqliteStore

__all__ = ["Finding", "check_store"]

# What reading a row raises that was written over: lengths, types, places and texts are all wrong.
_DAMAGE = (StoreError, ValueError, LookupError, TypeError, AttributeError, OverflowError)
_CHUNK = 256
_SHOWN = 5  # trials that one line names


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is wrong, or worth knowing.

    Attributes:
        sweep: Its id; None: it is about the whole store.
        trial: Its number.
        is_fault: Whether something is lost or contradicts itself. What is not is ordinary, such
            as a trial that nobody runs any more.
    """

    sweep: str | None = None
    name: str | None = None
    trial: int | None = None
    what: str
    is_fault: bool = True


def check_store(
    store: Store, now: datetime, told: Callable[[int, int], None] = lambda done, total: None
) -> Iterator[Finding]:
    """Find what is wrong with a store; nothing is changed.

    Args:
        store: That could be opened.
        now: When leases have lapsed.
        told: Is told how many sweeps are done, and of how many.
    """
    if isinstance(store, SqliteStore):
        yield from (Finding(what=line) for line in store.file.faults())
    try:
        records: Sequence[SweepRecord] = store.list_sweeps()
    except _DAMAGE as error:
        yield Finding(what=f"its sweeps cannot be listed: {_line(error)}")
        records = list(_readable(store))
    for done, record in enumerate(records):
        told(done, len(records))
        for what, trial, is_fault in _sweep(store, record, now):
            yield Finding(
                sweep=record.id, name=record.name, trial=trial, what=what, is_fault=is_fault
            )


_Found = Iterator[tuple[str, int | None, bool]]


def _readable(store: Store) -> Iterator[SweepRecord]:
    """Return those sweeps that can be read, where not all can."""
    if isinstance(store, SqlStore):
        try:
            ids = store.sweep_ids()
        except _DAMAGE:
            return
        for sweep in ids:
            try:
                yield store.get_sweep(sweep)
            except _DAMAGE:
                continue


def _sweep(store: Store, record: SweepRecord, now: datetime) -> _Found:
    versions: Sequence[Definition] | None = None
    try:
        versions = store.versions(record.id)
        yield from ((what, None, True) for what in _versions(record, versions))
    except _DAMAGE as error:
        yield f"its definitions cannot be read: {_line(error)}", None, True
    trials: Sequence[Trial]
    try:
        trials = store.changes(record.id).trials
    except _DAMAGE as error:
        yield f"its trials cannot be read: {_line(error)}", None, True
        trials = yield from _each(store, record)
    else:
        yield from ((what, None, True) for what in _counts(record, trials))
        if versions is not None:
            yield from _of_versions(versions, trials)
    yield from _curves(store, record, trials)
    if versions is not None:
        yield from ((what, None, True) for what in _blobs(store, record, versions, trials))
    if isinstance(store, SqlStore):
        for number, until in store.lapsed(record.id, now):
            seconds = (now - until).total_seconds()
            yield f"its lease lapsed {seconds:.0f} s ago; nobody runs it", number, False


def _versions(record: SweepRecord, versions: Sequence[Definition]) -> Iterator[str]:
    numbers = [version.number for version in versions]
    if numbers != list(range(1, len(numbers) + 1)):
        yield f"the versions of its definition are {numbers}, not 1 to {len(numbers)}"
    firsts = [version.first for version in versions]
    if firsts != sorted(firsts) or firsts[0] != 0:
        yield f"the versions of its definition begin at the trials {firsts}"
    if versions[-1].sweep != record.sweep:
        yield f"version {versions[-1].number} of its definition is not the one that is at work"


def _counts(record: SweepRecord, trials: Sequence[Trial]) -> Iterator[str]:
    missing = sorted(set(range(record.trials)) - {trial.number for trial in trials})
    if missing:
        yield f"trials are missing: {_listed(missing)}"
    found = Counter(trial.state for trial in trials)
    for state in State:
        if record.counts.get(state, 0) != found[state]:
            yield (
                f"it counts {record.counts.get(state, 0)} {state} trials, "
                f"and there are {found[state]}"
            )


def _of_versions(versions: Sequence[Definition], trials: Sequence[Trial]) -> _Found:
    """Find trials with other parameters than those of their version.

    One that says while it runs what it searches has what a later version has first (0027).
    """
    for trial in trials:
        known = definition_of(versions, trial.number).sweep
        if not known.space.parameters or not is_proposed(trial.origin):
            continue
        unknown = [name for name in trial.params if name not in known.space]
        if unknown:
            later = [one.sweep.space for one in versions if one.number > known.version]
            unknown = [name for name in unknown if not any(name in space for space in later)]
        if unknown:
            names = ", ".join(unknown)
            yield f"version {known.version} of its definition has no {names}", trial.number, True


def _curves(store: Store, record: SweepRecord, trials: Sequence[Trial]) -> _Found:
    """Find trials whose summaries are not those of their curves."""
    for first in range(0, len(trials), _CHUNK):
        chunk = trials[first : first + _CHUNK]
        numbers = [trial.number for trial in chunk if trial.attempts]
        curves: dict[int, Any] = {}
        try:
            curves |= store.curves(record.id, numbers)
        except _DAMAGE:
            for number in numbers:
                try:
                    curves |= store.curves(record.id, [number])
                except _DAMAGE as error:
                    yield f"its curves cannot be read: {_line(error)}", number, True
                    curves[number] = None
        for trial in chunk:
            found = curves.get(trial.number, {})
            # What runs may have reported between the two readings.
            if found is not None and trial.state is not State.RUNNING:
                for what in _unlike(trial, found):
                    yield what, trial.number, True


def _unlike(trial: Trial, curves: dict[str, Curve]) -> Iterator[str]:
    for name in sorted({*trial.metrics, *curves}):
        summary, curve = trial.metrics.get(name), curves.get(name)
        if summary is None:
            yield f"it has a curve of {name}, but no summary of it"
        elif curve is None:
            yield f"its curve of {name} is gone: {summary.count} points"
        elif repr(Summary.of(zip(curve.steps, curve.values, strict=True))) != repr(summary):
            yield (
                f"its curve of {name} has {len(curve.steps)} points, the last "
                f"{curve.values[-1]:g}; its summary says {summary.count} and {summary.last:g}"
            )


def _blobs(
    store: Store,
    record: SweepRecord,
    versions: Sequence[Definition],
    trials: Sequence[Trial],
) -> Iterator[str]:
    sure, perhaps = blob_keys(record, versions, trials)
    for key in sorted(sure | perhaps):
        try:
            data = store.get_blob(key)
        except NotFoundError:
            if key in sure:
                yield f"{_blob_of(key, record, versions)} is missing: blob {key[:12]}..."
        except _DAMAGE as error:
            yield f"{_blob_of(key, record, versions)} cannot be read: {_line(error)}"
        else:
            if sha256(data).hexdigest() != key:
                yield f"{_blob_of(key, record, versions)} is damaged: blob {key[:12]}..."


def _blob_of(key: str, record: SweepRecord, versions: Sequence[Definition]) -> str:
    """Say what is under a key."""
    git = record.facts.get("git")
    if key == record.facts.get("packages"):
        return "the list of its packages"
    if isinstance(git, dict) and key == git.get("diff"):
        return "what git had not committed"
    for version in versions:
        for earlier in version.sweep.earlier:
            if key == earlier.blob:
                return f"what it learnt from {earlier.name}"
        if key == getattr(version.sweep.work, "blob", None):
            return "its function"
    return "its code"


def _each(
    store: Store, record: SweepRecord
) -> Generator[tuple[str, int | None, bool], None, list[Trial]]:
    """Read trials one by one; return those that can be read."""
    found: list[Trial] = []
    if isinstance(store, SqlStore):
        for number in range(record.trials):
            try:
                trial = store.one_trial(record.id, number)
            except _DAMAGE as error:
                yield f"it cannot be read: {_line(error)}", number, True
                continue
            if trial is None:
                yield "it is missing", number, True
            else:
                found.append(trial)
    return found


def _listed(numbers: Sequence[int]) -> str:
    more = f" and {len(numbers) - _SHOWN} more" if len(numbers) > _SHOWN else ""
    return ", ".join(map(str, numbers[:_SHOWN])) + more


def _line(error: BaseException) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]
