"""Declare a sweep: what the user wrote becomes a definition, and a sweep in a store."""

import itertools
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from sonde.api.creation import create, retake
from sonde.api.goals import constraints_of, goals_of, seconds_of
from sonde.api.places import opened
from sonde.api.shipping import adapted, name_of
from sonde.api.sweep import Sweep
from sonde.controller import utc_now
from sonde.core import sweep as core
from sonde.core.constraint import Constraint
from sonde.core.decide import check
from sonde.core.distributions.values import Params
from sonde.core.expressions import Expression
from sonde.core.metric import Goal
from sonde.core.point import completed_points
from sonde.core.space import Space, space_of
from sonde.core.stopping.judge import judge_of
from sonde.core.sweep import Command, EarlierSweep, Function, check_name
from sonde.editing import amend, unlike
from sonde.errors import AmbiguousError, ConfigError, ConfigErrors, NotFoundError, SweepExistsError
from sonde.plugins.methods import method as method_of
from sonde.plugins.rules import rule as rule_of
from sonde.store.earlier import sources_of, with_lessons
from sonde.store.protocol import Store, SweepRecord

__all__ = ["sweep"]

T = TypeVar("T")


def sweep(
    work: Callable[..., Any] | str | Sequence[str] | None,
    space: Space | Mapping[str, Any],
    *,
    minimize: str | Sequence[str] | None = None,
    maximize: str | Sequence[str] | None = None,
    goals: Sequence[Goal | str] = (),
    subject_to: str | Sequence[str | Constraint] = (),
    name: str | None = None,
    project: str | None = None,
    method: str = "auto",
    stop: str | None = None,
    seed: int = 0,
    where: str | Sequence[str] | None = None,
    repeats: int = 1,
    start: Mapping[str, Any] | Sequence[Mapping[str, Any]] = (),
    start_from: str | Sweep | Sequence[str | Sweep] = (),
    retries: int = 0,
    max_failures: int | None = None,
    tags: Sequence[str] = (),
    store: str | Store | None = None,
    substitute: str | None = None,
    metric_regex: str | None = None,
    workspace: str = "copy",
    link: str | Sequence[str] = (),
    update_code: bool = False,
    trials: int | None = None,
    time: float | str | None = None,
    new: bool = False,
) -> Sweep:
    """Declare a sweep; `.run(trials=100)` then works on it.

    With a name, the same call later goes on where the sweep stands, whatever ended it; a
    function may have changed meanwhile, all else must be the same. Without one, each call
    makes a new sweep.

    Args:
        work: A function, which is given its parameters as arguments; a command, as text or
            words (`"train.py --epochs 30"`); or None, to ask and tell.
        space: A `sonde.Space`, or what makes one.
        minimize: The metric to make small, or several. The last value that a trial reports
            counts; `"val_loss:min"` takes the smallest, `:max` and `:mean` likewise. What a
            function returns is its last report of it.
        maximize: The same, to make large.
        goals: More goals, as `sonde run --metric` writes them.
        subject_to: Bounds on metrics, such as `"latency_ms <= 20"`, one or several: a trial that
            breaks one is infeasible, which teaches the search and is never the best.
        name: Unique in the store.
        project: What it belongs to, for people.
        method: How to search: `auto`, or the name of a search method (docs/methods.md), with
            options where it has some: `optuna:TPESampler(multivariate=true)`.
        stop: Which trials to end early, by what they report: a stopping rule (docs/stopping.md),
            with options where wanted: `asha(eta=4, min_steps=3)`. None: all run to their end.
        seed: The same seed proposes the same trials.
        where: Relations that every trial satisfies, in addition to those of the space.
        repeats: How often each assignment is tried, each time as a trial of its own with a seed of
            its own (`sonde.seed()`); the search and `best` go by the mean.
        start: Points to try first, in this order, whatever the method; a point is a dict, of
            which what is left out is at its guess, or in the middle.
        start_from: Earlier sweeps to learn from, of the same or a similar space: a sweep, or the
            name or id of one, or several. What they have found so far is taken now; should it
            mislead, little is lost.
        retries: How often a trial that failed is run again.
        max_failures: So many failed trials in a row stop the sweep; 0: no number does. None: it
            stops where the first five all fail. Another `run` goes on.
        tags: For people.
        store: A path or URL; by default the command line's: `SONDE_STORE`, or `.sonde/sonde.db`
            of the nearest project folder. `memory:` keeps nothing.
        substitute: How a command's script gets the values, as `sonde run --substitute`.
        metric_regex: A regular expression over what a command prints, with a group.
        workspace: `copy` (each trial of a command in its own copy of the folder) or `none`.
        link: Paths that are linked into each copy instead: data, say.
        update_code: Go on with the command's files as they are now; else with those of when
            the sweep was made.
        trials: How many trials in all, for ask and tell: `ask` raises `ExhaustedError` after them.
            `run` takes its own.
        time: Working time in all, likewise: seconds, or text such as `"1h30m"`.
        new: Make a new sweep in any case. Where its name is taken it becomes `NAME-2`, or -3, ...

    Raises:
        ConfigError: If something of this is wrong, all of it at once, before anything is
            stored; or if a sweep of that name is another one: with the difference.
    """
    faults = _Faults()
    found_goals = faults.gather(lambda: goals_of(minimize, maximize, goals)) or ()
    constraints = faults.gather(lambda: constraints_of(subject_to)) or ()
    found_space = faults.gather(lambda: _space(space, where))
    if isinstance(name, str):
        faults.gather(partial(check_name, name, f"name={name!r}"))
    elif name is not None:
        faults.add(
            ConfigError(f"name={name!r}", "that is no name", "use some text, or leave it out")
        )
    if trials is not None and (
        isinstance(trials, bool) or not isinstance(trials, int) or trials < 1
    ):
        faults.add(
            ConfigError(f"trials={trials!r}", "that is no number of trials", "use 1, 2, ...")
        )
    time_s = faults.gather(lambda: seconds_of(time))
    if isinstance(retries, bool) or not isinstance(retries, int) or retries < 0:
        faults.add(ConfigError(f"retries={retries!r}", "that is no count", "use 0, 1, 2, ..."))
    if max_failures is not None and (
        isinstance(max_failures, bool) or not isinstance(max_failures, int) or max_failures < 0
    ):
        wrong = f"max_failures={max_failures!r}"
        faults.add(ConfigError(wrong, "that is no count", "use 0, 1, 2, ..."))
    if isinstance(repeats, bool) or not isinstance(repeats, int) or repeats < 1:
        faults.add(ConfigError(f"repeats={repeats!r}", "that is no count", "use 1, 2, 3, ..."))
    if isinstance(seed, bool) or not isinstance(seed, int):
        faults.add(ConfigError(f"seed={seed!r}", "that is no seed", "use a whole number"))
    function: Callable[..., Any] | None = None
    described: Command | Function | None = None
    first: tuple[Params, ...] = ()
    if found_space is not None:
        checked = found_space
        first = faults.gather(lambda: _start(start, checked)) or ()
        planned = core.Sweep(
            space=checked, goals=found_goals, constraints=constraints, method=method, seed=seed
        )
        ruled = replace(planned, stopping=stop)
        if isinstance(repeats, int) and repeats > 0:
            ruled = replace(ruled, repeats=repeats)
            faults.gather(lambda: judge_of(ruled, rule_of))
        faults.gather(lambda: check(ruled, method_of, learns=bool(start_from)))
        if callable(work):
            called = work
            function = faults.gather(lambda: adapted(called, checked))
            described = Function(name=name_of(work), folder=str(Path.cwd()))
        elif work is not None:
            words = work
            options = {
                "substitute": substitute, "workspace": workspace, "metric_regex": metric_regex,
                "links": [link] if isinstance(link, str) else link,
            }  # fmt: skip
            described = faults.gather(lambda: _command(words, checked, options))
    faults.raise_any()
    budget = core.Budget(trials=trials, time_s=time_s)
    assert found_space is not None  # or there were faults
    definition = core.Sweep(
        space=found_space,
        goals=found_goals,
        method=method,
        seed=seed,
        work=described,
        name=name,
        project=project,
        retries=retries,
        tags=tuple(tags),
        constraints=constraints,
        repeats=repeats,
        start=first,
        stopping=stop,
        max_failures=max_failures,
        budget=budget,
    )
    at = opened(store)
    if new and name is not None:
        name = _free_name(at, name)
        definition = replace(definition, name=name)
    record = None if name is None else _named(at, name)
    sources = _sources(at, start_from, () if record is None else record.sweep.earlier)
    if record is None:
        try:
            taught = [(found, source.id) for found, source in sources]
            learnt = with_lessons(at, definition, taught, flag="start_from")
            record = create(at, learnt, function)
        except SweepExistsError:  # another process was quicker
            if new:
                raise
            record = _named(at, name or "")
            if record is None:
                raise
    _check_same(at, record, replace(definition, earlier=tuple(source for _, source in sources)))
    if max_failures not in {None, record.sweep.max_failures}:
        record = amend(
            at, record.id, lambda old: replace(old, max_failures=max_failures), utc_now()
        )
    if update_code:
        retake(at, record)
    budget = replace(budget, workers=record.budget.workers)
    if budget not in {record.budget, core.Budget(workers=budget.workers)}:
        at.update_sweep(record.id, utc_now(), budget=budget)
        if record.control is core.Control.DONE:  # there is more to be done than there was
            at.update_sweep(record.id, utc_now(), control=core.Control.RUNNING, reason="")
    return Sweep(at, record.id, function=function)


