"""A trial's workspace: its own copy of the user's folder, with the values in the script."""

import io
import os
import tokenize
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from sonde.agent.copying import copy_tree
from sonde.agent.finding import user_python
from sonde.core.substitute import Substitution, by_regex, by_syntax, fill_template
from sonde.core.sweep import Command
from sonde.core.wandb.macros import expand, nested

__all__ = ["arguments", "prepare", "read_source", "substituted", "write_source"]


def prepare(
    command: Command, source: Path, work: Path, params: Mapping[str, Any]
) -> Iterator[None]:
    """Make the workspace, yielding now and then; afterwards it is ready.

    Raises:
        OSError: If it cannot be made.
    """
    links = tuple(os.path.normpath(link) for link in command.links)
    yield from copy_tree(source, work, skip=frozenset(links))
    for link in links:
        to = work / link
        to.parent.mkdir(parents=True, exist_ok=True)
        to.symlink_to(Path(command.folder) / link)
    if command.script is not None and command.substitute != "none":
        path = work / command.script
        text, encoding = read_source(path)
        write_source(path, substituted(command, text, params).text, encoding)


def arguments(
    command: Command,
    params: Mapping[str, Any],
    names: Sequence[str] = (),
    *,
    groups: Sequence[str] = (),
    json_file: str = "args.json",
    environ: Mapping[str, str] = os.environ,
) -> list[str]:
    """Return program and arguments with the values put in for `{name}`, or for W&B's macros.

    An argument that asks for a parameter which this trial has not is left out, and with it
    the option that it is the value of.

    Args:
        command: With the templates.
        params: The values of one trial.
        names: All parameters, of which some may be absent from `params`.
        groups: Those of the sweep.
        json_file: What `${args_json_file}` stands for.
        environ: What `${envvar:NAME}` is looked up in.
    """
    if command.program is not None:
        return expand(
            command.argv,
            nested(params, groups),
            program=command.program,
            interpreter=user_python(),
            json_file=json_file,
            environ=environ,
            names=names,
        )
    absent = {name: "" for name in names if name not in params}
    kept: list[str] = []
    for arg in command.argv:
        if absent and fill_template([arg], absent)[1]:
            if arg.startswith("{") and kept and kept[-1].startswith("-") and "=" not in kept[-1]:
                kept.pop()
            continue
        kept.append(arg)
    return fill_template(kept, params)[0]


def substituted(command: Command, source: str, params: Mapping[str, Any]) -> Substitution:
    """Put the values into the text of the script as the command says.

    Names that the arguments pass on are left alone in the text.
    """
    _, passed = fill_template(command.argv, params)
    values = {name: value for name, value in params.items() if name not in passed}
    return by_regex(source, values) if command.substitute == "regex" else by_syntax(source, values)


def read_source(path: Path) -> tuple[str, str]:
    """Return a script's text, its line ends as they are, and the encoding it is in."""
    data = path.read_bytes()
    encoding = "utf-8"
    if path.suffix in {".py", ".pyw"}:
        try:
            encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        except SyntaxError:  # it names an encoding that there is not
            encoding = "utf-8"
    # Bytes that are no text pass through unharmed.
    return data.decode(encoding, errors="surrogateescape"), encoding


def write_source(path: Path, text: str, encoding: str) -> None:
    """Write a script's text back; the file keeps its mode, and is never one that is shared."""
    mode = path.stat().st_mode & 0o777
    path.unlink()
    path.write_bytes(text.encode(encoding, errors="surrogateescape"))
    path.chmod(mode)
