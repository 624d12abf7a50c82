"""Rows and columns: how sweeps and trials stand in the tables of every SQL store.

Times are microseconds since the epoch, states and verdicts small numbers, values packed
(`sonde.store.packing`). A trial's key is that of its sweep and its number in one.
"""

import gc
import json
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sonde.core.sweep import Budget, Control, Sweep, sweep_from_json, sweep_to_json
from sonde.core.trial import State, Trial, Verdict
from sonde.store.curves import Points, concatenate, join
from sonde.store.packing import (
    pack,
    pack_metrics,
    pack_params,
    unpack,
    unpack_metrics,
    unpack_params,
    unpack_reports,
)
from sonde.store.rows import Head, Row

__all__ = [
    "NUMBER_BITS",
    "STATES",
    "Lasting",
    "Packings",
    "definition_text",
    "from_us",
    "head_of",
    "inserted",
    "joined",
    "lasting_of",
    "limits_of",
    "mutable",
    "row_of",
    "span",
    "standing_of",
    "to_us",
    "trials_of",
]

STATES = (State.WAITING, State.RUNNING, State.PAUSED, State.DONE, State.STOPPED, State.FAILED,
          State.CANCELLED)  # fmt: skip
_VERDICTS = (Verdict.GO_ON, Verdict.STOP, Verdict.CANCEL)
_STATE_CODES = {state: code for code, state in enumerate(STATES)}
_VERDICT_CODES = {verdict: code for code, verdict in enumerate(_VERDICTS)}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_US = timedelta(microseconds=1)
NUMBER_BITS = 32
"""So many bits of a trial's key are its number; those above are its sweep's key."""


def to_us(time: datetime) -> int:
    """Return microseconds since the epoch."""
    return (time - _EPOCH) // _US


def from_us(us: int) -> datetime:
    """Return the time of `to_us`."""
    # Exact: it rounds to microseconds, and a double tells them apart for 280 years to come.
    return datetime.fromtimestamp(us / 1e6, UTC)


@dataclass(frozen=True, slots=True)
class Packings:
    """By which parameters the params of a sweep's trials are packed.

    Attributes:
        firsts: The number of the first trial of each version of the definition, ascending.
        names: The parameters of each version.
    """

    firsts: tuple[int, ...]
    names: tuple[tuple[str, ...], ...]

    @property
    def last(self) -> tuple[str, ...]:
        """Those of new trials."""
        return self.names[-1]

    def of(self, number: int) -> tuple[str, ...]:
        """Those of a trial."""
        if len(self.names) == 1:
            return self.names[0]
        return self.names[bisect_right(self.firsts, number) - 1]

    def and_then(self, first: int, names: Sequence[str]) -> "Packings":
        """Return them with those of a further version."""
        return Packings((*self.firsts, first), (*self.names, tuple(names)))


def definition_text(sweep: Sweep) -> tuple[str, str]:
    """Return a definition, and its parameters' names, as the tables have them."""
    parameters = [parameter.name for parameter in sweep.space.parameters]
    return json.dumps(sweep_to_json(sweep)), json.dumps(parameters)


@dataclass(frozen=True, slots=True)
class Lasting:
    """What of a sweep rarely changes: kept in memory until its edition is raised."""

    edition: int
    key: int
    packings: Packings
    sweep: Sweep
    name: str
    created: datetime
    reason: str
    notes: str
    tags: tuple[str, ...]
    facts: Mapping[str, Any]


def lasting_of(
    edition: int, columns: tuple[Any, ...], packings: Iterable[tuple[int, str]]
) -> Lasting:
    """Return the lasting part of a sweep from the columns of the queries `sweep` and `packings`."""
    key, name, definition, parameters, created, reason, notes, tags, facts = columns
    several = list(packings) or [(0, parameters)]
    return Lasting(
        edition=edition,
        key=key,
        packings=Packings(
            tuple(first for first, _ in several),
            tuple(tuple(json.loads(names)) for _, names in several),
        ),
        sweep=sweep_from_json(json.loads(definition)),
        name=name,
        created=from_us(created),
        reason=reason,
        notes=notes,
        tags=tuple(json.loads(tags)),
        facts=json.loads(facts),
    )


def head_of(sweep_id: str, lasting: Lasting, standing: tuple[Any, ...]) -> Head:
    """Return a sweep's head from its lasting part and the columns of the query `standing`."""
    control, revision, version, _, updated, trials, time_s, workers, *counts = standing
    return Head(
        id=sweep_id,
        name=lasting.name,
        sweep=lasting.sweep,
        control=Control(control),
        budget=Budget(trials=trials, time_s=time_s, workers=workers),
        created=lasting.created,
        updated=from_us(updated),
        reason=lasting.reason,
        revision=revision,
        version=version,
        counts=dict(zip(STATES, counts, strict=True)),
        notes=lasting.notes,
        tags=lasting.tags,
        facts=lasting.facts,
    )


