"""`/sweeps/{sweep}/figures`: the data behind the figures of a sweep."""

from hashlib import sha256
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import BaseModel
from starlette.responses import Response

from sonde.server.answers import Json
from sonde.server.drawing import Drawing
from sonde.server.shapes import REFUSALS
from sonde.server.sweeps import SweepKey

__all__ = ["router"]

router = APIRouter(prefix="/sweeps", tags=["figures"], responses=REFUSALS)
_AGAIN_S = 1


class FigureShape(BaseModel):
    """A figure; docs/figures.md tells of each kind's fields."""

    kind: str


def _drawing(request: Request) -> Drawing:
    drawing: Drawing = request.app.state.drawing
    return drawing


TheDrawing = Annotated[Drawing, Depends(_drawing)]
Metric = Annotated[
    list[str] | None,
    Query(description="Which metrics, as `--metric` takes them; without any, the sweep's goals."),
]
Params = Annotated[
    list[str] | None, Query(description="Which parameters; without any, all that vary.")
]


@router.get(
    "/{sweep}/figures/{kind}",
    response_model=FigureShape,
    responses={
        202: {"description": "It is not ready: ask again, after `retry-after` seconds"},
        304: {"description": "It is what you have"},
    },
)
async def show_figure(
    request: Request,
    drawing: TheDrawing,
    sweep: SweepKey,
    kind: Annotated[str, Path(description="history, importance, parallel, slice, ...")],
    metric: Metric = None,
    param: Params = None,
    other: Annotated[
        list[str] | None, Query(alias="with", description="Further sweeps in the same figure.")
    ] = None,
    text: Annotated[
        str, Query(alias="filter", description="Which trials: `failed`, `lr<0.01`, `opt=adam` ...")
    ] = "",
    brush: Annotated[
        list[str] | None,
        Query(description="Which trials: a stretch of an axis, `p.lr:0.001..0.1`"),
    ] = None,
    over: Annotated[str, Query(description="Of a history: trial, time or cost.")] = "trial",
    method: Annotated[str, Query(description="Of importances.")] = "fanova",
    points: Annotated[int | None, Query(ge=1, le=30_000, description="Trials at most.")] = None,
) -> Response:
    """Give the data of a figure."""
    from sonde.analysis.figures.asked import Asked
    from sonde.analysis.filters import parse_brush

    asked = Asked(
        kind=kind,
        metrics=tuple(metric or ()),
        params=tuple(param or ()),
        over=over,
        method=method,
        points=points,
    )
    brushes = dict(parse_brush(one) for one in brush or ())
    body = await drawing.draw(asked, [sweep, *(other or ())], text, brushes)
    if body is None:
        answer: dict[str, Any] = {"kind": kind, "ready": False}
        waiting = Json(answer, status_code=202)
        waiting.headers["retry-after"] = str(_AGAIN_S)
        return waiting
    tag = f'"{sha256(body).hexdigest()[:16]}"'
    headers = {"etag": tag, "cache-control": "no-cache"}
    if tag in request.headers.get("if-none-match", "").replace("W/", "").split(", "):
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type="application/json")
