"""`sonde sweep --update`: what a sweep searches, and how, is changed while it runs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sonde.agent.reaching import check_reaches
from sonde.cli.faults import Faults
from sonde.cli.output import emit, say
from sonde.cli.quantities import seconds_of, whole_of
from sonde.cli.typed import typed
from sonde.core.edit import Edit, in_place_of
from sonde.core.notation import parse_hyperparam
from sonde.core.notation.literals import read_value
from sonde.core.sweep import Control, Sweep
from sonde.editing import Edited, edit
from sonde.errors import ConfigError
from sonde.store import is_served

if TYPE_CHECKING:
    from sonde.store.protocol import Store

__all__ = ["EditOptions", "update"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EditOptions:
    """What was typed behind `--update SWEEP`, beside the store."""

    words: Sequence[str]
    remove: Sequence[str] = ()
    backfill: Sequence[str] = ()
    where: Sequence[str] = ()
    method: str | None = None
    rule: str | None = None
    trials: str | None = None
    time: str | None = None
    why: str = ""
    program: str | None = None
    dry_run: bool = False
    as_json: bool = False


def update(store: "Store", text: str, options: EditOptions) -> None:
    """Change a sweep by a file, or by what was typed, and say what that means.

    Raises:
        ConfigError: With all that is wrong.
    """
    from sonde.sweep_file import find

    record = find(store, text)
    if not any((options.words, options.remove, options.backfill, options.where, options.method,
                options.rule, options.trials, options.time)):  # fmt: skip
        raise ConfigError(
            f"--update {text}",
            "nothing stands there that is to be changed",
            f"write for instance: sonde sweep --update {text} lr=1e-4..1e-2:log, or a file; "
            "sonde sweep --help has all",
        )
    apply = _applied(options)
    edited = edit(
        store, record.id, lambda old: check_reaches(store, record, apply(old)), datetime.now(UTC),
        why=options.why, dry_run=options.dry_run,
    )  # fmt: skip
    if options.as_json:
        emit("json", edited.to_json())
        return
    _tell(store, edited, dry_run=options.dry_run)


def _applied(options: EditOptions) -> Callable[[Sweep], Sweep]:
    """Return what makes the new definition of the one at work."""
    words = options.words
    files = [word for word in words if _is_file(word)]
    if not files:
        return _read(options).apply
    if len(words) > 1:
        raise ConfigError(
            " ".join(words), "a file stands for the whole definition", "name it alone, or no file"
        )
    from sonde.sweep_file import declared, read_file

    path = Path(files[0]).expanduser()
    written = declared(
        read_file(path, files[0]), beside=path.parent, program=options.program, needs_program=False
    )
    for note in written.notes:
        say(note)
    spoken = _read(options, also_words=False)
    return lambda old: spoken.apply(in_place_of(old, written.sweep, written.keys))


def _is_file(word: str) -> bool:
    return word.endswith((".yaml", ".yml", ".json")) or "=" not in word or Path(word).is_file()


def _read(options: EditOptions, *, also_words: bool = True) -> Edit:
    """Read the edit from the command line."""
    faults = Faults()
    parameters: dict[str, Any] = {}
    for word in options.words if also_words else ():
        with faults.collected():
            one = parse_hyperparam(word, flag="argument")
            if one.name in parameters:
                faults.add(word, f"{one.name} is given twice", "keep one of them")
            parameters[one.name] = one.distribution
    backfill: dict[str, Any] = {}
    for text in options.backfill:
        name, equals, written = (part.strip() for part in text.partition("="))
        if not equals or not name or not written:
            faults.add(f"--backfill {text}", "no NAME=VALUE", "write --backfill momentum=0.9")
            continue
        with faults.collected():
            value = read_value(written, f"--backfill {text}")
            known = parameters.get(name)
            if known is not None and not known.contains(value) and known.contains(written):
                value = written  # among the choices is text that reads as a number
            backfill[name] = value
    trials, time_s = whole_of(options.trials, "--trials", 1, faults), None
    with faults.collected():
        time_s = seconds_of(options.time, "--time") if options.time is not None else None
    faults.refuse()
    return Edit(
        parameters=parameters,
        remove=options.remove,
        where=None if not options.where else [text for text in options.where if text != "none"],
        backfill=backfill,
        method=options.method,
        stopping=options.rule,
        trials=trials,
        time_s=time_s,
    )


def _tell(store: "Store", edited: Edited, *, dry_run: bool) -> None:
    record, effect = edited.record, edited.effect
    if not edited.changes:
        click.echo(f"{record.name} ({record.id}) is so already; nothing was changed")
        return
    verb = "would be" if dry_run else "is"
    click.echo(f"{record.name} ({record.id}) {verb} at version {edited.version} of its definition")
    for change in edited.changes:
        click.echo(f"  {change.text}")
    begun = effect.counting + effect.outside
    if begun:
        tail = f"; {_count(effect.outside)} outside of its space" if effect.outside else ""
        click.echo(f"the search goes on from {effect.counting} of {begun} trials{tail}")
    for name, count in effect.lacking.items():
        click.echo(
            f"{count} of those lack a value of {name}: say what they had with "
            f"--backfill {name}=VALUE"
        )
    if effect.withdrawn:
        click.echo(f"{_count(len(effect.withdrawn), 'waiting')} called off, and made up for")
    if effect.running:
        click.echo(f"{_count(len(effect.running), 'running')} outside of the space, to its end")
    if dry_run:
        say("nothing was changed, as --dry-run was given")
    elif record.control in {Control.PAUSED, Control.STOPPED}:
        say(f"it is {record.control}: {typed('resume', record.name)} goes on with it")
    elif record.control is Control.RUNNING and record.state == "idle":
        words = typed("agent", record.id) if is_served(store.url) else typed("resume", record.name)
        say(f"go on with it: {words}")


def _count(count: int, kind: str = "") -> str:
    noun = f"{kind} trial" if kind else ""
    verb = {"": "lie" if count > 1 else "lies", "waiting": "is" if count == 1 else "are"}
    text = f"{count} {noun}{'s' if noun and count > 1 else ''}".strip()
    return f"{text} {verb.get(kind, 'goes on' if count == 1 else 'go on')}"
