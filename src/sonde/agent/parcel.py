"""A parcel: the snapshot of a folder as bytes, for machines that do not have the folder."""

import io
import os
import shutil
import tarfile
from pathlib import Path

from sonde.agent.chosen import IGNORE_FILE, walk
from sonde.errors import ConfigError
from sonde.store import is_served
from sonde.store.protocol import Store

__all__ = ["carried", "pack", "unpack"]

_LIMIT = 200 << 20  # bytes of a parcel; a server takes little more


def carried(store: Store, folder: Path) -> dict[str, str]:
    """Give a server the code of a sweep that is about to be made; return the facts for it.

    Nothing where the store is none: agents of this machine have the folder.

    Raises:
        ConfigError: If it is too much.
    """
    if not is_served(store.url) or not folder.is_dir():
        return {}
    data = pack(folder)
    if len(data) > _LIMIT:
        raise ConfigError(
            "folder",
            f"its files are {len(data) >> 20} MB, packed: too much to send to a server",
            f"name what trials do not need in {IGNORE_FILE}, or link it: --link PATH",
        )
    return {"code": store.put_blob(data)}


def pack(folder: Path) -> bytes:
    """Return all that is in a folder; the same bytes for the same files.

    Links that lead out of it are left out: they lead nowhere on another machine.
    """
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz", format=tarfile.PAX_FORMAT) as tar:
        for path in sorted(walk(folder, avoid=None)):
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
