"""From Hydra's overrides to a space, and from a trial back to overrides."""

import itertools
import json
import math
import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from hydra.core.override_parser.types import (
    ChoiceSweep,
    IntervalSweep,
    Override,
    RangeSweep,
    Transformer,
)

from sonde import Choice, ConfigError, Float, Int, Space

__all__ = ["Plan", "plan_of", "quoted", "written_as_overrides"]

_LONGEST = 1000  # values of a range that are listed; a longer one is a number with steps


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a job is given: in the order in which it was written.

    Attributes:
        space: Of what is searched; empty where nothing is.
        keys: A parameter's name in the space to the key that it has as an override.
        parts: For each override its text, or for one that is searched its parameter's name.
    """

    space: Space
    keys: Mapping[str, str]
    parts: Sequence[tuple[str, str | None]]
    texts: Mapping[str, Callable[[Any], str]]

    def overrides(self, params: Mapping[str, Any]) -> list[str]:
        """Return a trial's values as a job's overrides."""
        return [
            text if name is None else f"{self.keys[name]}={self.texts[name](params[name])}"
            for text, name in self.parts
        ]

    def params(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Return a trial's values under the keys that were written."""
        return {self.keys[name]: params[name] for name in self.keys if name in params}


def plan_of(overrides: Sequence[Override]) -> Plan:
    """Read parsed overrides; the last one of a key counts, at the place of the first.

    Raises:
        ConfigError: If a range has no values, or an interval no breadth.
    """
    last: dict[str, Override] = {}
    for override in overrides:
        last[override.get_key_element()] = override
    space: dict[str, Any] = {}
    keys: dict[str, str] = {}
    texts: dict[str, Callable[[Any], str]] = {}
    parts: list[tuple[str, str | None]] = []
    for key, override in last.items():
        if not override.is_sweep_override():
            parts.append((_fixed(key, override), None))
            continue
        name = _name(key, keys)
        space[name], texts[name] = _searched(key, override)
        keys[name] = key
        parts.append((key, name))
    return Plan(space=Space(space), keys=keys, parts=parts, texts=texts)


def written_as_overrides(params: Mapping[str, Any]) -> list[str]:
    """Return what a config says under `params` or `search_space` as overrides."""
    return [f"{key}={_as_override(f'hydra.sweeper.params.{key}', v)}" for key, v in params.items()]


def _fixed(key: str, override: Override) -> str:
    if override.is_delete():
        return str(override.input_line)
    return f"{key}={override.get_value_element_as_str()}"


def _name(key: str, taken: Mapping[str, str]) -> str:
    """Return a key as a parameter's name: `+db/engine@src` is `db.engine.src`."""
    plain = re.sub(r"[^\w.-]", ".", key.lstrip("+~"), flags=re.ASCII)
    plain = plain if re.match(r"[A-Za-z_]", plain) else f"_{plain}"
    names = itertools.chain([plain], (f"{plain}-{k}" for k in itertools.count(2)))
    return next(name for name in names if name not in taken)


def _searched(key: str, override: Override) -> tuple[Any, Callable[[Any], str]]:
    """Return a distribution, and what writes a value of it as an override's value."""
    value = override.value()
    if isinstance(value, IntervalSweep):
        return _interval(key, value), _number_text
    if isinstance(value, RangeSweep):
        return _range(key, value)
    elements = _elements(key, override)
    values = [Override._convert_value(element) for element in elements]
    if not values:
        raise ConfigError(
            f"{key}={override.get_value_string()}", "it has no values", "name some to choose from"
        )
    # Twice the same value is one: each would be tried again without being another trial.
    texts = {_identity(v): Transformer.str(e) for v, e in zip(values, elements, strict=True)}
    distinct = tuple({_identity(v): v for v in values}.values())
    return Choice(distinct), lambda value: texts[_identity(value)]


