"""How sure the best is, in words."""

from collections.abc import Iterator

from sonde.cli.cells import number
from sonde.core.certainty import Certainty
from sonde.core.metric import Goal

__all__ = ["sure_lines"]

_MOST = 8  # that are named


def sure_lines(found: Certainty, goal: Goal, *, is_repeated: bool) -> Iterator[str]:
    """Yield `best of 30 with probability 0.62; not distinguishable from it: 4, 11` and more.

    Args:
        found: What is known.
        goal: What it is about.
        is_repeated: Whether the noise was measured by repeats, and not guessed from neighbours.
    """
    judged = found.of_best
    if judged is None:
        yield f"{'sure':<11}nobody knows how far the order is noise: {found.reason}"
        return
    others = found.indistinguishable
    named = ", ".join(map(str, others[:_MOST]))
    if len(others) > _MOST:
        named += f" and {len(others) - _MOST} more"
    told = f"not distinguishable from it: {named}" if others else "better than all others"
    yield f"{'sure':<11}best of {found.compared} with probability {judged.p_best:.2f}; {told}"
    if found.recommended not in (None, found.best):
        why = "with what its neighbours got it promises more"
        yield f"{'rather use':<11}{found.recommended}: {why}"
    low, high = (number(end, 4) for end in judged.interval)
    yield f"{'true value':<11}{low} to {high} with 95 % ({goal.metric})"
    if not is_repeated:
        yield f"{'':<11}as a smooth curve through all results has it; only repeats measure noise"
