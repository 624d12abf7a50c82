"""`/sweeps/{sweep}/events`: a program follows a sweep, and misses nothing.

A stream of server-sent events. What changed since a version comes as one event `trial` each,
then an event `sweep` whose id is the version that this makes. Who was away begins after the
last id that he had, in whatever run of the server.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query, Request
from starlette.responses import StreamingResponse

from sonde.analysis.rows import sweep_row, trial_row
from sonde.analysis.strict_json import plain
from sonde.server.desk import Desk, TheDesk
from sonde.server.live import Live, event
from sonde.server.shapes import REFUSALS
from sonde.server.sweeps import SweepKey
from sonde.store.protocol import Store

__all__ = ["router"]

router = APIRouter(prefix="/sweeps", tags=["sweeps"], responses=REFUSALS)
_AT_ONCE = 500  # trials that are read and written out before others have their turn


def _live(request: Request) -> Live:
    live: Live = request.app.state.live
    return live


Version = Annotated[int, Query(ge=0, le=2**53, description="Only what changed after it.")]
Lasting = Annotated[bool, Query(description="Whether to go on; else it ends with what there is.")]
Last = Annotated[str, Header(description="The id of the last event one had: wins over `after`.")]


@router.get(
    "/{sweep}/events",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {}}, "description": "Events, for ever."}},
)
async def follow(
    desk: TheDesk,
    live: Annotated[Live, Depends(_live)],
    sweep: SweepKey,
    after: Version = 0,
    follow: Lasting = True,
    last_event_id: Last = "",
) -> StreamingResponse:
    """Stream what changes: an event `trial` for each, then `sweep`, with the version as id."""
    key = (await desk.ask(lambda store: store.find_sweep(sweep))).id
    seen = int(last_event_id) if last_event_id.isascii() and last_event_id.isdigit() else after
    events = _events(desk, live, key, seen, lasting=follow)
    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    return StreamingResponse(events, media_type="text/event-stream", headers=headers)


async def _events(
    desk: Desk, live: Live, sweep: str, seen: int, *, lasting: bool
) -> AsyncIterator[bytes]:
    async with aclosing(live.changes_of(sweep)) as turns:
        async for has_changed in turns:
            if not has_changed:
                yield b": ping\n\n"
                continue
            version, numbers = await desk.ask(partial(_changed, sweep, seen))
            for first in range(0, len(numbers), _AT_ONCE):
                some = numbers[first : first + _AT_ONCE]
                yield await desk.ask(partial(_trials, desk, sweep, some))
            if version > seen:
                seen = version
                yield await desk.ask(partial(_sweep, desk, sweep, seen))
            if not lasting:
                return


def _changed(sweep: str, seen: int, store: Store) -> tuple[int, Sequence[int]]:
    changes = store.changes(sweep, seen)
    return changes.version, [trial.number for trial in changes.trials]


def _trials(desk: Desk, sweep: str, numbers: Sequence[int], _: Store) -> bytes:
    with desk.sweep(sweep) as (_record, history):
        rows = [trial_row(history.trials[number], history) for number in numbers]
    return b"".join(event("trial", plain(row)) for row in rows)


def _sweep(desk: Desk, sweep: str, version: int, _: Store) -> bytes:
    with desk.sweep(sweep) as (record, history):
        row: dict[str, Any] = plain(sweep_row(record, history))
    return event("sweep", row, str(version))
