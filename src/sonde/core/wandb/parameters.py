"""The `parameters` of a sweep file: W&B's keys and distributions, and what sonde adds to them.

Parameters may be nested (`opt: {parameters: {lr: ...}}`): here they are flat, with a dot between
(`opt.lr`), and the names of the nests are kept beside them. Without a `distribution` it follows
from the keys, as in W&B: `value`, `values`, or `min` and `max` (ints if both are written so).

Added are `when`, `guess`, `step`, `log` and `ordered`.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from sonde.core.distributions import Constant, Distribution, Float, Int
from sonde.core.distributions.schema import KINDS, from_json
from sonde.core.expressions import Expression
from sonde.core.notation.document import Node, kind_of, near
from sonde.core.parameter import Parameter
from sonde.errors import ConfigError, ConfigErrors

__all__ = ["Read", "read_parameters"]

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_NUMBERS = frozenset({"min", "max", "q", "mu", "sigma", "a", "b", "step"})
_EXPONENTS = frozenset({"log_uniform", "q_log_uniform", "inv_log_uniform"})
_CHOICES = frozenset({"categorical", "categorical_w_probabilities"})
_EXAMPLE = "write for instance lr: {min: 0.001, max: 0.1}"


@dataclass(slots=True)
class Read:
    """What was read of all parameters.

    Attributes:
        parameters: With their flat names, in the order of the file.
        groups: The flat names of the nests.
        nodes: Where each parameter and each nest stands, by its flat name.
        parents: The nest that each of them stands in, or empty text.
        notes: What is worth telling the user.
        faults: What is wrong.
    """

    parameters: list[Parameter] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)
    nodes: dict[str, Node] = field(default_factory=dict)
    parents: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    faults: list[ConfigError] = field(default_factory=list)


def read_parameters(node: Node, *, is_grid: bool = False) -> Read:
    """Read the mapping behind `parameters`.

    Args:
        node: The mapping.
        is_grid: Whether a grid is made of it: W&B's grid goes through parameters by name, and
            leaves out the upper end of a `q_uniform`.
    """
    read = Read()
    _group(node, "", read, is_grid=is_grid)
    if is_grid:
        read.parameters.sort(key=lambda parameter: parameter.name)
    for name, parent in read.parents.items():
        nearest = max((g for g in read.groups if name.startswith(f"{g}.")), key=len, default="")
        if nearest != parent:
            read.faults.append(
                read.nodes[name].key_fault(
                    f"{nearest} is a group of parameters, and {name} reads as one of them",
                    f"put it into that group, or name it otherwise: {name.replace('.', '_')}",
                )
            )
    return read


def _group(node: Node, prefix: str, read: Read, *, is_grid: bool) -> None:
    if node.entries is None:
        read.faults.append(node.fault(f"{kind_of(node)} where names are needed", _EXAMPLE))
        return
    if not node.entries:
        read.faults.append(node.fault("there is no parameter", _EXAMPLE))
    for name, one in node.entries.items():
        flat = f"{prefix}{name}"
        if not _NAME.fullmatch(name):
            read.faults.append(
                one.key_fault(
                    f"{name!r} cannot be a parameter's name",
                    "a name is letters, digits, '_', '.' and '-', and begins with a letter or '_'",
                )
            )
            continue
        if flat in read.nodes:
            read.faults.append(
                one.key_fault(f"{flat} is there already, in other words", "leave one out")
            )
            continue
        read.nodes[flat], read.parents[flat] = one, prefix.rstrip(".")
        if one.entries is not None and "parameters" in one.entries:
            for key in one.entries.keys() - {"parameters"}:
                read.faults.append(
                    one.entries[key].key_fault(
                        "beside parameters nothing else can stand", "leave it out"
                    )
                )
            read.groups.append(flat)
            _group(one.entries["parameters"], f"{flat}.", read, is_grid=is_grid)
            continue
        found = len(read.faults)
        try:
            parameter = _parameter(flat, one, read, is_grid=is_grid)
        except ConfigErrors as several:
            read.faults += several.faults
        except ConfigError as fault:
            read.faults.append(fault)
        else:
            if parameter is not None and len(read.faults) == found:
                read.parameters.append(parameter)


def _parameter(flat: str, node: Node, read: Read, *, is_grid: bool) -> Parameter | None:
    """Read one; faults are added to `read` or raised."""
    if node.entries is None:
        read.faults.append(node.fault(f"{kind_of(node)} is no parameter", _as_keys(node)))
        return None
    entries = {key: one for key, one in node.entries.items() if key != "when"}
    kind = _kind(node, entries, read)
    if kind is None or not _are_sound(kind, node, entries, read):
        return None
    written = {key: one.value for key, one in entries.items()} | {"distribution": kind}
    try:
        if is_grid and kind == "q_uniform":
            distribution = _steps(entries)
        else:
            distribution = from_json(written, where=node.path)
    except ConfigError as fault:
        key = fault.where.removeprefix(f"{node.path}.")
        at = entries.get(key, node)
        raise at.fault(fault.found, fault.remedy) from fault
    if kind in _EXPONENTS:
        read.notes.append(
            f"{node.where}: {kind} takes natural exponents, so this is {distribution.describe()}; "
            f"{kind}_values takes the values themselves"
        )
    return Parameter(flat, distribution, _condition(node))


def _kind(node: Node, entries: Mapping[str, Node], read: Read) -> str | None:
    """Return the distribution that is named, or that follows from the keys."""
    named = entries.get("distribution")
    if named is not None:
        if named.value in KINDS:
            return str(named.value)
        read.faults.append(
            named.fault(f"there is no distribution {named.value!r}", near(str(named.value), KINDS))
        )
        return None
    if "value" in entries and "values" in entries:
        read.faults.append(entries["values"].key_fault("value is there too", "keep one of the two"))
        return None
    if "value" in entries:
        return "constant"
    if "values" in entries:
        return "categorical_w_probabilities" if "probabilities" in entries else "categorical"
    keys = entries.keys()
    if {"min", "max"} <= keys and not keys & {"q", "mu", "sigma", "a", "b"}:
        whole = all(type(entries[key].value) is int for key in ("min", "max"))
        step = entries["step"].value if "step" in entries else 1
        return "int_uniform" if whole and type(step) is int else "uniform"
    given = ", ".join(keys) or "nothing"
    read.faults.append(node.fault(f"from {given} no distribution follows", _suggestion(set(keys))))
    return None


def _suggestion(keys: set[str]) -> str:
    if {"min", "max", "q"} <= keys:
        return "add distribution: q_uniform, or q_log_uniform_values"
    if {"min", "max"} & keys and len({"min", "max"} & keys) == 1:
        return f"add {'max' if 'min' in keys else 'min'}"
    if {"mu", "sigma"} & keys:
        return "add distribution: normal, or log_normal"
    if {"a", "b"} <= keys:
        return "add distribution: beta"
    return "write value, values, or min and max"


def _are_sound(kind: str, node: Node, entries: Mapping[str, Node], read: Read) -> bool:
    """Check the keys of a distribution one by one, so that all faults are told."""
    known, needed = KINDS[kind][1], KINDS[kind][2]
    before = len(read.faults)
    for key, one in entries.items():
        if key not in known and key != "distribution":
            allowed = [*known, "when"] if kind != "constant" else [*known]
            read.faults.append(one.key_fault(f"{kind} has no such key", near(key, allowed)))
        elif key in _NUMBERS and (isinstance(one.value, bool) or not _is_number(one)):
            read.faults.append(one.fault(f"{kind_of(one)} where a number is needed", _digits(one)))
        elif key in {"min", "max"} and kind == "int_uniform" and type(one.value) is not int:
            read.faults.append(
                one.fault(
                    f"{one.value!r} is no whole number as it is written",
                    "leave the point out, or use distribution: uniform",
                )
            )
        elif key in {"values", "probabilities"} and one.items is None:
            read.faults.append(one.fault(f"{kind_of(one)} where a list is needed", "use [a, b, c]"))
        elif key in {"values", "probabilities"} and not one.items:
            read.faults.append(one.fault("the list is empty", "list some values"))
    for key in needed:
        if key not in entries:
            read.faults.append(node.fault(f"{kind} needs {key}", f"add {key}"))
    if len(read.faults) == before and {"min", "max"} <= entries.keys():
        low, high = entries["min"], entries["max"]
        if low.value >= high.value:
            read.faults.append(
                high.fault(
                    f"max {high.value!r} is not above min {low.value!r}",
                    "swap them" if low.value > high.value else f"write value: {low.value!r}",
                )
            )
    return len(read.faults) == before


def _condition(node: Node) -> Expression | None:
    when = None if node.entries is None else node.entries.get("when")
    if when is None:
        return None
    try:
        return Expression(when.value)
    except ConfigError as fault:
        found = f"{fault.where}: {fault.found}" if fault.where != str(when.value) else fault.found
        raise when.fault(found, fault.remedy) from fault


def _steps(entries: Mapping[str, Node]) -> Distribution:
    """Return min, min + q, ... below max: the grid that W&B makes of a `q_uniform`."""
    low, high = entries["min"].value, entries["max"].value
    q = entries["q"].value if "q" in entries else 1
    whole = type(low) is int and type(q) is int
    steps = Int(low, math.floor(high), step=q) if whole else Float(low, high, step=q)
    count = steps.size or 1
    if steps.nth(count - 1) >= high:
        count -= 1
    if count == 1:
        return Constant(steps.low)
    if isinstance(steps, Int):
        return Int(steps.low, steps.nth(count - 1), step=q)
    return Float(steps.low, steps.nth(count - 1), step=q)


def _as_keys(node: Node) -> str:
    if node.items is not None:
        return f"write values: {node.value!r}"
    return _EXAMPLE if node.value is None else f"write value: {node.value!r}"


def _is_number(node: Node) -> bool:
    return isinstance(node.value, int | float)


def _digits(node: Node) -> str:
    if isinstance(node.value, str):
        try:
            float(node.value)
        except ValueError:
            return "write a number"
        return "leave the quotes out"
    return "write a number"
