"""An edit: what somebody wants changed of a sweep that may be running, and what it leads to.

An `Edit` says only what is to be different, so that it can be applied to whatever the
definition has become meanwhile. What may change, and what becomes of trials, is in
docs/decisions/0016-editing-a-sweep.md.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sonde.core.decide import check
from sonde.core.distributions.values import Params, frozen_value, text_of
from sonde.core.expressions import Expression
from sonde.core.lineage import is_proposed
from sonde.core.parameter import Parameter, parameter_of
from sonde.core.search import CUSTOM, Method, method
from sonde.core.sight import Sight
from sonde.core.space import Space
from sonde.core.stopping import Rule
from sonde.core.stopping import rule as own_rule
from sonde.core.stopping.judge import judge_of
from sonde.core.sweep import Sweep
from sonde.core.trial import State, Trial
from sonde.errors import ConfigError, ConfigErrors

__all__ = ["Edit", "Effect", "check_edit", "effect_of", "in_place_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """What is to be different.

    Attributes:
        parameters: By name, as people write them (`sonde.core.parameter.parameter_of`); a
            parameter that is there keeps its condition unless a dict says `when`.
        remove: Names of parameters to take out.
        where: All relations from now on; None: those there are.
        backfill: What later parameters had in the trials of before.
        method: None: the one there is.
        stopping: The rule; None: the one there is; "none": no rule.
        trials: How many trials in all; None: as it is.
        time_s: Working time in all; the same.
    """

    parameters: Mapping[str, Any] = field(default_factory=dict)
    remove: Sequence[str] = ()
    where: Sequence[str] | None = None
    backfill: Mapping[str, Any] = field(default_factory=dict)
    method: str | None = None
    stopping: str | None = None
    trials: int | None = None
    time_s: float | None = None

    def apply(self, old: Sweep) -> Sweep:
        """Return the definition with the edit.

        Raises:
            ConfigErrors: Naming all that cannot be read.
        """
        faults: list[ConfigError] = []
        given: dict[str, Parameter] = {}
        for name, written in self.parameters.items():
            try:
                given[name] = _parameter(name, written, old.space)
            except ConfigError as fault:
                faults += _several(fault)
        for name in self.remove:
            if name not in old.space or name in given:
                found = "it is changed, too" if name in given else "there is no such parameter"
                faults.append(ConfigError(f"remove {name}", found, "leave it out"))
        relations = old.space.where
        if self.where is not None:
            try:
                relations = tuple(Expression(text) for text in self.where)
            except ConfigError as fault:
                faults += _several(fault)
        limit = self.trials
        if limit is not None and (isinstance(limit, bool) or limit < 1):
            faults.append(ConfigError("trials", f"{limit} is no budget", "use 1 or more"))
        if self.time_s is not None and not self.time_s > 0:
            faults.append(ConfigError("time", f"{self.time_s:g} s is no budget", "use more than 0"))
        if faults:
            raise ConfigErrors(faults)
        kept = [p for p in old.space.parameters if p.name not in self.remove]
        parameters = [given.pop(parameter.name, parameter) for parameter in kept]
        stopping = None if self.stopping == "none" else self.stopping or old.stopping
        return replace(
            old,
            space=Space((*parameters, *given.values()), relations),
            backfill={**old.backfill, **self.backfill},
            method=self.method or old.method,
            stopping=stopping,
            budget=replace(
                old.budget,
                trials=old.budget.trials if self.trials is None else self.trials,
                time_s=old.budget.time_s if self.time_s is None else self.time_s,
            ),
        )


def in_place_of(old: Sweep, new: Sweep, given: Iterable[str]) -> Sweep:
    """Return a definition that was written anew in place of one that is at work.

    What it does not speak of stays.

    Args:
        old: The one at work.
        new: The one that was written.
        given: The keys that it was written with.
    """
    said = set(given)
    return replace(
        new,
        name=old.name,
        seed=new.seed if "seed" in said else old.seed,
        work=new.work or old.work,
        budget=replace(
            new.budget if said & {"budget", "run_cap"} else old.budget, workers=old.budget.workers
        ),
        project=new.project or old.project,
        tags=new.tags if "tags" in said else old.tags,
        goals=new.goals or old.goals,
        earlier=new.earlier or old.earlier,
        lease_s=old.lease_s,
        max_failures=new.max_failures if "max_failures" in said else old.max_failures,
        backfill={**old.backfill, **new.backfill},
        version=old.version,
    )


def check_edit(
    old: Sweep,
    new: Sweep,
    find: Callable[[str], Method[Any]] = method,
    find_rule: Callable[[str], Rule[Any]] = own_rule,
) -> Sweep:
    """Return the new definition, tidied, if it can take the place of the old one.

    Back-fills and first trials that the new space has no room for are left out where they
    were of the old definition.

    Args:
        old: The one at work.
        new: The one wanted.
        find: Returns a method by its name; by default only those of sonde.
        find_rule: Returns a stopping rule; the same.

    Raises:
        ConfigErrors: With all that is wrong.
    """
    faults = [*_fixed(old, new)]
    backfill = {}
    for name, value in new.backfill.items():
        is_new = name not in old.backfill or old.backfill[name] != value
        if name in new.space and new.space[name].distribution.contains(value):
            backfill[name] = new.space[name].distribution.coerced(frozen_value(value, name))
        elif is_new and name not in new.space:
            faults.append(
                ConfigError(
                    f"backfill.{name}",
                    "there is no parameter of that name",
                    "declare it, or leave the back-fill out",
                )
            )
        elif is_new:
            bounds = new.space[name].distribution.describe()
            faults.append(
                ConfigError(
                    f"backfill.{name}",
                    f"{text_of(value)} is not in {bounds}, so that no trial of before would count",
                    "choose a value from there, widen the parameter, or leave the back-fill out",
                )
            )
    start = tuple(params for params in new.start if new.space.admits(params))
    new = replace(new, backfill=backfill, start=start)
    try:
        if new.method != CUSTOM:
            check(new, find)
    except ConfigError as fault:
        faults += _several(fault)
    try:
        judge_of(new, find_rule)
    except ConfigError as fault:
        faults += _several(fault)
    if faults:
        raise faults[0] if len(faults) == 1 else ConfigErrors(faults)
    return new


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What an edit makes of the trials that there are.

    Attributes:
        counting: How many of those that were begun the search goes on from.
        outside: How many it does not, as they are no assignments of the new space.
        lacking: How many of these only lack a value of a later parameter, by its name.
        withdrawn: Numbers of waiting trials that are called off.
        running: Numbers of running trials outside of the new space; they go on.
    """

    counting: int
    outside: int
    lacking: Mapping[str, int]
    withdrawn: Sequence[int]
    running: Sequence[int]

    def to_json(self) -> dict[str, Any]:
        """Return it for programs."""
        return {
            "counting": self.counting,
            "outside": self.outside,
            "lacking": dict(self.lacking),
            "withdrawn": list(self.withdrawn),
            "running_outside": list(self.running),
        }