def _interval(key: str, sweep: IntervalSweep) -> Float | Int:
    low, high, log = sweep.start, sweep.end, "log" in sweep.tags
    try:
        if isinstance(low, int) and isinstance(high, int):
            return Int(low, high, log=log)
        return Float(float(low), float(high), log=log)  # type: ignore[arg-type]
    except ConfigError as fault:
        raise ConfigError(f"{key}=interval({low}, {high})", fault.found, fault.remedy) from fault


def _elements(key: str, override: Override) -> list[Any]:
    """Return the elements of a choice or a glob, a shuffled choice in the same order each time."""
    value = override.value()
    if isinstance(value, ChoiceSweep):
        elements = list(value.list)
        if value.shuffle:
            random.Random(key).shuffle(elements)  # noqa: S311 - so that a sweep can go on
        return elements
    return list(override.sweep_iterator())


def _range(key: str, sweep: RangeSweep) -> tuple[Choice | Int | Float, Callable[[Any], str]]:
    start, stop, step = (
        x if isinstance(x, Decimal) else Decimal(repr(x))
        for x in (sweep.start, sweep.stop, sweep.step)
    )
    casts = getattr(sweep, "transformers", ())  # since Hydra 1.4: float(range(1,3))
    count = max(0, math.ceil((stop - start) / step)) if step else 0
    written = f"{key}=range({sweep.start},{sweep.stop},{sweep.step})"
    if not count:
        raise ConfigError(
            written,
            "it has no values; the end of a range is not part of it",
            "put the end beyond the last value, in the direction of the step",
        )
    is_whole = all(type(x) is int for x in (sweep.start, sweep.stop, sweep.step))
    number = int if is_whole else float
    if count <= _LONGEST or casts:
        values = [number(start + k * step) for k in range(count)]
        for cast in casts:
            values = [cast(value) for value in values]
        if sweep.shuffle:
            random.Random(key).shuffle(values)  # noqa: S311 - so that a sweep can go on
        return Choice(tuple(values), ordered=not sweep.shuffle), _number_text
    ends = sorted([number(start), number(start + (count - 1) * step)])
    try:
        kind = Int if is_whole else Float
        return kind(*ends, step=number(abs(step))), _number_text  # type: ignore[arg-type]
    except ConfigError as fault:
        raise ConfigError(written, fault.found, fault.remedy) from fault


def _number_text(value: Any) -> str:
    return repr(value)


def _identity(value: Any) -> str:
    """Return what tells values apart: 1, 1.0, true and '1' are four."""
    return json.dumps(value, sort_keys=True, default=str)


def _as_override(where: str, value: Any) -> str:
    """Return a value of a config as one of the command line."""
    if not isinstance(value, Mapping) or "type" not in value:
        return "null" if value is None else str(value)
    kind = str(value["type"]).rsplit(".", 1)[-1].lower()
    if kind == "categorical":
        return f"choice({','.join(quoted(choice) for choice in value['choices'])})"
    if kind not in {"int", "float"}:
        raise ConfigError(where, f"type is {value['type']!r}", "use int, float or categorical")
    try:
        low, high, step = value["low"], value["high"], value.get("step")
    except KeyError as missing:
        raise ConfigError(where, f"{missing} is missing", "write low and high") from None
    if step is not None:
        # Optuna's includes the end, and a range does not.
        return f"range({low},{high + step / 2 if kind == 'float' else high + 1},{step})"
    text = f"interval({low},{high})" if kind == "float" else f"int(interval({low},{high}))"
    return f"tag(log,{text})" if value.get("log") else text


def quoted(choice: Any) -> str:
    """Return a choice as it is written in an override."""
    if isinstance(choice, str):
        escaped = choice.replace("\\", "\\\\").replace("'", "\\'")
        return f"'{escaped}'"
    return (
        "null"
        if choice is None
        else str(choice).lower()
        if choice in {True, False}
        else str(choice)
    )
