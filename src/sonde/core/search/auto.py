"""Which method `auto` means: for a space, a budget, and how far a sweep has come.

The rule is a pure function of what it is given, so that views say what the controller
did. Its numbers come from `benchmarks/search`; docs/methods.md has the tables.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from statistics import median

from sonde.core.distributions import Choice
from sonde.core.search.protocol import Problem
from sonde.core.trial import Trial

__all__ = ["Progress", "choose"]

_MOST_EVEN = 20  # dimensions up to which Sobol points are clearly more even than random ones
_MODELLED = 300  # trials up to which the Gaussian process always decides; as far as was measured
_MODELLED_OF_SEVERAL = 200  # ... where there are several goals, of which each has a model
_MOST_MODELLED = 1000  # and as long as trials are slow
_SLOW_S = 0.2  # a trial, per worker: a proposal of the Gaussian process is then a tenth of it
_RECENT = 50  # trials whose times count


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a sweep has come.

    Attributes:
        ended: How many trials have.
        seconds: The median time of the latest trials, divided by how many run at once; None
            where none has been timed.
    """

    ended: int = 0
    seconds: float | None = None

    @staticmethod
    def of(ended: int, newest_first: Iterable[Trial], at_once: int) -> "Progress":
        """Return it for so many ended trials, of which a few are looked at."""
        times = [
            (trial.finished - trial.started).total_seconds()
            for trial in islice((t for t in newest_first if t.is_ended), _RECENT)
            if trial.started is not None and trial.finished is not None
        ]
        return Progress(ended=ended, seconds=median(times) / max(at_once, 1) if times else None)


def choose(
    problem: Problem, requested: str = "auto", progress: Progress | None = None
) -> tuple[str, str]:
    """Return the name of the method to use now, and why in a line for people.

    Args:
        problem: What is searched. Its budget decides whether a grid is walked through: one
            that does not reach round it would only see a corner.
        requested: What the user asked for; all but `auto` is returned as it is.
        progress: Of the sweep; None at its beginning.
    """
    if requested != "auto":
        return requested, "as asked"
    space, trials = problem.space, problem.trials
    dimensions, size = len(space.dimensions), space.size
    count = f"{dimensions} dimension{'s' * (dimensions != 1)}"
    if size is not None and all(_is_listed(p.distribution) for p in space.dimensions):
        if trials is None or size <= trials:
            return "grid", f"all values are listed: {size:,} points" if dimensions else "one point"
        count = f"{trials:,} trials do not reach round the {size:,} points of the grid"
    if not problem.goals:
        name = "quasirandom" if dimensions <= _MOST_EVEN else "random"
        return name, f"no metric to learn from, {count}"
    return _learning(problem, progress or Progress(), count)


def _learning(problem: Problem, progress: Progress, count: str) -> tuple[str, str]:
    ended, goals = progress.ended, len(problem.goals)
    several = f"{goals} goals, " if goals > 1 else ""
    modelled = _MODELLED if goals == 1 else _MODELLED_OF_SEVERAL
    if ended < modelled:
        return "bayes", f"{several}{count}; a model makes the most of up to {modelled} trials"
    is_slow = progress.seconds is not None and progress.seconds >= _SLOW_S
    if is_slow and ended < _MOST_MODELLED:
        return "bayes", f"{several}{count}; {ended:,} trials, slow enough to think about each"
    name = "tpe" if goals == 1 else "evolution"
    why = "trials are quick" if ended < _MOST_MODELLED else "its cost does not grow"
    return name, f"{several}{count}; {ended:,} trials so far, and {why}"


def _is_listed(distribution: object) -> bool:
    return isinstance(distribution, Choice) and distribution.probabilities is None
