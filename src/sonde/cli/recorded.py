"""What was recorded with a sweep or a trial, in short, for people; JSON has all of it."""

import shlex
from collections.abc import Mapping
from typing import Any

from sonde.cli.cells import duration, one_line
from sonde.cli.typed import typed

__all__ = ["Facts", "sweep_recorded", "trial_recorded"]

Facts = list[tuple[str, str]]  # a name and a line of text; one without text is left out


def sweep_recorded(name: str, facts: Mapping[str, Any]) -> Facts:
    """Return where a sweep of this name was made, with which Python, from which commit."""
    made = " on ".join(str(facts[key]) for key in ("user", "host") if facts.get(key))
    platform = facts.get("platform")
    return [
        ("made by", f"{made}, {platform}" if made and platform else made),
        ("python", _python(facts.get("python"))),
        ("packages", typed("show", name, options=["--packages"]) if facts.get("packages") else ""),
        ("git", _git(facts.get("git"))),
        ("diff", typed("show", name, options=["--diff"]) if _is_dirty(facts.get("git")) else ""),
    ]


def trial_recorded(facts: Mapping[str, Any]) -> Facts:
    """Return what a trial ran, where, how it ended and what it used."""
    argv, status = facts.get("argv"), facts.get("exit_status")
    used = []
    if (cpu_s := facts.get("cpu_s")) is not None:
        used.append(f"{duration(cpu_s)} of CPU time")
    if (memory := facts.get("memory_mb")) is not None:
        used.append(f"{memory:g} MB of memory")
    return [
        ("command", shlex.join(map(str, argv)) if argv else ""),
        ("host", str(facts.get("host", ""))),
        ("devices", ", ".join(map(str, facts.get("devices", ())))),
        ("exit status", "" if status is None else str(status)),
        ("signal", str(facts.get("signal", ""))),
        ("used", ", ".join(used)),
        ("warning", one_line(str(facts.get("warning", "")))),
        ("notes", one_line("; ".join(map(str, facts.get("notes", ()))))),
    ]


def _python(found: Any) -> str:
    if not isinstance(found, Mapping):
        return ""
    text = f"{found.get('version', '')} at {found.get('path', '?')}".strip()
    return f"{text}, {found['count']} packages" if found.get("count") else text


def _is_dirty(found: Any) -> bool:
    return isinstance(found, Mapping) and bool(found.get("dirty"))


def _git(found: Any) -> str:
    if not isinstance(found, Mapping) or not found.get("commit"):
        return ""
    branch = f" on {found['branch']}" if found.get("branch") else ""
    dirty = ", with changes that were not committed" if found.get("dirty") else ""
    return f"{str(found['commit'])[:12]}{branch}{dirty}"
