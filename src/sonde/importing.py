"""Directories of TensorBoard's event files as sweeps in a store.

A session of the logdir (`sonde.tensorboard.logdir`) becomes a trial with its values, its
curves and how it ended. A logdir that was imported before is gone on with: only what is new
is added. What is still being written stays a running trial, and the next import goes on.
"""

import os
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sonde.core.distributions import Choice, Constant, Distribution, Float, Int
from sonde.core.metric import Goal, guess_direction
from sonde.core.parameter import Parameter
from sonde.core.space import Space
from sonde.core.sweep import Budget, Control, Sweep
from sonde.core.trial import Lease, Outcome, Report, State, Trial
from sonde.errors import ConfigError, ConflictError, StoreError
from sonde.store import open_store
from sonde.store.protocol import PastTrial, Store, SweepRecord
from sonde.tensorboard.hparams.domains import Discrete, Domain, IntInterval, RealInterval, Value
from sonde.tensorboard.hparams.messages import FAILURE, RUNNING, SUCCESS, Experiment
from sonde.tensorboard.logdir import Logdir, Session
from sonde.tensorboard.naming import names_of

__all__ = ["Imported", "LogdirImport", "following", "goal_of", "space_of"]

_AGENT = "import "
# A hundred years: trials bear the times of their sessions, which may lie years apart, and nobody
# else would run them.
_LEASE_S = 100 * 365 * 86400.0
_BATCH = 200  # trainings in one transaction
_FOLLOW_S = 1.0
_QUIET_S = 60.0  # a session of which nobody says how it ended has ended when it is so long silent


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What one round brought.

    Attributes:
        added: How many sessions were new.
        ended: How many of all ended in this round.
        running: How many are still being written.
        points: How many values of curves were added.
    """

    record: SweepRecord
    added: int
    ended: int
    running: int
    points: int


class LogdirImport:
    """A logdir on its way into a store; `update` may be called again and again."""

    def __init__(
        self,
        store: Store,
        logdir: Path | str,
        *,
        name: str | None = None,
        metric: Goal | None = None,
    ) -> None:
        """Look at a logdir; nothing is read or written yet.

        Args:
            name: Of the sweep; made from the directory's if not given.
            metric: The goal. If not given, the first metric that the logdir names, and lower
                is better if it is called a loss or an error.

        Raises:
            ConfigError: There is no such directory.
        """
        self._path = Path(logdir).resolve()
        if not self._path.is_dir():
            raise ConfigError(str(logdir), "it is no directory", "name one with event files")
        self._store, self._name, self._metric = store, name, metric
        self._logdir = Logdir(self._path, keep_curves=True)
        self._sweep: str | None = None
        self._spanned = (0, 0)  # how many sessions and values the space was made for
        self._known: set[str] = set()  # the paths of sessions that are trials
        self._leases: dict[str, Lease] = {}  # of those that have not ended, by path
        self._sent: dict[str, Counter[str]] = {}  # how many points of each metric

    @property
    def problems(self) -> list[str]:
        """Damaged and unreadable files, a line each."""
        return [str(problem) for problem in self._logdir.problems]

    def update(
        self, now: datetime, told: Callable[[int, int], None] = lambda done, total: None
    ) -> Imported:
        """Read what is new and bring it into the store.

        Args:
            told: Is told, of each session, how many are done, and of how many.

        Raises:
            ConfigError: There is nothing to import yet.
            StoreError: The store does not take it.
        """
        self._logdir.read()
        sessions = self._logdir.sessions()
        if not sessions:
            raise ConfigError(
                str(self._path),
                "no event file with a scalar or hyperparameters is in it",
                "name the directory that TensorBoard's --logdir names",
            )
        record = self._widened(self._begin(sessions, now), sessions, now)
        known = set(self._known)
        for session in sessions:
            self._drop_unlike(session, now)
        fresh = [one for one in sessions if one.path not in self._known]
        growing = [one for one in sessions if one.path in self._leases]
        ended = points = 0
        for first in range(0, len(fresh), _BATCH):
            batch: list[PastTrial] = []
            for done, session in enumerate(fresh[first : first + _BATCH], start=first):
                told(done, len(sessions))
                batch.append(self._past(session, record, record.trials + len(batch), now))
            record, sent, over = self._add(record, batch, now)
            points, ended = points + sent, ended + over
        for done, session in enumerate(growing, start=len(fresh)):
            told(done, len(sessions))
            sent, is_over = self._send(session, now)
            points, ended = points + sent, ended + is_over
        if self._leases:
            self._store.renew(list(self._leases.values()), now, _LEASE_S)
        control = Control.RUNNING if self._leases else Control.DONE
        if record.control is not control:
            record = self._store.update_sweep(record.id, now, control=control, reason="imported")
        return Imported(
            record=record,
            added=len(self._known - known),
            ended=ended,
            running=len(self._leases),
            points=points,
        )

    def _begin(self, sessions: Sequence[Session], now: datetime) -> SweepRecord:
        """Find the sweep of this logdir, or make it."""
        if self._sweep is not None:
            return self._store.get_sweep(self._sweep)
        place = os.fspath(self._path)
        for record in self._store.list_sweeps():
            if record.facts.get("logdir") == place:
                self._go_on(record)
                return record
        definition = Sweep(
            space=space_of(sessions, self._logdir.experiment),
            goals=(self._metric or goal_of(sessions, self._logdir.experiment),),
            method="random",
            budget=Budget(trials=0),
            name=self._name or self._path.name,
        )
        record = self._store.create_sweep(definition, now, {"logdir": place})
        self._sweep = record.id
        return record

    def _widened(
        self, record: SweepRecord, sessions: Sequence[Session], now: datetime
    ) -> SweepRecord:
        """Bring what the sessions have of new parameters, and beyond ranges, into the space."""
        stands = len(sessions), sum(len(one.hparams) for one in sessions)
        if stands == self._spanned:
            return record
        self._spanned = stands
        while True:
            space = space_of(sessions, self._logdir.experiment, record.sweep.space)
            if space == record.sweep.space:
                return record
            try:
                return self._store.update_sweep(
                    record.id,
                    now,
                    definition=replace(record.sweep, space=space),
                    why="its directory has grown",
                    against=record.revision,
                )
            except ConflictError:  # somebody edited it by hand
                record = self._store.get_sweep(record.id)

    def _go_on(self, record: SweepRecord) -> None:
        """Take up what an earlier import left."""
        self._sweep = record.id
        for trial in self._store.changes(record.id).trials:
            path = (trial.agent or "").removeprefix(_AGENT)
            self._known.add(path)
            if trial.is_ended:
                continue
            curves = self._store.curves(record.id, [trial.number]).get(trial.number, {})
            self._sent[path] = Counter({name: len(curve.steps) for name, curve in curves.items()})
            self._leases[path] = _held(record.id, trial, record.updated)

    def _drop_unlike(self, session: Session, now: datetime) -> None:
        """Cancel the running trial of a session whose hyperparameters came after its curve.

        What a trial's values are is said when it begins, so it is begun anew.
        """
        lease = self._leases.get(session.path)
        if lease is None or {_clean(name) for name in session.hparams} <= lease.params.keys():
            return
        facts = {"session": session.path, "replaced": "its hyperparameters came later"}
        self._store.finish(lease, Outcome(state=State.CANCELLED, facts=facts), now)
        del self._leases[session.path]
        self._known.discard(session.path)

    def _past(self, session: Session, record: SweepRecord, number: int, now: datetime) -> PastTrial:
        """Return a session as the trial of that number."""
        sent = self._sent[session.path] = Counter()
        reports, newest = self._fresh(session, sent)
        state = _state(session, newest, now)
        begun = _time(session.started, now)
        trial = Trial(
            number=number,
            state=state,
            params=_params(session, record.sweep.space),
            attempts=1,
            failures=int(state is State.FAILED),
            # The agent's name says which session it is, for an import that goes on with it.
            agent=_AGENT + session.path,
            origin="import",
            created=begun,
            started=begun,
        )
        if state is not State.RUNNING:
            finished = _time(session.ended or newest, now)
            facts, error = {"session": session.path}, _error(state)
            trial = replace(trial, finished=finished, facts=facts, error=error)
        return PastTrial(trial=trial, reports=reports, until=now + timedelta(seconds=_LEASE_S))

    def _add(
        self, record: SweepRecord, batch: Sequence[PastTrial], now: datetime
    ) -> tuple[SweepRecord, int, int]:
        """Add trials; return how many points they have, and how many have ended."""
        after = self._store.put_trials(record.id, batch, now, against=record.revision)
        for past in batch:
            path = (past.trial.agent or "").removeprefix(_AGENT)
            self._known.add(path)
            if past.trial.state is State.RUNNING:
                self._leases[path] = _held(record.id, past.trial, past.until or now)
        points = sum(len(past.reports) for past in batch)
        return after, points, sum(past.trial.is_ended for past in batch)

    def _send(self, session: Session, now: datetime) -> tuple[int, bool]:
        """Send a session's new points; return how many, and whether it has ended."""
        lease, sent = self._leases[session.path], self._sent[session.path]
        first = sent.total() + 1
        reports, newest = self._fresh(session, sent)
        state = _state(session, newest, now)
        if state is State.RUNNING:
            if reports:
                self._store.report(lease, first, reports, now)
            return len(reports), False
        outcome = Outcome(state=state, facts={"session": session.path}, error=_error(state))
        ended = _time(session.ended or newest, now)
        self._store.finish(lease, outcome, ended, reports=reports, first=first)
        del self._leases[session.path]
        return len(reports), True

    def _fresh(self, session: Session, sent: Counter[str]) -> tuple[list[Report], float]:
        """Return a session's points that were not sent, noted as sent, and the time of its last."""
        reports, newest = [], session.started
        for (tag, part), points in self._logdir.curves(session).items():
            name = names_of(tag, part)[0]
            new = points[sent[name] :]
            reports += [Report(one.step, {name: one.value}, one.wall_time) for one in new]
            newest = max(newest, points[-1].wall_time)
        reports.sort(key=lambda report: report.time)
        sent.update(name for report in reports for name in report.metrics)
        return reports, newest


