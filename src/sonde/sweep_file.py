"""A sweep file on this machine: read, and checked against the files that it names.

The doors share it: `sonde sweep`, `sonde.wandb.sweep`.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path

from sonde.agent.printed import check_pattern
from sonde.core.notation.document import Node, in_file_order, near
from sonde.core.notation.yaml_text import read_yaml
from sonde.core.sweep import Command, Sweep, check_name
from sonde.core.wandb import SweepFile, read_sweep
from sonde.core.wandb.macros import DEFAULT_COMMAND, MACROS, unknown_macros
from sonde.errors import ConfigError, ConfigErrors, NotFoundError
from sonde.plugins.methods import method
from sonde.plugins.rules import rule
from sonde.store.protocol import Store, SweepRecord

__all__ = ["Declared", "declared", "find", "read_file"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """What is to be made.

    Attributes:
        sweep: With its work; None where the file names no program.
        description: For people.
        notes: What is worth telling the user.
        keys: What it speaks of.
    """

    sweep: Sweep
    description: str
    notes: tuple[str, ...]
    keys: tuple[str, ...] = ()


def read_file(path: Path, shown: str) -> Node:
    """Return a sweep file as a tree.

    Raises:
        ConfigError: If it cannot be read, or is no YAML.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        listed = [p.name for p in path.parent.glob("*.y*ml")] if path.parent.is_dir() else []
        remedy = near(path.name, listed) if listed else "check the path"
        raise ConfigError(shown, "there is no such file", remedy) from None
    except (OSError, UnicodeDecodeError) as error:
        reason = "it is no UTF-8 text" if isinstance(error, ValueError) else str(error.strerror)
        raise ConfigError(shown, reason, "name a YAML file") from error
    return read_yaml(text, shown)


def declared(
    node: Node, *, beside: Path, program: str | None = None, name: str | None = None,
    project: str | None = None, needs_program: bool = True,
) -> Declared:  # fmt: skip
    """Read a sweep and find what it runs.

    Args:
        node: The file.
        beside: The folder of the file.
        program: In place of the one in the file.
        name: The same.
        project: The same.
        needs_program: Whether it says so where there is none.

    Raises:
        ConfigError: With all faults at once.
    """
    faults: list[ConfigError] = []
    read: SweepFile | None = None
    try:
        read = read_sweep(node, method, rule)
    except ConfigError as fault:
        faults += _one_by_one(fault)
    notes: list[str] = []
    work = _work(node.entries or {}, read, program, beside, faults, notes)
    if name is not None:
        try:
            check_name(name, f"--name {name}")
        except ConfigError as fault:
            faults.append(fault)
    if read is None or faults:
        faults = in_file_order(faults)
        raise faults[0] if len(faults) == 1 else ConfigErrors(faults)
    notes = [*read.notes, *notes]
    sweep = replace(
        read.sweep, work=work, name=name or read.sweep.name, project=project or read.sweep.project,
        seed=read.sweep.seed if "seed" in read.nodes else secrets.randbelow(2**31),
    )  # fmt: skip
    if work is None and needs_program:
        notes.append(
            f"{node.place or 'the sweep'}: no program, so sonde agent has nothing to run; add "
            "program: train.py, or run it from Python"
        )
    return Declared(
        sweep=sweep, description=read.description, notes=tuple(notes), keys=tuple(read.nodes)
    )


def find(store: Store, text: str) -> SweepRecord:
    """Return the sweep that a text means, in W&B's form `ENTITY/PROJECT/ID` too.

    Raises:
        NotFoundError: If there is none.
        AmbiguousError: If it fits several.
    """
    try:
        return store.find_sweep(text)
    except NotFoundError:
        head, slash, tail = text.rpartition("/")
        if not slash or not tail or head.endswith("/"):
            raise
    return store.find_sweep(tail)


def _one_by_one(fault: ConfigError) -> list[ConfigError]:
    return list(fault.faults) if isinstance(fault, ConfigErrors) else [fault]


