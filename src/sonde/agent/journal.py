"""The journal `reports.jsonl`, followed as a trial writes it: one JSON object a line.

    {"step": 3, "val_loss": 0.41, "_time": 1718.2}

A line without its end waits for it; one that cannot be read is counted and passed over.
"""

import json
import math
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sonde.core.trial import Report

__all__ = ["Journal"]

_CHUNK = 1 << 20
_NOTES = 10  # kept, of things that are no numbers
_LONGEST = 1 << 20  # of one line


class Journal:
    """Reads one journal from where it left off.

    Attributes:
        damaged: How many lines could not be read.
        notes: What stood where a number should, each once.
    """

    def __init__(self, path: Path) -> None:
        self.damaged = 0
        self.notes: list[str] = []
        self._path = path
        self._offset = 0
        self._rest = b""
        self._next_step = 0

    def poll(self, *, final: bool = False) -> list[Report]:
        """Return what is new; with `final`, also a last line without its end."""
        reports: list[Report] = []
        while data := self._read():
            *lines, self._rest = (self._rest + data).split(b"\n")
            if len(self._rest) > _LONGEST:  # no report is; do not gather it for ever
                self.damaged += 1
                self._rest = b""
            self._parse(lines, reports)
        if final and self._rest:
            self._parse([self._rest], reports)
            self._rest = b""
        return reports

    def _read(self) -> bytes:
        try:
            if self._path.stat().st_size <= self._offset:
                return b""
            with self._path.open("rb") as source:
                source.seek(self._offset)
                data = source.read(_CHUNK)
        except OSError:  # it is not there yet
            return b""
        self._offset += len(data)
        return data

    def _parse(self, lines: list[bytes], reports: list[Report]) -> None:
        for line in lines:
            if not line.strip():
                continue
            try:
                entry = json.loads(line)
            except (ValueError, RecursionError):
                self.damaged += 1
                continue
            if not isinstance(entry, dict):
                self.damaged += 1
                continue
            report = self._report(entry)
            if report is not None:
                reports.append(report)

    def _report(self, entry: Mapping[str, Any]) -> Report | None:
        step, stamp = self._step(entry.get("step")), entry.get("_time")
        metrics: dict[str, float] = {}
        for name, value in entry.items():
            if name in {"step", "_time"}:
                continue
            number = self._number(name, value)
            if number is not None:
                metrics[name] = number
        if not metrics:
            return None
        self._next_step = step + 1
        is_time = isinstance(stamp, int | float) and math.isfinite(stamp)
        return Report(step, metrics, float(stamp) if is_time else time.time())  # type: ignore[arg-type]

    def _step(self, given: object) -> int:
        """Return the step given, or the one after the last where there is none."""
        if given is None:
            return self._next_step
        number = self._number("step", given)
        if number is None or not math.isfinite(number) or abs(number) >= 2**63:
            self._note(f"step is {_shown(given)}, which is no step")
            return self._next_step
        return int(number)

    def _number(self, name: str, value: object) -> float | None:
        if isinstance(value, str):
            # Shells find it hard to write numbers otherwise.
            try:
                return float(value)
            except ValueError:
                self._note(f"{name} is {_shown(value)}, which is no number")
                return None
        if isinstance(value, int | float):  # true and false too: 1 and 0
            try:
                return float(value)
            except OverflowError:
                return math.inf if value > 0 else -math.inf
        self._note(f"{name} is {_shown(value)}, which is no number")
        return None

    def _note(self, text: str) -> None:
        note = f"reports.jsonl: {text}"
        if len(self.notes) < _NOTES and note not in self.notes:
            self.notes.append(note)


def _shown(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 40 else text[:37] + "..."
