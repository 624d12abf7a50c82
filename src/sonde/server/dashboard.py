"""`/view`: what the dashboard's pages read and do. No public interface: it changes with them.

Sweeps are named behind the `?`, as a name may hold slashes.
"""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import Response, StreamingResponse

from sonde.agent.place import folder_of
from sonde.core.history import History
from sonde.core.sweep import Budget
from sonde.core.trial import Trial, Verdict
from sonde.editing import limit_workers
from sonde.errors import NotFoundError
from sonde.server import block
from sonde.server.answers import Json
from sonde.server.curves import curves_block
from sonde.server.desk import TheDesk
from sonde.server.live import Live
from sonde.server.log_tail import log_tail
from sonde.server.steering import end_trial, set_budget, steer
from sonde.server.views import record_view, sweep_detail, trial_view
from sonde.store.protocol import Store, SweepRecord

__all__ = ["router"]

router = APIRouter(prefix="/view", include_in_schema=False)
_MOST_CURVES = 200


def _live(request: Request) -> Live:
    live: Live = request.app.state.live
    return live


Number = Annotated[int, Query(ge=0, le=2**53)]
TheLive = Annotated[Live, Depends(_live)]


Tag = Annotated[str, Field(min_length=1, max_length=100)]


class AboutShape(BaseModel):
    """What people say of a sweep; what is left out stays as it is."""

    notes: Annotated[str | None, Field(max_length=100_000)] = None
    tags: Annotated[list[Tag] | None, Field(max_length=50)] = None


class BudgetShape(BaseModel):
    """When enough has been done; null: no limit."""

    trials: Annotated[int | None, Field(ge=1, le=10_000_000)]
    time_s: Annotated[float | None, Field(gt=0, allow_inf_nan=False)]


class WorkersShape(BaseModel):
    """How many trials run at once at most; null: as many as agents take."""

    workers: Annotated[int | None, Field(ge=1, le=1_000_000)]


class _Block(Response):
    media_type = block.MEDIA_TYPE

    def __init__(self, content: bytes) -> None:
        # Said to be encoded already: to compress numbers costs more time than to send them.
        headers = {"cache-control": "no-store", "content-encoding": "identity"}
        super().__init__(content, headers=headers)


def _trial(record: SweepRecord, history: History, number: int) -> Trial:
    if number >= len(history.trials):
        raise NotFoundError(f"{record.name} has no trial {number}")
    return history.trials[number]


@router.get("/sweeps")
async def list_sweeps(desk: TheDesk) -> Json:
    """List the sweeps, newest first, by what their records say; `live` tells the rest."""

    def rows(store: Store) -> dict[str, Any]:
        sweeps = [record_view(record) for record in reversed(store.list_sweeps())]
        return {"store": store.url, "sweeps": sweeps}

    return Json(await desk.ask(rows))


@router.get("/live")
async def live(
    request: Request, desk: TheDesk, live: TheLive, sweep: str | None = None
) -> Response:
    """Stream how the sweeps stand, or one of them, as they change."""
    key = None
    if sweep is not None:
        key = (await desk.ask(lambda store: store.find_sweep(sweep))).id
    events: AsyncIterator[bytes] = live.stream(key, request.headers.get("last-event-id"))
    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    return StreamingResponse(events, media_type="text/event-stream", headers=headers)


@router.get("/sweep")
async def show_sweep(desk: TheDesk, sweep: str) -> Json:
    """Say everything of a sweep but its trials."""

    def detail(store: Store) -> dict[str, Any]:
        with desk.sweep(sweep) as (record, history):
            return sweep_detail(record, history, datetime.now(UTC), store.url)

    return Json(await desk.ask(detail))


@router.get("/columns")
async def columns(desk: TheDesk, sweep: str, since: int = 0, edition: str = "") -> Response:
    """Give the trials as columns: all, or those that changed after a version."""

    def packed(_: Store) -> bytes:
        with desk.columns(sweep) as found:
            return found.block(since, edition)

    return _Block(await desk.ask(packed))


@router.get("/curves")
async def curves(
    desk: TheDesk,
    sweep: str,
    metric: str,
    trials: Annotated[str, Query(pattern=r"^\d+(,\d+)*$")],
    points: Annotated[int, Query(ge=4, le=2000)] = 200,
) -> Response:
    """Give the learning curves of a metric for some trials."""
    numbers = sorted({int(number) for number in trials.split(",")})[:_MOST_CURVES]

    def packed(store: Store) -> bytes:
        return curves_block(store, store.find_sweep(sweep).id, numbers, metric, points)

    return _Block(await desk.ask(packed))