def _work(
    top: Mapping[str, Node],
    read: SweepFile | None,
    program: str | None,
    beside: Path,
    faults: list[ConfigError],
    notes: list[str],
) -> Command | None:
    """Return the command, run in this folder or in that of the file, wherever its program is.

    One that is nowhere may lie where agents are started; a slip of the hand is no such name.
    """
    script = program if program is not None else _text(top, "program")
    words = _words(top) if read is None else read.command
    if script is None and words is None:
        return None
    words = DEFAULT_COMMAND if words is None else words
    if "command" in top:
        faults += _unknown_words(top["command"], words, _names(top))
    if "metric_regex" in top and (pattern := _text(top, "metric_regex")) is not None:
        try:
            check_pattern(pattern)
        except ConfigError as fault:
            faults.append(top["metric_regex"].fault(fault.found, fault.remedy))
    uses = any("${program}" in word for word in words)
    if script is None and uses:
        nothing = "${program} stands for nothing"
        faults.append(top["command"].fault(nothing, "add program: train.py"))
    folder = Path.cwd()
    if script is not None and uses:
        found = _folder_of(script, beside)
        if found is None:
            named = top.get("program") if program is None else None
            where = named.where if named is not None else f"--program {script}"
            absent = f"there is no {script} in {_places(beside)}"
            if (meant := _meant(script, beside)) is not None:
                faults.append(ConfigError(where, absent, f"did you mean {meant}?"))
            else:
                notes.append(f"{where}: {absent}; start agents in the folder that has it")
        else:
            folder = found
    if read is None:
        return None
    return Command(
        argv=words, folder=str(folder), workspace=read.workspace, links=read.links,
        program=script or "", metric_regex=read.metric_regex,
    )  # fmt: skip


def _unknown_words(command: Node, words: Sequence[str], names: Sequence[str]) -> list[ConfigError]:
    """Return a fault for each word that is a macro which means nothing."""
    known = [f"${{{macro}}}" for macro in (*MACROS, *names)]
    faults = []
    for word in unknown_macros(words, names):
        node = next((item for item in command.items or () if item.value == word), command)
        faults.append(node.fault(f"there is no macro {word}", near(word, known)))
    return faults


def _words(top: Mapping[str, Node]) -> tuple[str, ...] | None:
    """Return the command of a file that has faults elsewhere; None where it is none, or absent."""
    items = top["command"].items if "command" in top else None
    words = tuple(item.value for item in items or () if isinstance(item.value, str))
    return words or None


def _names(top: Mapping[str, Node]) -> list[str]:
    """Return what a command may name: parameters, also nested ones, and outermost groups."""
    names: list[str] = []
    below = [("", top["parameters"])] if "parameters" in top else []
    for prefix, node in below:
        for key, one in (node.entries or {}).items():
            group = (one.entries or {}).get("parameters")
            if group is not None:
                below.append((f"{prefix}{key}.", group))
            if group is None or not prefix:
                names.append(f"{prefix}{key}")
    return names


def _folder_of(script: str, beside: Path) -> Path | None:
    for folder in (Path.cwd(), beside.absolute()):
        if (folder / script).exists():
            return folder
    return None


def _meant(script: str, beside: Path) -> str | None:
    """Return the file that a name was probably to be: one of nearly that name, where one looks."""
    path = Path(script)
    names = {
        file.name
        for folder in (Path.cwd() / path.parent, beside.absolute() / path.parent)
        if folder.is_dir()
        for file in folder.iterdir()
    }
    found = get_close_matches(path.name, sorted(names), 1, 0.75)
    return str(path.with_name(found[0])) if found else None


def _places(beside: Path) -> str:
    here, there = Path.cwd(), beside.absolute()
    return "this folder" if here == there else f"this folder, nor in {beside}"


def _text(top: Mapping[str, Node], key: str) -> str | None:
    value = top[key].value if key in top else None
    return value if isinstance(value, str) and value.strip() else None
