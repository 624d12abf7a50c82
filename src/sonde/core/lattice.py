"""Walking through every point of a space, once each, without listing them first."""

from collections.abc import Iterator, Sequence

from sonde.core.distributions.values import Params
from sonde.core.expressions import Expression
from sonde.core.parameter import Parameter
from sonde.errors import ConfigError

__all__ = ["check_finite", "walk"]

_MOST_REJECTED = 2_000_000  # some seconds


def walk(parameters: Sequence[Parameter], where: Sequence[Expression]) -> Iterator[Params]:
    """Yield every assignment that satisfies `where`, the last parameter fastest.

    Args:
        parameters: Each after those that its condition names.
        where: Relations; each is checked as soon as all that it names is decided.

    Raises:
        ConfigError: Naming the parameter that has no end of values, or the relations if they
            rule out so much in a row that to go on would be to hang.
    """
    check_finite(parameters)
    decided = frozenset[str]()
    checks: list[list[Expression]] = []
    for parameter in parameters:
        now = decided | {parameter.name}
        checks.append([r for r in where if r.names <= now and not r.names <= decided])
        decided = now
    if all(relation.allows({}) for relation in where if not relation.names):
        rejected = 0
        for params in _walk(parameters, checks, 0, {}):
            if params is not None:
                rejected = 0
                yield params
                continue
            rejected += 1
            if rejected > _MOST_REJECTED:
                relations = " and ".join(relation.text for relation in where)
                raise ConfigError(
                    f"where {relations}",
                    f"{_MOST_REJECTED:,} points in a row violate it",
                    "loosen it, or take fewer values of the parameters that it names",
                )


def check_finite(parameters: Sequence[Parameter]) -> None:
    """Raise ConfigError, naming the parameter, if one has no end of values."""
    for parameter in parameters:
        if parameter.distribution.size is None:
            raise ConfigError(
                f"parameters.{parameter.name}",
                f"{parameter.distribution.describe()} has no end of values, so it has no grid",
                "give it a step, list its values, or use another method, such as quasirandom",
            )


def _walk(
    parameters: Sequence[Parameter],
    checks: Sequence[Sequence[Expression]],
    depth: int,
    found: Params,
) -> Iterator[Params | None]:
    """Yield the assignments from a depth on, and None for each that is given up."""
    if depth == len(parameters):
        yield dict(found)
        return
    name, distribution = parameters[depth].name, parameters[depth].distribution
    when = parameters[depth].when
    if when is not None and not when.holds(found):
        if all(relation.allows(found) for relation in checks[depth]):
            yield from _walk(parameters, checks, depth + 1, found)
        else:
            yield None
        return
    for index in range(distribution.size or 1):
        found[name] = distribution.nth(index)
        if all(relation.allows(found) for relation in checks[depth]):
            yield from _walk(parameters, checks, depth + 1, found)
        else:
            yield None
    del found[name]
