"""Sweeps from one store into another, as they are: ids, names, trials, curves, versions, blobs.

What is read is what every store shows (`changes`, `versions`, `curves`, `get_blob`), so any
store is a source; a sweep is written whole or not at all (`put_sweep`).
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import isnan
from typing import Any

from sonde.core.sweep import sweep_to_json
from sonde.core.trial import Report, State, Trial
from sonde.errors import ConfigError, ConfigErrors, NotFoundError
from sonde.store.curves import points_of
from sonde.store.protocol import Curve, Definition, PastTrial, Store, SweepRecord

__all__ = ["Copied", "blob_keys", "copy_sweep", "missing_in", "reports_of"]

_CHUNK = 256  # trials whose curves are read at a time
_KEY = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Copied:
    """What was copied of a sweep.

    Attributes:
        points: Values of curves.
        blobs: Of those that belong to it: code, packages, git's diff, what earlier ones taught.
        lost: How many of these the source does not have any more.
        remains: Of how many trials a curve was gone, so that its ends alone came along.
    """

    record: SweepRecord
    points: int
    blobs: int
    lost: int
    remains: int = 0


def missing_in(target: Store, source: Store, sweeps: Sequence[str]) -> list[SweepRecord]:
    """Return which of some sweeps of a source are to be copied: those that are not there, alike.

    Raises:
        ConfigErrors: If something else has the id or the name of one of them.
    """
    there = {record.id: record for record in target.list_sweeps()}
    named = {record.name: record for record in there.values()}
    found, faults = [], []
    for sweep in sweeps:
        record = source.get_sweep(sweep)
        known = there.get(record.id)
        if known is not None:
            fault = _difference(target, source, known, record)
            if fault is not None:
                faults.append(fault)
        elif record.name in named:
            other = named[record.name]
            faults.append(
                ConfigError(
                    f"sweep {record.name}",
                    f"{target.url} has another one of that name ({other.id})",
                    "copy into another store, or leave it out by naming those that you want",
                )
            )
        else:
            found.append(record)
    if faults:
        raise ConfigErrors(faults)
    return found


def copy_sweep(
    source: Store,
    target: Store,
    sweep: str,
    told: Callable[[int, int], None] = lambda done, total: None,
) -> Copied:
    """Copy a sweep under its id and its name.

    A sweep that is worked on is copied as it is when it is read; curves of trials that run may
    have points that came just after. Trials that run there run in nobody's hands here.

    Args:
        source: Where it is.
        target: Where it will be.
        sweep: Its id.
        told: Is told now and then how many trials are done, and of how many.

    Raises:
        SweepExistsError: If its id or its name is taken.
        NotFoundError: If the source has no such sweep.
    """
    record, versions, trials = _read(source, sweep)
    blobs, lost = _copy_blobs(source, target, record, versions, trials)
    past = _PastTrials(source, record.id, trials, told)
    written = target.put_sweep(record, versions, past)
    return Copied(record=written, points=past.points, blobs=blobs, lost=lost, remains=past.remains)


def blob_keys(
    record: SweepRecord, versions: Sequence[Definition], trials: Sequence[Trial] = ()
) -> tuple[set[str], set[str]]:
    """Return the keys of blobs that a sweep names for certain, and those that it may name.

    A definition names the code and the pickled function of its work, and what earlier sweeps
    taught. In facts there may be hashes of other things, too.
    """
    sure: set[str] = set()
    for version in versions:
        sure |= _keys(sweep_to_json(version.sweep))
    git = record.facts.get("git")
    diff = git.get("diff") if isinstance(git, Mapping) else None
    for key in (record.facts.get("packages"), record.facts.get("code"), diff):
        sure |= _keys(key)
    perhaps = _keys(record.facts)
    for trial in trials:
        if trial.facts:
            perhaps |= _keys(trial.facts)
    return sure, perhaps - sure


def reports_of(curves: Mapping[str, Curve]) -> list[Report]:
    """Return reports that make these curves: as few as they came with, where their times tell."""
    first = next(iter(curves.values()), None)
    if first is None:
        return []
    if all(one.steps == first.steps and one.times == first.times for one in curves.values()):
        rows = zip(*(one.values for one in curves.values()), strict=True)
        return [  # nearly always: one metric, or several that were logged together each time
            Report(step, dict(zip(curves, row, strict=True)), time)
            for step, row, time in zip(first.steps, rows, first.times, strict=True)
        ]
    merged: dict[tuple[float, int, int], dict[str, float]] = {}
    for name, one in curves.items():
        again: dict[tuple[float, int], int] = {}
        for step, value, time in zip(one.steps, one.values, one.times, strict=True):
            count = again[time, step] = again.get((time, step), -1) + 1
            merged.setdefault((time, step, count), {})[name] = value
    reports = [
        Report(step, merged[key], time) for key in sorted(merged) for time, step, _ in (key,)
    ]
    # Where clocks went back, times do not tell the order: then each metric comes by itself.
    if all(_same(points_of(reports)[name], one) for name, one in curves.items()):
        return reports
    return [report for name, one in curves.items() for report in reports_of({name: one})]


def _same(points: tuple[list[int], list[float], list[float]], curve: Curve) -> bool:
    steps, values, times = points
    return (
        steps == list(curve.steps)
        and list(map(repr, values)) == list(map(repr, curve.values))
        and times == list(curve.times)
    )


def _read(source: Store, sweep: str) -> tuple[SweepRecord, Sequence[Definition], list[Trial]]:
    """Return a sweep with its trials and the versions that these are of."""
    while True:
        changes = source.changes(sweep)
        versions = source.versions(sweep)
        if versions[-1].sweep == changes.record.sweep:  # nobody edited it in between
            return changes.record, versions, list(changes.trials)


class _PastTrials(Collection[PastTrial]):
    """The trials of a sweep, whose curves are read a part at a time."""

    def __init__(
        self,
        source: Store,
        sweep: str,
        trials: Sequence[Trial],
        told: Callable[[int, int], None],
    ) -> None:
        self._source, self._sweep, self._trials, self._told = source, sweep, trials, told
        self.points = self.remains = 0

    def __len__(self) -> int:
        return len(self._trials)

    def __contains__(self, past: object) -> bool:
        return any(past == one for one in self)

    def __iter__(self) -> Iterator[PastTrial]:
        self.points = self.remains = 0
        for first in range(0, len(self._trials), _CHUNK):
            trials = self._trials[first : first + _CHUNK]
            numbers = [trial.number for trial in trials if trial.attempts]
            curves = self._source.curves(self._sweep, numbers) if numbers else {}
            for trial in trials:
                known = curves.get(trial.number, {})
                gone = _remains(trial, known)
                self.remains += bool(gone)
                reports = reports_of({**known, **gone} if gone else known)
                self.points += sum(len(report.metrics) for report in reports)
                yield PastTrial(trial=trial, reports=reports)
            self._told(first + len(trials), len(self._trials))


def _remains(trial: Trial, curves: Mapping[str, Curve]) -> dict[str, Curve]:
    """Return, for each curve that a damaged store has lost, the points that its summary tells of.

    Those are its smallest, its largest and its last value, so that these stay what they were and
    the trial keeps its result; how many points there were, and their mean, are lost.
    """
    found = {}
    when = trial.finished or trial.started or trial.created
    for name, summary in trial.metrics.items():
        if name in curves:
            continue
        ends = {(summary.min_step, summary.min), (summary.max_step, summary.max)}
        last = (summary.last_step, summary.last)
        points = sorted(end for end in ends if not isnan(end[1]) and end != last)
        steps, values = zip(*points, last, strict=True)
        found[name] = Curve(steps, values, (when.timestamp(),) * len(steps))
    return found


def _copy_blobs(
    source: Store,
    target: Store,
    record: SweepRecord,
    versions: Sequence[Definition],
    trials: Sequence[Trial],
) -> tuple[int, int]:
    """Copy what belongs to a sweep; return how many blobs came, and how many are lost."""
    sure, perhaps = blob_keys(record, versions, trials)
    came = lost = 0
    for key in sorted(sure | perhaps):
        try:
            data = source.get_blob(key)
        except NotFoundError:
            lost += key in sure
        else:
            target.put_blob(data)
            came += 1
    return came, lost


def _difference(
    target: Store, source: Store, known: SweepRecord, record: SweepRecord
) -> ConfigError | None:
    """Return the fault of a sweep that is there, but not as it is in the source."""
    where = f"sweep {record.name} ({record.id})"
    if (known.name, known.created) != (record.name, record.created):
        return ConfigError(
            where,
            f"{target.url} has another one of that id, {known.name}",
            "copy into another store",
        )
    theirs = _content(target, known.id)
    ours = _content(source, record.id)
    if ours == theirs:
        return None
    if known.trials != record.trials:
        found = f"it has {known.trials} trials there, and {record.trials} here"
    else:
        found = "it is not the same there as it is here"
    return ConfigError(
        where,
        f"{target.url} has it already, and one of the two has gone on: {found}",
        "copy into another store; nothing is overwritten",
    )


def _content(store: Store, sweep: str) -> tuple[object, ...]:
    """Return what of a sweep must be alike for two to be the same."""
    record, versions, trials = _read(store, sweep)
    plain = replace(record, revision=0, version=0, updated=record.created)
    return plain, list(versions), [repr(_settled(trial)) for trial in trials]


def _settled(trial: Trial) -> Trial:
    """Return a trial without what each store gives it itself, and without what still moves."""
    if trial.state is State.RUNNING:
        return replace(trial, version=0, metrics={})
    return replace(trial, version=0)


def _keys(value: Any) -> set[str]:
    """Return all strings in a JSON value that look like the key of a blob."""
    if isinstance(value, str):
        return {value} if _KEY.fullmatch(value) else set()
    if isinstance(value, Mapping):
        return set().union(*(_keys(each) for each in value.values()))
    if isinstance(value, list | tuple):
        return set().union(*(_keys(each) for each in value))
    return set()
