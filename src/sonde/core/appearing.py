"""A space that appears while it is searched: what trials turned out to ask for, as parameters.

Programs written for Optuna say what they search while they run (define-by-run), perhaps other
things in each trial. What is known of that is kept as an ordinary space: of a parameter whose
range changes the widest one, and a condition where some trials do not have it and an earlier
parameter decides that. Why it is so: docs/decisions/0027-define-by-run.md.
"""

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from sonde.core.distributions import Choice, Constant, Distribution, Float, Int
from sonde.core.distributions.values import canonical
from sonde.core.expressions import Expression
from sonde.core.parameter import Parameter
from sonde.core.space import Space
from sonde.core.sweep import Sweep
from sonde.errors import ConfigError

__all__ = ["clean", "conditioned", "grown", "widened"]


def clean(name: str) -> str:
    """Return a name that a parameter may have."""
    plain = re.sub(r"[^\w.\-]", "_", name, flags=re.ASCII)
    return plain if plain[:1].isalpha() or plain.startswith("_") else f"_{plain}"


def widened(known: Distribution, asked: Distribution) -> Distribution:
    """Return what holds all values of both: the known one itself where that does."""
    if known == asked:
        return known
    if isinstance(known, Float | Int) and isinstance(asked, Float | Int):
        return _wider(known, asked)
    values = [*_listed(known), *_listed(asked)]
    different = tuple({canonical(value): value for value in values}.values())
    if known.size is not None and len(different) == known.size:
        return known
    return Choice(different) if len(different) > 1 else Constant(different[0])


def grown(space: Space, asked: Mapping[str, Distribution]) -> Space:
    """Return a space with what a trial asked for, new parameters behind those there are."""
    found = {parameter.name: parameter for parameter in space.parameters}
    for name, distribution in asked.items():
        known = found.get(name)
        if known is None:
            found[name] = Parameter(name, distribution)
        else:
            found[name] = replace(known, distribution=widened(known.distribution, distribution))
    parameters = tuple(found.values())
    return space if parameters == space.parameters else Space(parameters, space.where)


def conditioned(sweep: Sweep, trials: Sequence[Mapping[str, Any]]) -> Sweep:
    """Return a definition whose conditions say which trials have which parameters.

    One that some trials do not have is conditional where one parameter before it decides that:
    by its choices (`momentum` where `opt == 'sgd'`) or by its size (`units_2` where
    `layers >= 3`). Where none does, those trials count as if they had had it at its middle
    (a back-fill), so that they are told to the search at all.

    Args:
        sweep: With all parameters that trials have.
        trials: The values of those that asked for all that they wanted.
    """
    parameters: list[Parameter] = []
    backfill = dict(sweep.backfill)
    for parameter in sweep.space.parameters:
        name = parameter.name
        having = [params for params in trials if name in params]
        lacking = [params for params in trials if name not in params]
        when = None
        if having and lacking:
            when = _condition(parameters, having, lacking)
            if when is None:
                backfill[name] = parameter.distribution.middle
        if when is not None or not lacking:
            backfill.pop(name, None)
        parameters.append(replace(parameter, when=when))
    space = Space(tuple(parameters), sweep.space.where)
    if space == sweep.space and backfill == sweep.backfill:
        return sweep
    return replace(sweep, space=space, backfill=backfill)


def _condition(
    before: Sequence[Parameter],
    having: Sequence[Mapping[str, Any]],
    lacking: Sequence[Mapping[str, Any]],
) -> Expression | None:
    """Return the condition on an earlier parameter that tells the two kinds of trials apart."""
    # The last ones first: what decides stands mostly right before what it decides about.
    for parent in reversed(before):
        name = parent.name
        if not all(name in params for params in having):
            continue
        ours = {canonical(params[name]): params[name] for params in having}
        others = {canonical(params[name]): params[name] for params in lacking if name in params}
        if ours.keys() & others.keys():
            continue
        text = _told_apart(parent, list(ours.values()), list(others.values()))
        if text is not None:
            with suppress(ConfigError):  # a name or a value that no expression can have
                return Expression(f"{name} {text}")
    return None


def _told_apart(parent: Parameter, ours: Sequence[Any], others: Sequence[Any]) -> str | None:
    if isinstance(parent.distribution, Choice):
        shown = [repr(value) for value in ours]
        return f"== {shown[0]}" if len(shown) == 1 else f"in ({', '.join(shown)})"
    if isinstance(parent.distribution, Float | Int) and others:
        if min(ours) > max(others):
            return (
                f">= {min(ours)!r}"
                if isinstance(parent.distribution, Int)
                else (f"> {max(others)!r}")
            )
        if max(ours) < min(others):
            return (
                f"<= {max(ours)!r}"
                if isinstance(parent.distribution, Int)
                else (f"< {min(others)!r}")
            )
    return None


def _wider(known: Float | Int, asked: Float | Int) -> Distribution:
    low, high = min(known.low, asked.low), max(known.high, asked.high)
    log = known.log and asked.log and low > 0
    step = known.step if known.step == asked.step else None
    if (low, high) == (known.low, known.high) and known.contains(asked.at(0.0)):
        return known
    if isinstance(known, Int) and isinstance(asked, Int):
        return Int(int(low), int(high), log=log, step=None if step in {None, 1} else int(step))
    return Float(float(low), float(high), log=log, step=step)


def _listed(distribution: Distribution) -> Sequence[Any]:
    """Return the values of choices; of a range its ends, as all of them may have no end."""
    if isinstance(distribution, Float | Int):
        return distribution.low, distribution.high
    return distribution.grid()
