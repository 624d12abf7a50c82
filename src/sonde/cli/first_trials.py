"""`sonde sweep --dry-run`: what the first trials of a sweep file would run."""

import shlex
from collections.abc import Iterator
from dataclasses import replace

import click

from sonde.agent.command import preview
from sonde.cli.cells import goals_text
from sonde.core.decide import Decider
from sonde.core.history import History
from sonde.core.sweep import Command, Sweep
from sonde.plugins.methods import method

__all__ = ["show"]

SHOWN = 3


def show(sweep: Sweep) -> None:
    """Print the parameters and the command lines of the first trials; nothing is made."""
    width = max(len(parameter.name) for parameter in sweep.space.parameters)
    click.echo("parameters")
    for parameter in sweep.space.parameters:
        when = f", when {parameter.when.text}" if parameter.when else ""
        click.echo(f"  {parameter.name:<{width}}  {parameter.distribution.describe()}{when}")
    for relation in sweep.space.where:
        click.echo(f"  where {relation.text}")
    click.echo(f"goal      {goals_text(sweep.goals) or 'none'}")
    size = sweep.space.size if sweep.method == "grid" else None
    click.echo(f"method    {sweep.method}{'' if size is None else f', {size} points'}")
    for line in _limits(sweep):
        click.echo(line)
    names = [parameter.name for parameter in sweep.space.parameters]
    first = Decider(replace(sweep, repeats=1), method).propose(History(sweep), SHOWN)
    for number, trial in enumerate(first):
        if isinstance(sweep.work, Command):
            line = shlex.join(preview(sweep.work, trial.params, names, sweep.groups).argv)
        else:
            line = ", ".join(f"{name}={value!r}" for name, value in trial.params.items())
        click.echo(f"trial {number:<3} {line}")
    click.echo("nothing was made")


def _limits(sweep: Sweep) -> Iterator[str]:
    """Say how many trials there will be, and what ends them, or the sweep, before."""
    budget = sweep.budget
    limits = [f"{budget.trials} trials"] if budget.trials is not None else []
    limits += [f"{budget.time_s:g} s of working time"] if budget.time_s is not None else []
    yield f"budget    {' or '.join(limits) or 'none: until nothing is left to try'}"
    if sweep.stopping is not None:
        yield f"stops     trials early by {sweep.stopping}"
    for goal in sweep.goals:
        if goal.target is not None:
            yield f"target    {goal.metric} {goal.target:g}; then nothing new is tried"
    if sweep.max_failures is not None:
        most = sweep.max_failures
        yield f"failures  {f'{most} in a row stop it' if most else 'no number of them stops it'}"
    for constraint in sweep.constraints:
        yield f"bound     {constraint.describe()}"
    if sweep.repeats > 1:
        yield f"repeats   each assignment {sweep.repeats} times, seeds of their own"
