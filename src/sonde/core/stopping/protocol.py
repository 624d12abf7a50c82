"""The seam of stopping rules: which running trials are not worth going on with.

A rule is a fold over the reports of all trials: `start` gives a state, `hear` takes in further
points of a trial's curve, and `judge` says whether a trial is to stop. What it says depends only
on the curves as they are, so a controller that starts anew judges as the former one did.
`sonde.testing.rules` has the tests that every rule passes.

A *step* of a rule is one value of the goal's metric: the third step of a trial is its third
value, whatever step it was reported at.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol, TypeVar

from sonde.core.trial import State

__all__ = ["Heard", "Point", "Rule"]

S = TypeVar("S")


class Point(NamedTuple):
    """One value of a curve, turned so that lower is better; NaN is infinity.

    Attributes:
        loss: Of this value.
        reached: Of the curve up to here, by the goal's summary (last, min, max, mean).
        time: When it was reported, in seconds since the epoch.
    """

    loss: float
    reached: float
    time: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What is new of one trial.

    Attributes:
        points: Those that follow what was heard of it before, in their order.
        afresh: Whether what was heard before is void: a further attempt has begun anew.
        state: How the trial stands.
    """

    number: int
    points: Sequence[Point] = ()
    afresh: bool = False
    state: State = State.RUNNING


class Rule(Protocol[S]):
    """A stopping rule with its state S."""

    @property
    def name(self) -> str:
        """As in the registry."""

    def start(self) -> S:
        """Return the state before the first report."""

    def hear(self, state: S, heard: Heard) -> S:
        """Take in what is new of a trial; may change the state in place.

        Its cost grows with the new points and not with the old ones, but for a logarithm.
        """

    def judge(self, state: S, number: int) -> str | None:
        """Say why a trial is to stop, in a few words for people; None: it goes on.

        A trial of which nothing was heard goes on.
        """
