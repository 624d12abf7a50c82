"""`sonde rerun`: run one trial again."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from sonde.cli.options import format_option, opened, store_option, trial_key

if TYPE_CHECKING:
    from sonde.core.metric import Goal
    from sonde.core.trial import Trial

__all__ = ["rerun"]


@click.command()
@click.argument("trial", metavar="SWEEP/N")
@click.option("--name", metavar="NAME", help="Of the sweep with the one trial that this makes.")
@click.option("--progress", type=click.Choice(["auto", "live", "plain", "json", "none"]),
              default="auto", show_default=True, help="How to show what happens.")  # fmt: skip
@click.option("-v", "--verbose", is_flag=True, help="Show what the trial prints, too.")
@store_option
@format_option
@click.pass_context
def rerun(
    ctx: click.Context,
    trial: str,
    name: str | None,
    progress: str,
    verbose: bool,
    store: str | None,
    form: str,
) -> None:
    """Run one trial again: the same command, the same values, the files as they were.

    It becomes a sweep of its own with this one trial, so that the old one stays as it is.
    """
    from dataclasses import replace
    from pathlib import Path

    from sonde.agent.folder import source_folder
    from sonde.cli.driving import Crew, drive_here
    from sonde.cli.output import say
    from sonde.cli.place import root_of
    from sonde.cli.reading import load, one_trial
    from sonde.cli.report import report
    from sonde.cli.starting import create
    from sonde.core.distributions import Constant
    from sonde.core.parameter import Parameter
    from sonde.core.space import Space
    from sonde.core.sweep import Budget, Command
    from sonde.errors import ConfigError

    sweep, number = trial_key(trial)
    with opened(store) as opened_store:
        record, history = load(opened_store, sweep)
        found = one_trial(record, history, number)
        work = record.sweep.work
        if not isinstance(work, Command):
            raise ConfigError(
                f"{record.name}/{number}",
                "it was no command but a Python function",
                "call that with the trial's parameters",
            )
        space = Space(tuple(Parameter(key, Constant(v)) for key, v in found.params.items()))
        again = replace(
            record.sweep,
            space=space,
            method="grid",
            budget=Budget(trials=1),
            name=name,
            tags=(f"rerun of {record.name}/{number}",),
        )
        source: Path | None = source_folder(root_of(opened_store.url), record.id)
        if source is None or not source.is_dir():
            source = None
            if work.workspace != "none":
                say("the files as they were are not on this machine; it runs with those of now")
        made = create(opened_store, again, Path(work.folder), source)
        crew = Crew(workers=1)
        result = drive_here(opened_store, made, crew, progress=progress, verbose=verbose)
        if progress != "json":
            if result.history.trials:
                _compare(found, result.history.trials[0], record.sweep.goals)
            report(result.record, result.history, form)
    ctx.exit(result.code)


def _compare(before: "Trial", after: "Trial", goals: "Sequence[Goal]") -> None:
    """Say how the values compare with those of the first time."""
    from sonde.cli.cells import number
    from sonde.cli.output import say

    for goal in goals:
        first, now = before.value(goal), after.value(goal)
        same = "the same as" if first == now else "before:"
        then = "before" if first == now else number(first, 8)
        say(f"{goal.metric} {number(now, 8)}, {same} {then}")
