"""A sweep's trials as typed columns, kept up to date from the store's change feed.

Row i is trial i. A column has an array of values, and where some trials have none an array
that tells which do: what is missing is thereby told from NaN, and both from the infinities.
Numbers are doubles; everything else is an index into the column's list of words, which are
JSON and stay what they were (`8` an int, `true` a bool).

A page asks for all rows once, and from then on for those that changed after a version. What
a column *is* may change too: a metric comes up that nobody reported before, or a text where
numbers were. Each such change makes another *edition*, as does each start of the server, which
may come upon words in another order; a page of another edition gets all.
"""

import math
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from secrets import token_hex
from typing import Any, TypeGuard

from sonde.core.constraint import is_feasible
from sonde.core.distributions import Choice, Constant, Float, Int
from sonde.core.distributions.values import Value, canonical, is_number
from sonde.core.metric import SummaryKind
from sonde.core.parameter import Parameter
from sonde.core.sweep import Sweep
from sonde.core.trial import State, Trial, is_cut_short
from sonde.server.block import pack

__all__ = ["Columns"]


STATES = tuple(State)
MOST_METRICS = 100  # columns; the names of further ones are counted, not sent
_LONGEST_TEXT = 200
_EXACT = 2**53  # whole numbers beyond are words, as doubles would round them
_STATE_CODES = {state: code for code, state in enumerate(STATES)}
_DECIDED = {State.DONE, State.STOPPED}
_MISSING: Any = object()  # None is a value that a parameter may have


class _Numbers:
    """A column of doubles; `has` is None while no value is missing."""

    kind = "number"

    def __init__(self, about: dict[str, Any]) -> None:
        self.about = about
        self.values = array("d")
        self.has: array[int] | None = None

    def put(self, row: int, value: float | None) -> None:
        values, has = self.values, self.has
        while len(values) <= row:
            values.append(math.nan)
            if has is not None:
                has.append(0)
        if value is None:
            if has is None:
                has = self.has = array("B", b"\1" * len(values))
            has[row] = 0
            values[row] = math.nan
        else:
            if has is not None:
                has[row] = 1
            values[row] = value

    def fill(self, values: Sequence[float | None]) -> None:
        """Set all rows."""
        self.has = None
        if None in values:
            self.has = array("B", [value is not None for value in values])
            values = [math.nan if value is None else value for value in values]
        self.values = array("d", values)  # type: ignore[arg-type]

    def describe(self, after: int) -> dict[str, Any]:
        return self.about | {"kind": self.kind}

    def arrays(self, rows: Sequence[int] | None) -> "list[tuple[str, array[Any]]]":
        name = self.about["name"]
        found: list[tuple[str, array[Any]]] = [(name, _taken(self.values, rows))]
        if self.has is not None:
            found.append((f"{name}?", _taken(self.has, rows)))
        return found


class _Words:
    """A column of indices into a list of words; index 0 is for what is missing."""

    kind = "words"

    def __init__(self, about: dict[str, Any], words: Iterable[Value] = ()) -> None:
        self.about = about
        self.values = array("I")
        self.words: list[Any] = [None]
        self._came: list[int] = [0]  # the version at which each word came
        self._codes: dict[Any, int] = {}
        for word in words:
            self._code(word, 0)

    def put(self, row: int, value: Value, version: int) -> None:
        while len(self.values) <= row:
            self.values.append(0)
        self.values[row] = 0 if value is _MISSING else self._code(value, version)

    def fill(self, values: Sequence[Value], version: int) -> None:
        """Set all rows."""
        codes = self._codes  # a text is its own key, so that most are found without more ado
        self.values = array(
            "I",
            [
                0
                if value is _MISSING
                else (codes.get(value) if type(value) is str else None)
                or self._code(value, version)
                for value in values
            ],
        )

    def describe(self, after: int) -> dict[str, Any]:
        first = bisect_right(self._came, after) if after else 0
        return self.about | {"kind": self.kind, "first": first, "words": self.words[first:]}

    def arrays(self, rows: Sequence[int] | None) -> "list[tuple[str, array[Any]]]":
        return [(self.about["name"], _taken(self.values, rows))]

    def _code(self, value: Value, version: int) -> int:
        key = canonical(value)
        code = self._codes.get(key)
        if code is None:
            code = self._codes[key] = len(self.words)
            self.words.append(_json(value))
            self._came.append(version)
        return code


