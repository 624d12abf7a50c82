"""Allowing: an agent runs the commands that its operator allowed, not whatever a server says.

Whoever may write to a server may put any command into a sweep. A store that is a file is the
operator's own, so its sweeps are allowed. On a server of this machine so is a sweep of the
folder that the operator stands in. For all else the operator names commands, by patterns.
"""

import itertools
import shlex
import socket
from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path, PurePath
from urllib.parse import urlsplit

from sonde.agent.elsewhere import PYTHON
from sonde.core.sweep import Command, Function
from sonde.core.wandb.macros import for_people
from sonde.errors import ConfigError
from sonde.store import is_served
from sonde.store.protocol import SweepRecord

__all__ = ["check_allowed", "shown"]

_HERE = {"127.0.0.1", "::1", "localhost"}


def check_allowed(url: str, record: SweepRecord, allowed: Sequence[str], folder: Path) -> None:
    """Refuse a sweep whose work the operator did not allow.

    Args:
        url: The store's.
        record: The sweep.
        allowed: Patterns such as `python train.py *`; see `shown` for what they are held against.
        folder: The operator's.

    Raises:
        ConfigError: With what to write to allow it.
    """
    work = record.sweep.work
    if work is None or not is_served(url):
        return
    is_here = urlsplit(url).hostname in _HERE and record.facts.get("host") == socket.gethostname()
    if is_here and Path(work.folder).absolute() == folder.absolute():
        return
    text = shown(work)
    if any(fnmatchcase(text, pattern) for pattern in allowed):
        return
    kind = "function" if isinstance(work, Function) else "command"
    raise ConfigError(
        f"sweep {record.name}",
        f"nobody here has allowed its {kind}: {text}",
        f"if you trust who made it, add --allow-command {shlex.quote(_pattern(text))}",
    )


def _pattern(text: str) -> str:
    """Return a pattern for a command: its words up to the first option or value, then anything."""
    words = shlex.split(text)
    if words[:1] == ["function"]:
        return text
    plain = list(itertools.takewhile(lambda w: not w.startswith("-") and "{" not in w, words))
    if not plain or len(plain) == len(words) or any(c in w for w in plain for c in "*?["):
        return text
    return f"{shlex.join(plain)} *"


def shown(work: Command | Function) -> str:
    """Return work as people write it: the program without its folder, `function NAME`.

    A Python that is named by its path is `python`: it is the one that started sonde, whatever its
    file is called there.
    """
    if isinstance(work, Function):
        return f"function {work.name}"
    words = work.argv if work.program is None else for_people(work.argv, work.program)
    program, *rest = words
    name = PurePath(program).name if PurePath(program).is_absolute() else program
    if name != program and PYTHON.fullmatch(name):
        name = "python"
    return shlex.join([name, *rest])
