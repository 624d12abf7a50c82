"""A sweep: what is searched, how, with what, and for how long.

`Sweep` is the frozen definition that the user wrote; it is stored as JSON and read back
the same. What changes while it runs (its state, its budget) stands beside it in the
store's `SweepRecord`.
"""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from typing import Any

from sonde.core.constraint import Constraint
from sonde.core.distributions.values import Params, Value, frozen_value, text_of
from sonde.core.metric import Direction, Goal, SummaryKind
from sonde.core.space import Space
from sonde.errors import ConfigError

__all__ = [
    "Budget",
    "Command",
    "Control",
    "EarlierSweep",
    "Function",
    "Sweep",
    "check_name",
    "difference",
    "differences",
    "sweep_from_json",
    "sweep_to_json",
]

FORMAT = 1  # of the JSON below; raised when an older sonde could misread it
_LONGEST_NAME = 200


class Control(StrEnum):
    """What is to happen with a sweep, in W&B's words."""

    RUNNING = "running"  # trials are added while budget and method allow
    PAUSED = "paused"  # no new trial is started; running ones end by themselves
    STOPPED = "stopped"  # no new trial; when the running ones have ended, it has ended
    CANCELLED = "cancelled"  # running trials are ended at once
    DONE = "done"  # the budget is met, or the method has nothing left to propose


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """When enough has been done, and how much of it at once.

    Attributes:
        trials: How many in all, over every resume; failed ones count. None: until exhausted.
        time_s: Seconds of working time in all; then running trials are stopped.
        workers: How many trials run at once at most, whoever runs them. None: as many as agents
            take.
    """

    trials: int | None = None
    time_s: float | None = None
    workers: int | None = None

    def assignments(self, repeats: int) -> int | None:
        """Return how many assignments can be tried so often each; None: no limit."""
        return None if self.trials is None else max(self.trials // repeats, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A program to run once a trial.

    Attributes:
        argv: Program and arguments; `{name}` stands for a parameter's value.
        folder: The folder it is copied from and run in (absolute, on the submitter's machine).
        substitute: How values are put into the script: `syntax`, `regex` or `none`.
        script: The file that values are put into, relative to `folder`; None with `none`.
        workspace: `copy` (each trial in its own copy of the folder) or `none` (in place).
        links: Paths under `folder` that are linked into each copy instead of copied.
        program: With it `argv` is in W&B's notation, where `${args}` and other macros stand for
            the values and braces mean nothing; `${program}` is this text.
        metric_regex: A regular expression over stdout with a group for the value.
        grace_s: How long a trial that was asked to end may take before it is killed.
        code: Key of the folder's files, packed, where they are others by now than the sweep was
            made with and the store is a server; None: those it was made with.
    """

    argv: tuple[str, ...]
    folder: str
    substitute: str = "none"
    script: str | None = None
    workspace: str = "copy"
    links: tuple[str, ...] = ()
    metric_regex: str | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    grace_s: float = 5.0
    program: str | None = None
    code: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """A Python function to call once a trial.

    Attributes:
        name: Its name, for people.
        folder: The folder it is called in.
        blob: Key of its pickled form in the store, or None when only this process has it.
        code: Key of the files that it may import, packed, where the store is a server.
    """

    name: str
    folder: str
    blob: str | None = None
    grace_s: float = 5.0
    code: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlierSweep:
    """A sweep that this one learns from.

    Attributes:
        id: Its id, in whatever store it was.
        name: Its name then.
        blob: Key of what was taken from it when this one was made (`sonde.core.earlier`).
    """

    id: str
    name: str
    blob: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """The definition of a sweep.

    Attributes:
        work: What a trial runs; None where the user's own program asks and tells.
        method: Name of the search method, as the user gave it (`auto` too).
        stopping: The stopping rule, as `asha(eta=4, min_steps=3)`; None: trials run to their end.
        retries: How often a trial whose program failed is run again.
        lease_s: How long a silent agent keeps a trial.
        constraints: Bounds on metrics; a trial that breaks one is never the best.
        repeats: How often each assignment is tried.
        start: Assignments to try first, in this order, whatever the method.
        earlier: What it learns from.
        groups: Names whose parameters belong together, as `opt` of `opt.lr`: programs are given
            one dict of them (W&B's nested parameters).
        version: Which of the sweep's definitions this is, from 1; given by the store.
        backfill: Values that later parameters had in the trials of before they were there.
        max_failures: So many failed trials in a row stop it; 0: no number does. None: only those
            at its very beginning (`sonde.core.failing`).
    """

    space: Space
    goals: tuple[Goal, ...] = ()
    method: str = "auto"
    seed: int = 0
    budget: Budget = Budget()
    work: Command | Function | None = None
    name: str | None = None
    project: str | None = None
    retries: int = 0
    lease_s: float = 10.0
    tags: tuple[str, ...] = ()
    constraints: tuple[Constraint, ...] = ()
    repeats: int = 1
    start: tuple[Params, ...] = ()
    earlier: tuple[EarlierSweep, ...] = ()
    groups: tuple[str, ...] = ()
    stopping: str | None = None
    version: int = 1
    backfill: Mapping[str, Value] = field(default_factory=dict)
    max_failures: int | None = None

    @property
    def wanted(self) -> tuple[str, ...]:
        """The metrics that trials must report: those of the goals, then of the constraints."""
        names = [goal.metric for goal in self.goals]
        names += [constraint.metric for constraint in self.constraints]
        return tuple(dict.fromkeys(names))


def check_name(name: str, place: str) -> None:
    """Refuse what cannot serve as a sweep's name.

    Args:
        name: As the user gave it.
        place: Where, for the error.

    Raises:
        ConfigError: If it is blank, long, unprintable, or would be read as a trial's.
    """
    if not name.strip():
        raise ConfigError(place, "that is no name", "use some text, or leave it out")
    if not name.isprintable():
        shown = repr(name)[1:-1]
        raise ConfigError(
            place.replace(name, shown), "a character in it cannot be printed", "leave it out"
        )
    if len(name) > _LONGEST_NAME:
        raise ConfigError(
            place.replace(name, f"{name[:20]}..."),
            f"it has {len(name)} characters",
            f"use at most {_LONGEST_NAME}",
        )
    head, slash, tail = name.rpartition("/")
    if slash and tail.isascii() and tail.isdigit():
        raise ConfigError(
            place, f"it reads as trial {tail} of {head}", f"choose another, such as {head}-{tail}"
        )


def sweep_to_json(sweep: Sweep) -> dict[str, Any]:
    """Return the definition as JSON values; `sweep_from_json` reads it back the same."""
    work: dict[str, Any] | None = None
    if sweep.work is not None:
        kind = "command" if isinstance(sweep.work, Command) else "function"
        work = {"kind": kind} | {f.name: getattr(sweep.work, f.name) for f in fields(sweep.work)}
        for key in ("argv", "links"):
            if key in work:
                work[key] = list(work[key])
        if "env" in work:
            work["env"] = dict(work["env"])
    return {
        "format": FORMAT,
        "space": sweep.space.to_json(),
        "goals": [
            {"metric": g.metric, "direction": g.direction.value, "summary": g.summary.value}
            | ({} if g.target is None else {"target": g.target})
            | ({} if g.impute is None else {"impute": g.impute})
            for g in sweep.goals
        ],
        "method": sweep.method,
        "seed": sweep.seed,
        "budget": {"trials": sweep.budget.trials, "time_s": sweep.budget.time_s}
        | ({} if sweep.budget.workers is None else {"workers": sweep.budget.workers}),
        "work": work,
        "name": sweep.name,
        "project": sweep.project,
        "retries": sweep.retries,
        "lease_s": sweep.lease_s,
        "tags": list(sweep.tags),
        "constraints": [
            {"metric": c.metric, "bound": c.bound, "at_most": c.at_most, "summary": c.summary.value}
            for c in sweep.constraints
        ],
        "repeats": sweep.repeats,
        "start": [dict(params) for params in sweep.start],
        "earlier": [{"id": e.id, "name": e.name, "blob": e.blob} for e in sweep.earlier],
        "groups": list(sweep.groups),
        "stopping": sweep.stopping,
        "version": sweep.version,
        "backfill": dict(sweep.backfill),
        "max_failures": sweep.max_failures,
    }


def sweep_from_json(data: Mapping[str, Any]) -> Sweep:
    """Read what `sweep_to_json` wrote; keys of later formats that are unknown are left out."""
    work: Command | Function | None = None
    if data["work"] is not None:
        given = dict(data["work"])
        kind = Command if given.pop("kind") == "command" else Function
        known = {f.name for f in fields(kind)}
        given = {key: value for key, value in given.items() if key in known}
        for key in ("argv", "links"):
            if key in given:
                given[key] = tuple(given[key])
        work = kind(**given)
    return Sweep(
        space=Space.from_json(data["space"]),
        goals=tuple(
            Goal(
                metric=g["metric"],
                direction=Direction(g["direction"]),
                summary=SummaryKind(g["summary"]),
                target=g.get("target"),
                impute=g.get("impute"),
            )
            for g in data["goals"]
        ),
        method=data["method"],
        seed=data["seed"],
        budget=Budget(**data["budget"]),
        work=work,
        name=data["name"],
        project=data["project"],
        retries=data["retries"],
        lease_s=data["lease_s"],
        tags=tuple(data["tags"]),
        constraints=tuple(
            Constraint(
                metric=c["metric"],
                bound=c["bound"],
                at_most=c["at_most"],
                summary=SummaryKind(c["summary"]),
            )
            for c in data.get("constraints", ())  # definitions of before there were any
        ),
        repeats=data.get("repeats", 1),
        start=tuple(
            {name: frozen_value(value, "start") for name, value in params.items()}
            for params in data.get("start", ())
        ),
        earlier=tuple(
            EarlierSweep(id=e["id"], name=e["name"], blob=e["blob"])
            for e in data.get("earlier", ())
        ),
        groups=tuple(data.get("groups", ())),
        stopping=data.get("stopping"),
        version=data.get("version", 1),
        backfill={
            name: frozen_value(value, "backfill")
            for name, value in data.get("backfill", {}).items()
        },
        max_failures=data.get("max_failures"),
    )


def difference(old: Sweep, new: Sweep) -> list[str]:
    """List where two definitions differ, a line each, for people: `seed: 0, now 7`.

    The budget is left out (a sweep may be given more), and so are name, project, tags, version
    and how many failures stop it. Of earlier sweeps it counts which they are, and not what they
    had taught by then.
    """
    return [f"{key}: {before}, now {after}" for key, before, after in differences(old, new)]


def differences(old: Sweep, new: Sweep) -> list[tuple[str, Any, Any]]:
    """Return the same in parts: what differs, how it was and how it is."""
    blank = {
        "budget": Budget(), "name": None, "project": None, "tags": (), "version": 1,
        "max_failures": None,
    }  # fmt: skip
    before, after = (_told(replace(s, **blank)) for s in (old, new))  # type: ignore[arg-type]
    keys = list(dict.fromkeys([*before, *after]))
    absent = "absent"
    return [
        (key, before.get(key, absent), after.get(key, absent))
        for key in keys
        if before.get(key, absent) != after.get(key, absent)
    ]


def _told(sweep: Sweep) -> dict[str, Any]:
    """The definition, flat, with goals and command as people write them."""
    flat = _flat(sweep_to_json(sweep))
    flat["goals"] = " and ".join(goal.describe() for goal in sweep.goals) or "none"
    if isinstance(sweep.work, Command):
        flat["work.argv"] = shlex.join(sweep.work.argv)
    flat["start"] = "; ".join(map(_point, sweep.start)) or "none"
    flat["earlier"] = ", ".join(source.id for source in sweep.earlier) or "none"
    flat.pop("work.code", None)  # what the files are now: they may change under a sweep
    if not sweep.backfill:
        del flat["backfill"]
    flat["stopping"] = sweep.stopping or "none"
    return flat


def _point(params: Params) -> str:
    return ",".join(f"{name}={text_of(value)}" for name, value in params.items())


def _flat(data: Any, path: str = "") -> dict[str, Any]:
    if isinstance(data, dict) and data:
        flat: dict[str, Any] = {}
        for key, value in data.items():
            flat |= _flat(value, f"{path}.{key}" if path else str(key))
        return flat
    return {path: data}
