"""`sonde agent`: run trials of a sweep here."""

from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import click
from click.core import ParameterSource

from sonde.cli.clouds import yes_option
from sonde.cli.options import opened, store_option

__all__ = ["agent"]


@click.command()
@click.argument("sweep")
@click.option("--on", metavar="PLACE",
              help="Where agents are started: this machine, or ray, dask, slurm, or what a "
              "plugin adds; as many as it has room for.")  # fmt: skip
@click.option("--address", metavar="HOST:PORT", help="Of the cluster that --on is to use.")
@yes_option
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
    "--cpus-per-trial", type=click.FloatRange(min=0), metavar="N",
    help="Cores for each trial; by default as the program likes.",
)  # fmt: skip
@click.option("--mem-per-trial", "memory_per_trial", metavar="SIZE",
              help="With --on: memory for each trial, such as 4GB.")  # fmt: skip
@click.option("--resource", "resources", multiple=True, metavar="NAME=X",
              help="With --on: what each trial takes of a resource that the place counts; "
              "repeatable.")  # fmt: skip
@click.option(
    "--idle-timeout", type=click.FloatRange(min=0), metavar="S",
    help="Leave when there was nothing to run for S seconds.",
)  # fmt: skip
@click.option(
    "--max-consecutive-failed", "--max-consecutive-failed-runs", "max_consecutive_failed",
    type=click.IntRange(min=0), metavar="N",
    help="Leave when N trials in a row have failed; 0: never. Default: when the first 5 have.",
)  # fmt: skip
@click.option(
    "--forward-signals", is_flag=True,
    help="Send the first Ctrl-C or SIGTERM on to the trials' programs; leave when they ended.",
)  # fmt: skip
@click.option(
    "--allow-command", multiple=True, metavar="PATTERN",
    help="Run commands of a server's sweeps that fit: 'python train.py *'; repeatable.",
)  # fmt: skip
@click.option(
    "--no-upload", is_flag=True, help="Keep here what trials print and leave; send a server none."
)
@click.option(
    "--upload-limit", metavar="SIZE",
    help="Send a server so much of each trial's artifacts, such as 500MB; the rest stays here.",
)  # fmt: skip
@click.option("-p", "--project", expose_value=False, hidden=True, help="W&B's; means nothing.")
@click.option("-e", "--entity", expose_value=False, hidden=True, help="W&B's; means nothing.")
@click.option("--token", metavar="TOKEN", help="For a server; better put it into SONDE_TOKEN.")
@store_option
@click.pass_context
def agent(
    ctx: click.Context,
    sweep: str,
    on: str | None,
    address: str | None,
    yes: bool,
    count: int | None,
    workers: int,
    gpus: str | None,
    gpus_per_trial: float | None,
    cpus_per_trial: float | None,
    memory_per_trial: str | None,
    resources: tuple[str, ...],
    idle_timeout: float | None,
    max_consecutive_failed: int | None,
    forward_signals: bool,
    allow_command: tuple[str, ...],
    no_upload: bool,
    upload_limit: str | None,
    token: str | None,
    store: str | None,
) -> None:
    """Run trials of a sweep here, until it is done.

    SWEEP may be one of a server: http://HOST:PORT/SWEEP. It brings its code along; the agent
    runs its command only if you allow it. A server that is away is waited for, for a minute.

    May be started any number of times, in any terminal; it takes over when whoever started the
    sweep is gone. Ctrl-C: finish the running trials and leave; again: give them back and leave.
    With --on agents are started there, beside those that run the sweep already.

    Exits with 1 where it ran trials and all failed, 3 where it left as too many did, else 0.
    """
    import os

    from sonde.agent.allowing import check_allowed
    from sonde.agent.link import patiently
    from sonde.agent.loop import Options
    from sonde.agent.loop import run as run_agent
    from sonde.agent.place import root_of
    from sonde.cli.agent_lines import Lines
    from sonde.cli.crew import crew_of, each_of, place_of
    from sonde.cli.driving import marked
    from sonde.cli.failed import last_words
    from sonde.cli.faults import Faults
    from sonde.cli.gpus import doubts, gpus_of
    from sonde.cli.join import check_options, join
    from sonde.cli.output import say
    from sonde.cli.quantities import bytes_of
    from sonde.cli.reading import load
    from sonde.core.failing import FIRST
    from sonde.errors import ConfigError, StoreError
    from sonde.store import is_served
    from sonde.sweep_file import find

    if is_served(sweep):
        if not urlsplit(sweep).path.strip("/"):
            raise ConfigError(
                f"agent {sweep}",
                "no sweep stands behind the server's address",
                "write http://HOST:PORT/SWEEP; sonde ls --store URL lists them",
            )
        store, _, sweep = sweep.rstrip("/").rpartition("/")
    if token is not None:
        os.environ["SONDE_TOKEN"] = token
    if on is not None or address is not None:
        faults = Faults()
        place = place_of(on, None, faults, address)
        cpus, share = (None if n is None else f"{n:g}" for n in (cpus_per_trial, gpus_per_trial))
        each = each_of(cpus, share, memory_per_trial, resources, faults)
        is_given = ctx.get_parameter_source("workers") is not ParameterSource.DEFAULT
        crew = crew_of(str(workers) if is_given else None, gpus, each, faults, place)
        faults.refuse()
        check_options({
            "--count": count, "--idle-timeout": idle_timeout,
            "--max-consecutive-failed": max_consecutive_failed,
            "--forward-signals": forward_signals, "--no-upload": no_upload,
            "--upload-limit": upload_limit,
        }, place)  # fmt: skip
        with opened(store) as opened_store:
            record = patiently(opened_store, lambda: find(opened_store, sweep), say)
            check_allowed(opened_store.url, record, allow_command, Path.cwd())
            ctx.exit(join(opened_store, record, crew, yes=yes))
    if memory_per_trial is not None or resources:
        flag = "--resource" if resources else "--mem-per-trial"
        raise ConfigError(flag, "an agent counts cores and devices only", "add --on PLACE")
    devices = gpus_of(gpus)
    for doubt in doubts(devices):
        say(doubt)
    with opened(store) as opened_store:
        record = patiently(opened_store, lambda: find(opened_store, sweep), say)
        url = opened_store.url
    check_allowed(url, record, allow_command, Path.cwd())
    root = root_of(url)

    say(f"running trials of {record.name}, {workers} at once; Ctrl-C to leave")
    options = Options(
        store_url=url,
        sweep=record.id,
        root=root,
        workers=workers,
        count=count,
        gpus=devices,
        gpus_per_trial=gpus_per_trial or 0,
        cpus_per_trial=cpus_per_trial or 0,
        idle_timeout_s=idle_timeout,
        allow=allow_command,
        folder=Path.cwd(),
        most_failed=max_consecutive_failed,
        most_failed_first=FIRST if max_consecutive_failed is None else None,
        forward_signals=forward_signals,
        upload=not no_upload,
        upload_limit=None if upload_limit is None else bytes_of(upload_limit, "--upload-limit"),
    )
    with marked(root, record.id), Lines(url, record) as lines:
        report = run_agent(options, on_event=lambda event: say(lines.of(event)), is_alone=True)
    failed = f", {report.failed} failed" if report.failed else ""
    say(f"left: {report.reason}; {report.ran} trials run{failed}")
    all_failed = report.failed == report.ran > 0
    if all_failed:
        with suppress(StoreError), opened(store) as opened_store:
            for line in last_words(url, *load(opened_store, record.id)):
                say(line)
    ctx.exit(1 if all_failed else 3 if report.gave_up else 0)
