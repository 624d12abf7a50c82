"""Patience: a trial whose best value is too many steps ago stops, whatever others do."""

from dataclasses import dataclass
from math import inf

from sonde.core.stopping.protocol import Heard
from sonde.errors import ConfigError

__all__ = ["Patience"]


@dataclass(slots=True)
class _Run:
    best: float = inf
    idle: int = 0  # steps since the best


class Patience:
    """The rule: stops a trial after so many `steps` that brought nothing better."""

    name = "patience"

    def __init__(self, *, steps=10):
        if isinstance(steps, bool) or not isinstance(steps, int) or steps < 1:
            raise ConfigError("stop patience", f"steps={steps!r} is no count", "use 1, 2, ...")
        self.steps = steps

    def start(self) -> dict[int, _Run]:
        """Return a state without trials."""
        return {}

    def hear(self, state: dict[int, _Run], heard: Heard) -> dict[int, _Run]:
        """Count the steps since the best; a further attempt begins anew."""
        run = _Run() if heard.afresh else state.get(heard.number, _Run())
        for point in heard.points:
            better = point.loss < run.best
            run.best, run.idle = (point.loss, 0) if better else (run.best, run.idle + 1)
        state[heard.number] = run
        return state

    def judge(self, state: dict[int, _Run], number: int) -> str | None:
        """Look at the trial alone."""
        run = state.get(number)
        if run is None or run.idle < self.steps:
            return None
        return f"{self.name}: nothing better for {run.idle} steps"
