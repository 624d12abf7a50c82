"""`early_terminate` of a sweep file, and sonde's `stop`: which trials are ended early."""

from collections.abc import Callable, Mapping
from typing import Any

from sonde.core.notation.document import Node, kind_of
from sonde.core.stopping import Rule
from sonde.core.wanted import written
from sonde.errors import ConfigError

__all__ = ["read_stopping", "rule_at"]

_EXAMPLE = "write {type: hyperband, min_iter: 3}, or {type: asha}"


def read_stopping(
    top: Mapping[str, Node], find: Callable[[str], Rule[Any]], faults: list[ConfigError]
) -> str | None:
    """Return the stopping rule as text, `hyperband(min_iter=3)`; None without one.

    Args:
        top: The keys of the file.
        find: Makes a rule of such a text, or refuses it.
        faults: What is wrong is added to it.
    """
    if "early_terminate" in top and "stop" in top:
        faults.append(top["stop"].key_fault("early_terminate says it already", "keep one"))
    node = rule_at(top)
    if node is None:
        return None
    if isinstance(node.value, str):
        text = node.value
    else:
        entries = node.entries or {}
        kind = entries.get("type")
        if kind is None or not isinstance(kind.value, str):
            at = node if kind is None else kind
            faults.append(at.fault(f"{kind_of(at)} names no rule", _EXAMPLE))
            return None
        options = {key: one.value for key, one in entries.items() if key != "type"}
        text = written(kind.value, options)
    try:
        find(text)
    except ConfigError as fault:
        faults.append(_at(node, fault).fault(fault.found, fault.remedy))
        return None
    return text


def rule_at(top: Mapping[str, Node]) -> Node | None:
    """Return where the rule stands."""
    return top.get("early_terminate") or top.get("stop")


def _at(node: Node, fault: ConfigError) -> Node:
    """Return the key that a fault of a rule speaks of, or else the rule."""
    for key, one in (node.entries or {}).items():
        said = fault.found
        if f"{key}=" in said or said.endswith(f"option {key}") or said.startswith(f"{key} "):
            return one
    return (node.entries or {}).get("type", node)
