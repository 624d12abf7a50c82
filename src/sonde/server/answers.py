"""Answers: strict JSON, and what went wrong as a problem (RFC 9457).

A problem's `type` is the name of sonde's error, so that `sonde.store.http` can raise the same
one again; `where`, `found` and `remedy` are those of a `ConfigError`, `faults` all of them.
"""

import json
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from sonde.analysis.strict_json import plain
from sonde.errors import (
    AmbiguousError,
    ConfigError,
    ConfigErrors,
    ConflictError,
    ExhaustedError,
    IllegalTransitionError,
    LeaseLostError,
    NotFoundError,
    SondeError,
    StoreError,
    StoreVersionError,
    SweepExistsError,
)

__all__ = ["Json", "Problem", "answer_errors", "problem_of"]

_STATUSES: dict[type[Exception], int] = {
    ConfigError: 422,
    NotFoundError: 404,
    AmbiguousError: 409,
    StoreVersionError: 500,
    ConflictError: 409,
    SweepExistsError: 409,
    LeaseLostError: 409,
    StoreError: 503,
    IllegalTransitionError: 409,
    ExhaustedError: 409,
    ValueError: 422,
}


class Json(Response):
    """Strict JSON: NaN and infinities are strings, and every character is ASCII."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """Return the body."""
        return json.dumps(plain(content), allow_nan=False, separators=(",", ":")).encode()


class Problem(Json):
    """What went wrong."""

    media_type = "application/problem+json"

    def __init__(self, status: int, kind: str, detail: str, **more: Any) -> None:
        super().__init__(
            {"type": kind, "status": status, "detail": detail, **more}, status_code=status
        )


def problem_of(error: Exception) -> Problem:
    """Return the answer for an error of sonde's, or a `ValueError` of a store."""
    status = next((_STATUSES[kind] for kind in type(error).__mro__ if kind in _STATUSES), 500)
    more: dict[str, Any] = {}
    if isinstance(error, ConfigError):
        more = _parts(error)
    if isinstance(error, ConfigErrors):
        more["faults"] = [_parts(fault) for fault in error.faults]
    return Problem(status, type(error).__name__, str(error), **more)


def _parts(fault: ConfigError) -> dict[str, Any]:
    return {"where": fault.where, "found": fault.found, "remedy": fault.remedy}


def answer_errors(app: FastAPI) -> None:
    """Have the application answer errors with problems."""

    @app.exception_handler(SondeError)
    async def ours(_: Request, error: Exception) -> Response:
        return problem_of(error)

    @app.exception_handler(HTTPException)
    async def refused(_: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        answer = Problem(error.status_code, "HTTPError", str(error.detail))
        answer.headers.update(error.headers or {})
        return answer

    @app.exception_handler(RequestValidationError)
    async def malformed(_: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        faults = [
            ConfigError(
                ".".join(str(part) for part in fault["loc"]),
                fault["msg"],
                "see /api/v1/openapi.json",
            )
            for fault in error.errors()
        ]
        return problem_of(ConfigErrors(faults))