@contextmanager
def following(url: str, logdir: Path | str) -> Iterator[LogdirImport]:
    """Import a logdir into a store, and what is added to it for the time of a block.

    Raises:
        ConfigError: If there is nothing to import.
    """
    store = open_store(url)
    source = LogdirImport(store, logdir)
    try:
        source.update(datetime.now(UTC))
        is_over = threading.Event()

        def follow() -> None:
            while not is_over.wait(_FOLLOW_S):
                with suppress(StoreError):  # busy, or the disk is full: the next round tries again
                    source.update(datetime.now(UTC))

        thread = threading.Thread(target=follow, name="sonde-import", daemon=True)
        thread.start()
        yield source
        is_over.set()
        thread.join()
    finally:
        store.close()


def space_of(
    sessions: Sequence[Session], experiment: Experiment | None, known: Space | None = None
) -> Space:
    """Return the space that sessions come from: as it was declared, else what occurs.

    Whole numbers are ints where every session has them, as event files know floats alone.

    Args:
        sessions: All of the directory.
        experiment: What it declares, if it does.
        known: The space so far, of which nothing is lost.
    """
    declared = {} if experiment is None else {one.name: one.domain for one in experiment.hparams}
    before = {} if known is None else {p.name: p for p in known.parameters}
    names = dict.fromkeys([*declared, *(name for one in sessions for name in one.hparams)])
    found: dict[str, Parameter] = dict(before)
    for name in names:
        seen = [*_ends_of(before.get(_clean(name)))]
        seen += [one.hparams[name] for one in sessions if name in one.hparams]
        domain = declared.get(name)
        if isinstance(domain, Discrete):
            seen += domain.values
        elif isinstance(domain, RealInterval | IntInterval):
            seen += [domain.min_value, domain.max_value]
        if seen:
            found[_clean(name)] = Parameter(_clean(name), _distribution(seen, domain))
    return Space(tuple(found.values()), () if known is None else known.where)


