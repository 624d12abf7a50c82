"""From what the user typed to a `Command`, with every fault found before anything runs.

A parameter can reach a program in three ways: by a template in its arguments
(`--lr={lr}`), through its environment, or by substitution in the text of its script.
`command_of` finds the script, chooses the way, and makes sure that each parameter has one.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sonde.agent.finding import PYTHON, Found, find, inside
from sonde.agent.folder import variable
from sonde.agent.printed import check_pattern
from sonde.agent.workspace import arguments, read_source, substituted
from sonde.core.distributions import Value
from sonde.core.space import Space
from sonde.core.substitute import (
    Place,
    Substitution,
    by_regex,
    by_syntax,
    candidates,
    fill_template,
    missing,
    reads_parameters,
    refuse_broken,
)
from sonde.core.sweep import Command
from sonde.errors import ConfigError, ConfigErrors

__all__ = ["Preview", "command_of", "preview"]

_TEXT = 1 << 20  # bytes of a script that are looked at to tell text from a binary


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What a trial would run.

    Attributes:
        argv: Program and arguments with the values in them.
        diff: The change to the script, as `diff -u` shows it; empty if there is none.
        places: Where the values go.
    """

    argv: tuple[str, ...]
    diff: str
    places: tuple[Place, ...]


def command_of(
    argv: Sequence[str],
    *,
    folder: Path,
    space: Space,
    substitute: str | None = None,
    workspace: str = "copy",
    links: Sequence[str] = (),
    metric_regex: str | None = None,
    python: str | None = None,
    grace_s: float = 5.0,
    env: Mapping[str, str] | None = None,
    flag: str = "--hyperparam",
) -> Command:
    """Return the command for what the user typed.

    Args:
        argv: A script or program with its arguments.
        folder: Where the user is.
        space: The parameters that have to reach it.
        substitute: `syntax`, `regex` or `none`; None chooses.
        workspace: `copy` or `none`.
        links: Paths that are linked into each copy.
        metric_regex: Checked here.
        python: The interpreter for `.py` files; None: the user's.
        grace_s: See `Command`.
        env: Variables to add for the program.
        flag: What parameters were written behind, for errors.

    Raises:
        ConfigError: Whatever would keep the first trial from running with its values.
    """
    folder = folder.absolute()
    faults: list[ConfigError] = []
    for check in (
        lambda: _check_words(substitute, workspace, grace_s),
        lambda: _check_links(folder, links),
        lambda: metric_regex is None or check_pattern(metric_regex),
    ):
        try:
            check()
        except ConfigError as fault:
            faults.append(fault)
    try:
        found = find(argv, folder, python)
        script = inside(found.script, folder)
        command = Command(
            argv=found.argv,
            folder=str(folder),
            script=script,
            workspace=workspace,
            links=tuple(os.path.normpath(link) for link in links),
            metric_regex=metric_regex,
            env=dict(env or {}),
            grace_s=grace_s,
        )
        way = _way(found, command, space, substitute, flag)
    except ConfigErrors as several:
        raise ConfigErrors([*faults, *several.faults]) from None
    except ConfigError as fault:
        faults.append(fault)
    if faults:
        raise faults[0] if len(faults) == 1 else ConfigErrors(faults)
    return Command(
        argv=command.argv,
        folder=command.folder,
        substitute=way,
        script=script if way != "none" else None,
        workspace=command.workspace,
        links=command.links,
        metric_regex=command.metric_regex,
        env=command.env,
        grace_s=command.grace_s,
    )


def preview(
    command: Command,
    params: Mapping[str, Any],
    names: Sequence[str] = (),
    groups: Sequence[str] = (),
) -> Preview:
    """Return what a trial with these values would run; nothing is changed.

    Args:
        command: As `command_of` returned it.
        params: The values of one trial.
        names: All parameters, of which some may be absent from `params`.
        groups: Those of the sweep.
    """
    argv = tuple(arguments(command, params, names, groups=groups))
    if command.script is None or command.substitute == "none":
        return Preview(argv=argv, diff="", places=())
    text, _ = read_source(Path(command.folder) / command.script)
    done = substituted(command, text, params)
    return Preview(argv=argv, diff=done.unified_diff(command.script), places=done.places)


def _check_words(substitute: str | None, workspace: str, grace_s: float) -> None:
    if substitute not in {None, "syntax", "regex", "none"}:
        raise ConfigError(f"--substitute={substitute}", "no such way", "syntax, regex or none")
    if workspace not in {"copy", "none"}:
        raise ConfigError(f"--workspace={workspace}", "no such kind", "copy or none")
    if not 0 <= grace_s < float("inf"):
        raise ConfigError(f"--grace={grace_s}", "it is no number of seconds", "use 0 or more")


