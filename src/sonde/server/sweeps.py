"""`/sweeps`: the sweeps of the store, and their trials."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query

from sonde.analysis.rows import sweep_row, trial_row
from sonde.core.trial import State
from sonde.errors import NotFoundError
from sonde.server.answers import Json
from sonde.server.desk import TheDesk
from sonde.server.shapes import REFUSALS, SweepShape, TrialPage, TrialShape
from sonde.store.protocol import Store

__all__ = ["SweepKey", "TrialNumber", "router"]

router = APIRouter(prefix="/sweeps", tags=["sweeps"], responses=REFUSALS)
SweepKey = Annotated[str, Path(description="An id, a name, or a unique beginning of one.")]
TrialNumber = Annotated[int, Path(ge=0, le=2**53, description="The trial's number.")]
_MOST = 10_000  # trials in one answer


@router.get("", response_model=list[SweepShape])
async def list_sweeps(desk: TheDesk, project: str | None = None) -> Json:
    """List all sweeps, oldest first."""

    def rows(store: Store) -> list[dict[str, Any]]:
        found = []
        for record in store.list_sweeps():
            if project is None or record.sweep.project == project:
                with desk.sweep(record.id) as (now, history):
                    found.append(sweep_row(now, history))
        return found

    return Json(await desk.ask(rows))


@router.get("/{sweep}", response_model=SweepShape)
async def show_sweep(desk: TheDesk, sweep: SweepKey) -> Json:
    """Show one sweep."""

    def row(_: Store) -> dict[str, Any]:
        with desk.sweep(sweep) as (record, history):
            return sweep_row(record, history)

    return Json(await desk.ask(row))


@router.get("/{sweep}/trials", response_model=TrialPage)
async def list_trials(
    desk: TheDesk,
    sweep: SweepKey,
    state: State | None = None,
    first: Annotated[int, Query(ge=0, le=2**53, description="Begin at this number.")] = 0,
    limit: Annotated[int, Query(ge=1, le=_MOST)] = 1000,
) -> Json:
    """List trials in the order of their numbers, a page at a time."""

    def page(_: Store) -> dict[str, Any]:
        with desk.sweep(sweep) as (record, history):
            meant = [
                trial for trial in history.trials[first:] if state is None or trial.state is state
            ]
            rows = [trial_row(trial, history) for trial in meant[:limit]]
            after = meant[limit].number if len(meant) > limit else None
            return {"version": record.version, "trials": rows, "next": after}

    return Json(await desk.ask(page))


@router.get("/{sweep}/trials/{number}", response_model=TrialShape)
async def show_trial(desk: TheDesk, sweep: SweepKey, number: TrialNumber) -> Json:
    """Show one trial."""

    def row(_: Store) -> dict[str, Any]:
        with desk.sweep(sweep) as (record, history):
            if number >= len(history.trials):
                raise NotFoundError(f"{record.name} has no trial {number}")
            trial = history.trials[number]
            return trial_row(trial, history) | {"facts": dict(trial.facts)}

    return Json(await desk.ask(row))
