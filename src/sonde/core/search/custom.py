"""Nothing by itself: what is tried, a program of the user's decides (`sonde.wandb.controller`)."""

from sonde.core.distributions.values import Params
from sonde.core.search.protocol import Problem, Request
from sonde.core.trial import Trial

__all__ = ["Custom"]


class Custom:
    """A method that proposes nothing, and is never exhausted: see `Decider`."""

    name = "custom"
    adaptive = True

    def start(self, problem: Problem) -> None:
        """Return the state, which there is none of."""

    def observe(self, state: None, trial: Trial) -> None:
        """Return the state as it is."""

    def propose(self, state: None, request: Request) -> list[Params]:
        """Return nothing."""
        return []
