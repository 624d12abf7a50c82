"""What a curve has reached, value by value, as a loss by the goal's summary."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from sonde.core.metric import Goal, SummaryKind

__all__ = ["Reached", "reached"]


@dataclass(slots=True)
class Reached:
    """What counts of a curve so far: its last, smallest, largest or mean value."""

    goal: Goal
    numbers: int = 0
    total: float = 0.0
    value: float = math.nan

    def after(self, value: float) -> float:
        """Take in a value, as `sonde.core.metric.Summary` does; return the loss by now."""
        kind = self.goal.summary
        if kind is SummaryKind.LAST:
            self.value = value
        elif value == value:
            self.numbers += 1
            self.total += value
            if kind is SummaryKind.MEAN:
                self.value = self.total / self.numbers
            elif self.numbers == 1:
                self.value = value
            else:
                self.value = (min if kind is SummaryKind.MIN else max)(self.value, value)
        return self.goal.loss(self.value)


def reached(values: Sequence[float], goal: Goal) -> list[float]:
    """Return the loss by the goal's summary after each value."""
    so_far = Reached(goal)
    return [so_far.after(value) for value in values]
