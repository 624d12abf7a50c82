"""`sonde run`: tune a script."""

from pathlib import Path
from typing import Any

import click

from sonde.cli.clouds import cloud_options, yes_option
from sonde.cli.options import format_option, opened, store_option
from sonde.cli.words import RunCommand

__all__ = ["run"]


@click.command(
    cls=RunCommand,
    context_settings={"ignore_unknown_options": False, "allow_interspersed_args": False},
)
@click.option(
    "--hyperparam",
    "-hp",
    multiple=True,
    expose_value=False,
    metavar="NAME=RANGE",
    help="A parameter to search; repeatable. Short forms stand bare before the script: "
    "lr=1e-5..1e-1:log opt=adam,sgd.",
)
@click.option(
    "--metric",
    multiple=True,
    metavar="TAG[:min|:max|:last|:mean]",
    help="What to improve; given several times, several goals.",
)
@click.option(
    "--subject-to",
    multiple=True,
    metavar="BOUND",
    help="What a trial must keep to, to be the best: 'latency_ms <= 20'; repeatable.",
)
@click.option(
    "--metric-regex",
    metavar="RE",
    help="Find the metric in what the script prints; the group is the value.",
)
@click.option(
    "--trials",
    metavar="N",
    help="How many trials in all, repeats included. Default: all points of a grid, else 100.",
)
@click.option(
    "--time",
    "--max-duration",
    "time",
    metavar="SPAN",
    help="How much working time in all, as in 90s, 15m, 1h30m.",
)
@click.option(
    "--method",
    default="auto",
    show_default=True,
    metavar="NAME",
    help="How to search: auto, grid, random, quasirandom, bayes, tpe, cmaes, evolution, pbt.",
)
@click.option(
    "--stop",
    "stopping",
    metavar="RULE",
    help="Stop trials early that are not worth going on with: asha, hyperband, median, patient, "
    "threshold, with "
    "options as in 'asha(eta=4, min_steps=3)'. Default: all run to their end.",
)
@click.option(
    "--where",
    multiple=True,
    metavar="EXPR",
    help="A relation that all trials satisfy, such as 'layers * batch <= 256'.",
)
@click.option(
    "--when",
    multiple=True,
    metavar="NAME=EXPR",
    help="A parameter exists only when this holds: momentum=opt == 'sgd'.",
)
@click.option(
    "--try",
    "tries",
    multiple=True,
    metavar="NAME=VALUE,...",
    help="Values to try first, such as lr=0.01,layers=3; repeatable. What is left out is at "
    "its guess, or in the middle.",
)
@click.option(
    "--from",
    "earlier",
    multiple=True,
    metavar="SWEEP",
    help="Learn from an earlier sweep of the same or a similar space; repeatable.",
)
@click.option("--seed", metavar="N", help="Of all that is random. Default: a random one.")
@click.option(
    "--name",
    "--experiment",
    "-e",
    "name",
    metavar="NAME",
    help="Of the sweep; the same name again goes on with it.",
)
@click.option("--project", metavar="NAME", help="What the sweep belongs to.")
@click.option("--new", is_flag=True, help="Start afresh, though the same sweep is unfinished.")
@click.option(
    "-j",
    "--workers",
    "--num-workers",
    "workers",
    metavar="N",
    help="How many trials at once. Default: one a core.",
)
@click.option(
    "--on",
    metavar="PLACE",
    help="Where trials run: local, the default, ray, dask, slurm, cloud, or what a plugin adds.",
)
@click.option(
    "--cloud",
    metavar="PLACE",
    help="Start machines for the sweep and end them with it: ec2, gcloud. They cost money.",
)
@cloud_options
@yes_option
@click.option("--address", metavar="HOST:PORT", help="Of the cluster that --on is to use.")
@click.option(
    "--cpus-per-trial",
    "--cpus",
    "cpus_per_trial",
    metavar="X",
    help="Cores that each trial counts for.",
)
@click.option("--gpus", metavar="LIST", help="GPUs to hand out to trials: 0,1 or all.")
@click.option(
    "--gpus-per-trial",
    metavar="X",
    help="How many of these for each trial; with 0.5 two share one.",
)
@click.option(
    "--mem-per-trial",
    "--ram",
    "memory_per_trial",
    metavar="SIZE",
    help="Memory that each trial counts for, such as 4GB.",
)
@click.option(
    "--resource",
    "resources",
    multiple=True,
    metavar="NAME=X",
    help="What each trial takes of a resource that the place counts; repeatable.",
)
@click.option(
    "--repeats",
    default="1",
    show_default=True,
    metavar="N",
    help="How often each assignment is tried, with a seed of its own each time; the mean counts.",
)
@click.option(
    "--retries",
    default="0",
    show_default=True,
    metavar="N",
    help="How often a trial whose script failed is run again.",
)
@click.option(
    "--max-failures",
    metavar="N",
    help="Stop when N trials in a row have failed; 0: never. Default: when the first 5 all have.",
)
@click.option(
    "--substitute",
    type=click.Choice(["syntax", "regex", "none", "ast"]),
    help="How values are put into the script. Default: syntax for Python files, none for "
    "scripts that take them otherwise; regex is StudioML's rule; ast means syntax.",
)
@click.option(
    "--workspace",
    type=click.Choice(["copy", "none"]),
    default="copy",
    show_default=True,
    help="Run each trial in its own copy of the folder, or in place.",
)
@click.option(
    "--link",
    multiple=True,
    metavar="PATH",
    help="Link this into each copy instead of copying it; for large data.",
)
@click.option("--python", metavar="PATH", help="The Python that runs .py scripts.")
@click.option(
    "--grace",
    default="5s",
    show_default=True,
    metavar="SPAN",
    help="How long a trial that was asked to end may take.",
)
@click.option(
    "--update-code", is_flag=True, help="Going on with a sweep, use the files as they are now."
)
@click.option(
    "--force-git",
    is_flag=True,
    hidden=True,
    help="Accepted for StudioML: uncommitted changes are recorded, never refused.",
)
@click.option("--dry-run", is_flag=True, help="Show what would be run; run and write nothing.")
@click.option(
    "--progress",
    type=click.Choice(["auto", "live", "plain", "json", "none"]),
    default="auto",
    show_default=True,
    help="How to show what happens.",
)
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
@click.argument(
    "command", nargs=-1, type=click.UNPROCESSED, metavar="SCRIPT [ARGS]...", expose_value=False
)
@click.pass_context
def run(
    ctx: click.Context,
    /,
    new: bool,
    update_code: bool,
    force_git: bool,
    dry_run: bool,
    progress: str,
    logdir: Path | None,
    verbose: bool,
    yes: bool,
    store: str | None,
    form: str,
    **options: Any,
) -> None:
    """Tune a script: run it with many values of its parameters and compare the results.

    \b
    sonde run --hyperparam=lr=1e-5:l5:0.1 --metric=val_loss:min train.py 30
    sonde run lr=1e-5..1e-1:log --trials 40 --metric acc:max train.py --lr={lr}

    All that stands behind SCRIPT is the script's own. Values get into it by replacing the
    names in a copy of it, by {name} in its arguments, or by the environment (SONDE_PARAMS).

    The same command again goes on with the sweep if it is unfinished.
    """  # noqa: D301 - click reads the \b itself, so the string is not raw
    from sonde.cli.astray import astray
    from sonde.cli.driving import aboard, drive_here
    from sonde.cli.failed import last_words
    from sonde.cli.github import summarise
    from sonde.cli.output import say
    from sonde.cli.plan import RunOptions, plan
    from sonde.cli.progress import check_output
    from sonde.cli.report import complaints, report
    from sonde.cli.starting import start
    from sonde.cli.typed import typed
    from sonde.cli.unfinished import is_unfinished

    planned = plan(
        RunOptions(**options),
        ctx.meta["sonde.ranges"],
        ctx.meta["sonde.command"],
        Path.cwd(),
        ctx.meta["sonde.refused"],
    )
    check_output(progress, form)
    script = ctx.meta["sonde.command"]
    if strays := astray(ctx.command, script, Path.cwd()):
        say(
            f"{', '.join(strays)} stands behind {script[0]}, so {script[0]} gets it; options of "
            "sonde stand before the script"
        )
    if dry_run:
        from sonde.cli.dry_run import dry_run as show

        show(planned, form, store)
        return
    with aboard(planned.crew, yes=yes) as at, opened(store, new=True) as opened_store:
        started = start(opened_store, planned, new=new, update_code=update_code)
        if started.is_new:
            for note in planned.notes:
                say(note)
        if started.is_over:
            from sonde.cli.reading import load
            from sonde.executors.drive import code_of

            record, history = load(opened_store, started.record.id)
            code = code_of(record, history)
        else:
            result = drive_here(
                opened_store,
                started.record,
                at,
                progress=progress,
                verbose=verbose,
                logdir=logdir,
            )
            record, history, code = result.record, result.history, result.code
        if progress != "json":
            report(record, history, form)
        summarise(record, history)
        for line in (*complaints(record, history), *last_words(opened_store.url, record, history)):
            say(line)
        if code and is_unfinished(record):
            say(f"go on with it: {typed('resume', record.name)}, or the same command again")
    ctx.exit(code)