class _Faults:
    """Faults of several parts, to be told at once."""

    def __init__(self) -> None:
        self._found: list[ConfigError] = []

    def add(self, fault: ConfigError) -> None:
        self._found += fault.faults if isinstance(fault, ConfigErrors) else [fault]

    def gather(self, part: Callable[[], T]) -> T | None:
        try:
            return part()
        except ConfigError as fault:
            self.add(fault)
            return None

    def raise_any(self) -> None:
        if len(self._found) == 1:
            raise self._found[0]
        if self._found:
            raise ConfigErrors(self._found)


def _space(space: Space | Mapping[str, Any], where: str | Sequence[str] | None) -> Space:
    if isinstance(space, Space):
        relations = [where] if isinstance(where, str) else where or ()
        # A plain one: `sonde.Space` is only another way to write it.
        return Space(space.parameters, (*space.where, *map(Expression, relations)))
    if not isinstance(space, Mapping):
        raise ConfigError(
            "sonde.sweep", f"{space!r} is no space", "give a sonde.Space or a dict of parameters"
        )
    return space_of(space, where)


def _start(
    given: Mapping[str, Any] | Sequence[Mapping[str, Any]], space: Space
) -> tuple[Params, ...]:
    points = [given] if isinstance(given, Mapping) else given
    if isinstance(points, str) or not isinstance(points, Sequence):
        raise ConfigError(f"start={given!r}", "that is no list of points", "write [{'lr': 0.01}]")
    for point in points:
        if not isinstance(point, Mapping):
            raise ConfigError("start", f"{point!r} is no point", "write for instance {'lr': 0.01}")
    return completed_points([(f"start[{i}]", point) for i, point in enumerate(points)], space)


