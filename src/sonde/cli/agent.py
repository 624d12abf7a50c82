"""`sonde agent`: run trials of a sweep here."""

import os
import sys

import click

from sonde.cli.options import opened, store_option

__all__ = ["agent"]


@click.command()
@click.argument("sweep")
@click.option("--count", type=click.IntRange(min=1), metavar="N", help="Leave after N trials.")
@click.option(
    "--workers", "-j", type=click.IntRange(min=1), default=1, show_default=True, metavar="N",
    help="Run N trials at once.",
)  # fmt: skip
@click.option("--gpus", metavar="LIST", help="The GPUs to hand out, such as 0,1 or all.")
@click.option(
    "--gpus-per-trial", type=click.FloatRange(min=0), metavar="X",
    help="GPUs for each trial; 0.5 lets two share one. Default: 1 where --gpus is given.",
)  # fmt: skip
@click.option(
    "--cpus-per-trial", type=click.IntRange(min=0), default=0, metavar="N",
    help="Cores for each trial; by default as the program likes.",
)  # fmt: skip
@click.option("--root", type=click.Path(), hidden=True, help="The .sonde folder.")
@click.option("--parent-fd", type=int, hidden=True, help="Leave when this file is closed.")
@click.option(
    "--idle-timeout", type=click.FloatRange(min=0), metavar="S",
    help="Leave when there was nothing to run for S seconds.",
)  # fmt: skip
@store_option
def agent(
    sweep: str,
    count: int | None,
    workers: int,
    gpus: str | None,
    gpus_per_trial: float | None,
    cpus_per_trial: int,
    root: str | None,
    parent_fd: int | None,
    idle_timeout: float | None,
    store: str | None,
) -> None:
    """Run trials of a sweep here, until it is done.

    May be started any number of times, in any terminal; it takes over when whoever started the
    sweep is gone. Ctrl-C: finish the running trials and leave; again: give them back and leave.
    """
