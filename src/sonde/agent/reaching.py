"""Whether the values of a parameter that an edit adds reach the program of its sweep."""

from pathlib import Path

from sonde.agent.folder import source_folder
from sonde.agent.place import root_of
from sonde.agent.workspace import read_source, substituted
from sonde.core.substitute import candidates, fill_template, missing
from sonde.core.sweep import Command, Sweep
from sonde.errors import ConfigError, ConfigErrors
from sonde.store.protocol import Store, SweepRecord

__all__ = ["check_reaches"]


def check_reaches(store: Store, record: SweepRecord, new: Sweep) -> Sweep:
    """Return a definition in which each parameter that was not there before arrives.

    Where values are put into a script that is not at hand, nothing is known, and it may.

    Raises:
        ConfigErrors: Naming those that would be searched without any effect.
    """
    old, work = record.sweep, new.work
    added = [p.name for p in new.space.parameters if p.name not in old.space]
    if not added or not isinstance(work, Command) or work.program is not None:
        return new  # W&B's `${args}` passes all there are, and a function is called with them
    sample = {p.name: p.distribution.at(0.5) for p in new.space.parameters}
    _, passed = fill_template(work.argv, sample)
    if work.substitute == "none":
        before = {p.name for p in old.space.parameters}
        if before and before <= passed and (absent := [n for n in added if n not in passed]):
            raise ConfigErrors([_unpassed(name, work) for name in absent])
        return new
    text = _text(store, record, work)
    if text is not None:
        done = substituted(work, text, sample)
        lost = [name for name in done.missed if name in added]
        if lost:
            shown = work.script or "the script"
            raise missing(done, lost, candidates(text), script=shown, flag="parameter")
    return new


def _unpassed(name: str, work: Command) -> ConfigError:
    return ConfigError(
        f"parameter {name}",
        f"nothing in the command takes it: {' '.join(work.argv)}",
        f"make a new sweep with --{name}={{{name}}} in its command, that learns from this (--from)",
    )


def _text(store: Store, record: SweepRecord, work: Command) -> str | None:
    """Return the script as it was when its sweep was made, or as it is; None: it is elsewhere."""
    if work.script is None:
        return None
    kept = source_folder(root_of(store.url), record.id, work.code)
    for folder in (kept, Path(work.folder)):
        if (folder / work.script).is_file():
            return read_source(folder / work.script)[0]
    return None
