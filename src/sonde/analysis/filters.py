"""Filters: which trials are meant, as the dashboard's table takes them.

Several words must all fit: `failed` (a state, or any text), `lr<0.01`, `optimizer=adam`,
`loss!=missing`, `#12`; `~` looks for a part of a text. A brush is a stretch of an axis, as the
dashboard's address has it: `p.lr` with `0.001..0.1`; of categories, from which to which.
"""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sonde.core.distributions.values import canonical
from sonde.core.metric import SummaryKind
from sonde.core.sweep import Sweep
from sonde.core.trial import State, Trial
from sonde.errors import ConfigError

__all__ = ["chosen", "parse_brush"]

_TERM = re.compile(r'"([^"]*)"|([^\s<>=!~]+?)\s*(<=|>=|!=|<|>|=|~)\s*("[^"]*"|\S+)|(\S+)')
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?")
_NAMED = {"infinity": math.inf, "-infinity": -math.inf}
_MISSING: Any = object()
Test = Callable[[Trial], bool]


def chosen(
    sweep: Sweep,
    trials: Sequence[Trial],
    text: str = "",
    brushes: Mapping[str, tuple[float, float]] | None = None,
) -> list[int]:
    """Return the places of the trials that fit, ascending.

    Args:
        sweep: Its definition.
        trials: All trials, by number.
        text: The filter.
        brushes: A stretch for each key: `p.NAME` of a parameter, `m.NAME` of a metric.
    """
    tests = [_test(sweep, trials, match) for match in _TERM.finditer(text)]
    tests += [_within(sweep, trials, key, *ends) for key, ends in (brushes or {}).items()]
    return [at for at, trial in enumerate(trials) if all(test(trial) for test in tests)]


def parse_brush(text: str) -> tuple[str, tuple[float, float]]:
    """Read `KEY:LOW..HIGH`.

    Raises:
        ConfigError: If it is none.
    """
    key, _, stretch = text.rpartition(":")
    low, dots, high = stretch.partition("..")
    try:
        ends = float(low), float(high)
    except ValueError:
        dots = ""
    if not key or not dots:
        raise ConfigError(f"brush={text}", "it is no stretch of an axis", "write p.lr:0.01..0.1")
    return key, ends


def _test(sweep: Sweep, trials: Sequence[Trial], match: "re.Match[str]") -> Test:
    quoted, name, sign, value, word = match.groups()
    if name is None:
        return _any_text((word if quoted is None else quoted).lower())
    text = value.strip('"').lower()
    number = _number(text)
    if name == "state":
        return lambda trial: _compare(sign, trial.state.value, text, math.nan, math.nan)
    if name in {"number", "trial"}:
        return lambda trial: _compare(sign, "", "", trial.number, number)
    of = _reader(sweep, trials, name)
    if of is None:
        return lambda _: False
    if text == "missing":
        return lambda trial: (of(trial) is _MISSING) == (sign != "!=")

    def fits(trial: Trial) -> bool:
        found = of(trial)
        if found is _MISSING:
            return False
        is_number = isinstance(found, (int, float)) and not isinstance(found, bool)
        return _compare(sign, _word(found), text, float(found) if is_number else math.nan, number)

    return fits


def _any_text(text: str) -> Test:
    if re.fullmatch(r"#?\d+", text):
        wanted = int(text.removeprefix("#"))
        return lambda trial: trial.number == wanted
    states = {state for state in State if state.value.startswith(text)}
    if states:
        return lambda trial: trial.state in states

    def fits(trial: Trial) -> bool:
        texts = [trial.agent, trial.origin, trial.error]
        texts += [_word(v) for v in trial.params.values() if not _is_number(v)]
        return any(text in one.lower() for one in texts if one)

    return fits


def _reader(sweep: Sweep, trials: Sequence[Trial], name: str) -> Callable[[Trial], Any] | None:
    """Return what a name means: a metric, else a parameter, else a fact of the trial."""
    if name == "duration":
        return lambda t: (
            (t.finished - t.started).total_seconds() if t.started and t.finished else _MISSING
        )
    kinds = {goal.metric: goal.summary for goal in reversed(sweep.goals)}
    kinds = {bound.metric: bound.summary for bound in sweep.constraints} | kinds
    if name in kinds or any(name in trial.metrics for trial in trials):
        kind = kinds.get(name, SummaryKind.LAST)
        return lambda t: t.metrics[name].value(kind) if name in t.metrics else _MISSING
    if name in sweep.space:
        return lambda t: t.params.get(name, _MISSING)
    if name in {"agent", "origin", "error"}:
        return lambda t: getattr(t, name) or _MISSING
    if name in {"started", "finished"}:
        return lambda t: _MISSING if (at := getattr(t, name)) is None else at.timestamp()
    return {"attempts": lambda t: t.attempts}.get(name)


def _within(sweep: Sweep, trials: Sequence[Trial], key: str, low: float, high: float) -> Test:
    from sonde.core.distributions import Choice, Constant

    role, _, name = key.partition(".")
    of = _reader(sweep, trials, name) if role == "m" else None
    if role == "p" and name in sweep.space:
        distribution = sweep.space[name].distribution
        words: dict[Any, int] = {}
        if isinstance(distribution, (Choice, Constant)):
            for value in [
                *distribution.grid(),
                *(t.params[name] for t in trials if name in t.params),
            ]:
                words.setdefault(canonical(value), len(words))
        if not words or all(_is_number(value) for value in distribution.grid()):
            words = {}
        of = _param(name, words)
    if of is None:
        found = f"nothing is called {name}" if name else "it names no axis"
        raise ConfigError(f"brush={key}", found, "write p.NAME of a parameter, m.NAME of a metric")

    def fits(trial: Trial) -> bool:
        value = of(trial)
        return _is_number(value) and low <= value <= high

    return fits


def _param(name: str, words: Mapping[Any, int]) -> Callable[[Trial], Any]:
    if words:
        return lambda t: words[canonical(t.params[name])] if name in t.params else _MISSING
    return lambda t: t.params.get(name, _MISSING)


def _compare(sign: str, a: str, b: str, x: float, y: float) -> bool:
    numeric = not math.isnan(x) and not math.isnan(y)
    if sign == "=":
        return x == y if numeric else a == b
    if sign == "!=":
        return x != y if numeric else a != b
    if sign == "~":
        return b in a
    if sign in {"<", "<="}:
        return x < y or (sign == "<=" and x == y)
    return x > y or (sign == ">=" and x == y)


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _number(text: str) -> float:
    """Read a number as a browser does; NaN where it is none."""
    named = _NAMED.get(text)
    if named is not None:
        return named
    return float(text) if _NUMBER.fullmatch(text) else math.nan


def _word(value: Any) -> str:
    """Write a value as a browser does."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        if math.isnan(value):
            return "nan"
        if math.isinf(value):
            return "infinity" if value > 0 else "-infinity"
        if value.is_integer() and abs(value) < 1e21:
            return str(int(value))
    if value is None:
        return "null"
    return str(value).lower()
