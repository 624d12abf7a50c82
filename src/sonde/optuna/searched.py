"""What the trials of an Optuna study were searched in, as one space.

Optuna's spaces are made trial by trial (define-by-run); sonde's are declared.
"""

import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any

from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.trial import FrozenTrial, TrialState

from sonde.core.distributions import Choice, Constant, Distribution, Float, Int
from sonde.core.distributions.values import canonical
from sonde.core.expressions import Expression
from sonde.core.parameter import Parameter
from sonde.core.space import Space
from sonde.errors import ConfigError

__all__ = ["clean", "space_of", "value_of"]


def space_of(trials: Sequence[FrozenTrial]) -> Space:
    """Return what a study's trials were searched in.

    Of a parameter whose bounds changed, the widest. One that only some trials have is conditional
    where one choice decides it, such as `momentum` where `opt` is `sgd`.
    """
    seen: dict[str, list[BaseDistribution]] = {}
    for trial in trials:
        for name, distribution in trial.distributions.items():
            kinds = seen.setdefault(name, [])
            if distribution not in kinds:
                kinds.append(distribution)
    ours = {name: _merged(name, kinds, trials) for name, kinds in seen.items()}
    whole = [trial for trial in trials if trial.state is not TrialState.FAIL]
    deciding = [name for name, one in ours.items() if isinstance(one, Choice)]
    parameters = []
    for name, found in ours.items():
        condition = _condition(name, deciding, whole)
        plain = Parameter(clean(name), found)
        parameters.append(plain)
        if condition is not None:
            with suppress(ConfigError):  # a name that no expression can have
                conditional = Parameter(clean(name), found, condition)
                parameters[-1] = conditional
    return Space(tuple(parameters))


def _merged(
    name: str, kinds: Sequence[BaseDistribution], trials: Iterable[FrozenTrial]
) -> Distribution:
    if all(isinstance(kind, CategoricalDistribution) for kind in kinds):
        choices = [c for k in kinds for c in k.choices]  # type: ignore[attr-defined]
        plain = {canonical(value): value for value in map(_plain, choices)}
        values = tuple(plain.values())
        return Choice(values) if len(values) > 1 else Constant(values[0])
    if all(isinstance(kind, IntDistribution | FloatDistribution) for kind in kinds):
        low = min(kind.low for kind in kinds)  # type: ignore[attr-defined]
        high = max(kind.high for kind in kinds)  # type: ignore[attr-defined]
        steps = {kind.step for kind in kinds}  # type: ignore[attr-defined]
        log = all(kind.log for kind in kinds)  # type: ignore[attr-defined]
        if low == high:
            return Constant(low)
        if all(isinstance(kind, IntDistribution) for kind in kinds):
            step = steps.pop() if len(steps) == 1 and not log else 1
            return Int(int(low), int(high), log=log, step=None if step == 1 else step)
        step = steps.pop() if len(steps) == 1 else None
        return Float(float(low), float(high), log=log, step=step)
    found = [value_of(trial, name) for trial in trials if name in trial.params]
    return Choice(tuple({canonical(value): value for value in found}.values()))


def _condition(
    name: str, deciding: Sequence[str], trials: Sequence[FrozenTrial]
) -> Expression | None:
    """Return the condition under which trials have a parameter, if one choice decides it."""
    having = [trial for trial in trials if name in trial.params]
    lacking = [trial for trial in trials if name not in trial.params]
    if not lacking or not having:
        return None
    for parent in deciding:
        if parent == name or not all(parent in trial.params for trial in having):
            continue
        with_it = {canonical(value_of(t, parent)): value_of(t, parent) for t in having}
        without = {canonical(value_of(t, parent)) for t in lacking if parent in t.params}
        if with_it.keys() & without:
            continue
        shown = [repr(value) for value in with_it.values()]
        text = f"== {shown[0]}" if len(shown) == 1 else f"in ({', '.join(shown)})"
        with suppress(ConfigError):
            return Expression(f"{clean(parent)} {text}")
    return None


def value_of(trial: FrozenTrial, name: str) -> Any:
    """Return a parameter's value as sonde's distribution of it has it."""
    value = trial.params[name]
    if isinstance(trial.distributions[name], FloatDistribution):
        return float(value)
    return _plain(value)


def _plain(value: Any) -> Any:
    """Return a category as JSON would have it; Optuna takes others too, with a warning."""
    return value if value is None or isinstance(value, bool | int | float | str) else repr(value)


def clean(name: str) -> str:
    """Return a name that a parameter may have."""
    plain = re.sub(r"[^\w.\-]", "_", name, flags=re.ASCII)
    return plain if plain[:1].isalpha() or plain.startswith("_") else f"_{plain}"
