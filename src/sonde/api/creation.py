"""A sweep made in a store, with what it needs beside it: files, and where it came from."""

import inspect
import shutil
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

from sonde.agent.folder import source_folder
from sonde.agent.parcel import carried, carried_anew
from sonde.api.places import root_of
from sonde.controller import utc_now
from sonde.core.sweep import Command, Function, Sweep
from sonde.store import is_shared
from sonde.store.protocol import Store, SweepRecord

__all__ = ["create", "retake"]


def create(store: Store, sweep: Sweep, function: Callable[..., Any] | None) -> SweepRecord:
    """Make a sweep, with the folder that a command's trials are copied from.

    Raises:
        ConfigError: If the folder cannot be copied; then no sweep is made.
        SweepExistsError: If there is one of that name.
    """
    with _taken(store, sweep.work) as (draft, keep):
        facts, blobs = _facts(store, sweep, function)
        if draft is not None:
            facts |= carried(store, draft)
        record = store.create_sweep(sweep, utc_now(), facts)
        for blob in blobs:
            store.put_blob(blob)
        keep(record.id)
    return record


def retake(store: Store, record: SweepRecord) -> None:
    """Have the trials of a command from now on run with its files as they are now."""
    work = _copied(store, record.sweep.work)
    if work is not None:
        folder = source_folder(root_of(store), record.id)
        _take(work, folder, update=True)
        if is_shared(store.url):
            carried_anew(store, record, folder)


@contextmanager
def _taken(
    store: Store, work: Command | Function | None
) -> Iterator[tuple[Path | None, Callable[[str], None]]]:
    """Take a command's folder; give where it lies, and what keeps it for the sweep of an id."""
    command = _copied(store, work)
    if command is None:
        yield None, lambda _: None
        return
    root = root_of(store)
    draft = root / "sweeps" / f"new-{uuid4().hex}"

    def keep(sweep: str) -> None:
        target = source_folder(root, sweep)
        target.parent.mkdir(parents=True, exist_ok=True)
        draft.rename(target)

    try:
        _take(command, draft)
        yield draft, keep
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _copied(store: Store, work: Command | Function | None) -> Command | None:
    """Return the command whose trials run in copies of its folder, if it is one."""
    if not isinstance(work, Command) or work.workspace != "copy" or store.url == "memory:":
        return None
    return work


def _take(work: Command, target: Path, *, update: bool = False) -> None:
    from sonde.agent.snapshot import take

    for note in take(work, target, update=update).notes:
        warnings.warn(note, stacklevel=6)


def _facts(
    store: Store, definition: Sweep, function: Callable[..., Any] | None
) -> tuple[dict[str, Any], Iterable[bytes]]:
    """Return what is recorded with the sweep; next to nothing where nothing lasts."""
    facts: dict[str, Any] = {}
    if function is not None:
        with suppress(OSError, TypeError):  # typed into an interpreter, or a callable object
            facts["source"] = inspect.getsource(inspect.unwrap(function))
    if store.url == "memory:":
        return facts, ()
    from sonde.agent.provenance import facts_of

    work = definition.work
    argv = work.argv if isinstance(work, Command) else sys.argv
    found, blobs = facts_of(Path.cwd(), argv)
    return found | facts, blobs.values()
