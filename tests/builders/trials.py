"""Trials for tests of the core."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sonde.core.metric import Summary
from sonde.core.trial import State, Trial

START = datetime(2026, 1, 1, tzinfo=UTC)


def at(seconds: float) -> datetime:
    """A time, as seconds after the start of the test's world."""
    return START + timedelta(seconds=seconds)


def make(
    number: int,
    state: State = State.DONE,
    params: dict[str, Any] | None = None,
    span: tuple[float, float] | None = (0, 1),
    **values: float,
) -> Trial:
    """A trial with one report of the given values, that ran over `span`."""
    return Trial(
        number=number,
        state=state,
        params={"x": number} if params is None else params,
        metrics={name: Summary.of([(0, value)]) for name, value in values.items()},
        created=START,
        started=None if span is None else at(span[0]),
        finished=at(span[1]) if span is not None and state is not State.RUNNING else None,
        version=number + 1,
    )
