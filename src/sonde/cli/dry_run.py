"""`sonde run --dry-run`: what would be run."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

import click

from sonde.agent.command import preview
from sonde.cli.cells import goals_text
from sonde.cli.describe import ways
from sonde.cli.options import opened
from sonde.cli.output import emit
from sonde.cli.plan import Plan
from sonde.core.decide import Decider
from sonde.core.distributions.values import Params
from sonde.core.earlier import Lesson
from sonde.core.history import History
from sonde.core.search import Problem, Request
from sonde.executors.places import executor
from sonde.executors.protocol import Priced
from sonde.plugins.methods import method
from sonde.store.earlier import lessons_of, sources_of, with_lessons
from sonde.store.memory import MemoryStore

__all__ = ["dry_run"]

SHOWN = 3  # points from the beginning
MOST_COUNTED = 1_000_000


def dry_run(plan: Plan, form: str, store: str | None) -> None:
    """Print the reading of each range, the trials, the command and what is put where."""
    first, last, total = _points(plan, _lessons(plan, store))
    names = [parameter.name for parameter in plan.sweep.space.parameters]
    shown = preview(plan.command, first[0], names) if first else None
    # Of a trial whose values are those in the script nothing could be seen.
    looks = [preview(plan.command, params, names) for params in first]
    seen = next((number for number, look in enumerate(looks) if look.diff), 0)
    cost, cluster = _machines(plan)
    if form != "table":
        data = _data(plan, first, last, total, shown)
        emit(form, data | ({"cost": cost, "cluster": cluster} if cost else {}))
        return
    width = max(len(reading.name) for reading in plan.readings)
    click.echo("parameters")
    for reading in plan.readings:
        parameter = plan.sweep.space[reading.name]
        when = f", when {parameter.when.text}" if parameter.when else ""
        click.echo(f"  {reading.name:<{width}}  {reading.reading}{when}")
    for relation in plan.sweep.space.where:
        click.echo(f"  where {relation.text}")
    click.echo(f"goal        {goals_text(plan.sweep.goals) or 'none: no --metric'}")
    for constraint in plan.sweep.constraints:
        click.echo(f"subject to  {constraint.describe()}")
    limit = f", at most {plan.sweep.budget.time_s:g} s" if plan.sweep.budget.time_s else ""
    repeats, limit_n = plan.sweep.repeats, plan.sweep.budget.trials
    trials = None if total is None else min(total * repeats, limit_n or total * repeats)
    count = trials if trials is not None else "until time is up"
    at_once = plan.crew.workers or f"as many as {plan.crew.place} has room for"
    click.echo(f"trials      {count}{limit}, {at_once} at once")
    if plan.sweep.repeats > 1:
        click.echo(f"repeats     each assignment {plan.sweep.repeats} times, seeds of their own")
    seed = "" if plan.method == "grid" else f", seed {plan.sweep.seed}"
    chosen = "" if "seed" in plan.given or not seed else " (drawn; --seed fixes it)"
    click.echo(f"method      {plan.method}: {plan.method_reason}{seed}{chosen}")
    if plan.sweep.stopping is not None:
        click.echo(f"stops       trials early by {plan.sweep.stopping}")
    for number, line in enumerate(cost):
        click.echo(f"{'machines' if not number else '':<11} {line}")
    for note in plan.notes:
        click.echo(f"note        {note}")
    for number, params in enumerate(first):
        click.echo(f"trial {number * repeats:<5} {_line(params)}")
    if last is not None and total is not None and total > len(first):
        if total > len(first) + 1:
            click.echo("...")
        click.echo(f"trial {(total - 1) * repeats:<5} {_line(last)}")
    if shown is not None:
        click.echo(f"command     {shlex.join(shown.argv)}")
        click.echo(f"values      {ways(plan.sweep, plan.command)}")
        if looks[seen].diff:
            click.echo(f"trial {seen} changes {plan.command.script}:")
            click.echo(looks[seen].diff.rstrip("\n"))
        elif plan.command.script is not None:
            click.echo(f"            these trials have the values that {plan.command.script} has")
    click.echo("nothing was run")


def _data(
    plan: Plan, first: list[Params], last: Params | None, total: int | None, shown: Any
) -> dict[str, Any]:
    return {
        "parameters": {reading.name: reading.reading for reading in plan.readings},
        "method": plan.method,
        "method_reason": plan.method_reason,
        "seed": plan.sweep.seed,
        "stopping": plan.sweep.stopping,
        "subject_to": [constraint.describe() for constraint in plan.sweep.constraints],
        "trials": None if total is None else total * plan.sweep.repeats,
        "repeats": plan.sweep.repeats,
        "workers": plan.crew.workers,
        "first": first,
        "last": last,
        "argv": list(shown.argv) if shown is not None else None,
        "diff": shown.diff if shown is not None else None,
        "notes": list(plan.notes),
    }


def _machines(plan: Plan) -> tuple[list[str], Mapping[str, Any]]:
    """What machines would be started, with their cost, and what would start them."""
    place = executor(plan.crew.place)
    if not isinstance(place, Priced):
        return [], {}
    return list(place.bill(plan.crew.each, plan.crew.workers)), place.preview()


def _lessons(plan: Plan, url: str | None) -> list[Lesson]:
    """What earlier sweeps teach; it is kept in a store of this process only."""
    if not plan.earlier:
        return []
    beside = MemoryStore()
    with opened(url) as store:
        sources = [(store, source.id) for source in sources_of(store, plan.earlier)]
        definition = with_lessons(beside, plan.sweep, sources, flag="--from")
    return lessons_of(beside, definition)


def _points(
    plan: Plan, lessons: Sequence[Lesson]
) -> tuple[list[Params], Params | None, int | None]:
    """The first assignments, the last one where it is known, and how many there are."""
    space, budget = plan.sweep.space, plan.sweep.budget.assignments(plan.sweep.repeats)
    shown = SHOWN if budget is None else min(SHOWN, budget)
    once = replace(plan.sweep, repeats=1, stopping=None)
    added = Decider(once, method, lessons).propose(History(once), shown)
    first = [dict(new.params) for new in added]
    if plan.method == "grid":
        last, count = None, 0
        for point in islice(space.lattice(), min(budget or MOST_COUNTED, MOST_COUNTED)):
            count, last = count + 1, point
        # Where others come first, which one is the last is not known without trying.
        return first, None if plan.sweep.start or lessons else last, count
    search: Any = method(plan.method)
    state = search.start(Problem(space=space, goals=plan.sweep.goals, seed=plan.sweep.seed))
    last = None
    if budget is not None and budget > len(first) and not search.adaptive:
        found = search.propose(state, Request(first=budget - 1, count=1))
        last = found[0] if found else None
    return first, last, budget


def _line(params: Params) -> str:
    return "  ".join(f"{name}={value!r}" for name, value in params.items())
