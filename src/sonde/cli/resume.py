"""`sonde resume`: go on with a sweep."""

from datetime import UTC, datetime

import click

from sonde.cli.options import format_option, opened, store_option

__all__ = ["resume"]


@click.command()
@click.argument("sweep")
@click.option("-j", "--workers", "--num-workers", "workers", type=click.IntRange(min=1),
              metavar="N", help="How many trials at once. Default: one a core.")  # fmt: skip
@click.option("--trials", type=click.IntRange(min=1), metavar="N",
              help="Give it more trials: so many in all.")  # fmt: skip
@click.option("--time", "span", metavar="SPAN", help="Give it more working time: so much in all.")
@click.option("--detach", "--no-run", "detach", is_flag=True,
              help="Only let it go on; agents elsewhere run it.")  # fmt: skip
@click.option("--gpus", metavar="LIST", help="GPUs to hand out to trials: 0,1 or all.")
@click.option("--gpus-per-trial", type=click.FloatRange(min=0), default=0, metavar="X",
              help="How many of these for each trial; with 0.5 two share one.")  # fmt: skip
@click.option("--cpus-per-trial", type=click.IntRange(min=0), default=0, metavar="N",
              help="Cores that each trial counts for.")  # fmt: skip
@click.option("--update-code", is_flag=True, help="Use the files as they are now.")
@click.option("--progress", type=click.Choice(["auto", "live", "plain", "json", "none"]),
              default="auto", show_default=True, help="How to show what happens.")  # fmt: skip
@click.option("-v", "--verbose", is_flag=True, help="Show what trials print, too.")
@store_option
@format_option
@click.pass_context
def resume(
    ctx: click.Context,
    sweep: str,
    workers: int | None,
    trials: int | None,
    span: str | None,
    detach: bool,
    gpus: str | None,
    gpus_per_trial: float,
    cpus_per_trial: int,
    update_code: bool,
    progress: str,
    verbose: bool,
    store: str | None,
    form: str,
) -> None:
    """Go on with a sweep that was paused, stopped, cancelled or interrupted.

    If a process on this machine still runs it, that one goes on; otherwise it is run here.
    """
    from sonde.agent.devices import Devices, cores
    from sonde.cli.driving import Crew, drive_here, is_driven
    from sonde.cli.gpus import gpus_of
    from sonde.cli.output import say
    from sonde.cli.place import root_of
    from sonde.cli.report import report
    from sonde.cli.spans import seconds_of
    from sonde.cli.starting import heed_code, is_unfinished, raised
    from sonde.core.sweep import Control

    time_s = seconds_of(span, "--time") if span is not None else None
    devices = gpus_of(gpus)
    capacity = Devices(devices, gpus_per_trial).capacity
    with opened(store) as opened_store:
        record = opened_store.find_sweep(sweep)
        record = raised(opened_store, record, trials=trials, time_s=time_s)
        if record.control is Control.DONE and not is_unfinished(record):
            say(f"{record.name} is finished ({record.reason}); --trials or --time gives it more")
            return
        before = record.control
        if before in {Control.PAUSED, Control.STOPPED, Control.CANCELLED}:
            record = opened_store.update_sweep(
                record.id, datetime.now(UTC), control=Control.RUNNING, reason=""
            )
        if detach:
            say(f"{record.name} may go on; sonde agent {record.name} runs trials of it")
            return
        if record.sweep.work is None:
            say(f"{record.name} may go on; the program that asks for its trials runs it")
            return
        if is_driven(root_of(opened_store.url), record.id):
            word = "goes on" if before is not Control.RUNNING else "is running"
            say(f"{record.name} {word} in the process that runs it; sonde tail {record.name}")
            return
        heed_code(opened_store, record, update=update_code)
        room = [workers or capacity or cores()]
        room += [capacity] if capacity is not None else []
        room += [max(cores() // cpus_per_trial, 1)] if cpus_per_trial else []
        crew = Crew(
            workers=min(room),
            gpus=devices,
            gpus_per_trial=gpus_per_trial,
            cpus_per_trial=cpus_per_trial,
        )
        result = drive_here(opened_store, record, crew, progress=progress, verbose=verbose)
        if progress != "json":
            report(result.record, result.history, form)
    ctx.exit(result.code)
