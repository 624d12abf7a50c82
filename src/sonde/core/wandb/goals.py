"""What a sweep file wants improved: `metric`, `metrics`, and sonde's `goals` and `subject_to`."""

from collections.abc import Sequence

from sonde.core.constraint import Constraint, parse_constraint
from sonde.core.metric import Direction, Goal, SummaryKind, parse_goal
from sonde.core.notation.document import Node, kind_of, near
from sonde.errors import ConfigError

__all__ = ["read_constraints", "read_goals"]

_KEYS = ("name", "goal", "target", "summary", "impute", "impute_while_running")
_IMPUTED = ("worst", "best", "latest")
_EXAMPLE = "write {name: val_loss, goal: minimize}"


def read_goals(
    top: dict[str, Node], faults: list[ConfigError], notes: list[str]
) -> tuple[Goal, ...]:
    """Read the goals from whichever of the keys is there.

    Args:
        top: The keys of the file.
        faults: What is wrong is added to it.
        notes: What is worth telling is added to it.
    """
    given = [key for key in ("metric", "metrics", "goals") if key in top]
    if len(given) > 1:
        faults.append(top[given[1]].key_fault(f"{given[0]} says it already", "keep one of the two"))
    goals: list[Goal] = []
    for key in given:
        node = top[key]
        if key == "metric":
            nodes: tuple[Node, ...] = (node,)
        elif node.items:
            nodes = node.items
            if key == "metrics" and len(nodes) == 1:
                faults.append(node.fault("there is one metric in it", "write metric: instead"))
        else:
            faults.append(node.fault(f"{kind_of(node)} where a list is needed", f"{_EXAMPLE}s"))
            continue
        for one in nodes:
            goal = _goal(one, faults, notes)
            if goal is None:
                continue
            if any(goal.metric == other.metric for other in goals):
                faults.append(one.fault(f"{goal.metric} is a goal twice", "leave one out"))
            goals.append(goal)
    return tuple(goals)


def read_constraints(top: dict[str, Node], faults: list[ConfigError]) -> tuple[Constraint, ...]:
    """Read `subject_to`: one bound, or a list of them."""
    node = top.get("subject_to")
    if node is None:
        return ()
    found = []
    for one in node.items if node.items is not None else (node,):
        if not isinstance(one.value, str):
            faults.append(one.fault(f"{kind_of(one)} is no bound", "write 'latency_ms <= 20'"))
            continue
        try:
            found.append(parse_constraint(one.value))
        except ConfigError as fault:
            faults.append(one.fault(fault.found, fault.remedy))
    return tuple(found)


def _goal(node: Node, faults: list[ConfigError], notes: list[str]) -> Goal | None:
    if isinstance(node.value, str) and node.value:
        try:
            return parse_goal(node.value)
        except ConfigError as fault:
            faults.append(node.fault(fault.found, fault.remedy))
            return None
    if node.entries is None:
        faults.append(node.fault(f"{kind_of(node)} is no metric", _EXAMPLE))
        return None
    before = len(faults)
    for key, one in node.entries.items():
        if key not in _KEYS:
            faults.append(one.key_fault("a metric has no such key", near(key, _KEYS)))
    name = node.entries.get("name")
    if name is None:
        faults.append(node.fault("the metric has no name", "add name"))
    elif not isinstance(name.value, str) or not name.value:
        faults.append(name.fault(f"{kind_of(name)} is no name", "write the name that is logged"))
    direction = _word(node, "goal", Direction, Direction.MINIMIZE.value, faults)
    summary = _word(node, "summary", SummaryKind, SummaryKind.LAST.value, faults)
    target = _target(node, faults)
    impute = _impute(node, faults, notes)
    if len(faults) > before or name is None:
        return None
    return Goal(
        metric=name.value,
        direction=Direction(direction),
        summary=SummaryKind(summary),
        target=target,
        impute=impute,
    )


def _word(
    node: Node,
    key: str,
    known: type[Direction] | type[SummaryKind],
    default: str,
    faults: list[ConfigError],
) -> str:
    one = (node.entries or {}).get(key)
    if one is None:
        return default
    words = [word.value for word in known]
    if one.value not in words:
        faults.append(one.fault(f"there is no {key} {one.value!r}", near(str(one.value), words)))
        return default
    return str(one.value)


def _target(node: Node, faults: list[ConfigError]) -> float | None:
    one = (node.entries or {}).get("target")
    if one is None:
        return None
    if isinstance(one.value, bool) or not isinstance(one.value, int | float):
        faults.append(one.fault(f"{kind_of(one)} where a number is needed", "write a number"))
        return None
    return float(one.value)


def _impute(node: Node, faults: list[ConfigError], notes: list[str]) -> str | None:
    """Return what is told of failed runs; what is told of running ones means nothing here."""
    found = _imputed(node, "impute", _IMPUTED, faults)
    running = _imputed(node, "impute_while_running", (*_IMPUTED, "false"), faults)
    if running not in {None, "false"}:
        one = (node.entries or {})["impute_while_running"]
        notes.append(
            f"{one.where}: left aside: sonde's methods know which trials run, and keep away from "
            "their points without a value put in for them"
        )
    return None if found == "worst" else found  # which is the default


def _imputed(node: Node, key: str, words: Sequence[str], faults: list[ConfigError]) -> str | None:
    one = (node.entries or {}).get(key)
    if one is None:
        return None
    value = "false" if one.value is False else one.value
    if value in words:
        return str(value)
    faults.append(one.fault(f"there is no {key} {value!r}", near(str(value), words)))
    return None
