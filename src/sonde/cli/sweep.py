"""`sonde sweep`: a sweep from a file, and what is to happen with one, in W&B's words."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sonde.cli.options import opened, store_option

if TYPE_CHECKING:
    from sonde.store.protocol import Store, SweepRecord
    from sonde.sweep_file import Declared

__all__ = ["sweep"]


@click.command()
@click.argument("words", metavar="FILE|SWEEP", nargs=-1)
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
@click.option("--dry-run", is_flag=True, help="Check, and show what would come of it, only.")
@click.option(
    "--update", "edited", metavar="SWEEP",
    help="Change SWEEP, also while it runs: to what FILE says, or by NAME=RANGE.",
)  # fmt: skip
@click.option("--remove", multiple=True, metavar="NAME", help="--update: take a parameter out.")
@click.option(
    "--backfill", multiple=True, metavar="NAME=VALUE",
    help="--update: what a new parameter had in the trials so far.",
)  # fmt: skip
@click.option(
    "--where", multiple=True, metavar="RELATION",
    help="--update: the relations from now on; none: no more.",
)  # fmt: skip
@click.option("--method", metavar="METHOD", help="--update: another search method.")
@click.option("--rule", metavar="RULE", help="--update: another stopping rule; none: no more.")
@click.option("--trials", metavar="N", help="--update: so many trials in all.")
@click.option("--time", metavar="SPAN", help="--update: so much working time in all.")
@click.option("--why", default="", metavar="TEXT", help="--update: for those who read it later.")
@click.option("--json", "as_json", is_flag=True, help="--update: print it for programs.")
@store_option
@click.pass_context
def sweep(
    ctx: click.Context,
    /,
    words: tuple[str, ...],
    name: str | None,
    program: str | None,
    project: str | None,
    entity: str | None,
    earlier: tuple[str, ...],
    action: str | None,
    controlled: bool,
    dry_run: bool,
    edited: str | None,
    store: str | None,
    **changed: Any,
) -> None:
    """Make a sweep from a file in W&B's notation, and print its id; agents then run it.

    \b
    sonde sweep sweep.yaml
    sonde agent ID                      as often as you like, in any terminal

    With --pause, --resume, --stop or --cancel it is about a SWEEP that is there, and so it is
    with --update:

    \b
    sonde sweep --update SWEEP sweep.yaml
    sonde sweep --update SWEEP lr=1e-4..1e-2:log beta=0.9,0.99 --backfill beta=0.9
    """  # noqa: D301 - click reads the \b itself, so the string is not raw
    from sonde.cli.output import say
    from sonde.sweep_file import declared, read_file

    if edited is not None:
        from sonde.cli.edit import EditOptions, update

        options = EditOptions(words=words, program=program, dry_run=dry_run, **changed)
        with opened(store) as opened_store:
            update(opened_store, edited, options)
        return
    file = _only(words, {name: value for name, value in changed.items() if value})
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


def _only(words: tuple[str, ...], changed: dict[str, Any]) -> str:
    """Return the one file or sweep that is named."""
    from sonde.errors import ConfigError

    if changed:
        option = f"--{next(iter(changed)).removeprefix('as_')}"
        raise ConfigError(option, "it is about a sweep that is there", "add --update SWEEP")
    if len(words) != 1:
        found = "no file is named" if not words else f"{len(words)} files are named"
        raise ConfigError("sonde sweep", found, "name one: sonde sweep sweep.yaml")
    return words[0]


def _made(store: "Store", found: "Declared", earlier: tuple[str, ...]) -> "SweepRecord":
    """Make the sweep; a name that is taken is counted on."""
    from sonde.cli.output import say
    from sonde.cli.starting import create
    from sonde.core.decide import check
    from sonde.core.search import CUSTOM
    from sonde.core.sweep import Command
    from sonde.plugins.methods import method
    from sonde.store.earlier import sources_of, with_lessons
    from sonde.store.names import free_name

    sweep = found.sweep
    if sweep.name is not None:
        name = free_name(sweep.name, [record.name for record in store.list_sweeps()])
        if name != sweep.name:
            say(f"there is a sweep {sweep.name} already; this one is {name}")
            sweep = replace(sweep, name=name)
    if earlier and sweep.method != CUSTOM:
        check(sweep, method, learns=True)
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
