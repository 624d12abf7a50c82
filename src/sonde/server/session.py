"""`/session`: a browser gets in. Its token goes into a cookie that no script can read."""

from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from sonde.server.door import COOKIE
from sonde.server.shapes import REFUSALS

__all__ = ["router"]

router = APIRouter(prefix="/session", tags=["session"], responses=REFUSALS)


class Credentials(BaseModel):
    """A token."""

    token: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,200}$")]


@router.post("", status_code=204)
async def begin(request: Request, given: Credentials) -> Response:
    """Keep a token in a cookie for this browser; whether it is right shows with the next call."""
    answer = Response(status_code=204)
    answer.set_cookie(
        COOKIE,
        given.token,
        max_age=30 * 86400,
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
    return answer


@router.delete("", status_code=204)
async def end() -> Response:
    """Forget it."""
    answer = Response(status_code=204)
    answer.delete_cookie(COOKIE)
    return answer
