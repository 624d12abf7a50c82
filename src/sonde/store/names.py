"""Names of sweeps: their ids, the names that are made for them, and what a text means."""

import itertools
import os
from collections.abc import Sequence
from pathlib import PurePath

from sonde.core.sweep import Command, Sweep
from sonde.errors import AmbiguousError, NotFoundError, SweepExistsError

__all__ = [
    "check_free",
    "free_name",
    "id_taken",
    "made_name",
    "meant",
    "name_taken",
    "new_id",
    "no_sweep",
]

_LETTERS = "abcdefghijklmnopqrstuvwxyz234567"
_SUFFIXES = {".py", ".sh", ".bash", ".r", ".jl", ".lua", ".pl", ".rb", ".m", ".ipynb"}


def new_id() -> str:
    """Return 8 random characters of a-z and 2-7: 40 bits."""
    return "".join(_LETTERS[byte & 31] for byte in os.urandom(8))


def made_name(sweep: Sweep, sweep_id: str) -> str:
    """Return the name of a sweep that was given none: `train-k3mq`."""
    work = sweep.work
    if work is None:
        stem = "sweep"
    elif isinstance(work, Command):
        words = [work.program or "", *work.argv]
        scripts = [word for word in words if PurePath(word).suffix.lower() in _SUFFIXES]
        stem = PurePath(work.script or (scripts or work.argv or ("sweep",))[0]).stem
    else:
        stem = work.name
    return f"{stem}-{sweep_id[:4]}"


def free_name(name: str, taken: Sequence[str]) -> str:
    """Return the name, counted on where one of `taken` has it: `name-2`, `name-3`, ..."""
    names = itertools.chain([name], (f"{name}-{k}" for k in itertools.count(2)))
    return next(one for one in names if one not in taken)


def meant(text: str, sweeps: Sequence[tuple[str, str]]) -> str:
    """Return the id that `text` means among (id, name) pairs; see `Store.find_sweep`."""
    for sweep_id, name in sweeps:
        if text == name:
            return sweep_id
    fits = [pair for pair in sweeps if text and pair[0].startswith(text)]
    fits = fits or [pair for pair in sweeps if text and pair[1].startswith(text)]
    if len(fits) == 1 or (fits and fits[0][0] == text):
        return fits[0][0]
    if fits:
        listed = ", ".join(f"{sweep_id} ({name})" for sweep_id, name in fits[:8])
        raise AmbiguousError(
            f"'{text}' fits {len(fits)} sweeps: {listed}; write more of the id or the name"
        )
    from difflib import get_close_matches

    near = get_close_matches(text, [word for pair in sweeps for word in pair], n=3, cutoff=0.5)
    if near:
        hint = f"did you mean {' or '.join(near)}?"
    elif sweeps:
        hint = "`sonde ls` lists those that there are"
    else:
        hint = "the store has none yet"
    raise NotFoundError(f"there is no sweep '{text}'; {hint}")


def no_sweep(sweep_id: str) -> NotFoundError:
    """Return the error for an id that the store does not have."""
    return NotFoundError(f"there is no sweep '{sweep_id}'; `sonde ls` lists those that there are")


def check_free(sweep_id: str, name: str, sweeps: Sequence[tuple[str, str]]) -> None:
    """Raise `SweepExistsError` if one of the (id, name) pairs has this id or this name."""
    for other_id, other in sweeps:
        if other_id == sweep_id:
            raise id_taken(sweep_id)
        if other == name:
            raise name_taken(name)


def id_taken(sweep_id: str) -> SweepExistsError:
    """Return the error for an id that another sweep has."""
    return SweepExistsError(
        f"there is a sweep {sweep_id} already; `sonde show {sweep_id}` shows it"
    )


def name_taken(name: str) -> SweepExistsError:
    """Return the error for a name that another sweep has."""
    return SweepExistsError(f"there is a sweep named '{name}' already; choose another name")