def goal_of(sessions: Sequence[Session], experiment: Experiment | None) -> Goal:
    """Return the metric that is meant, if nobody says: the first declared that occurs.

    Where nothing is declared, the one that most sessions have, and of these a validation's.
    """
    names = Counter(name for one in sessions for name in one.named())
    declared = () if experiment is None else experiment.metrics
    for metric in declared:
        name = names_of(metric.tag, metric.group or "")[0]
        if name in names:
            return Goal(metric=name, direction=guess_direction(name))
    if not names:
        raise ConfigError("the logdir", "no session has a scalar", "write one, or name a metric")
    most = max(names.values())
    often = [name for name, count in names.items() if count == most]
    name = next((name for name in often if name.startswith("val")), often[0])
    return Goal(metric=name, direction=guess_direction(name))


def _ends_of(parameter: Parameter | None) -> Sequence[Value]:
    """Return the values of a space so far that a wider one is to hold."""
    distribution = None if parameter is None else parameter.distribution
    ends: Sequence[Any] = ()
    if isinstance(distribution, Float | Int):
        ends = distribution.low, distribution.high
    elif isinstance(distribution, Choice):
        ends = distribution.values
    elif isinstance(distribution, Constant):
        ends = (distribution.value,)
    return [value for value in ends if isinstance(value, str | bool | int | float)]


