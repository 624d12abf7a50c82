"""From the options of `sonde run` to the definition of a sweep."""

import re
import secrets
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sonde.agent.command import command_of
from sonde.agent.devices import Devices, cores
from sonde.cli.faults import Faults
from sonde.cli.gpus import gpus_of
from sonde.cli.spans import seconds_of
from sonde.core.expressions import Expression
from sonde.core.metric import Goal, parse_goal
from sonde.core.notation import Parsed, parse_hyperparam, parse_short
from sonde.core.parameter import Parameter
from sonde.core.search import Request, choose, method
from sonde.core.space import Space
from sonde.core.sweep import Budget, Command, Sweep
from sonde.errors import ConfigError

__all__ = ["Plan", "RunOptions", "plan"]

DEFAULT_TRIALS = 100
_TEMPLATE = re.compile(r"\{([^\W\d][\w.\-]*)\}")
SUBSTITUTES = {"ast": "syntax"}  # other words for the same
NOT_YET = {"ray", "dask", "slurm", "cloud", "gcloud", "gcspot", "ec2", "ec2spot", "kubernetes"}


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """The options of `sonde run` as they were written; None where one was not."""

    where: tuple[str, ...]
    when: tuple[str, ...]
    metric: tuple[str, ...]
    metric_regex: str | None
    trials: str | None
    time: str | None
    method: str
    seed: str | None
    name: str | None
    project: str | None
    retries: str
    workers: str | None
    on: str | None
    cloud: str | None
    cpus_per_trial: str
    gpus: str | None
    gpus_per_trial: str | None
    substitute: str | None
    link: tuple[str, ...]
    workspace: str
    python: str | None
    grace: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to be done.

    Attributes:
        readings: How each parameter was read.
        given: Which of `seed`, `trials` and `time` the user gave; the others were chosen.
        notes: What was chosen, for people.
        workers: How many trials at once.
    """

    sweep: Sweep
    readings: tuple[Parsed, ...]
    given: frozenset[str]
    notes: tuple[str, ...]
    workers: int
    gpus: tuple[str, ...]
    gpus_per_trial: float
    cpus_per_trial: int
    method: str
    method_reason: str

    @property
    def command(self) -> Command:
        """The command."""
        if not isinstance(self.sweep.work, Command):
            raise TypeError("a plan of the command line always has a command")
        return self.sweep.work


@dataclass(slots=True)
class _Draft:
    faults: Faults = field(default_factory=Faults)
    notes: list[str] = field(default_factory=list)
    given: set[str] = field(default_factory=set)


def plan(
    options: RunOptions,
    ranges: Sequence[tuple[str, str]],
    words: Sequence[str],
    folder: Path,
    refused: Sequence[tuple[str, str]] = (),
) -> Plan:
    """Read everything that was written.

    Args:
        options: As click gave them.
        ranges: Flag and text of each parameter.
        words: The script and its arguments.
        folder: Where the user is.
        refused: Options of StudioML that mean nothing here, and what to do instead.

    Raises:
        ConfigError: With all faults at once.
    """
    draft = _Draft()
    faults = draft.faults
    for word, remedy in refused:
        faults.add(word, "StudioML's option means nothing here", remedy)
    parsed = _parameters(ranges, words, faults)
    goals = _goals(options.metric, draft)
    space = _space(parsed, options, faults)
    seed = _whole(options.seed, "--seed", 0, faults)
    trials = _whole(options.trials, "--trials", 1, faults)
    retries = _whole(options.retries, "--retries", 0, faults) or 0
    time_s = None
    if options.time is not None:
        with faults.collected():
            time_s = seconds_of(options.time, "--time")
    given = {"seed": seed, "trials": trials, "time": time_s}
    draft.given |= {name for name, value in given.items() if value is not None}
    devices = _devices(options, faults)
    workers = _workers(options, devices, faults)
    _place(options, faults)
    method_name, reason = "random", ""
    if space is not None:
        with faults.collected():
            method_name, reason = _method(space, goals, options.method, trials)
    work = None
    if space is not None and words:
        with faults.collected():
            work = _command(options, words, folder, space, faults)
        if work is None:
            _unknown_templates(words, space, faults)
    faults.refuse()
    if space is None or work is None or devices is None:
        raise ConfigError("script", "there is nothing to run", "write: sonde run ... train.py")
    if seed is None:
        seed = secrets.randbelow(2**31)
    if trials is None and time_s is None and method_name != "grid":
        size = space.size
        trials = DEFAULT_TRIALS if size is None else min(DEFAULT_TRIALS, size)
        draft.notes.append(f"no --trials and no --time: {trials} trials")
    names, per_trial, cpus = devices
    sweep = Sweep(
        space=space, goals=goals, method=options.method, seed=seed,
        budget=Budget(trials=trials, time_s=time_s), work=work, name=options.name,
        project=options.project, retries=retries,
    )  # fmt: skip
    return Plan(
        sweep=sweep, readings=tuple(parsed), given=frozenset(draft.given),
        notes=tuple(draft.notes), workers=workers, gpus=names, gpus_per_trial=per_trial,
        cpus_per_trial=cpus, method=method_name, method_reason=reason,
    )  # fmt: skip


def _parameters(
    ranges: Sequence[tuple[str, str]], words: Sequence[str], faults: Faults
) -> list[Parsed]:
    parsed: dict[str, Parsed] = {}
    for flag, text in ranges:
        read = parse_short if flag == "argument" else parse_hyperparam
        with faults.collected():
            one = read(text, flag=flag)
            if one.name in parsed:
                faults.add(f"{flag} {text}", f"{one.name} is given twice", "keep one of them")
            parsed[one.name] = one
    if not words:
        faults.add("script", "there is none", "write: sonde run --hyperparam NAME=RANGE train.py")
    elif not ranges:
        name, equals, value = words[0].partition("=")
        behind = next((w for w in words if w.startswith(("--hyperparam", "-hp"))), None)
        if behind:
            faults.add(
                behind, f"it stands behind {words[0]} and so is the script's own",
                f"write it before: sonde run {behind} ... {words[0]}",
            )  # fmt: skip
        elif equals and name.isidentifier() and not Path(words[0]).exists():
            faults.add(
                words[0], "one value alone is taken for the script",
                f"write --hyperparam {name}={value or 'VALUE'}",
            )  # fmt: skip
        else:
            faults.add(
                "parameters", "nothing is to be searched",
                f"add for instance --hyperparam lr=1e-4:l4:0.1 before {words[0]}",
            )  # fmt: skip
    return list(parsed.values())


def _goals(texts: Sequence[str], draft: _Draft) -> tuple[Goal, ...]:
    goals: list[Goal] = []
    for text in texts:
        with draft.faults.collected():
            goal = parse_goal(text)
            if any(goal.metric == other.metric for other in goals):
                draft.faults.add(
                    f"--metric {text}", f"{goal.metric} is given twice", "keep one of them"
                )
            goals.append(goal)
    if not texts:
        draft.notes.append(
            "no --metric: all trials are run, none is best; add for instance --metric val_loss:min"
        )
    return tuple(goals)


def _space(parsed: Sequence[Parsed], options: RunOptions, faults: Faults) -> Space | None:
    conditions: dict[str, Expression] = {}
    for text in options.when:
        name, equals, expression = (part.strip() for part in text.partition("="))
        if not equals or not expression:
            faults.add(
                f"--when {text}", "no NAME=EXPRESSION", "write --when \"momentum=opt == 'sgd'\""
            )
            continue
        if name not in {p.name for p in parsed}:
            known = ", ".join(p.name for p in parsed) or "none"
            faults.add(f"--when {text}", f"there is no parameter {name}", f"there are: {known}")
            continue
        with faults.collected():
            conditions[name] = _expression(expression, f"--when {text}")
    relations: list[Expression] = []
    for text in options.where:
        with faults.collected():
            relations.append(_expression(text, f"--where {text}"))
    if faults.found and not parsed:
        return None
    with faults.collected():
        return Space(
            tuple(Parameter(p.name, p.distribution, conditions.get(p.name)) for p in parsed),
            tuple(relations),
        )
    return None


def _expression(text: str, place: str) -> Expression:
    try:
        return Expression(text)
    except ConfigError as fault:
        raise ConfigError(place, fault.found, fault.remedy) from fault


def _method(space: Space, goals: Sequence[Goal], name: str, trials: int | None) -> tuple[str, str]:
    """The method that will be at work; it is started once, so that it can refuse."""
    chosen, reason = choose(space, name, trials=trials)
    try:
        found = method(chosen)
    except ConfigError as fault:
        raise ConfigError(f"--method {name}", fault.found, fault.remedy) from fault
    # One that cannot search this space, or finds no point in it, says so before anything is made.
    found.propose(found.start(space, goals, 0), Request(first=0, count=1))
    return chosen, reason


def _devices(options: RunOptions, faults: Faults) -> tuple[tuple[str, ...], float, int] | None:
    cpus = _whole(options.cpus_per_trial, "--cpus-per-trial", 0, faults) or 0
    per_trial = 0.0
    if options.gpus_per_trial is not None:
        try:
            per_trial = float(options.gpus_per_trial)
        except ValueError:
            faults.add(
                f"--gpus-per-trial {options.gpus_per_trial}", "that is no number", "write 0.5 or 1"
            )
    with faults.collected():
        names = gpus_of(options.gpus)
        Devices(names, per_trial)
        return names, per_trial, cpus
    return None


def _workers(
    options: RunOptions, devices: tuple[tuple[str, ...], float, int] | None, faults: Faults
) -> int:
    """As asked, or one a core; never more than devices and cores allow."""
    asked = _whole(options.workers, "-j", 1, faults)
    if devices is None:
        return 1
    names, per_trial, cpus = devices
    room = [asked if asked is not None else cores()]
    capacity = Devices(names, per_trial).capacity
    if capacity is not None:
        room = [asked or capacity, capacity]
    if cpus:
        room.append(max(cores() // cpus, 1))
    return max(min(room), 1)


def _place(options: RunOptions, faults: Faults) -> None:
    for flag, place in (("--on", options.on), ("--cloud", options.cloud)):
        if place in NOT_YET:
            faults.add(f"{flag} {place}", "sonde cannot run there yet", f"use {flag} local")
        elif place not in {None, "local"}:
            faults.add(f"{flag} {place}", "there is no such place", f"use {flag} local")


def _command(
    options: RunOptions, words: Sequence[str], folder: Path, space: Space, faults: Faults
) -> Command:
    grace_s = 0.0
    with faults.collected():
        grace_s = seconds_of(options.grace, "--grace")
    if options.python is not None and shutil.which(options.python) is None:
        faults.add(f"--python {options.python}", "there is no such program", "check the path")
    substitute = options.substitute
    return command_of(
        words, folder=folder, space=space,
        substitute=None if substitute is None else SUBSTITUTES.get(substitute, substitute),
        workspace=options.workspace, links=options.link, metric_regex=options.metric_regex,
        python=options.python, grace_s=grace_s,
    )  # fmt: skip


def _unknown_templates(words: Sequence[str], space: Space, faults: Faults) -> None:
    """Name `{...}` that mean no parameter; only where a value does not arrive, as text may."""
    known = [parameter.name for parameter in space.parameters]
    for word in words[1:]:
        for name in _TEMPLATE.findall(word):
            if name not in known:
                faults.add(word, f"there is no parameter {name}", f"write {{{'}, {'.join(known)}}}")


def _whole(text: str | None, flag: str, least: int, faults: Faults) -> int | None:
    if text is None:
        return None
    try:
        value = int(text)
    except ValueError:
        faults.add(f"{flag} {text}", "that is no whole number", f"write {max(least, 1)} or more")
        return None
    if value < least:
        faults.add(f"{flag} {text}", f"{value} is too few", f"write {least} or more")
        return None
    return value
