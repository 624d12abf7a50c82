"""What `sonde run` is to search: parameters, conditions, relations and goals as written."""

import re
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path

from sonde.cli.faults import Faults
from sonde.core.constraint import Constraint, parse_constraint
from sonde.core.expressions import Expression
from sonde.core.metric import Goal, parse_goal
from sonde.core.notation import Parsed, parse_hyperparam, parse_short
from sonde.core.parameter import Parameter
from sonde.core.space import Space
from sonde.errors import ConfigError

__all__ = [
    "constraints_of",
    "goals_of",
    "is_assignment",
    "parameters_of",
    "space_of",
    "unknown_templates",
]

_TEMPLATE = re.compile(r"\{([^\W\d][\w.\-]*)\}")


def parameters_of(
    ranges: Sequence[tuple[str, str]], words: Sequence[str], faults: Faults
) -> list[Parsed]:
    """Read the parameters, in their order; also say why there are none."""
    parsed: dict[str, Parsed] = {}
    for flag, text in ranges:
        read = parse_short if flag == "argument" else parse_hyperparam
        with faults.collected():
            one = read(text, flag=flag)
            if one.name in parsed:
                faults.add(f"{flag} {text}", f"{one.name} is given twice", "keep one of them")
            parsed[one.name] = one
    if not words:
        faults.add("script", "there is none", "write: sonde run --hyperparam NAME=RANGE train.py")
    elif is_assignment(words[0]):
        name, _, value = words[0].partition("=")
        found, remedy = "one value alone is taken for the script", f"write --hyperparam {name}="
        try:
            parse_short(words[0], flag="argument")
        except ConfigError as fault:  # it is no value, but a range of StudioML, say
            found, remedy = fault.found, fault.remedy
        else:
            remedy += value or "VALUE"
        faults.add(words[0], found, remedy)
    elif not ranges:
        behind = next((w for w in words if w.startswith(("--hyperparam", "-hp"))), None)
        if behind:
            faults.add(
                behind, f"it stands behind {words[0]} and so is the script's own",
                f"write it before: sonde run {behind} ... {words[0]}",
            )  # fmt: skip
        else:
            faults.add(
                "parameters", "nothing is to be searched",
                f"add for instance --hyperparam lr=1e-4:l4:0.1 before {words[0]}",
            )  # fmt: skip
    return list(parsed.values())


def is_assignment(word: str) -> bool:
    """Tell whether what stands in the script's place is `epochs=20`, and no file."""
    name, equals, _ = word.partition("=")
    return bool(equals) and name.isidentifier() and not Path(word).exists()


def goals_of(texts: Sequence[str], faults: Faults) -> tuple[Goal, ...]:
    """Read what is to be improved."""
    goals: list[Goal] = []
    for text in texts:
        with faults.collected():
            goal = parse_goal(text)
            if any(goal.metric == other.metric for other in goals):
                faults.add(f"--metric {text}", f"{goal.metric} is given twice", "keep one of them")
            goals.append(goal)
    return tuple(goals)


def constraints_of(texts: Sequence[str], faults: Faults) -> tuple[Constraint, ...]:
    """Read what trials must keep to."""
    constraints: list[Constraint] = []
    for text in texts:
        with faults.collected():
            constraint = parse_constraint(text)
            if constraint in constraints:
                faults.add(f"--subject-to {text}", "it is given twice", "keep one of them")
            constraints.append(constraint)
    return tuple(constraints)


def space_of(
    parsed: Sequence[Parsed], where: Sequence[str], when: Sequence[str], faults: Faults
) -> Space | None:
    """Make the space of the parameters with its conditions and relations."""
    conditions: dict[str, Expression] = {}
    for text in when:
        name, equals, expression = (part.strip() for part in text.partition("="))
        if not equals or not expression:
            faults.add(
                f"--when {text}", "no NAME=EXPRESSION", "write --when \"momentum=opt == 'sgd'\""
            )
            continue
        if name not in {p.name for p in parsed}:
            known = ", ".join(p.name for p in parsed) or "none"
            faults.add(f"--when {text}", f"there is no parameter {name}", f"there are: {known}")
            continue
        with faults.collected():
            conditions[name] = _expression(expression, f"--when {text}")
    relations: list[Expression] = []
    for text in where:
        with faults.collected():
            if not text.strip():
                raise ConfigError(
                    "--where ''", "there is no relation in it", "write one, or leave it out"
                )
            relations.append(_expression(text, f"--where {text}"))
    if faults.found and not parsed:
        return None
    with faults.collected():
        return Space(
            tuple(Parameter(p.name, p.distribution, conditions.get(p.name)) for p in parsed),
            tuple(relations),
        )
    return None


def unknown_templates(words: Sequence[str], space: Space, faults: Faults) -> None:
    """Name `{...}` that mean no parameter; only where a value does not arrive, as text may.

    Where one is nearly a parameter's name, that this parameter arrives nowhere is not said too.
    """
    known = [parameter.name for parameter in space.parameters]
    for word in words[1:]:
        for name in _TEMPLATE.findall(word):
            if name in known:
                continue
            remedy = f"write {{{'}, {'.join(known)}}}"
            for near in get_close_matches(name, known, 1, 0.6):
                remedy = f"is {{{near}}} meant?"
                faults.found = [one for one in faults.found if one.where.split()[-1:] != [near]]
            faults.add(word, f"there is no parameter {name}", remedy)


def _expression(text: str, place: str) -> Expression:
    try:
        return Expression(text)
    except ConfigError as fault:
        raise ConfigError(place, fault.found, fault.remedy) from fault
