"""`/sweeps/...`: what is done with sweeps and trials: control, enqueue, end; and curves."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Header, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from sonde.analysis.rows import sweep_row, trial_row
from sonde.core.decision import Decision, NewTrial
from sonde.core.trial import Verdict
from sonde.editing import limit_workers
from sonde.errors import ConflictError, NotFoundError
from sonde.server.answers import Json, problem_of
from sonde.server.desk import Desk, TheDesk
from sonde.server.once import Once
from sonde.server.roles import caller_of
from sonde.server.shapes import REFUSALS, SweepShape, TrialShape
from sonde.server.steering import end_trial, steer
from sonde.server.sweeps import SweepKey, TrialNumber
from sonde.store.protocol import Store

__all__ = ["router"]

router = APIRouter(prefix="/sweeps", tags=["control"], responses=REFUSALS)
Key = Annotated[
    str | None,
    Header(
        alias="idempotency-key",
        max_length=200,
        description="Of your choice: the same write sent again under it is done once.",
    ),
]


class ControlShape(BaseModel):
    """What is to happen with a sweep."""

    action: Literal["pause", "resume", "stop", "cancel"]


class WorkersShape(BaseModel):
    """How many trials run at once at most, whoever runs them; null: as many as agents take."""

    workers: Annotated[int | None, Field(ge=1, le=1_000_000)]


class EndShape(BaseModel):
    """How a trial is to end: `stop`, and its reports count, or `cancel`, and it does not count."""

    how: Literal["stop", "cancel"]


class ParamsShape(BaseModel):
    """The values of a trial; constants may be left out."""

    params: dict[str, Any]


@router.post("/{sweep}/control", response_model=SweepShape)
async def control_sweep(desk: TheDesk, sweep: SweepKey, wanted: ControlShape) -> Json:
    """Pause, resume, stop or cancel a sweep."""

    def change(store: Store) -> dict[str, Any]:
        record = steer(store, store.find_sweep(sweep).id, wanted.action, datetime.now(UTC))
        with desk.sweep(record.id) as (now, history):
            return sweep_row(now, history)

    return Json(await desk.ask(change))


@router.put("/{sweep}/workers", response_model=SweepShape)
async def set_workers(desk: TheDesk, sweep: SweepKey, wanted: WorkersShape) -> Json:
    """Say how many trials of a sweep run at once at most; those that run go on."""

    def change(store: Store) -> dict[str, Any]:
        key = store.find_sweep(sweep).id
        record, _ = limit_workers(store, key, wanted.workers, datetime.now(UTC))
        with desk.sweep(record.id) as (now, history):
            return sweep_row(now, history)

    return Json(await desk.ask(change))


@router.post("/{sweep}/trials", response_model=TrialShape, status_code=201)
async def enqueue(
    request: Request, desk: TheDesk, sweep: SweepKey, wanted: ParamsShape, key: Key = None
) -> Response:
    """Add a trial with values of your own, to run next."""

    def add(store: Store, begun: float | None) -> dict[str, Any]:
        record = store.find_sweep(sweep)
        new = NewTrial(params=record.sweep.space.validate(wanted.params), origin="user")
        if begun is not None:
            for trial in reversed(store.changes(record.id).trials):
                is_since = trial.created.timestamp() >= begun - 1
                if is_since and (trial.origin, trial.params) == ("user", new.params):
                    return _trial(desk, record.id, trial.number)
        while True:
            revision = store.get_sweep(record.id).revision
            try:
                decision = Decision(against=revision, add=[new])
                after, _ = store.commit(record.id, decision, datetime.now(UTC))
            except ConflictError:
                continue  # somebody decided meanwhile
            return _trial(desk, record.id, after.trials - 1)

    async def work(begun: float | None) -> Response:
        try:
            answer = Json(await desk.ask(lambda store: add(store, begun)))
        except Exception as error:
            answer = problem_of(error)
            if answer.status_code >= 500:
                raise
        else:
            answer.status_code = 201
        return answer

    if key is None:
        return await work(None)
    once: Once = request.app.state.once
    return await once.answer(caller_of(request.scope).name, f"trials {key}", work, adds=True)


@router.post("/{sweep}/trials/{number}/end", response_model=TrialShape)
async def end(
    desk: TheDesk, sweep: SweepKey, number: TrialNumber, wanted: Annotated[EndShape, Body()]
) -> Json:
    """Ask a trial to end; one that has ended stays as it is."""
    verdict = Verdict.STOP if wanted.how == "stop" else Verdict.CANCEL

    def ask(store: Store) -> dict[str, Any]:
        record = store.find_sweep(sweep)
        end_trial(store, record.id, number, verdict, datetime.now(UTC))
        return _trial(desk, record.id, number)

    return Json(await desk.ask(ask))


@router.get("/{sweep}/trials/{number}/curves", response_model=dict[str, dict[str, list[Any]]])
async def show_curves(
    desk: TheDesk,
    sweep: SweepKey,
    number: TrialNumber,
    metric: Annotated[list[str] | None, Query(max_length=100)] = None,
) -> Json:
    """Show what a trial reported: for each metric its steps, values and times."""

    def curves(store: Store) -> dict[str, Any]:
        record = store.find_sweep(sweep)
        if number >= record.trials:
            raise NotFoundError(f"{record.name} has no trial {number}")
        found = store.curves(record.id, [number], metric).get(number, {})
        return {
            name: {"steps": curve.steps, "values": curve.values, "times": curve.times}
            for name, curve in found.items()
        }

    return Json(await desk.ask(curves))


def _trial(desk: Desk, sweep: str, number: int) -> dict[str, Any]:
    with desk.sweep(sweep) as (_, history):
        return trial_row(history.trials[number], history)
