"""The shapes of answers, for the API's description; docs/reference-json.md tells of each field.

Routes answer with `Json` directly, so these are never built at run time.
"""

from typing import Any

from pydantic import BaseModel

__all__ = ["REFUSALS", "ProblemShape", "SweepShape", "TrialPage", "TrialShape"]

Number = float | str | None  # "NaN", "Infinity" and "-Infinity" where JSON has no number


class ProblemShape(BaseModel):
    """What went wrong (application/problem+json)."""

    type: str
    status: int
    detail: str
    where: str | None = None
    found: str | None = None
    remedy: str | None = None
    faults: list[dict[str, str]] | None = None


REFUSALS: dict[int | str, dict[str, Any]] = {
    code: {
        "description": text,
        "content": {
            "application/problem+json": {"schema": {"$ref": "#/components/schemas/ProblemShape"}}
        },
    }
    for code, text in {
        401: "No token, or a wrong one",
        403: "The token's role does not allow it, or the request comes from another site",
        404: "There is no such thing",
        409: "It does not go together with what is there",
        413: "The body is too large",
        421: "The server does not go by that name",
        422: "Something in the request is wrong",
        429: "Too many wrong tokens",
        503: "The store does not answer now",
    }.items()
}


class SweepShape(BaseModel):
    """A sweep."""

    id: str
    name: str
    state: str
    control: str
    reason: str
    project: str | None
    method: str
    method_used: str
    method_reason: str
    goals: list[dict[str, Any]]
    constraints: list[dict[str, Any]]
    budget: dict[str, Number]
    stopping: str | None
    counts: dict[str, int]
    trials: int
    repeats: int
    best: dict[str, Any] | None
    worked_s: float
    created: str
    updated: str
    tags: list[str]
    notes: str


class TrialShape(BaseModel):
    """A trial."""

    number: int
    state: str
    params: dict[str, Any]
    value: Number
    values: dict[str, Number]
    metrics: dict[str, dict[str, Any]]
    attempts: int
    failures: int
    created: str
    started: str | None
    finished: str | None
    duration_s: float | None
    error: str | None
    why_stopped: str | None
    agent: str | None
    origin: str
    seed: int
    repeat_of: int | None
    feasible: bool | None
    excess: dict[str, Number]


class TrialPage(BaseModel):
    """Some trials of a sweep.

    `version` is the sweep's, `next` the `first` of the next page.
    """

    version: int
    trials: list[TrialShape]
    next: int | None
