"""Which method `auto` means, for a space and a budget."""

from sonde.core.distributions import Choice
from sonde.core.space import Space

__all__ = ["choose"]

_MOST_EVEN = 20  # dimensions up to which Sobol points are clearly more even than random ones


def choose(space: Space, requested: str, *, trials: int | None = None) -> tuple[str, str]:
    """Return the name of the method to use, and why in a line for people.

    Args:
        space: What is searched.
        requested: What the user asked for; all but `auto` is returned as it is.
        trials: The budget. One that does not reach round a grid would only see a corner
            of it.
    """
    if requested != "auto":
        return requested, "as asked"
    count, size = len(space.dimensions), space.size
    if size is not None and all(_is_listed(p.distribution) for p in space.dimensions):
        if trials is None or size <= trials:
            return "grid", f"all values are listed: {size:,} points" if count else "one point"
        why = f"{trials:,} trials do not reach round the {size:,} points of the grid"
    else:
        why = f"{count} dimension{'s' * (count != 1)}, not all of them listed values"
    return ("quasirandom" if count <= _MOST_EVEN else "random"), why


def _is_listed(distribution: object) -> bool:
    return isinstance(distribution, Choice) and distribution.probabilities is None