def effect_of(new: Sweep, trials: Iterable[Trial]) -> Effect:
    """Return what a definition makes of trials of before."""
    sight = Sight(replace(new, version=max(new.version, 2)))
    withdrawn: list[int] = []
    running: list[int] = []
    lacking: dict[str, int] = {}
    counting = outside = 0
    for trial in trials:
        if trial.is_withdrawn:
            continue
        is_inside = sight.params(trial.params) is not None
        if trial.state is State.WAITING and not trial.attempts:
            if is_proposed(trial.origin) and not new.space.admits(trial.params):
                withdrawn.append(trial.number)
            continue
        counting += is_inside
        if is_inside:
            continue
        outside += 1
        if trial.state is State.RUNNING:
            running.append(trial.number)
        for name in _lacking(new.space, sight.completed(trial.params)):
            lacking[name] = lacking.get(name, 0) + 1
    return Effect(
        counting=counting, outside=outside, lacking=lacking, withdrawn=withdrawn, running=running
    )


def _lacking(space: Space, params: Params) -> list[str]:
    """Return the parameters for want of which alone values are no assignment."""
    try:
        completed = space.completed(params)
    except ConfigError:
        return []
    return [name for name in completed if name not in params]


def _fixed(old: Sweep, new: Sweep) -> list[ConfigError]:
    """Return a fault for each thing that no edit may change."""
    remedy = "make a new sweep that learns from this one (--from)"
    faults = []
    goals = [[(g.metric, g.direction, g.summary) for g in sweep.goals] for sweep in (old, new)]
    if old.goals and goals[0] != goals[1]:
        was, wanted = (
            " and ".join(f"{direction} {metric} ({summary})" for metric, direction, summary in each)
            for each in goals
        )
        found = f"the goal is to {was}, and trials were made for it; wanted is {wanted or 'none'}"
        faults.append(ConfigError("metric", found, remedy))
    if old.seed != new.seed:
        found = f"{new.seed} in place of {old.seed}, which trials were started with"
        faults.append(ConfigError("seed", found, f"leave it out, or {remedy}"))
    return faults


def _parameter(name: str, written: Any, space: Space) -> Parameter:
    parameter = parameter_of(name, written)
    says_when = isinstance(written, Mapping) and "when" in written
    if name in space and parameter.when is None and not says_when:
        return replace(parameter, when=space[name].when)
    return parameter


def _several(fault: ConfigError) -> list[ConfigError]:
    return list(fault.faults) if isinstance(fault, ConfigErrors) else [fault]