def _sources(
    store: Store, given: str | Sweep | Sequence[str | Sweep], known: Sequence[EarlierSweep]
) -> list[tuple[Store, EarlierSweep]]:
    """Return the sweeps to learn from, each with the store that it is in."""
    listed: list[str | Sweep] = [given] if isinstance(given, (str, Sweep)) else list(given)
    found = []
    for one in listed:
        if isinstance(one, Sweep):
            found.append((one.store, EarlierSweep(id=one.id, name=one.name, blob="")))
        else:
            found += [(store, source) for source in sources_of(store, [one], known)]
    return found


def _command(words: str | Sequence[str], space: Space, options: Mapping[str, Any]) -> Command:
    from sonde.agent.command import command_of

    argv = shlex.split(words) if isinstance(words, str) else [str(word) for word in words]
    if not argv:
        raise ConfigError("sonde.sweep", "the command is empty", "write for instance 'train.py'")
    return command_of(argv, folder=Path.cwd(), space=space, flag="parameter", **options)


def _named(store: Store, name: str) -> SweepRecord | None:
    try:
        record = store.find_sweep(name)
    except (NotFoundError, AmbiguousError):
        return None
    return record if record.name == name else None  # and not one whose id begins so


def _free_name(store: Store, name: str) -> str:
    """Return the name, counted on if a sweep has it."""
    taken = {record.name for record in store.list_sweeps()}
    names = itertools.chain([name], (f"{name}-{k}" for k in itertools.count(2)))
    return next(one for one in names if one not in taken)


def _check_same(store: Store, record: SweepRecord, definition: core.Sweep) -> None:
    old, new = record.sweep.work, definition.work
    if isinstance(old, Function) and isinstance(new, Function):
        # The code may change and so may the place: what it is called is what it is.
        definition = replace(definition, work=replace(old, name=new.name))
    lines = unlike(store, record, definition)
    if lines:
        raise ConfigError(
            f"name={record.name!r}",
            "a sweep of that name is there, with another definition:\n  " + "\n  ".join(lines),
            "use another name, or the same definition",
        )
