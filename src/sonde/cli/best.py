"""`sonde best`: the best trials of a sweep."""

import click

from sonde.cli.options import format_option, opened, store_option

__all__ = ["best"]


@click.command()
@click.argument("sweep")
@click.option(
    "-n", "--limit", type=click.IntRange(min=1), default=1, show_default=True, metavar="N",
    help="How many, the best first.",
)  # fmt: skip
@click.option("--front", is_flag=True, help="With several metrics: all that none other beats.")
@store_option
@format_option
def best(sweep: str, limit: int, front: bool, store: str | None, form: str) -> None:
    """Show the best trials of a sweep, and the command that uses the best one's values.

    Says how probable it is that the best is truly the best, and which trials are not
    distinguishable from it. Failed and cancelled trials, those without a finite value and those
    that break a --subject-to are left out. Exit code 1 if there is none.
    """
    from sonde.analysis.rows import best_rows
    from sonde.cli.no_best import why_no_best
    from sonde.cli.output import emit, say
    from sonde.cli.reading import load
    from sonde.cli.report import again
    from sonde.cli.sure import sure_lines
    from sonde.cli.trial_table import trial_cells, trial_columns
    from sonde.cli.typed import typed
    from sonde.core.certainty import certainty
    from sonde.core.constraint import is_feasible
    from sonde.core.pareto import front as front_of
    from sonde.core.ranking import ranked
    from sonde.core.trial import losses
    from sonde.errors import NotFoundError

    with opened(store) as opened_store:
        record, history = load(opened_store, sweep)
    goals, constraints = record.sweep.goals, record.sweep.constraints
    if not goals:
        raise NotFoundError(
            f"{record.name} was run without --metric, so no trial is best; "
            f"{typed('trials', record.name, options=['--sort=METRIC'])} sorts by what was reported"
        )
    tried = history.assignments()
    if front:
        found = front_of(tried, goals, constraints)
    else:
        found = [
            trial
            for trial in ranked(tried, goals, constraints)
            if (loss := losses(trial, goals)) is not None
            and loss[0] != float("inf")
            and is_feasible(trial, constraints)
        ][:limit]
    if form != "table":
        emit(form, best_rows(found, history))
    elif found:
        emit(form, (), trial_columns(found, history), trial_cells(found, history))
        for line in sure_lines(certainty(history), goals[0], is_repeated=record.sweep.repeats > 1):
            click.echo(line)
        if len(goals) > 1 and not front:
            others = ", ".join(goal.metric for goal in goals[1:])
            hint = typed("best", record.name, options=["--front"])
            click.echo(f"{'front':<11}this is the best by {goals[0].metric}; with {others}: {hint}")
        for line in again(record, found[0]):  # last, so that the command can be copied
            click.echo(line)
    else:
        say(f"{record.name}: {why_no_best(record.sweep, history)}")
    if not found:
        click.get_current_context().exit(1)
