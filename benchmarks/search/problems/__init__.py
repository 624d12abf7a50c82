"""All members of all families, by name."""

from collections.abc import Iterable
from functools import cache
from itertools import chain

from problem import Member

__all__ = ["SUITES", "members", "select"]

SUITES = ("functions", "noisy", "conditional", "several", "constrained", "trainings")


@cache
def members() -> dict[str, Member]:
    """Return every member, in the order of the suites."""
    from problems import conditional, constrained, functions, noisy, several, trainings

    families: Iterable[Iterable[Member]] = (
        functions.MEMBERS, noisy.MEMBERS, conditional.MEMBERS, several.MEMBERS,
        constrained.MEMBERS, trainings.MEMBERS,
    )  # fmt: skip
    found: dict[str, Member] = {}
    for member in chain.from_iterable(families):
        assert member.name not in found, f"{member.name} stands there twice"
        found[member.name] = member
    return found


def select(wanted: str, split: str = "tune") -> list[Member]:
    """Return the members that a comma-separated list names: suites, names, or `all`.

    A member that is named is taken from either half; a suite gives those of `split`.
    """
    found: dict[str, Member] = {}
    for word in wanted.split(","):
        matching = [
            member
            for member in members().values()
            if word == member.name
            or (word in {"all", member.suite} and split in {"all", member.split})
        ]
        if not matching:
            raise SystemExit(f"{word}: no such suite or problem; use all, {', '.join(SUITES)}")
        found |= {member.name: member for member in matching}
    return list(found.values())
