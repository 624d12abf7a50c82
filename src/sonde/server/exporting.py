"""`/sweeps/{sweep}/export`: the table of trials as a file."""

import re
from typing import Annotated, Any, Literal
from urllib.parse import quote

from fastapi import APIRouter, Query
from starlette.responses import Response

from sonde.server.desk import TheDesk
from sonde.server.shapes import REFUSALS
from sonde.server.sweeps import SweepKey
from sonde.store.protocol import Store

__all__ = ["router"]

router = APIRouter(prefix="/sweeps", tags=["sweeps"], responses=REFUSALS)
_FILES: dict[str, Any] = {
    "text/csv": {"schema": {"type": "string"}},
    "application/json": {"schema": {"type": "array", "items": {"type": "object"}}},
    "application/x-tex": {"schema": {"type": "string"}},
    "application/vnd.apache.parquet": {"schema": {"type": "string", "format": "binary"}},
}


@router.get(
    "/{sweep}/export",
    response_class=Response,
    responses={200: {"description": "The file", "content": _FILES}},
)
async def export_trials(
    desk: TheDesk,
    sweep: SweepKey,
    form: Annotated[Literal["csv", "json", "tex", "parquet"], Query(alias="format")] = "csv",
    column: Annotated[
        list[str] | None, Query(description="Which columns, in order; without any, all.")
    ] = None,
    text: Annotated[
        str, Query(alias="filter", description="Which trials: `failed`, `lr<0.01`, `opt=adam` ...")
    ] = "",
    brush: Annotated[
        list[str] | None,
        Query(description="Which trials: a stretch of an axis, `p.lr:0.001..0.1`"),
    ] = None,
    sort: Annotated[str, Query(description="A column, `-` before it for descending.")] = "",
) -> Response:
    """Give the trials that fit as a file."""
    from sonde.analysis.exports import MEDIA_TYPES, export, table_of
    from sonde.analysis.filters import chosen, parse_brush

    brushes = dict(parse_brush(one) for one in brush or ())

    def made(_: Store) -> tuple[str, bytes]:
        with desk.sweep(sweep) as (record, history):
            definition, trials = history.sweep, list(history.trials)
        rows = chosen(definition, trials, text, brushes)
        table = table_of(definition, trials, rows, columns=column or (), sort=sort)
        return record.name, export(table, form)

    name, body = await desk.ask(made)
    headers = {
        "content-disposition": _attached(f"{name}.{form}"),
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
    }
    return Response(body, headers=headers, media_type=MEDIA_TYPES[form])


def _attached(name: str) -> str:
    """Return the header that has a browser save a file under a name (RFC 6266)."""
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
