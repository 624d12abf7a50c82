"""From the options of `sonde run` to the definition of a sweep."""

import secrets
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from sonde.agent.command import command_of
from sonde.cli.clouds import machines_of
from sonde.cli.crew import Crew, crew_of, each_of, place_of
from sonde.cli.faults import Faults
from sonde.cli.gpus import doubts
from sonde.cli.quantities import seconds_of, whole_of
from sonde.cli.searched import (
    constraints_of,
    goals_of,
    is_assignment,
    parameters_of,
    space_of,
    unknown_templates,
)
from sonde.core.constraint import Constraint
from sonde.core.decide import check, problem_of
from sonde.core.distributions.values import Params
from sonde.core.metric import Goal
from sonde.core.notation import Parsed
from sonde.core.point import completed_points, read_point
from sonde.core.search import choose
from sonde.core.space import Space
from sonde.core.stopping.judge import judge_of
from sonde.core.substitute import mistyped
from sonde.core.sweep import Budget, Command, Sweep, check_name
from sonde.errors import ConfigError
from sonde.executors.places import is_cloud, is_here
from sonde.plugins.methods import method
from sonde.plugins.rules import rule

__all__ = ["Plan", "RunOptions", "plan"]

DEFAULT_TRIALS = 100
SUBSTITUTES = {"ast": "syntax"}  # other words for the same


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """The options of `sonde run` as they were written; None where one was not."""

    where: tuple[str, ...]
    when: tuple[str, ...]
    metric: tuple[str, ...]
    subject_to: tuple[str, ...]
    metric_regex: str | None
    trials: str | None
    time: str | None
    method: str
    stopping: str | None
    tries: tuple[str, ...]
    earlier: tuple[str, ...]
    seed: str | None
    name: str | None
    project: str | None
    repeats: str
    retries: str
    max_failures: str | None
    workers: str | None
    on: str | None
    cloud: str | None
    cloud_spot: bool
    cloud_timeout: str | None
    cloud_price: str | None
    disk: str | None
    image: str | None
    bid: str | None
    ssh_keypair: str | None
    user_startup_script: str | None
    address: str | None
    cpus_per_trial: str | None
    gpus: str | None
    gpus_per_trial: str | None
    memory_per_trial: str | None
    resources: tuple[str, ...]
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
        crew: Who runs it.
        earlier: The sweeps to learn from, as they were written; the definition will name them.
    """

    sweep: Sweep
    readings: tuple[Parsed, ...]
    given: frozenset[str]
    notes: tuple[str, ...]
    crew: Crew
    method: str
    method_reason: str
    earlier: tuple[str, ...] = ()

    @property
    def command(self) -> Command:
        """The command."""
        if not isinstance(self.sweep.work, Command):
            raise TypeError("a plan of the command line always has a command")
        return self.sweep.work


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
    faults = Faults()
    for word, remedy in refused:
        faults.add(word, "StudioML's option means nothing here", remedy)
    parsed = parameters_of(ranges, words, faults)
    goals = goals_of(options.metric, faults)
    constraints = constraints_of(options.subject_to, faults)
    space = space_of(parsed, options.where, options.when, faults)
    seed = whole_of(options.seed, "--seed", 0, faults)
    trials = whole_of(options.trials, "--trials", 1, faults)
    retries = whole_of(options.retries, "--retries", 0, faults) or 0
    repeats = whole_of(options.repeats, "--repeats", 1, faults) or 1
    most_failures = whole_of(options.max_failures, "--max-failures", 0, faults)
    time_s = None
    if options.time is not None:
        with faults.collected():
            time_s = seconds_of(options.time, "--time")
    written = {"seed": seed, "trials": trials, "time": time_s}
    given = frozenset(name for name, value in written.items() if value is not None)
    if options.name is not None:
        with faults.collected():
            check_name(options.name, f"--name {options.name}")
    place = place_of(
        options.on, options.cloud, faults, options.address, machines_of(asdict(options))
    )
    gpus, gpus_per_trial = options.gpus, options.gpus_per_trial
    if is_cloud(place):
        # StudioML's word: there are no devices to name yet.
        gpus, gpus_per_trial = None, gpus_per_trial if gpus is None else gpus
    each = each_of(
        options.cpus_per_trial, gpus_per_trial, options.memory_per_trial, options.resources, faults
    )
    crew = crew_of(options.workers, gpus, each, faults, place)
    method_name, reason = "random", ""
    if space is not None:
        with faults.collected():
            method_name, reason = _method(space, goals, constraints, options, trials, repeats)
    if space is not None and options.stopping is not None:
        with faults.collected():
            _check_rule(space, goals, repeats, options.stopping)
    start: tuple[Params, ...] = ()
    if space is not None and options.tries:
        start = _start(options.tries, space, faults)
    work = None
    if space is not None and words and not is_assignment(words[0]):
        with faults.collected():
            work = _command(options, words, folder, space, faults)
        if work is None:
            unknown_templates(words, space, faults)
    faults.refuse()
    if space is None or work is None:
        raise ConfigError("script", "there is nothing to run", "write: sonde run ... train.py")
    if seed is None:
        seed = secrets.randbelow(2**31)
    notes = list(doubts(crew.gpus)) if is_here(crew.place) else []
    notes += [
        f"{word}: there is no parameter {name}, so it is passed as it stands; is {{{near}}} meant?"
        for word, name, near in mistyped(words[1:], [p.name for p in space.parameters])
    ]
    if not goals:
        notes.append(
            "no --metric: all trials are run, none is best; add for instance --metric val_loss:min"
        )
    if trials is None and time_s is None and method_name != "grid":
        size = space.size
        trials = DEFAULT_TRIALS if size is None else min(DEFAULT_TRIALS, size)
        trials *= repeats
        notes.append(f"no --trials and no --time: {trials} trials")
    if repeats > 1 and trials is not None and trials % repeats:
        notes.append(
            f"--trials counts trials: {trials} are {trials // repeats} assignments of {repeats} "
            f"repeats, and {trials % repeats} of a last one that so has no mean"
        )
    sweep = Sweep(
        space=space, goals=goals, method=options.method, seed=seed,
        budget=Budget(trials=trials, time_s=time_s), work=work, name=options.name,
        project=options.project, retries=retries, constraints=constraints,
        repeats=repeats, start=start, stopping=options.stopping, max_failures=most_failures,
    )  # fmt: skip
    return Plan(
        sweep=sweep, readings=tuple(parsed), given=given, notes=tuple(notes), crew=crew,
        method=method_name, method_reason=reason, earlier=options.earlier,
    )  # fmt: skip


def _start(tries: Sequence[str], space: Space, faults: Faults) -> tuple[Params, ...]:
    points = []
    for text in tries:
        with faults.collected():
            points.append((f"--try {text}", read_point(text, space)))
    with faults.collected():
        return completed_points(points, space)
    return ()


def _method(
    space: Space,
    goals: Sequence[Goal],
    constraints: Sequence[Constraint],
    options: RunOptions,
    trials: int | None,
    repeats: int,
) -> tuple[str, str]:
    """The method that will be at work; it is started once, so that it can refuse."""
    name = options.method
    sweep = Sweep(
        space=space, goals=tuple(goals), constraints=tuple(constraints), method=name,
        budget=Budget(trials=trials), repeats=repeats, stopping=options.stopping,
    )  # fmt: skip
    chosen, reason = choose(problem_of(sweep), name)
    try:
        method(chosen)
    except ConfigError as fault:
        raise ConfigError(f"--method {name}", fault.found, fault.remedy) from fault
    # One that cannot search this space, or finds no point in it, says so before anything is made.
    check(sweep, method, learns=bool(options.earlier))
    return chosen, reason


def _check_rule(space: Space, goals: Sequence[Goal], repeats: int, text: str) -> None:
    try:
        judge_of(Sweep(space=space, goals=tuple(goals), repeats=repeats, stopping=text), rule)
    except ConfigError as fault:
        raise ConfigError(f"--stop {text}", fault.found, fault.remedy) from fault


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
