"""`sonde sweep`: a sweep from a file, and what is to happen with one, in W&B's words."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sonde.cli.options import opened, store_option

if TYPE_CHECKING:
    from sonde.store.protocol import Store, SweepRecord
    from sonde.sweep_file import Declared

__all__ = ["sweep"]


@click.command()
@click.argument("file", metavar="FILE|SWEEP")
@click.option("--name", metavar="NAME", help="Of the sweep, in place of the one in the file.")
@click.option("--program", metavar="FILE", help="What to run, in place of the one in the file.")
@click.option("-p", "--project", metavar="NAME", help="What the sweep belongs to.")
@click.option("-e", "--entity", metavar="NAME", help="W&B's account; there is none here.")
@click.option(
    "-R", "--prior_run", "--from", "earlier", multiple=True, metavar="SWEEP",
    help="Learn from an earlier sweep of the same or a similar space; repeatable.",
)  # fmt: skip
@click.option("--pause", "action", flag_value="pause", help="Start no new trials of SWEEP.")
@click.option("--resume", "action", flag_value="resume", help="Start new trials of SWEEP again.")
@click.option(
    "--stop", "action", flag_value="stop",
    help="Start no new trials of SWEEP; it has ended when the running ones have.",
)  # fmt: skip
@click.option("--cancel", "action", flag_value="cancel", help="End SWEEP and its trials now.")
@click.option(
    "--controller", "controlled", is_flag=True,
    help="Stay and decide, as W&B's local controller does; agents need none.",
)  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Check the file and show the first trials only.")
@store_option
@click.pass_context
def sweep(
    ctx: click.Context,
    file: str,
    name: str | None,
    program: str | None,
    project: str | None,
    entity: str | None,
    earlier: tuple[str, ...],
    action: str | None,
    controlled: bool,
    dry_run: bool,
    store: str | None,
) -> None:
    """Make a sweep from a file in W&B's notation, and print its id; agents then run it.

    \b
    sonde sweep sweep.yaml
    sonde agent ID                      as often as you like, in any terminal

    With --pause, --resume, --stop or --cancel it is about a SWEEP that is there.
    """  # noqa: D301 - click reads the \b itself, so the string is not raw
    from sonde.cli.output import say
    from sonde.sweep_file import declared, read_file

    if action is not None:
        _control(ctx, action, file, store)
        return
    path = Path(file).expanduser()
    found = declared(
        read_file(path, file), beside=path.parent, program=program, name=name, project=project
    )
    for note in found.notes:
        say(note)
    if dry_run:
        from sonde.cli.first_trials import show

        show(found.sweep)
        return
    with opened(store, new=True) as opened_store:
        record = _made(opened_store, found, earlier)
        _tell(record)
    click.echo(record.id)
    if controlled:
        from sonde.cli.controller import drive

        drive(record.id, store)


def _made(store: "Store", found: "Declared", earlier: tuple[str, ...]) -> "SweepRecord":
    """Make the sweep; a name that is taken is counted on."""
    from sonde.cli.output import say
    from sonde.cli.starting import create
    from sonde.core.sweep import Command
    from sonde.store.earlier import sources_of, with_lessons
    from sonde.store.names import free_name

    sweep = found.sweep
    if sweep.name is not None:
        name = free_name(sweep.name, [record.name for record in store.list_sweeps()])
        if name != sweep.name:
            say(f"there is a sweep {sweep.name} already; this one is {name}")
            sweep = replace(sweep, name=name)
    sources = [(store, source.id) for source in sources_of(store, earlier)]
    sweep = with_lessons(store, sweep, sources, flag="--from")
    if isinstance(sweep.work, Command):
        record = create(store, sweep, Path(sweep.work.folder))
    else:
        record = store.create_sweep(sweep, datetime.now(UTC))
    if found.description:
        record = store.update_sweep(record.id, datetime.now(UTC), notes=found.description)
    return record


def _tell(record: "SweepRecord") -> None:
    """Say what was made, and what runs it."""
    from sonde.cli.output import say
    from sonde.cli.typed import typed

    size, cap = record.sweep.space.size, record.budget.trials
    is_grid = record.sweep.method == "grid"
    known = min((n for n in (size if is_grid else None, cap) if n is not None), default=None)
    count = "without an end of its own" if known is None else f"{known} trials"
    if known is None and record.budget.time_s is not None:
        count = f"{record.budget.time_s:g} s of working time"
    say(f"made {record.name}: {record.sweep.method} search, {count}")
    if record.sweep.work is not None:
        say(f"run it: {typed('agent', record.id)}   (in any number of terminals)")


def _control(ctx: click.Context, action: str, sweep: str, store: str | None) -> None:
    """Do what `sonde pause`, `resume`, `stop` and `cancel` do."""
    from sonde.cli import control
    from sonde.cli.resume import resume
    from sonde.sweep_file import find

    with opened(store) as opened_store:
        sweep = find(opened_store, sweep).id
    if action == "resume":
        ctx.invoke(resume, sweep=sweep, detach=True, store=store)
    else:
        ctx.invoke(getattr(control, action), sweep=sweep, store=store)
