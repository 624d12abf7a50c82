"""Metrics found in what a trial prints, by the user's regular expression.

The pattern meets bytes, a line at a time (a carriage return ends a line too: progress bars),
so output that is no text does no harm. Colours and other escape sequences of terminals are
taken out before. Which metric a match is of:

- a group called `value`: the metric that the group `name` holds, or the goal's without that;
- other named groups: each a metric of that name;
- otherwise the first group: the goal's metric.

A group called `step` is the step.
"""

import re
import time
from collections.abc import Sequence
from pathlib import Path

from sonde.core.trial import Report
from sonde.errors import ConfigError

__all__ = ["Printed", "check_pattern"]

_CHUNK = 4 << 20  # read at a time, so that one poll takes milliseconds
_LONGEST = 1 << 16  # of a line; the rest is looked at as a line of its own
# ECMA-48: control sequences (colours, the cursor), strings such as a title or a link up to
# their end, and the sequences of two or three bytes.
_ESCAPES = re.compile(
    rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|[]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)|[ -/]*[0-Z\\^-~])"
)
_RESERVED = frozenset({"name", "value", "step"})


class Printed:
    """Follows a log and finds metrics in it."""

    def __init__(self, path: Path, pattern: str, goals: Sequence[str] = ()) -> None:
        self._path = path
        self._pattern = check_pattern(pattern)
        self._metric = goals[0] if goals else "value"
        self._groups = [name for name in self._pattern.groupindex if name not in _RESERVED]
        self._offset = 0
        self._rest = b""
        self._next_step = 0

    def poll(self, *, final: bool = False) -> list[Report]:
        """Return what is new; with `final` all of it, also a last line without its end."""
        reports: list[Report] = []
        while data := self._read():
            data = self._rest + data
            cut = max(data.rfind(b"\n"), data.rfind(b"\r")) + 1
            if not cut and len(data) > _LONGEST:
                cut = len(data)
            self._rest = data[cut:]
            self._search(data[:cut], reports)
            if not final:
                break
        if final and self._rest:
            self._search(self._rest, reports)
            self._rest = b""
        return reports

    def _read(self) -> bytes:
        try:
            if self._path.stat().st_size <= self._offset:
                return b""
            with self._path.open("rb") as source:
                source.seek(self._offset)
                data = source.read(_CHUNK)
        except OSError:
            return b""
        self._offset += len(data)
        return data

    def _search(self, data: bytes, reports: list[Report]) -> None:
        if b"\x1b" in data:
            data = _ESCAPES.sub(b"", data)
        for line in re.split(rb"[\r\n]+", data):
            for match in self._pattern.finditer(line):
                report = self._report(match)
                if report is not None:
                    reports.append(report)

    def _report(self, match: re.Match[bytes]) -> Report | None:
        index = self._pattern.groupindex
        if "value" in index:
            named = match["name"] if "name" in index else None
            found = {(named or self._metric.encode()).decode(errors="replace"): match["value"]}
        elif self._groups:
            found = {name: match[name] for name in self._groups}
        else:
            found = {self._metric: match[1]}
        metrics = {}
        for name, text in found.items():
            number = _number(text)
            if number is not None:
                metrics[name] = number
        if not metrics:
            return None
        given = _number(match["step"]) if "step" in index else None
        step = int(given) if given is not None and abs(given) < 2**63 else self._next_step
        self._next_step = step + 1
        return Report(step, metrics, time.time())


def check_pattern(pattern: str) -> re.Pattern[bytes]:
    """Compile a pattern for `--metric-regex`.

    Raises:
        ConfigError: If it is no regular expression, or has no group.
    """
    where = f"--metric-regex={pattern}"
    try:
        compiled = re.compile(pattern.encode())
    except (re.error, OverflowError) as error:
        raise ConfigError(
            where, f"it is no regular expression ({error})", r"write for instance 'loss: (\S+)'"
        ) from error
    if not compiled.groups:
        raise ConfigError(
            where, "it has no group for the value", r"put it in brackets: 'loss: (\S+)'"
        )
    return compiled


def _number(text: bytes | None) -> float | None:
    try:
        return None if text is None else float(text)
    except ValueError:
        return None
