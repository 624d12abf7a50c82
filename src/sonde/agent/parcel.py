"""A parcel: the snapshot of a folder as bytes, for machines that do not have the folder."""

import io
import os
import shutil
import tarfile
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from sonde.agent.chosen import IGNORE_FILE, walk
from sonde.controller import utc_now
from sonde.core.sweep import Command
from sonde.editing import amend
from sonde.errors import ConfigError
from sonde.store import is_shared
from sonde.store.protocol import Store, SweepRecord

__all__ = ["LIMIT", "carried", "carried_anew", "pack", "unpack"]

LIMIT = 200 << 20
"""Bytes of a parcel; a server takes little more."""


def carried(store: Store, folder: Path) -> dict[str, str]:
    """Give a store the code of a sweep that is about to be made; return the facts for it.

    Nothing where it is of this machine alone: its agents have the folder.

    Raises:
        ConfigError: If it is too much.
    """
    if not is_shared(store.url) or not folder.is_dir():
        return {}
    return {"code": _put(store, folder)}


def carried_anew(store: Store, record: SweepRecord, folder: Path) -> SweepRecord:
    """Give a store other code for the trials of a sweep that begin from now on.

    Raises:
        ConfigError: If it is too much.
    """
    work = record.sweep.work
    if not isinstance(work, Command):
        raise TypeError("only a command has files to keep")
    key = _put(store, folder)
    if key == (work.code or record.facts.get("code")):
        return record
    carrying = replace(work, code=key)
    return amend(store, record.id, lambda old: replace(old, work=carrying), utc_now())


def _put(store: Store, folder: Path) -> str:
    data = pack(folder)
    if len(data) > LIMIT:
        raise ConfigError(
            "folder",
            f"its files are {len(data) >> 20} MB, packed: too much to send to the store",
            f"name what trials do not need in {IGNORE_FILE}, or link it: --link PATH",
        )
    return store.put_blob(data)


def pack(folder: Path, paths: Iterable[str] | None = None) -> bytes:
    """Return what is in a folder; the same bytes for the same files.

    Links that lead out of it are left out: they lead nowhere on another machine.

    Args:
        folder: Which.
        paths: What of it, relative; None: all.
    """
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz", format=tarfile.PAX_FORMAT) as tar:
        for path in sorted(walk(folder, avoid=None) if paths is None else paths):
            if _leads_out(folder, folder / path):
                continue
            entry = tar.gettarinfo(str(folder / path), path)
            entry.uid = entry.gid = 0
            entry.uname = entry.gname = ""
            entry.mtime = int(entry.mtime) if entry.isreg() else 0
            if entry.isreg():
                with (folder / path).open("rb") as source:
                    tar.addfile(entry, source)
            else:
                tar.addfile(entry)
    data = bytearray(packed.getvalue())
    data[4:8] = b"\0\0\0\0"  # gzip's own time stamp
    return bytes(data)


def unpack(data: bytes, target: Path) -> None:
    """Write what was packed to a folder, whole or not at all; keep what is there already.

    Nothing is written outside of it, whatever the parcel says: no absolute path, no `..`, no
    link that leads out, no device.

    Raises:
        ConfigError: If it is no parcel, or cannot be written.
    """
    if target.is_dir():
        return
    if not hasattr(tarfile, "data_filter"):
        raise ConfigError(
            "python", "this one (before 3.11.4) cannot unpack what comes from elsewhere safely",
            "use a newer Python for this agent",
        )  # fmt: skip
    draft = target.with_name(f"{target.name}.{os.getpid()}.tmp")
    shutil.rmtree(draft, ignore_errors=True)
    try:
        draft.mkdir(parents=True)
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:gz") as tar:
            tar.extractall(draft, filter="data")
        draft.rename(target)
    except (tarfile.TarError, EOFError, OSError, ValueError) as error:
        shutil.rmtree(draft, ignore_errors=True)
        if target.is_dir():
            return  # another agent was quicker
        raise ConfigError(
            f"folder {target}",
            f"the sweep's code cannot be unpacked there: {error}",
            "free some space; if it is damaged, make the sweep anew",
        ) from error


def _leads_out(folder: Path, path: Path) -> bool:
    if not path.is_symlink():
        return False
    link = path.readlink()
    full = os.path.normpath(path.parent / link)
    return link.is_absolute() or not Path(full).is_relative_to(folder)
