"""Sweeps and trials as a Redis server keeps them: keys, and what stands under them.

With the prefix `sonde` and a sweep `k3mqabcd`:

    sonde:names                  hash: the id of each name
    sonde:sweeps                 list: all ids, oldest first
    sonde:blob:<sha256>          bytes
    sonde:format                 the version of this layout
    sonde:stamp                  a count of all changes
    sonde:told                   that people were told of doubts; goes by itself
    sonde:mark:<who>             the last transaction of a client; goes by itself
    sonde:k3mqabcd               hash, the sweep's head: `tx` (the last transaction), `turn` (who
                                 may write), `standing` and, with its `edition`, what rarely
                                 changes: `made`, `definition`, `said`
    sonde:k3mqabcd:turn          list: the turn, while nobody has it
    sonde:k3mqabcd:definitions   list: all versions, once there is a second one
    sonde:k3mqabcd:trials        hash: trials by number
    sonde:k3mqabcd:versions      sorted set: numbers by the version of the last change
    sonde:k3mqabcd:waiting       sorted set: numbers of waiting trials
    sonde:k3mqabcd:running       sorted set: numbers by when the lease ends, in microseconds
    sonde:k3mqabcd:paused        sorted set: numbers
    sonde:k3mqabcd:reports       hash: sealed reports by number, a list of one batch an attempt
    sonde:k3mqabcd:live:<n>      list: batches of the attempt that runs

All values are MessagePack, in the columns of `sonde.store.columns`.
"""

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from operator import itemgetter
from typing import Any

import msgspec

from sonde.core.sweep import Sweep, sweep_from_json
from sonde.core.trial import State, Trial
from sonde.store.columns import (
    Lasting,
    Packings,
    definition_text,
    from_us,
    inserted,
    lasting_of,
    row_of,
    standing_of,
    to_us,
    trials_of,
)
from sonde.store.packing import pack, unpack
from sonde.store.protocol import Definition
from sonde.store.rows import Head, Row

__all__ = [
    "INDICES",
    "definition_from",
    "head_fields",
    "lasting_from",
    "lasting_of_new",
    "packed_definition",
    "packed_row",
    "packed_standing",
    "row_from",
    "trials_from",
]

INDICES = {State.WAITING: "waiting", State.RUNNING: "running", State.PAUSED: "paused"}
"""The states of which there is an index."""

_encode, _decode = msgspec.msgpack.Encoder().encode, msgspec.msgpack.Decoder().decode
# As `inserted` has them: state, version, attempts, failures, agent, asked, until, reported,
# outcome, started, finished, error, metrics, carried, facts, key, sweep, origin, created, params.
_AGENT, _UNTIL, _ERROR, _SWEEP, _ORIGIN = 4, 6, 11, 16, 17
_as_row = itemgetter(15, 0, 1, 2, 3, 4, 5, 6, 7, 8, 17, 18, 9, 10, 11, 19, 12, 13, 14)
_as_trial = itemgetter(15, 0, 19, 12, 2, 3, 4, 5, 17, 18, 9, 10, 11, 14, 1)


def packed_row(row: Row, packings: Packings) -> bytes:
    """Return a trial as bytes, without the end of its lease."""
    columns = list(inserted(row, 0, packings))
    columns[_UNTIL] = columns[_SWEEP] = None
    try:
        return _encode(columns)
    except UnicodeEncodeError:  # lone surrogates, as of file names that are no UTF-8
        for at in (_AGENT, _ERROR, _ORIGIN):
            if columns[at] is not None:
                columns[at] = columns[at].encode("utf-8", "surrogatepass")
        return _encode(columns)


def row_from(data: bytes, packings: Packings) -> Row:
    """Return the trial that `packed_row` wrote."""
    return row_of(_as_row(_columns(data)), packings)


def trials_from(rows: Iterable[bytes], packings: Packings) -> list[Trial]:
    """Return trials, in the order of their numbers."""
    trials = trials_of((_as_trial(_columns(data)) for data in rows), packings)
    trials.sort(key=lambda trial: trial.number)
    return trials


def _columns(data: bytes) -> list[Any]:
    columns: list[Any] = _decode(data)
    for at in (_AGENT, _ERROR, _ORIGIN):
        if type(columns[at]) is bytes:
            columns[at] = columns[at].decode("utf-8", "surrogatepass")
    return columns


def packed_definition(number: int, first: int, made: int, why: str, sweep: Sweep) -> bytes:
    """Return a version of the definition as bytes."""
    return pack((number, first, made, why, *definition_text(sweep)))


def definition_from(data: bytes) -> Definition:
    """Return the version that `packed_definition` wrote."""
    number, first, made, why, text, _ = unpack(data)
    sweep = sweep_from_json(json.loads(text))
    return Definition(number=number, sweep=sweep, made=from_us(made), first=first, why=why)


def lasting_from(found: Sequence[Any]) -> Lasting:
    """Return what rarely changes of a sweep from its fields and its list of definitions."""
    edition, made, definition, said, versions = found
    name, created, facts = unpack(made)
    text, parameters = unpack(definition)
    reason, notes, tags = unpack(said)
    several = [(version[1], version[5]) for version in map(unpack, versions)]
    columns = (0, name, text, parameters, created, reason, notes, tags, facts)
    return lasting_of(int(edition), columns, several)


def lasting_of_new(sweep: Sweep, name: str, now: datetime, facts: Mapping[str, Any]) -> Lasting:
    """Return what rarely changes of a sweep that is to be made."""
    return Lasting(
        edition=0,
        key=0,
        packings=Packings((0,), (tuple(parameter.name for parameter in sweep.space.parameters),)),
        sweep=sweep,
        name=name,
        created=now,
        reason="",
        notes="",
        tags=(),
        facts=dict(facts),
    )


def head_fields(head: Head) -> list[Any]:
    """Return all fields of a sweep's head, with a new edition of what rarely changes."""
    # At random: one counted on may be given twice, where a server lost its last writes.
    edition = int.from_bytes(os.urandom(7))
    made = (head.name, to_us(head.created), json.dumps(dict(head.facts)))
    said = (head.reason, head.notes, json.dumps(list(head.tags)))
    return [
        *("standing", packed_standing(head, edition), "edition", str(edition)),
        *("made", pack(made), "said", pack(said), "definition", pack(definition_text(head.sweep))),
    ]


def packed_standing(head: Head, edition: int) -> bytes:
    """Return what often changes of a sweep as bytes."""
    return pack(standing_of(head, edition, 0)[:-1])