def _distribution(seen: Sequence[Value], domain: Domain | None) -> Distribution:
    """Return the distribution that a hyperparameter's values come from."""
    numbers = [value for value in seen if not isinstance(value, bool | str)]
    is_whole = all(float(value).is_integer() for value in numbers)
    values = [int(v) if is_whole and not isinstance(v, bool | str) else v for v in seen]
    if len(numbers) < len(seen) or isinstance(domain, Discrete):
        choices = sorted(dict.fromkeys(values), key=lambda value: (isinstance(value, str), value))
        return Choice(tuple(choices)) if len(choices) > 1 else Constant(choices[0])
    low, high = min(numbers), max(numbers)
    if low == high:
        return Constant(values[0])
    return Int(int(low), int(high)) if is_whole else Float(float(low), float(high))


def _params(session: Session, space: Space) -> dict[str, Value]:
    """Return a session's values, with the types that the space gives them."""
    params: dict[str, Value] = {}
    for name, value in session.hparams.items():
        known = space[_clean(name)].distribution if _clean(name) in space else None
        sample = known.at(0.0) if known is not None else value
        is_int = isinstance(sample, int) and not isinstance(sample, bool)
        whole = is_int and isinstance(value, float) and value.is_integer()
        params[_clean(name)] = int(value) if whole else value
    return params


def _state(session: Session, newest: float, now: datetime) -> State:
    """Return how a session stands; silence ends one of which nobody says how it stands."""
    if session.status == SUCCESS:
        return State.DONE
    if session.status == FAILURE:
        return State.FAILED
    silent_s = now.timestamp() - newest
    return State.RUNNING if session.status == RUNNING or silent_s < _QUIET_S else State.DONE


def _error(state: State) -> str | None:
    return "its files say that it failed" if state is State.FAILED else None


def _held(sweep: str, trial: Trial, until: datetime) -> Lease:
    """Return the lease that an import has on a trial whose session goes on."""
    return Lease(
        sweep=sweep,
        number=trial.number,
        attempt=trial.attempts,
        agent=trial.agent or "",
        until=until,
        params=trial.params,
    )


def _clean(name: str) -> str:
    """Return a name that a parameter may have."""
    plain = re.sub(r"[^\w.\-]", "_", name)
    return plain if plain[:1].isalpha() or plain.startswith("_") else f"_{plain}"


def _time(seconds: float, otherwise: datetime) -> datetime:
    return datetime.fromtimestamp(seconds, UTC) if seconds else otherwise
