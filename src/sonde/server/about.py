"""`/server`: what this server is, and what the caller may do here."""

from importlib.metadata import version

from fastapi import APIRouter, Request
from pydantic import BaseModel

from sonde.controller import utc_now
from sonde.server.answers import Json
from sonde.server.roles import caller_of
from sonde.server.shapes import REFUSALS

__all__ = ["ServerShape", "router"]

router = APIRouter(prefix="/server", tags=["server"], responses=REFUSALS)


class ServerShape(BaseModel):
    """A server.

    `decides`: whether it says what agents try next. `role`: `viewer`, `agent` or `admin`.
    `now`: the time by its clock, from which all times of sweeps are.
    """

    version: str
    decides: bool
    role: str
    now: str


@router.get("", response_model=ServerShape)
async def show_server(request: Request) -> Json:
    """Say what this server is."""
    return Json(
        {
            "version": version("sonde"),
            "decides": request.app.state.decides,
            "role": caller_of(request.scope).role.word,
            "now": utc_now(),
        }
    )
