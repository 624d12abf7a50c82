"""A directory of event files as a table of trials: what TensorBoard's HParams dashboard shows.

A directory that says with which hyperparameters it was run is a *session*; the scalars in it
and below it are its own. Sessions of one group are repeats. In a directory where nobody said
anything about hyperparameters each run is a session, `train` and `validation` being parts of
the one above them.

`Logdir.read` may be called again and again while the files grow. It reads each byte once, and
stops after a time if asked to, so that a part of the answer is there soon.
"""

import statistics
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sonde.core.metric import Summary, SummaryKind
from sonde.tensorboard.hparams.domains import Value
from sonde.tensorboard.hparams.messages import (
    UNKNOWN,
    Experiment,
    SessionEnd,
    SessionStart,
    decode,
)
from sonde.tensorboard.ingest import New, Problem, Tail
from sonde.tensorboard.naming import is_part, names_of
from sonde.tensorboard.wire import MalformedError

__all__ = ["Group", "Logdir", "Point", "Session"]

# How the values of repeats become one.
_OVER: dict[str, Callable[[list[float]], float]] = {
    "mean": statistics.fmean,
    "median": statistics.median,
    "min": min,
    "max": max,
}


@dataclass(frozen=True, slots=True)
class Point:
    """One value of a curve."""

    step: int
    value: float
    wall_time: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One training.

    Attributes:
        path: Its directory, relative to the logdir.
        hparams: Without those that it did not name; numbers are floats, as files have no ints.
        group: What it shares with its repeats; its path, where the file does not say.
        started: Seconds since 1970; that of its first scalar, where the file does not say.
        ended: The same of its end; 0.0 while it has none.
        status: `SUCCESS`, `FAILURE`, `RUNNING` or `UNKNOWN` of `hparams.messages`.
        metrics: By (tag, directory below `path`), each summed up over its curve.
    """

    path: str
    hparams: Mapping[str, Value] = field(default_factory=dict)
    group: str = ""
    started: float = 0.0
    ended: float = 0.0
    status: int = UNKNOWN
    metrics: Mapping[tuple[str, str], Summary] = field(default_factory=dict)

    def named(self) -> dict[str, Summary]:
        """Return the metrics by the names that people give them: `val_loss` for Keras' two."""
        return {names_of(tag, part)[0]: summary for (tag, part), summary in self.metrics.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Sessions that are repeats of each other: a row of the table."""

    name: str
    sessions: tuple[Session, ...]

    @property
    def hparams(self) -> dict[str, Value]:
        """What the sessions were run with."""
        return {name: value for one in self.sessions for name, value in one.hparams.items()}

    def value(
        self, tag: str, part: str = "", kind: SummaryKind = SummaryKind.LAST, over: str = "mean"
    ) -> float | None:
        """Return one number for a metric, or None where no session has it.

        Args:
            tag: The scalar's tag.
            part: Directory below the sessions' own, such as `validation`.
            kind: Which value of each curve: the last, smallest, largest, or the mean.
            over: What is taken of the repeats: `mean`, `median`, `min` or `max`.
        """
        found = [
            one.metrics[tag, part].value(kind)
            for one in self.sessions
            if (tag, part) in one.metrics
        ]
        return _OVER[over](found) if found else None


class Logdir:
    """What is in a directory of event files, as far as it was read.

    Attributes:
        experiment: What the files say of all sessions; None where nobody did.
        root: The directory.
    """

    def __init__(self, root: Path | str, *, keep_curves: bool = False) -> None:
        """Look at a directory, which need not exist yet; nothing is read here.

        Args:
            keep_curves: Keep every value, for `curves`, and not only what they sum up to.
        """
        self.root = Path(root)
        self.experiment: Experiment | None = None
        self._tail = Tail(root)
        self._unread: Iterator[New] | None = None
        self._summaries: dict[str, dict[str, Summary]] = {}  # by run and tag
        self._points: dict[str, dict[str, list[Point]]] | None = {} if keep_curves else None
        self._first_times: dict[str, float] = {}
        self._starts: dict[str, SessionStart] = {}
        self._ends: dict[str, SessionEnd] = {}

    @property
    def problems(self) -> list[Problem]:
        """Damaged and unreadable files, the first fault of each."""
        return self._tail.problems

    def read(self, limit_s: float | None = None) -> bool:
        """Read what is new; tell whether all of it was read.

        Args:
            limit_s: Stop after the file in which this time is over; the next call goes on there.
        """
        until = None if limit_s is None else time.monotonic() + limit_s
        if self._unread is None:
            self._unread = self._tail.files()
        for new in self._unread:
            self._take(new)
            if until is not None and time.monotonic() >= until:
                return False
        self._unread = None
        return True

    def sessions(self) -> list[Session]:
        """Return the sessions read so far, by path."""
        parts = dict[str, list[str]]()
        for run in self._summaries:
            owner = self._owner(run)
            if owner is not None:
                parts.setdefault(owner, []).append(run)
        paths = sorted(self._starts or parts)
        return [self._session(path, sorted(parts.get(path, ()))) for path in paths]

    def groups(self) -> list[Group]:
        """Return the sessions put together with their repeats, in the order they were begun."""
        groups: dict[str, list[Session]] = {}
        for session in self.sessions():
            groups.setdefault(session.group, []).append(session)
        found = [Group(name=name, sessions=tuple(group)) for name, group in groups.items()]
        return sorted(found, key=lambda one: min(session.started for session in one.sessions))

    def curves(self, session: Session) -> dict[tuple[str, str], list[Point]]:
        """Return every value of a session by (tag, directory below its own).

        Raises:
            ValueError: The logdir was not opened to keep them.
        """
        if self._points is None:
            raise ValueError("Logdir(..., keep_curves=True) keeps curves; this one does not")
        return {
            (tag, part): self._points[_joined(session.path, part)][tag]
            for tag, part in session.metrics
        }

    def _take(self, new: New) -> None:
        curves: dict[str, list[Point]] = {}
        for scalar in new.scalars:
            point = Point(scalar.step, scalar.value, scalar.wall_time)
            curves.setdefault(scalar.tag, []).append(point)
        if curves:
            self._first_times.setdefault(new.run, new.scalars[0].wall_time)
        known = self._summaries.setdefault(new.run, {}) if curves else {}
        for tag, points in curves.items():
            pairs = ((point.step, point.value) for point in points)
            known[tag] = Summary.of(pairs, known.get(tag))
            if self._points is not None:
                self._points.setdefault(new.run, {}).setdefault(tag, []).extend(points)
        for message in _messages(new.marked):
            if isinstance(message, SessionStart):
                self._starts[new.run] = message
            elif isinstance(message, SessionEnd):
                self._ends[new.run] = message
            elif self.experiment is None:
                self.experiment = message

    def _owner(self, run: str) -> str | None:
        """Return the session that a run belongs to."""
        if not self._starts:
            above, _, last = run.rpartition("/")
            return above if is_part(last) else run
        while run not in self._starts:
            if not run:
                return None
            run = run.rpartition("/")[0]
        return run

    def _session(self, path: str, runs: Iterable[str]) -> Session:
        start = self._starts.get(path, SessionStart())
        end = self._ends.get(path, SessionEnd())
        runs = list(runs)
        begun = min((self._first_times[run] for run in runs), default=0.0)
        return Session(
            path=path,
            hparams=start.hparams,
            group=start.group or path,
            started=start.started or begun,
            ended=end.ended,
            status=end.status,
            metrics={
                (tag, run[len(path) :].lstrip("/")): summary
                for run in runs
                for tag, summary in self._summaries[run].items()
            },
        )


def _messages(events: Iterable[bytes]) -> Iterator[Experiment | SessionStart | SessionEnd]:
    for event in events:
        try:
            message = decode(event)
        except MalformedError:  # a scalar whose text only looks like one
            continue
        if message is not None:
            yield message


def _joined(path: str, part: str) -> str:
    return "/".join(name for name in (path, part) if name)
