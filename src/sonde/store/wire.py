"""How a store's calls travel: MessagePack messages, one shape for each call and its answer.

`sonde.store.http` sends them and `sonde.server.exchange` answers them. The shapes are the
protocol's own dataclasses, so what one side adds with a default is passed over by an older
other. A definition travels as the text of its JSON: both sides know by comparison the one
that they have seen before, and do not read it again.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from typing import Any, Literal, TypeVar

import msgspec

from sonde.core.sweep import Budget, Control, Sweep, sweep_from_json, sweep_to_json
from sonde.core.trial import Lease, Outcome, Report, State, Trial
from sonde.store.packing import from_json, pack, unpack
from sonde.store.protocol import Ask, Decision, Definition, PastTrial, SweepRecord

__all__ = [
    "MEDIA_TYPE",
    "NO_TIME",
    "ChangesAfter",
    "Commit",
    "Committed",
    "Create",
    "CurvesOf",
    "Definitions",
    "Ended",
    "Feed",
    "FileMark",
    "Find",
    "Finish",
    "KeepFiles",
    "Kept",
    "LeaseTrials",
    "OneSweep",
    "PutLog",
    "PutPart",
    "PutSweep",
    "PutTrials",
    "Release",
    "Renew",
    "Revalue",
    "SendReports",
    "Update",
    "WireDefinition",
    "WireRecord",
    "decode",
    "encode",
    "floats",
    "for_wire",
    "past_for_wire",
    "text_of",
    "version_for_wire",
]

MEDIA_TYPE = "application/msgpack"
NO_TIME = datetime(1970, 1, 1, tzinfo=UTC)
"""A time that says nothing: the server goes by its own clock."""
T = TypeVar("T")


def encode(message: Any) -> bytes:
    """Return a message as bytes; integers of any size and lone surrogates survive.

    Raises:
        TypeError: If there is something in it that JSON does not have.
    """
    if isinstance(message, PutPart | PutLog):  # bytes as they are, which JSON would write as text
        return pack(msgspec.to_builtins(message, str_keys=True, builtin_types=(bytes,)))
    return pack(msgspec.to_builtins(message, str_keys=True))


def decode(data: bytes, shape: type[T]) -> T:
    """Return the message of a shape.

    Raises:
        ValueError: If it has another one.
    """
    with suppress(msgspec.MsgspecError, RecursionError):
        found: T = _decoder(shape)(data)  # type: ignore[arg-type]  # types are hashable
        return found
    # Keys that were numbers, and what MessagePack cannot say, are read by way of plain values.
    try:
        return msgspec.convert(unpack(data), shape, str_keys=True)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise ValueError(f"that is no message of this call: {error}") from error


@cache
def _decoder(shape: Any) -> Callable[[bytes], Any]:
    return msgspec.msgpack.Decoder(shape, ext_hook=from_json).decode


def for_wire(lease: Lease) -> Lease:
    """Return a lease as it is shown to the store: what it is on, without the values."""
    return replace(lease, params={})


def floats(reports: Sequence[Report]) -> list[Report]:
    """Return reports whose values are floats, whatever numbers they were."""
    return [
        Report(r.step, {name: float(value) for name, value in r.metrics.items()}, float(r.time))
        for r in reports
    ]


def past_for_wire(trials: Iterable[PastTrial]) -> list[PastTrial]:
    """Return past trials without what the store sums up anew, their reports' values floats."""
    return [
        PastTrial(
            trial=replace(past.trial, metrics={}), reports=floats(past.reports), until=past.until
        )
        for past in trials
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class WireRecord:
    """A `SweepRecord`, with the definition as text."""

    id: str
    name: str
    definition: str
    control: Control
    reason: str
    budget: Budget
    revision: int
    version: int
    created: datetime
    updated: datetime
    counts: Mapping[str, int]
    notes: str
    tags: tuple[str, ...]
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Create:
    """The call `create_sweep`."""

    definition: str
    now: datetime
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class OneSweep:
    """The call `get_sweep`."""

    sweep: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Find:
    """The call `find_sweep`."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """The call `update_sweep`."""

    sweep: str
    now: datetime
    control: Control | None = None
    reason: str | None = None
    budget: Budget | None = None
    definition: str | None = None
    notes: str | None = None
    tags: tuple[str, ...] | None = None
    why: str = ""
    against: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WireDefinition:
    """A `Definition`, as text."""

    number: int
    definition: str
    made: datetime
    first: int
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PutSweep:
    """The call `put_sweep`."""

    record: WireRecord
    versions: Sequence[WireDefinition]
    trials: Sequence[PastTrial]
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PutTrials:
    """The call `put_trials`."""

    sweep: str
    trials: Sequence[PastTrial]
    now: datetime
    against: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """The call `commit`."""

    sweep: str
    decision: Decision
    now: datetime
    ask: Ask | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Committed:
    """Its answer."""

    record: WireRecord
    leases: Sequence[Lease]


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseTrials:
    """The call `lease`."""

    sweep: str
    ask: Ask
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Renew:
    """The call `renew`."""

    leases: Sequence[Lease]
    now: datetime
    lease_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SendReports:
    """The call `report`."""

    lease: Lease
    first: int
    reports: Sequence[Report]
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Revalue:
    """The call `revalue`; the answer is a `Trial`."""

    lease: Lease
    params: Mapping[str, Any]
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Finish:
    """The call `finish`."""

    lease: Lease
    outcome: Outcome
    now: datetime
    ask: Ask | None = None
    reports: Sequence[Report] = ()
    first: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """Its answer."""

    trial: Trial
    leases: Sequence[Lease]


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """The call `release`."""

    sweep: str
    agents: Sequence[str]
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangesAfter:
    """The call `changes`."""

    sweep: str
    after: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """Its answer."""

    version: int
    record: WireRecord
    trials: Sequence[Trial]
    anew: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CurvesOf:
    """The call `curves`; the answer is a mapping of mappings of `Curve`."""

    sweep: str
    trials: Sequence[int] | None = None
    metrics: Sequence[str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FileMark:
    """A file by its content: its name below the trial's artifacts, SHA-256 (hex) and bytes."""

    path: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepFiles:
    """The call `keep_files`; `whole`: these are all, and the trial has ended."""

    lease: Lease
    files: Sequence[FileMark]
    whole: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """Its answer.

    Attributes:
        missing: How many bytes the server has of each content that it lacks.
        refused: Why it does not take a file, by its name.
    """

    missing: Mapping[str, int]
    refused: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class PutPart:
    """The call `put_part`: bytes of a content from an offset on; the answer: how many it has."""

    lease: Lease
    sha256: str
    offset: int
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class PutLog:
    """The call `put_log`: what was printed from an offset on; the answer: how much it has."""

    lease: Lease
    stream: Literal["stdout", "stderr"]
    offset: int
    data: bytes


class Definitions:
    """Definitions of sweeps and their texts, each worked out once."""

    def __init__(self) -> None:
        self._sweeps: dict[str, Sweep] = {}
        self._texts: dict[str, tuple[Sweep, str]] = {}

    def sweep(self, text: str) -> Sweep:
        """Return the definition of a text.

        Raises:
            ValueError: If it is none.
        """
        found = self._sweeps.get(text)
        if found is None:
            try:
                found = sweep_from_json(json.loads(text))
            except (LookupError, TypeError, AttributeError, RecursionError) as error:
                raise ValueError(f"that is no definition of a sweep: {error!r}") from error
            if len(self._sweeps) > 100:
                self._sweeps.clear()
            self._sweeps[text] = found
        return found

    def text(self, key: str, sweep: Sweep) -> str:
        """Return the text of a definition; `key` is the sweep's id."""
        known = self._texts.get(key)
        if known is None or known[0] is not sweep:
            known = self._texts[key] = (sweep, text_of(sweep))
        return known[1]

    def version(self, one: WireDefinition) -> Definition:
        """Return the version of a definition that travelled."""
        return Definition(
            number=one.number,
            sweep=self.sweep(one.definition),
            made=one.made,
            first=one.first,
            why=one.why,
        )

    def to_wire(self, record: SweepRecord) -> WireRecord:
        """Return a record as it travels."""
        return WireRecord(
            id=record.id,
            name=record.name,
            definition=self.text(record.id, record.sweep),
            control=record.control,
            reason=record.reason,
            budget=record.budget,
            revision=record.revision,
            version=record.version,
            created=record.created,
            updated=record.updated,
            counts={state.value: count for state, count in record.counts.items()},
            notes=record.notes,
            tags=record.tags,
            facts=record.facts,
        )

    def from_wire(self, record: WireRecord) -> SweepRecord:
        """Return the record that travelled."""
        return SweepRecord(
            id=record.id,
            name=record.name,
            sweep=self.sweep(record.definition),
            control=record.control,
            reason=record.reason,
            budget=record.budget,
            revision=record.revision,
            version=record.version,
            created=record.created,
            updated=record.updated,
            counts={State(state): count for state, count in record.counts.items()},
            notes=record.notes,
            tags=record.tags,
            facts=record.facts,
        )


def version_for_wire(version: Definition) -> WireDefinition:
    """Return a version of a definition as it travels."""
    return WireDefinition(
        number=version.number,
        definition=text_of(version.sweep),
        made=version.made,
        first=version.first,
        why=version.why,
    )


def text_of(sweep: Sweep) -> str:
    """Return a definition as text."""
    return json.dumps(sweep_to_json(sweep))
