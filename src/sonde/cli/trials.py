"""`sonde trials`: the trials of a sweep."""

import click

from sonde.cli.options import format_option, opened, store_option

__all__ = ["trials"]


@click.command()
@click.argument("sweep")
@click.option(
    "--sort",
    "by",
    default="number",
    show_default=True,
    metavar="NAME",
    help="A metric, METRIC:min, a parameter, or number, state, value (best first), created, "
    "started, finished, duration, attempts.",
)
@click.option("--desc", is_flag=True, help="The other way round.")
@click.option(
    "--state",
    "states",
    multiple=True,
    metavar="STATE",
    help="Only trials in this state; may be given several times.",
)
@click.option(
    "--fold",
    is_flag=True,
    help="One line for each assignment, with the mean over its repeats.",
)
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="At most N trials.")
@store_option
@format_option
def trials(
    sweep: str,
    by: str,
    desc: bool,
    states: tuple[str, ...],
    fold: bool,
    limit: int | None,
    store: str | None,
    form: str,
) -> None:
    """List the trials of a sweep. Missing values and failed trials come last."""
    from sonde.analysis.rows import assignment_row, trial_row
    from sonde.cli.output import emit, say
    from sonde.cli.reading import load, sort_trials
    from sonde.cli.trial_table import trial_cells, trial_columns

    wanted = _states(states)
    with opened(store) as opened_store:
        record, history = load(opened_store, sweep)
    listed = history.assignments() if fold else history.trials
    found = sort_trials(listed, record.sweep, by, descending=desc)
    found = [trial for trial in found if trial.state in wanted][:limit]
    if form != "table":
        row = assignment_row if fold else trial_row
        emit(form, [row(trial, history) for trial in found])
    elif found:
        columns = trial_columns(found, history, by, fold=fold)
        emit(form, (), columns, trial_cells(found, history, by, fold=fold))
    else:
        say(f"no trials of {record.name}" + (f" are {' or '.join(states)}" if states else " yet"))


def _states(names: tuple[str, ...]) -> set[str]:
    from sonde.core.trial import State
    from sonde.errors import ConfigError

    known = [state.value for state in State]
    for name in names:
        if name not in known:
            raise ConfigError(
                f"--state {name}", "that is no state", f"choose from {', '.join(known)}"
            )
    return set(names or known)
