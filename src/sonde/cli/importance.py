"""`sonde importance`: which parameters matter."""

import click

from sonde.cli.options import format_option, opened, store_option

__all__ = ["importance"]

_BAR = 20
_TREES = {"fanova", "permutation"}


@click.command()
@click.argument("sweep")
@click.option(
    "--metric",
    metavar="TAG[:min|:max|:last|:mean]",
    help="What is explained. Default: the first goal.",
)
@click.option(
    "--method",
    type=click.Choice(["fanova", "ped-anova", "permutation", "correlation"]),
    default="fanova",
    show_default=True,
    help="How: variation explained; what the best tenth share; what shuffling costs; ranks.",
)
@store_option
@format_option
def importance(sweep: str, metric: str | None, method: str, store: str | None, form: str) -> None:
    """Show how much each parameter matters for the results.

    With the interval in which 9 of 10 answers lie (of a forest's trees, or of trials drawn again),
    and the rank correlation of value and metric. With `fanova`, what is left over are interactions
    and noise.
    """
    from sonde.cli.output import emit, say
    from sonde.cli.reading import load
    from sonde.cli.table import Column
    from sonde.core.importance import FEWEST, importances, left_over
    from sonde.core.metric import parse_goal
    from sonde.errors import ConfigError

    with opened(store) as opened_store:
        record, history = load(opened_store, sweep)
    goals = (parse_goal(metric),) if metric is not None else record.sweep.goals
    if not goals:
        raise ConfigError(
            f"importance {sweep}", "the sweep has no goal to explain", "name one with --metric"
        )
    rows = importances(
        history.told(), record.sweep.space, goals[0], seed=record.sweep.seed, method=method
    )
    if form != "table":
        data = [
            {
                "name": row.name,
                "share": row.share,
                "interval": [row.low, row.high],
                "correlation": row.correlation,
                "trials": row.trials,
            }
            for row in rows
        ]
        emit(form, data)
        return
    if not rows:
        say(f"{record.name}: fewer than {FEWEST} trials are done with a {goals[0].metric}")
        return
    columns = [
        Column(key="name", title="parameter", keep=9),
        Column(key="share", title="share", right=True, keep=9),
        Column(key="bar", title="", keep=6),
        Column(
            key="interval",
            title="90 % of trees" if method in _TREES else "90 % of draws",
            right=True,
            keep=7,
        ),
        Column(key="correlation", title="correlation", right=True, keep=7),
        Column(key="trials", title="trials", right=True, keep=5),
    ]
    cells = [
        {
            "name": row.name,
            "share": f"{row.share:.0%}",
            "bar": "#" * round(row.share * _BAR),
            "interval": f"{row.low:.0%} to {row.high:.0%}",
            "correlation": "-" if row.correlation is None else f"{row.correlation:+.2f}",
            "trials": str(row.trials),
        }
        for row in rows
    ]
    emit(form, (), columns, cells)
    left = left_over(rows, method)
    if left is not None:
        click.echo(f"\n{left:.0%} of the variation of {goals[0].metric} is interactions and noise")
