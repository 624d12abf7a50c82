"""Metrics: what a trial reports, how a curve becomes one number, and which way is better.

A *goal* names a metric, the direction that is better and the *summary* of its curve
that counts (its last value, or the smallest, largest or mean). The *loss* is that
number turned so that lower is better.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from sonde.errors import ConfigError

__all__ = ["Direction", "Goal", "Summary", "SummaryKind", "guess_direction", "parse_goal"]


class Direction(StrEnum):
    """Which way is better."""

    MINIMIZE = "minimize"
    MAXIMIZE = "maximize"


class SummaryKind(StrEnum):
    """Which number of a curve counts."""

    LAST = "last"
    MIN = "min"
    MAX = "max"
    MEAN = "mean"


@dataclass(frozen=True, slots=True)
class Summary:
    """What is kept of a curve beside the curve itself.

    NaN and infinite values count in `count` and may be `last`; `min`, `max` and `mean`
    are taken over the values that are no NaN, and are NaN where there is none.
    """

    count: int
    last: float
    min: float
    max: float
    total: float  # of the values that are no NaN
    numbers: int  # how many those are
    last_step: int
    min_step: int
    max_step: int

    @property
    def mean(self) -> float:
        """The mean of the values that are no NaN."""
        return self.total / self.numbers if self.numbers else math.nan

    def value(self, kind: SummaryKind) -> float:
        """Return the number of that kind."""
        return float(getattr(self, kind.value))

    @staticmethod
    def of(points: Iterable[tuple[int, float]], before: "Summary | None" = None) -> "Summary":
        """Summarise (step, value) pairs in the order of their arrival, after `before`.

        Raises:
            ValueError: If there is neither a point nor a summary before.
        """
        if before is None:
            count = numbers = last_step = min_step = max_step = 0
            last = low = high = math.nan
            total = 0.0
        else:
            count, last, low, high = before.count, before.last, before.min, before.max
            total, numbers, last_step = before.total, before.numbers, before.last_step
            min_step, max_step = before.min_step, before.max_step
        for step, value in points:
            count += 1
            last, last_step = value, step
            if value == value:
                total += value
                if not numbers or value < low:
                    low, min_step = value, step
                if not numbers or value > high:
                    high, max_step = value, step
                numbers += 1
        if not count:
            raise ValueError("a summary needs at least one point")
        return Summary(count, last, low, high, total, numbers, last_step, min_step, max_step)


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """A metric to improve.

    Attributes:
        target: A value that is good enough: once a trial has reached it, none is added.
        impute: What a search method is told of a failed trial: `best`, `latest` or `worst`; None
            is `worst` (`sonde.core.imputing`).
    """

    metric: str
    direction: Direction = Direction.MINIMIZE
    summary: SummaryKind = SummaryKind.LAST
    target: float | None = None
    impute: str | None = None

    @property
    def is_min(self) -> bool:
        """Whether lower values are better."""
        return self.direction is Direction.MINIMIZE

    def loss(self, value: float) -> float:
        """Turn a value of the metric so that lower is better; NaN becomes infinity."""
        if value != value:
            return math.inf
        return value if self.direction is Direction.MINIMIZE else -value

    def is_reached(self, value: float) -> bool:
        """Tell whether a value of the metric is as good as the target; never without one."""
        return self.target is not None and self.loss(value) <= self.loss(self.target)

    def describe(self) -> str:
        """Say it in words, as in `min val_loss` or `max last accuracy`."""
        short = "min" if self.is_min else "max"
        until = "" if self.target is None else f", target {self.target:g}"
        if self.impute in {"best", "latest"}:
            until += f", a failure as the {self.impute}"
        if self.summary.value == short:
            return f"{short} {self.metric}{until}"
        return f"{short} of the {self.summary.value} {self.metric}{until}"


_BETTER_HIGH = ("acc", "auc", "f1", "precision", "recall", "score", "reward", "return", "map",
                "iou", "dice", "bleu", "rouge", "r2", "fitness", "throughput")  # fmt: skip
_SUMMARIES = {"min": SummaryKind.MIN, "max": SummaryKind.MAX, "last": SummaryKind.LAST,
              "final": SummaryKind.LAST, "mean": SummaryKind.MEAN}  # fmt: skip
_DIRECTIONS = {"minimize": Direction.MINIMIZE, "maximize": Direction.MAXIMIZE}


def guess_direction(metric: str) -> Direction:
    """Guess which way is better from a metric's name; where it tells nothing, lower."""
    words = metric.replace("/", "_").replace("-", "_").replace(".", "_").lower().split("_")
    high = any(word.startswith(_BETTER_HIGH) for word in words)
    low = any(word in {"loss", "error", "err"} for word in words)
    return Direction.MAXIMIZE if high and not low else Direction.MINIMIZE


def parse_goal(text: str, *, flag: str = "--metric") -> Goal:
    """Read `TAG[:min|:max|:last|:mean][:minimize|:maximize]`.

    `:min` and `:max` also say which way is better; with the others, and without a
    suffix, the direction is guessed from the name unless it is given.

    Raises:
        ConfigError: If the tag is empty or a suffix is unknown.
    """
    tag, summary, direction = text.strip(), None, None
    while ":" in tag:
        head, _, suffix = tag.rpartition(":")
        word = suffix.strip().lower()
        if word in _SUMMARIES and summary is None:
            summary = _SUMMARIES[word]
        elif word in _DIRECTIONS and direction is None:
            direction = _DIRECTIONS[word]
        elif "/" in suffix or not word:
            break
        else:
            raise ConfigError(
                f"{flag}={text}",
                f"'{suffix}' is no summary of a metric",
                "write TAG:min, TAG:max, TAG:last or TAG:mean, then :minimize or :maximize",
            )
        tag = head
    tag = tag.strip().rstrip(":")
    if not tag:
        raise ConfigError(
            f"{flag}={text}", "the metric has no name", "write for instance val_loss:min"
        )
    if direction is None:
        if summary is SummaryKind.MIN:
            direction = Direction.MINIMIZE
        elif summary is SummaryKind.MAX:
            direction = Direction.MAXIMIZE
        else:
            direction = guess_direction(tag)
    return Goal(metric=tag, direction=direction, summary=summary or SummaryKind.LAST)
