"""`sonde store`: a store copied into another, checked, and kept in a file."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sonde.cli.options import format_of, opened, store_option
from sonde.errors import ConfigError, StoreError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sonde.store.checking import Finding
    from sonde.store.protocol import Store

__all__ = ["store"]


@click.group()
def store() -> None:
    """Copy a store, check it, or keep it in a file."""


@store.command("copy")
@click.argument("from_", metavar="FROM")
@click.argument("to", metavar="TO")
@click.argument("sweeps", metavar="[SWEEP]...", nargs=-1)
def copy(from_: str, to: str, sweeps: tuple[str, ...]) -> None:
    """Copy sweeps from one store into another.

    All of them, or those that are named. FROM and TO are paths or URLs; TO is made if it is not
    there. Ids, names, trials, curves and versions stay as they are. Again, it copies what is
    new; it overwrites nothing.
    """
    from sonde.cli.output import say
    from sonde.cli.tensorboard import Progress
    from sonde.store.copying import copy_sweep, missing_in

    with opened(from_) as source, opened(to, new=True) as target:
        if source.url == target.url and source.url != "memory:":
            raise ConfigError(f"TO {to}", "that is the same store", "name another")
        chosen = _chosen(source, sweeps)
        missing = missing_in(target, source, chosen)
        if len(missing) < len(chosen):
            say(f"{_number(len(chosen) - len(missing), 'sweep')} there already")
        for record in missing:
            done = copy_sweep(source, target, record.id, Progress(f"trials of {record.name}"))
            click.echo(
                f"{record.name} ({record.id}): {_number(done.record.trials, 'trial')}, "
                f"{_number(done.points, 'value')} of curves, {_number(done.blobs, 'file')}"
            )
            if done.remains:
                say(
                    f"of {_number(done.remains, 'trial')} of {record.name} a curve is gone: its "
                    "smallest, largest and last value are kept"
                )
            if done.lost:
                are = "is" if done.lost == 1 else "are"
                say(f"{_number(done.lost, 'file')} of {record.name} {are} lost in {from_}")


@store.command("check")
@click.argument("url", required=False)
@store_option
@format_of(["text", "json"], "How to print: for people, or for programs.")
@click.pass_context
def check(ctx: click.Context, url: str | None, store: str | None, form: str) -> None:
    """Say what is wrong with a store, and where.

    Nothing is changed. URL is a path or a URL; by default the store that other commands use. The
    exit code is 1 if something is lost or contradicts itself.
    """
    from sonde.cli.output import emit
    from sonde.cli.tensorboard import Progress
    from sonde.errors import StoreVersionError
    from sonde.store.checking import Finding, check_store

    sweeps = 0
    try:
        with opened(url if url is not None else store) as opened_store:
            found = list(check_store(opened_store, datetime.now(UTC), Progress("sweeps")))
            sweeps = _count(opened_store)
    except StoreVersionError:
        raise
    except StoreError as error:
        found = [Finding(what=str(error))]
    faults = sum(one.is_fault for one in found)
    if form == "json":
        emit(form, [_json(one) for one in found])
    else:
        for one in found:
            click.echo(_text(one))
        what = _number(sweeps, "sweep")
        click.echo(f"{what}: {_number(faults, 'fault') if faults else 'nothing is wrong'}")
    ctx.exit(1 if faults else 0)


@store.command("backup")
@click.argument("file", type=click.Path(path_type=Path))
@click.argument("url", required=False)
@store_option
def backup(file: Path, url: str | None, store: str | None) -> None:
    """Keep a store in FILE, as it is at one moment.

    FILE is a SQLite file that is a store itself, and must not be there yet. URL is a path or a
    URL; by default the store that other commands use. Agents may go on meanwhile.
    """
    from sonde.cli.output import say
    from sonde.cli.tensorboard import Progress
    from sonde.store.backup import back_up

    with opened(url if url is not None else store) as opened_store:
        size = back_up(opened_store, file, Progress("sweeps"))
        count = _count(opened_store)
    say(f"{file}: {_number(count, 'sweep')}, {size / 1e6:.1f} MB")


def _chosen(source: "Store", sweeps: tuple[str, ...]) -> "Sequence[str]":
    if sweeps:
        return list(dict.fromkeys(source.find_sweep(text).id for text in sweeps))
    return [record.id for record in source.list_sweeps()]


def _count(opened_store: "Store") -> int:
    try:
        return len(opened_store.list_sweeps())
    except (StoreError, ValueError, LookupError, TypeError):  # damaged, as was said
        return 0


def _text(one: "Finding") -> str:
    where = "" if one.sweep is None else f"{one.name} ({one.sweep}): "
    if one.trial is not None:
        where = f"{one.name}/{one.trial}: "
    return f"{'fault' if one.is_fault else 'note'}: {where}{one.what}"


def _json(one: "Finding") -> dict[str, object]:
    return {
        "sweep": one.sweep,
        "name": one.name,
        "trial": one.trial,
        "what": one.what,
        "fault": one.is_fault,
    }


def _number(count: int, thing: str) -> str:
    return f"{count:,} {thing}{'' if count == 1 else 's'}"