def _check_links(folder: Path, links: Sequence[str]) -> None:
    faults = []
    for link in links:
        path = os.path.normpath(link)
        if path.startswith(("/", "..")) or path == ".":
            found, remedy = f"it is not a path inside {folder}", "name a path below it"
        elif not (folder / path).exists():
            found, remedy = f"there is no such path in {folder}", "check the name"
        else:
            continue
        faults.append(ConfigError(f"--link {link}", found, remedy))
    if faults:
        raise faults[0] if len(faults) == 1 else ConfigErrors(faults)


# -- the values' way to it ------------------------------------------------------------------


def _way(found: Found, command: Command, space: Space, substitute: str | None, flag: str) -> str:
    """Return how values get into the script, having made sure that all of them arrive."""
    sample: dict[str, Value] = {p.name: p.distribution.at(0.5) for p in space.parameters}
    _, passed = fill_template(command.argv, sample)
    rest = {name: value for name, value in sample.items() if name not in passed}
    if not rest and substitute in {None, "none"}:
        return "none"
    text = _text(found.script) if found.inline is None else found.inline
    if substitute in {None, "none"} and (text is None or "SONDE_PARAM_" in text):
        _check_variables(space, rest, flag)
    if substitute == "none":
        return "none"
    if substitute is None:
        if text is None or reads_parameters(text):
            return "none"  # a binary, whose business it is, or a script that asks
        if not _is_python(found):
            raise _unreached(rest, found, flag)
    if text is None or found.script is None:
        raise ConfigError(
            f"--substitute={substitute}",
            f"{found.shown} is no text into which values could be put",
            "pass them as arguments: --lr={lr}",
        )
    way = substitute or "syntax"
    if way == "regex":
        done: Substitution = by_regex(text, rest)
        if _is_python(found):
            refuse_broken(done, script=found.shown)
    else:
        done = by_syntax(text, rest, script=found.shown)
    if done.missed:
        raise missing(done, done.missed, candidates(text), script=found.shown, flag=flag)
    _check_place(found, command, way)
    return way


def _check_place(found: Found, command: Command, way: str) -> None:
    remedy = "pass the values as arguments instead: --lr={lr}"
    if command.workspace == "none":
        raise ConfigError(
            "--workspace=none",
            f"values would be put into your own {found.shown} ({way})",
            f"use --workspace copy, or {remedy}",
        )
    if command.script is None:
        raise ConfigError(
            found.shown,
            f"it lies outside {command.folder}, so it is not copied and cannot be changed",
            f"run sonde from its folder, or {remedy}",
        )


def _check_variables(space: Space, rest: Mapping[str, Value], flag: str) -> None:
    """Refuse parameters of one variable, where values go by the environment."""
    sharing: dict[str, list[str]] = {}
    for parameter in space.parameters:
        sharing.setdefault(variable(parameter.name), []).append(parameter.name)
    faults = [
        ConfigError(
            f"{flag} {' and '.join(names)}",
            f"they would share one environment variable, {shared}",
            f"rename one of them, or pass them as arguments: --{names[0]}={{{names[0]}}}",
        )
        for shared, names in sharing.items()
        if len(names) > 1 and any(name in rest for name in names)
    ]
    if faults:
        raise faults[0] if len(faults) == 1 else ConfigErrors(faults)


def _unreached(rest: Mapping[str, Value], found: Found, flag: str) -> ConfigError:
    faults = []
    for name in rest:
        if found.inline is None:
            remedy = (
                f"pass it as an argument: --{name}={{{name}}}, or read {variable(name)} in the "
                "script"
            )
        else:
            remedy = (
                f"write {{{name}}} where its value is to stand; if what is run reads "
                f"{variable(name)} by itself, say --substitute none"
            )
        where = f"{flag} {name}"
        faults.append(ConfigError(where, f"nothing in {found.shown} takes it", remedy))
    return faults[0] if len(faults) == 1 else ConfigErrors(faults)


def _is_python(found: Found) -> bool:
    if found.script is not None and found.script.suffix in PYTHON:
        return True
    text = _text(found.script) or ""
    return text.startswith("#!") and "python" in text.partition("\n")[0]


def _text(script: Path | None) -> str | None:
    """Return the text of a script, None if there is none or it is a binary."""
    if script is None:
        return None
    with script.open("rb") as source:
        if b"\0" in source.read(_TEXT):
            return None
    return read_source(script)[0]
