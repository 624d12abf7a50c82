"""`sonde plot`: figures, in the terminal or as files."""

from pathlib import Path

import click

from sonde.cli.options import opened, storage_option

__all__ = ["plot"]

_KINDS = (
    "history", "importance", "parallel", "slice", "contour", "rank", "edf", "timeline", "pareto",
    "curves", "scatter-matrix", "correlation",
)  # fmt: skip


@click.command()
@click.argument("kind", type=click.Choice(_KINDS), metavar="KIND")
@click.argument("sweeps", nargs=-1, required=True, metavar="SWEEP...")
@click.option(
    "-o",
    "--output",
    "outputs",
    type=click.Path(path_type=Path),
    multiple=True,
    metavar="FILE",
    help="A file, by its suffix: .png, .pdf, .svg, .html, or .json for the numbers; repeatable. "
    "Default: here, in letters.",
)
@click.option(
    "--metric",
    "metrics",
    multiple=True,
    metavar="TAG[:min|:max|:last|:mean]",
    help="What is shown; several for pareto. Default: the goals.",
)
@click.option(
    "--param",
    "params",
    multiple=True,
    metavar="NAME",
    help="Which parameters; repeatable. Default: all that vary (contour: the first two).",
)
@click.option(
    "--over",
    type=click.Choice(["trial", "time", "cost"]),
    default="trial",
    show_default=True,
    help="Of a history: what is along the axis.",
)
@click.option(
    "--method",
    type=click.Choice(["fanova", "ped-anova", "permutation", "correlation"]),
    default="fanova",
    show_default=True,
    help="Of importances: how.",
)
@click.option(
    "--filter",
    "text",
    default="",
    metavar="TEXT",
    help="Which trials, as in the dashboard: 'done lr<0.01 optimizer=adam'.",
)
@click.option(
    "--points", type=click.IntRange(1, 30_000), metavar="N", help="Trials that are shown at most."
)
@storage_option
def plot(
    kind: str,
    sweeps: tuple[str, ...],
    outputs: tuple[Path, ...],
    metrics: tuple[str, ...],
    params: tuple[str, ...],
    over: str,
    method: str,
    text: str,
    points: int | None,
    store: str | None,
) -> None:
    """Draw a figure of a sweep, or of several: in colours of their own, or beside each other.

    KIND is one of history, importance, parallel, slice, contour, rank, edf, timeline, pareto,
    curves, scatter-matrix, correlation.
    """
    from datetime import UTC, datetime

    from sonde.analysis.figures import Asked
    from sonde.analysis.figures.stored import figure_from
    from sonde.analysis.pictures import FORMATS, Picture, text_of
    from sonde.cli.output import say
    from sonde.cli.screen import UNICODE, screen_of
    from sonde.errors import ConfigError

    for output in outputs:
        if output.suffix.lower().removeprefix(".") not in FORMATS:
            known = ", ".join(f".{form}" for form in FORMATS)
            raise ConfigError(f"--output {output}", "its suffix tells no format", f"use {known}")
    asked = Asked(
        kind=kind, metrics=metrics, params=params, over=over, points=points, method=method
    )
    with opened(store) as opened_store:
        found = figure_from(opened_store, sweeps, asked, datetime.now(UTC), text=text)
    for output in outputs:
        say(str(Picture(found).save(output)))
    if outputs:
        return
    screen = screen_of()
    click.echo(text_of(found, width=screen.width or 80, unicode=screen.signs is UNICODE))
