"""Elsewhere: a sweep's work on a machine that is not the one it was made on.

What a definition says of paths holds where it was made. On another machine the code comes with
the sweep, what was linked and what runs in place is looked for in the folder that the agent
was started in, and Python is the one that is meant here.
"""

import os
import re
import shutil
from dataclasses import replace
from pathlib import Path

from sonde.agent.finding import user_python
from sonde.core.sweep import Command
from sonde.errors import ConfigError

__all__ = ["PYTHON", "at_home", "where_it_lies"]

PYTHON = re.compile(r"(python|pypy)[\d.]*")
"""What an interpreter's file is called."""


def at_home(command: Command, here: Path, name: str) -> Command:
    """Return a command as it is to be run on this machine.

    Args:
        command: As it was made.
        here: The folder that the agent was started in.
        name: Of the sweep, for errors.

    Raises:
        ConfigError: If something that it needs is not here.
    """
    folder = Path(command.folder)
    if not folder.is_dir():
        command = replace(command, folder=str(here))
    command = where_it_lies(command, here, name)
    program = Path(command.argv[0])
    if program.is_absolute() and not os.access(program, os.X_OK):
        if not PYTHON.fullmatch(program.name):
            raise _lacks(name, f"its program {program} is not on this machine", "install it there")
        command = replace(command, argv=(user_python(), *command.argv[1:]))
    elif "/" not in command.argv[0] and command.program is None and not shutil.which(str(program)):
        raise _lacks(name, f"its program {program} is not on this machine", "install it")
    for link in command.links:
        if not (Path(command.folder) / link).exists():
            raise _lacks(
                name,
                f"it links {link}, which is not in {command.folder}",
                f"start the agent in a folder that has {link}",
            )
    return command


def where_it_lies(command: Command, here: Path, name: str) -> Command:
    """Return a command that runs in place with the folder that has its program, made or started in.

    Raises:
        ConfigError: If neither has it.
    """
    folder, script = Path(command.folder), command.program
    if not script or command.workspace != "none" or (folder / script).exists():
        return command
    if not any("${program}" in word for word in command.argv):
        return command
    if (here / script).exists():
        return replace(command, folder=str(here))
    found = f"its program {script} is not in {folder}" + ("" if here == folder else ", nor here")
    raise _lacks(name, found, f"start the agent in the folder that has {script}")


def _lacks(name: str, found: str, remedy: str) -> ConfigError:
    return ConfigError(f"sweep {name}", found, remedy)
