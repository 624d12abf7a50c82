"""`sonde resume`: go on with a sweep."""

from datetime import UTC, datetime
from pathlib import Path

import click

from sonde.cli.clouds import yes_option
from sonde.cli.options import format_option, opened, store_option

__all__ = ["resume"]


@click.command()
@click.argument("sweep")
@click.option("-j", "--workers", "--num-workers", "workers", metavar="N",
              help="How many trials at once. Default: one a core.")  # fmt: skip
@click.option("--on", metavar="PLACE",
              help="Where trials run: local, the default, ray, dask, slurm, ec2, gcloud, "
              "or what a plugin adds.")  # fmt: skip
@click.option("--address", metavar="HOST:PORT",
              help="Of the cluster that --on is to use.")  # fmt: skip
@click.option("--trials", metavar="N",
              help="Give it more trials: so many in all.")  # fmt: skip
@click.option("--time", "span", metavar="SPAN", help="Give it more working time: so much in all.")
@click.option("--detach", "--no-run", "detach", is_flag=True,
              help="Only let it go on; agents elsewhere run it.")  # fmt: skip
@click.option("--gpus", metavar="LIST", help="GPUs to hand out to trials: 0,1 or all.")
@click.option("--gpus-per-trial", metavar="X",
              help="How many of these for each trial; with 0.5 two share one.")  # fmt: skip
@click.option("--cpus-per-trial", metavar="X",
              help="Cores that each trial counts for.")  # fmt: skip
@click.option("--mem-per-trial", "memory_per_trial", metavar="SIZE",
              help="Memory that each trial counts for, such as 4GB.")  # fmt: skip
@click.option("--resource", "resources", multiple=True, metavar="NAME=X",
              help="What each trial takes of a resource that the place counts; "
              "repeatable.")  # fmt: skip
@yes_option
@click.option("--update-code", is_flag=True, help="Use the files as they are now.")
@click.option("--progress", type=click.Choice(["auto", "live", "plain", "json", "none"]),
              default="auto", show_default=True, help="How to show what happens.")  # fmt: skip
@click.option(
    "--tensorboard",
    "logdir",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Write the sweep into DIR as it runs, for TensorBoard's HParams page.",
)
@click.option("-v", "--verbose", is_flag=True, help="Show what trials print, too.")
@store_option
@format_option
@click.pass_context
def resume(
    ctx: click.Context,
    sweep: str,
    workers: str | None,
    on: str | None,
    address: str | None,
    trials: str | None,
    span: str | None,
    detach: bool,
    gpus: str | None,
    gpus_per_trial: str | None,
    cpus_per_trial: str | None,
    memory_per_trial: str | None,
    resources: tuple[str, ...],
    yes: bool,
    update_code: bool,
    progress: str,
    logdir: Path | None,
    verbose: bool,
    store: str | None,
    form: str,
) -> None:
    """Go on with a sweep that was paused, stopped or interrupted.

    If a process on this machine still runs it, that one goes on; otherwise it is run here.
    What was cancelled is over: the command that made it starts a new one.
    """
    from sonde.agent.place import root_of
    from sonde.agent.without_work import way_on
    from sonde.cli.crew import crew_of, each_of, place_of
    from sonde.cli.driving import aboard, drive_here, is_driven
    from sonde.cli.failed import last_words
    from sonde.cli.faults import Faults
    from sonde.cli.github import summarise
    from sonde.cli.gpus import doubts
    from sonde.cli.output import say
    from sonde.cli.progress import check_output
    from sonde.cli.quantities import seconds_of, whole_of
    from sonde.cli.report import complaints, report
    from sonde.cli.starting import heed_code
    from sonde.cli.typed import typed
    from sonde.cli.unfinished import afresh, is_spent, is_unfinished, more_of, raised
    from sonde.core.sweep import Control
    from sonde.errors import ConfigError, IllegalTransitionError
    from sonde.executors.places import is_here

    check_output(progress, form)
    faults = Faults()
    time_s, more = None, whole_of(trials, "--trials", 1, faults)
    with faults.collected():
        time_s = seconds_of(span, "--time") if span is not None else None
    place = place_of(on, None, faults, address)
    each = each_of(cpus_per_trial, gpus_per_trial, memory_per_trial, resources, faults)
    crew = crew_of(workers, gpus, each, faults, place)
    faults.refuse()
    with opened(store) as opened_store:
        record = opened_store.find_sweep(sweep)
        if record.control is Control.CANCELLED:
            raise IllegalTransitionError(
                f"{record.name} was cancelled, so it is not gone on with; {afresh(record)}"
            )
        if record.sweep.work is None and {"logdir", "optuna", "define_by_run"} & set(record.facts):
            raise ConfigError(f"sweep {record.name}", *way_on(record))
        record = raised(opened_store, record, trials=more, time_s=time_s)
        is_met = record.control is Control.DONE and not is_unfinished(record)
        if is_met or is_spent(opened_store, record):
            say(f"{record.name} is finished ({record.reason}); {more_of(record)}")
            return
        before = record.control
        if before in {Control.PAUSED, Control.STOPPED}:
            record = opened_store.update_sweep(
                record.id, datetime.now(UTC), control=Control.RUNNING, reason=""
            )
        if detach:
            say(f"{record.name} may go on; {typed('agent', record.name)} runs trials of it")
            return
        if record.sweep.work is None:
            say(f"{record.name} may go on; the program that asks for its trials runs it")
            return
        if is_driven(root_of(opened_store.url), record.id):
            word = "goes on" if before is not Control.RUNNING else "is running"
            say(f"{record.name} {word} in the process that runs it; {typed('tail', record.name)}")
            return
        heed_code(opened_store, record, update=update_code)
        for doubt in doubts(crew.gpus) if is_here(crew.place) else ():
            say(doubt)
        with aboard(crew, yes=yes) as at:
            result = drive_here(
                opened_store, record, at, progress=progress, verbose=verbose, logdir=logdir
            )
        if progress != "json":
            report(result.record, result.history, form)
        summarise(result.record, result.history)
        found = result.record, result.history
        for line in (*complaints(*found), *last_words(opened_store.url, *found)):
            say(line)
        if result.code and is_unfinished(result.record):
            say(f"go on with it: {typed('resume', result.record.name)}")
    ctx.exit(result.code)