@dataclass(slots=True)
class _Log:
    """Which row changed at which version, ascending; a row's older entries may linger."""

    versions: list[int] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)

    def since(self, version: int) -> list[int]:
        return sorted(set(self.rows[bisect_right(self.versions, version) :]))

    def add(self, changed: Sequence[Trial], total: int) -> None:
        for trial in sorted(changed, key=lambda one: one.version):
            self.versions.append(trial.version)
            self.rows.append(trial.number)
        if len(self.rows) > 2 * total + 1000:
            last = dict(zip(self.rows, self.versions, strict=True))
            kept = sorted((version, row) for row, version in last.items())
            self.versions = [version for version, _ in kept]
            self.rows = [row for _, row in kept]


class Columns:
    """The columns of one sweep. Not for several threads at once.

    Attributes:
        version: The store's version that they are up to date with.
    """

    def __init__(self, sweep: Sweep) -> None:
        self.sweep = sweep
        self.version = 0
        self._was_edited = sweep.version > 1
        self._own = token_hex(4)  # no two are alike, though they be of the same sweep
        self._kinds = 0  # raised when a column comes or changes its kind
        self.count = 0
        self.hidden: set[str] = set()  # metrics beyond the most that are shown
        self._log = _Log()
        self._state = array("B")
        self._started = _Numbers(_meta("started"))
        self._finished = _Numbers(_meta("finished"))
        self._attempts = array("H")
        self._step = _Numbers(_meta("step"))
        self._texts = {name: _Words(_meta(name)) for name in ("agent", "origin", "error")}
        self._params = {p.name: _column(p) for p in sweep.space.parameters}
        self._short = _Words(_meta("short"), [False, True]) if sweep.stopping else None
        self._feasible = _Words(_meta("feasible"), [False, True]) if sweep.constraints else None
        self._metrics: dict[str, tuple[SummaryKind, _Numbers]] = {}
        for goal in sweep.goals:
            about: dict[str, Any] = {"name": goal.metric, "role": "goal"}
            about |= {"summary": goal.summary.value}
            about |= {"direction": goal.direction.value}
            self._metrics[goal.metric] = goal.summary, _Numbers(about)
        for bound in sweep.constraints:
            about = {"name": bound.metric, "role": "bound", "summary": bound.summary.value}
            about |= {"bound": bound.bound, "at_most": bound.at_most}
            self._metrics.setdefault(bound.metric, (bound.summary, _Numbers(about)))

    def add(self, changed: Sequence[Trial], version: int) -> None:
        """Take in trials that are new or changed, in the order of their numbers."""
        if self.count == 0:
            self._fill(changed, version)
        else:
            for trial in changed:
                self._put(trial, version)
        self._log.add(changed, self.count)
        self.version = version

    @property
    def edition(self) -> str:
        """What the columns are: blocks of the same edition can be put together."""
        return f"{self._own}.{self._kinds}"

    def block(self, since: int = 0, edition: str = "") -> bytes:
        """Return the rows that changed after a version, or all of them.

        Args:
            since: The version that the page has; 0 for none.
            edition: The edition that the page has; of another one it gets all.
        """
        rows = self._log.since(since) if since and edition == self.edition else None
        after = since if rows is not None else 0
        columns: list[_Numbers | _Words]
        columns = [self._started, self._finished, self._step, *self._texts.values()]
        columns += [column for column in (self._short, self._feasible) if column is not None]
        columns += [*self._params.values(), *(column for _, column in self._metrics.values())]
        arrays: list[tuple[str, array[Any]]] = [] if rows is None else [("#rows", array("I", rows))]
        arrays.append(("#state", _taken(self._state, rows)))
        arrays.append(("#attempts", _taken(self._attempts, rows)))
        described = []
        for place, column in enumerate(columns):
            described.append(column.describe(after))
            # By place, as a parameter and a metric may have the same name.
            arrays += [
                (f"{place}{name[len(column.about['name']) :]}", values)
                for name, values in column.arrays(rows)
            ]
        header = {
            "version": self.version,
            "edition": self.edition,
            "count": self.count,
            "states": [state.value for state in STATES],
            "columns": described,
            "hidden": len(self.hidden),
        }
        return pack(header, arrays)

    def _fill(self, trials: Sequence[Trial], version: int) -> None:
        """Take in the first trials, a column after the other: many times quicker than by rows."""
        self.count = len(trials)
        self._state = array("B", [_STATE_CODES[trial.state] for trial in trials])
        self._attempts = array("H", [min(trial.attempts, 0xFFFF) for trial in trials])
        self._started.fill([t.started.timestamp() if t.started else None for t in trials])
        self._finished.fill([t.finished.timestamp() if t.finished else None for t in trials])
        for name, words in self._texts.items():
            texts = [getattr(trial, name) for trial in trials]
            words.fill([text[:_LONGEST_TEXT] if text else _MISSING for text in texts], version)
        if self._short is not None:
            self._short.fill([is_cut_short(t, self.sweep.goals) for t in trials], version)
        if self._feasible is not None:
            bounds = self.sweep.constraints
            kept = [is_feasible(t, bounds) if t.state in _DECIDED else _MISSING for t in trials]
            self._feasible.fill(kept, version)
        for trial in trials:
            self._find_gone(trial)
        for name, column in list(self._params.items()):
            values = [trial.params.get(name, _MISSING) for trial in trials]
            if isinstance(column, _Words):
                column.fill(values, version)
            elif all(
                value is _MISSING or type(value) is float or _is_exact(value) for value in values
            ):
                column.fill([None if value is _MISSING else value for value in values])
                if self._was_edited:
                    for value in values:
                        if value is not _MISSING:
                            self._widen(column, value)
            else:  # somebody's own value among them
                for row, value in enumerate(values):
                    self._put_param(name, row, value, version)
        for trial in trials:
            self._meet(trial)
        steps: list[int | None] = [None] * len(trials)
        for name, (kind, numbers) in self._metrics.items():
            found: list[float | None] = []
            for row, trial in enumerate(trials):
                summary = trial.metrics.get(name)
                if summary is None:
                    found.append(None)
                    continue
                found.append(summary.value(kind))
                step = steps[row]
                if step is None or summary.last_step > step:
                    steps[row] = summary.last_step
            numbers.fill(found)
        self._step.fill(steps)

    def _put(self, trial: Trial, version: int) -> None:
        row = trial.number
        while len(self._state) <= row:
            self._state.append(0)
            self._attempts.append(0)
        self.count = len(self._state)
        self._state[row] = _STATE_CODES[trial.state]
        self._attempts[row] = min(trial.attempts, 0xFFFF)
        self._started.put(row, trial.started.timestamp() if trial.started else None)
        self._finished.put(row, trial.finished.timestamp() if trial.finished else None)
        texts = {"agent": trial.agent, "origin": trial.origin, "error": trial.error}
        for name, text in texts.items():
            self._texts[name].put(row, text[:_LONGEST_TEXT] if text else _MISSING, version)
        if self._short is not None:
            self._short.put(row, is_cut_short(trial, self.sweep.goals), version)
        if self._feasible is not None:
            decided = trial.state in _DECIDED
            kept = is_feasible(trial, self.sweep.constraints) if decided else _MISSING
            self._feasible.put(row, kept, version)
        self._find_gone(trial)
        for name in self._params:
            self._put_param(name, row, trial.params.get(name, _MISSING), version)
        self._put_metrics(trial)

    def _put_param(self, name: str, row: int, value: Value, version: int) -> None:
        column = self._params[name]
        if isinstance(column, _Words):
            column.put(row, value, version)
        elif type(value) is float:  # by far the most
            column.put(row, value)
            self._widen(column, value)
        elif value is _MISSING:
            column.put(row, None)
        elif _is_exact(value):
            column.put(row, value)
            self._widen(column, value)
        else:  # somebody's own value: from now on the column is one of words
            words = _Words(column.about)
            for at, number in enumerate(column.values[:row]):
                there = column.has is None or column.has[at]
                words.put(at, _whole(number, column.about) if there else _MISSING, version)
            words.put(row, value, version)
            self._params[name] = words
            self._kinds += 1

    def _find_gone(self, trial: Trial) -> None:
        """Make a column for each parameter that an edit of the sweep took out."""
        for name, value in trial.params.items():
            if name not in self._params:
                self._params[name] = _former(name, value, trial.number)
                self._kinds += 1

    def _widen(self, column: _Numbers, value: float) -> None:
        """Make room for a trial from before the range was narrowed."""
        if self._was_edited and math.isfinite(value):
            about = column.about
            if "low" in about and not about["low"] <= value <= about["high"]:
                about |= {"low": min(about["low"], value), "high": max(about["high"], value)}
                self._kinds += 1
            elif "choices" in about and value not in about["choices"]:
                about["choices"] = sorted([*about["choices"], float(value)])
                self._kinds += 1

    def _meet(self, trial: Trial) -> None:
        """Make a column for each metric that came up first in this trial."""
        for name in trial.metrics:
            if name not in self._metrics and name not in self.hidden:
                if len(self._metrics) >= MOST_METRICS:
                    self.hidden.add(name)
                    continue
                column = _Numbers({"name": name, "role": "metric", "summary": "last"})
                if self.count > 1:
                    column.put(self.count - 1, None)
                    column.has = array("B", bytes(self.count))
                self._metrics[name] = SummaryKind.LAST, column
                self._kinds += 1

    def _put_metrics(self, trial: Trial) -> None:
        row = trial.number
        self._meet(trial)
        step = None
        for name, (kind, column) in self._metrics.items():
            summary = trial.metrics.get(name)
            column.put(row, None if summary is None else summary.value(kind))
            if summary is not None and (step is None or summary.last_step > step):
                step = summary.last_step
        self._step.put(row, step)


