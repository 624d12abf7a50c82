"""Writing a sweep as a directory that TensorBoard's HParams dashboard reads.

    DIR/events...           what is varied and measured, with domains
    DIR/00017/events...     trial 17: its values, its curves, how it ended

`Export.update` is told of trials, again and again while a sweep runs, and adds what is new. A
directory that was written before is gone on with: nothing is written twice.

Trials with the same assignment are one group, which TensorBoard shows as one row.
"""

import math
import os
import time
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from sonde.core.distributions.base import Distribution
from sonde.core.distributions.values import canonical, text_of
from sonde.core.sweep import Sweep
from sonde.core.trial import State, Trial
from sonde.tensorboard.events import encode_scalar, encode_summary, encode_version
from sonde.tensorboard.hparams.declared import HParam, Metric
from sonde.tensorboard.hparams.domains import Discrete, Domain, IntInterval, RealInterval, Value
from sonde.tensorboard.hparams.messages import (
    FAILURE,
    SUCCESS,
    UNKNOWN,
    SessionEnd,
    decode,
    encode_end,
    encode_experiment,
    encode_start,
)
from sonde.tensorboard.reader import ScalarReader
from sonde.tensorboard.records import frame

__all__ = ["STATUS", "Export", "Points", "domain_of"]

# TensorBoard knows success, failure, running and unknown; what still runs has no end, which it
# shows as unknown.
STATUS: Mapping[State, int] = {
    State.DONE: SUCCESS,
    State.STOPPED: SUCCESS,
    State.FAILED: FAILURE,
    State.CANCELLED: UNKNOWN,
}
_LISTED = 32  # a whole range of numbers is listed value by value up to here


class Points(Protocol):
    """One metric's curve."""

    @property
    def steps(self) -> Sequence[int]:
        """Of each point."""

    @property
    def values(self) -> Sequence[float]:
        """Of each point."""

    @property
    def times(self) -> Sequence[float]:
        """Of each point, in seconds since 1970."""


@dataclass(slots=True)
class _Written:
    """What a trial's file holds."""

    path: Path
    points: dict[str, list[tuple[int, float]]] = field(default_factory=dict)
    is_begun: bool = False
    is_ended: bool = False


