"""The patient rule: nobody stops who has got better lately, whatever another rule says.

At step n a trial is looked at if the best of its last `steps` + 1 losses is worse than the best
of those before by more than `least`. Then the other rule decides; without one it stops: early
stopping. Source: Optuna's PatientPruner.
"""

from dataclasses import dataclass, field
from math import inf
from typing import Any

from sonde.core.stopping.protocol import Heard, Rule
from sonde.errors import ConfigError

__all__ = ["Patient"]

_WHERE = "stop patient"


@dataclass(slots=True)
class _Seen:
    others: Any  # the state of the other rule
    losses: dict[int, list[float]] = field(default_factory=dict)
    best: dict[int, float] = field(default_factory=dict)  # of those before the last `steps` + 1


class Patient:
    """The rule.

    Args:
        steps: How many further losses a trial is given to get better.
        least: By how much it has to.
        rule: The other rule.
    """

    name = "patient"

    def __init__(
        self, *, steps: int = 5, least: float = 0.0, rule: Rule[Any] | None = None
    ) -> None:
        if isinstance(steps, bool) or not isinstance(steps, int) or steps < 0:
            raise ConfigError(_WHERE, f"steps={steps!r} is no whole number from 0 on", "use 5")
        if isinstance(least, bool) or not isinstance(least, int | float) or not 0 <= least < inf:
            raise ConfigError(_WHERE, f"least={least!r} is no number from 0 on", "use 0.0")
        self._steps, self._least, self._rule = steps, float(least), rule

    def start(self) -> _Seen:
        """Return a state without trials."""
        return _Seen(None if self._rule is None else self._rule.start())

    def hear(self, state: _Seen, heard: Heard) -> _Seen:
        """Keep the last losses of a trial, and the best of those before."""
        if heard.afresh:
            state.losses.pop(heard.number, None)
            state.best.pop(heard.number, None)
        losses = state.losses.setdefault(heard.number, [])
        losses += [point.loss for point in heard.points]
        before = losses[: -(self._steps + 1)]
        if before:
            state.best[heard.number] = min(state.best.get(heard.number, inf), *before)
            del losses[: len(before)]
        if self._rule is not None:
            state.others = self._rule.hear(state.others, heard)
        return state

    def judge(self, state: _Seen, number: int) -> str | None:
        """Ask the other rule about whoever has not got better."""
        best = state.best.get(number)
        if best is None or not best + self._least < min(state.losses[number]):
            return None
        if self._rule is not None:
            return self._rule.judge(state.others, number)
        return f"{self.name}: no better than {best:g} in its last {self._steps + 1} steps"