def _column(parameter: Parameter) -> _Numbers | _Words:
    """Return the column that suits a parameter's values."""
    distribution = parameter.distribution
    about: dict[str, Any] = {"name": parameter.name, "role": "param"}
    about["text"] = distribution.describe()
    if parameter.when is not None:
        about["when"] = parameter.when.text
    if isinstance(distribution, Constant):
        about["constant"] = True
    if isinstance(distribution, (Choice, Constant)):
        values = distribution.values if isinstance(distribution, Choice) else [distribution.value]
        numbers = [value for value in values if _is_exact(value)]
        if len(numbers) < len(values) or len(values) == 1:
            return _Words(about, values)
        about |= {"choices": sorted({float(value) for value in numbers})}
        about["whole"] = all(isinstance(value, int) for value in values)
        return _Numbers(about)
    about |= {"whole": isinstance(distribution.at(0.5), int), "log": distribution.is_log}
    if isinstance(distribution, (Float, Int)):
        if not (_is_exact(distribution.low) and _is_exact(distribution.high)):
            return _Words(about)
        about |= {"low": distribution.low, "high": distribution.high}
    return _Numbers(about)


def _former(name: str, value: Value, row: int) -> _Numbers | _Words:
    """Return the column of a parameter that an edit of the sweep took out, up to a row."""
    about: dict[str, Any] = {"name": name, "role": "param", "text": "no longer varied"}
    if not _is_exact(value):
        words = _Words(about)
        if row:
            words.put(row - 1, _MISSING, 0)
        return words
    numbers = _Numbers(about | {"whole": isinstance(value, int), "log": False})
    if row:
        numbers.put(row - 1, None)
        numbers.has = array("B", bytes(row))
    return numbers


def _meta(name: str) -> dict[str, Any]:
    return {"name": name, "role": "meta"}


def _taken(values: "array[Any]", rows: Sequence[int] | None) -> "array[Any]":
    return values if rows is None else array(values.typecode, [values[row] for row in rows])


def _is_exact(value: Value) -> TypeGuard[int | float]:
    return is_number(value) and (not isinstance(value, int) or abs(value) <= _EXACT)


def _whole(number: float, about: dict[str, Any]) -> Value:
    return int(number) if about.get("whole") and number.is_integer() else number


def _json(value: Any) -> Any:
    """A value that JSON has; numbers that it lacks become their names."""
    if isinstance(value, float) and not math.isfinite(value):
        return repr(value)
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > _EXACT:
        return str(value)  # a browser would round it
    if isinstance(value, (list, tuple)):
        return [_json(item) for item in value]
    if isinstance(value, dict):
        return {str(key): _json(item) for key, item in value.items()}
    return value