class Export:
    """A directory that follows a sweep."""

    def __init__(self, logdir: Path | str, sweep: Sweep, sweep_id: str, name: str) -> None:
        """Take a directory, which is made if need be.

        Args:
            sweep: What is exported.
            sweep_id: Its id, which the files are named after.
            name: What TensorBoard calls the experiment.

        Raises:
            OSError: It cannot be made.
        """
        self._logdir, self._id, self._name = Path(logdir), sweep_id, name
        self._logdir.mkdir(parents=True, exist_ok=True)
        self._sweep = sweep
        self._reader = ScalarReader()
        self._trials: dict[int, _Written] = {}
        self._groups: dict[Any, int] = {}  # the first trial of each assignment
        self._metrics: dict[str, None] = dict.fromkeys(sweep.wanted)
        self._described: tuple[Any, ...] | None = None

    def follow(self, sweep: Sweep) -> None:
        """Take note of how the sweep is defined now: it may have been edited."""
        self._sweep = sweep

    def update(self, trials: Sequence[Trial], curves: Mapping[int, Mapping[str, Points]]) -> None:
        """Write what is new of some trials; those that have not begun are passed by.

        Args:
            trials: In the order of their numbers, so that repeats follow what they repeat.
            curves: By trial and metric, each from its beginning on.

        Raises:
            OSError: A file cannot be written, as on a full disk.
        """
        for trial in trials:
            self._groups.setdefault(_key(trial), trial.number)
            self._metrics.update(dict.fromkeys(trial.metrics))
        self._describe()
        for trial in trials:
            if trial.started is not None:
                self._write(trial, curves.get(trial.number, {}))

    def _describe(self) -> None:
        """Say what is varied and measured, anew where that has changed."""
        space = self._sweep.space
        described = (tuple(self._metrics), space)
        if not self._metrics or described == self._described:
            return
        self._described = described
        hparams = [
            HParam(p.name, domain_of(p.distribution), description=p.distribution.describe())
            for p in space.parameters
        ]
        goals = {goal.metric: f"goal: {goal.describe()}" for goal in self._sweep.goals}
        metrics = [Metric(name, description=goals.get(name)) for name in self._metrics]
        encoded = encode_experiment(hparams, metrics, time.time(), name=self._name)
        # TensorBoard believes the first such message that it saw of a directory: the former file
        # goes, so that one that is started later sees the present one.
        new = self._new_file(self._logdir, encode_summary(encoded, time.time()))
        for old in self._files(self._logdir):
            if old != new:
                old.unlink()

    def _write(self, trial: Trial, curves: Mapping[str, Points]) -> None:
        written = self._trials.get(trial.number) or self._find(trial.number)
        if not _goes_on(written, curves):
            written.path.unlink()
            written = self._find(trial.number)
        self._trials[trial.number] = written
        events = []
        if not written.is_begun:
            events.append(self._start(trial))
            written.is_begun = True
        for metric, curve in curves.items():
            known = written.points.setdefault(metric, [])
            points = zip(curve.steps, curve.values, curve.times, strict=True)
            for step, value, at in list(points)[len(known) :]:
                events.append(encode_scalar(metric, value, step, at))
                known.append((step, value))
        if trial.is_ended and not written.is_ended:
            ended = trial.finished.timestamp() if trial.finished else time.time()
            events.append(encode_summary(encode_end(STATUS[trial.state], ended), ended))
            written.is_ended = True
        if events:
            _append(written.path, events)

    def _start(self, trial: Trial) -> bytes:
        started = trial.started.timestamp() if trial.started else 0.0
        group = f"trial {self._groups[_key(trial)]}"
        values = {name: _simple(value) for name, value in trial.params.items()}
        return encode_summary(encode_start(values, group, started), started)

    def _find(self, number: int) -> _Written:
        """Read what a trial's file holds already, or begin it."""
        folder = self._logdir / f"{number:05d}"
        folder.mkdir(exist_ok=True)
        files = self._files(folder)
        if not files:
            return _Written(self._new_file(folder))
        written = _Written(files[-1])
        chunk = self._reader.read(written.path.read_bytes())
        # What was cut off by a crash is written anew.
        os.truncate(written.path, chunk.consumed)
        for scalar in chunk.scalars:
            written.points.setdefault(scalar.tag, []).append((scalar.step, scalar.value))
        messages = [decode(event) for event in chunk.marked]
        written.is_begun = bool(messages)
        written.is_ended = any(isinstance(message, SessionEnd) for message in messages)
        return written

    def _files(self, folder: Path) -> list[Path]:
        return sorted(folder.glob(f"events.out.tfevents.*.sonde.{self._id}.*"))

    def _new_file(self, folder: Path, *events: bytes) -> Path:
        # With the time in its name, as TensorBoard takes what it read for the file's for ever.
        now = time.time()
        path = folder / f"events.out.tfevents.{now:017.6f}.sonde.{self._id}.v2"
        _append(path, [encode_version(now), *events])
        return path


def _key(trial: Trial) -> Hashable:
    """Return what equals for repeats of an assignment, whatever the space was then."""
    return canonical(dict(trial.params))


def domain_of(distribution: Distribution) -> Domain | None:
    """Return what TensorBoard has for a distribution.

    Of an unbounded one, the interval in which its values can come up; None of long lists of
    anything but numbers.
    """
    size = distribution.size
    if size is not None and (size <= _LISTED or isinstance(distribution.at(0.0), str)):
        values = [_simple(distribution.nth(index)) for index in range(size)]
        types = {type(value) for value in values}
        if types == {int, float}:
            return Discrete(map(float, values))
        return Discrete(values if len(types) == 1 else map(text_of, values))
    low, high = distribution.at(0.0), distribution.at(1.0)
    if isinstance(low, int) and isinstance(high, int):
        return IntInterval(low, high)
    bounds = [float(end) for end in (low, high) if isinstance(end, int | float)]
    if len(bounds) == 2 and all(map(math.isfinite, bounds)):
        return RealInterval(*bounds)
    return None


def _simple(value: Any) -> Value:
    """Return a value that TensorBoard has a form for; lists and None become text."""
    return value if isinstance(value, bool | int | float | str) else text_of(value)


def _goes_on(written: _Written, curves: Mapping[str, Points]) -> bool:
    """Tell whether the curves begin with what was written; a further attempt may start over."""
    for metric, known in written.points.items():
        curve = curves.get(metric)
        if curve is None:
            continue
        if len(curve.steps) < len(known):
            return False
        step, value = known[-1]
        at = len(known) - 1
        now = curve.values[at]
        if curve.steps[at] != step or not (now == value or (now != now and value != value)):
            return False
    return True


def _append(path: Path, events: Sequence[bytes]) -> None:
    with path.open("ab") as file:
        file.write(b"".join(map(frame, events)))