@router.get("/diff")
async def diff(desk: TheDesk, sweep: str) -> Response:
    """Give what git had not committed when the sweep was made."""

    def text(store: Store) -> bytes:
        record = store.find_sweep(sweep)
        key = (record.facts.get("git") or {}).get("diff")
        if not key:
            raise NotFoundError(f"{record.name} was made from a clean commit, or outside of git")
        return store.get_blob(key)

    return Response(await desk.ask(text), media_type="text/plain; charset=utf-8")


@router.get("/packages")
async def packages(desk: TheDesk, sweep: str) -> Response:
    """Give the packages that were installed when the sweep was made, one a line."""

    def text(store: Store) -> bytes:
        record = store.find_sweep(sweep)
        key = record.facts.get("packages")
        if not key:
            raise NotFoundError(f"no packages were recorded with {record.name}")
        return store.get_blob(key)

    return Response(await desk.ask(text), media_type="text/plain; charset=utf-8")


@router.get("/trial")
async def show_trial(desk: TheDesk, sweep: str, number: Number) -> Json:
    """Say everything of a trial but its curves and its log."""

    def detail(store: Store) -> dict[str, Any]:
        with desk.sweep(sweep) as (record, history):
            return trial_view(record, history, _trial(record, history, number), store.url)

    return Json(await desk.ask(detail))


@router.get("/log")
async def show_log(
    desk: TheDesk,
    sweep: str,
    number: Number,
    stream: Literal["stdout", "stderr"] = "stdout",
    after: Annotated[int | None, Query(ge=0)] = None,
) -> Json:
    """Give the end of what a trial printed, or what it printed after some byte."""

    def tail(store: Store) -> dict[str, Any]:
        with desk.sweep(sweep) as (record, history):
            trial = _trial(record, history, number)
        folder = folder_of(store.url, record.id, trial)
        return log_tail(folder.stdout if stream == "stdout" else folder.stderr, trial, after)

    return Json(await desk.ask(tail))


@router.post("/sweep")
async def act(desk: TheDesk, sweep: str, action: str) -> Json:
    """Pause, resume, stop or cancel a sweep."""

    def done(store: Store) -> dict[str, Any]:
        key = store.find_sweep(sweep).id
        return record_view(steer(store, key, action, datetime.now(UTC)))

    return Json(await desk.ask(done))


@router.post("/trial")
async def act_on_trial(
    desk: TheDesk, sweep: str, number: Number, action: Literal["stop", "cancel"]
) -> Json:
    """Ask a trial to end: so that it counts (`stop`), or does not (`cancel`)."""
    verdict = Verdict.STOP if action == "stop" else Verdict.CANCEL

    def done(store: Store) -> dict[str, Any]:
        key = store.find_sweep(sweep).id
        end_trial(store, key, number, verdict, datetime.now(UTC))
        return {}

    return Json(await desk.ask(done))


@router.post("/about")
async def tell_about(desk: TheDesk, sweep: str, given: AboutShape) -> Json:
    """Set the notes on a sweep, its tags, or both."""

    def done(store: Store) -> dict[str, Any]:
        key = store.find_sweep(sweep).id
        tags = None if given.tags is None else tuple(dict.fromkeys(given.tags))
        record = store.update_sweep(key, datetime.now(UTC), notes=given.notes, tags=tags)
        return record_view(record)

    return Json(await desk.ask(done))


@router.post("/budget")
async def give_budget(desk: TheDesk, sweep: str, given: BudgetShape) -> Json:
    """Give a sweep another budget."""

    def done(store: Store) -> dict[str, Any]:
        key = store.find_sweep(sweep).id
        workers = store.get_sweep(key).budget.workers
        budget = Budget(trials=given.trials, time_s=given.time_s, workers=workers)
        return record_view(set_budget(store, key, budget, datetime.now(UTC)))

    return Json(await desk.ask(done))


@router.post("/workers")
async def limit(desk: TheDesk, sweep: str, given: WorkersShape) -> Json:
    """Say how many trials of a sweep run at once at most."""

    def done(store: Store) -> dict[str, Any]:
        key = store.find_sweep(sweep).id
        record, _ = limit_workers(store, key, given.workers, datetime.now(UTC))
        return record_view(record)

    return Json(await desk.ask(done))