def limits_of(budget: Budget) -> tuple[int | None, float | None, int | None]:
    """Return the columns of a budget."""
    time_s = None if budget.time_s is None else float(budget.time_s)
    return budget.trials, time_s, budget.workers


def standing_of(head: Head, edition: int, key: int) -> tuple[Any, ...]:
    """Return the values of the query `update_standing`."""
    return (
        head.control.value,
        head.revision,
        head.version,
        edition,
        to_us(head.updated),
        *limits_of(head.budget),
        *(head.counts[state] for state in STATES),
        key,
    )


def span(key: int) -> tuple[int, int]:
    """Return the first and the last key that a trial of a sweep can have."""
    return key << NUMBER_BITS, (key << NUMBER_BITS) + 0xFFFFFFFF


def mutable(row: Row) -> tuple[Any, ...]:
    """Return all that can change of a trial, as `update_trial` and `insert_trial` have it."""
    return (
        _STATE_CODES[row.state],
        row.version,
        row.attempts,
        row.failures,
        row.agent,
        _VERDICT_CODES[row.asked],
        None if row.until is None else to_us(row.until),
        row.reported,
        row.outcome,
        None if row.started is None else to_us(row.started),
        None if row.finished is None else to_us(row.finished),
        row.error,
        pack_metrics(row.metrics),
        pack(row.carried) if row.carried else None,
        pack(row.facts) if row.facts else None,
    )


def inserted(row: Row, sweep: int, packings: Packings) -> tuple[Any, ...]:
    """Return the values of the query `insert_trial`."""
    return (
        *mutable(row),
        (sweep << NUMBER_BITS) + row.number,
        sweep,
        None if row.origin == "method" else row.origin,
        to_us(row.created),
        pack_params(row.params, packings.of(row.number)),
    )


def row_of(columns: tuple[Any, ...], packings: Packings) -> Row:
    """Return a trial from the columns of the queries `row` and `rows_...`."""
    (key, state, version, attempts, failures, agent, asked, until, reported, outcome, origin,
     created, started, finished, error, params, metrics, carried, facts) = columns  # fmt: skip
    number = key & 0xFFFFFFFF
    return Row(
        number=number,
        params=unpack_params(params, packings.of(number)),
        origin=origin or "method",
        created=from_us(created),
        state=STATES[state],
        metrics=unpack_metrics(metrics),
        attempts=attempts,
        failures=failures,
        agent=agent,
        asked=_VERDICTS[asked],
        started=None if started is None else from_us(started),
        finished=None if finished is None else from_us(finished),
        error=error,
        facts={} if facts is None else unpack(facts),
        version=version,
        until=None if until is None else from_us(until),
        reported=reported,
        carried=() if carried is None else tuple(unpack(carried)),
        outcome=outcome,
    )


def trials_of(found: Iterable[tuple[Any, ...]], packings: Packings) -> list[Trial]:
    """Return trials from the columns of the queries `trials_all` and `trials_since`.

    This is where loading spends its time, so it makes trials without a `Row` in between, and
    without the collector, which would go through all of them again and again to free nothing.
    """
    with _uncollected():
        return _trials_of(found, packings)


@contextmanager
def _uncollected() -> Iterator[None]:
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _trials_of(found: Iterable[tuple[Any, ...]], packings: Packings) -> list[Trial]:
    names_of = packings.of
    return [
        Trial(
            number=key & 0xFFFFFFFF,
            state=STATES[state],
            params=unpack_params(params, names_of(key & 0xFFFFFFFF)),
            metrics=unpack_metrics(metrics),
            attempts=attempts,
            failures=failures,
            agent=agent,
            asked=_VERDICTS[asked],
            origin=origin or "method",
            created=from_us(created),
            started=None if started is None else from_us(started),
            finished=None if finished is None else from_us(finished),
            error=error,
            facts={} if facts is None else unpack(facts),
            version=version,
        )
        for (key, state, params, metrics, attempts, failures, agent, asked, origin, created,
             started, finished, error, facts, version) in found
    ]  # fmt: skip


def joined(batches: Iterable[tuple[int, bytes]]) -> dict[str, Points]:
    """Return the joined points of one trial from its (attempt, data) in order."""
    attempts: dict[int, list[dict[str, Points]]] = {}
    for attempt, data in batches:
        attempts.setdefault(attempt, []).append(unpack_reports(data))
    return join(concatenate(parts) for parts in attempts.values())
