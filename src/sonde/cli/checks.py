"""What `sonde doctor` looks at, one function each."""

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib.metadata import PackageNotFoundError, metadata, requires, version
from pathlib import Path
from typing import Any

from sonde.agent.devices import cores
from sonde.errors import SondeError

__all__ = ["Check", "Level", "checks"]

OLDEST_PYTHON = (3, 11)
LEAST_FREE = 1 << 30  # bytes; below, logs and workspaces may fill the disk
GIB = 1 << 30
ASK_S = 10.0  # for a program to answer


class Level(StrEnum):
    """How a check went."""

    OK = "ok"
    LACKS = "lacks"  # something that sonde can do without
    FAILS = "FAILS"  # something that sonde needs


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that was looked at.

    Attributes:
        found: What is there, for people.
        remedy: How to get what lacks.
        facts: The same for programs.
    """

    name: str
    level: Level
    found: str
    remedy: str = ""
    facts: Mapping[str, Any]

    def as_row(self) -> dict[str, Any]:
        """Return it as an object."""
        return {
            "check": self.name,
            "level": self.level.value.lower(),
            "found": self.found,
            "remedy": self.remedy or None,
            "facts": dict(self.facts),
        }


def checks(url: str | None) -> list[Check]:
    """Look at everything."""
    return [
        _python(),
        _sonde(),
        *_store(url),
        _sqlite(),
        _cores(),
        _memory(),
        _gpus(),
        _git(),
        *_disk(),
        *_extras(),
    ]


def _python() -> Check:
    enough = sys.version_info[:2] >= OLDEST_PYTHON
    return Check(
        name="Python",
        level=Level.OK if enough else Level.FAILS,
        found=f"{platform.python_version()} at {sys.executable}, {platform.platform()}",
        remedy="" if enough else "install Python 3.11 or newer",
        facts={"version": platform.python_version(), "executable": sys.executable},
    )


def _sonde() -> Check:
    lacking = [name for name, extra in _requirements() if not extra and not _installed(name)]
    return Check(
        name="sonde",
        level=Level.FAILS if lacking else Level.OK,
        found=version("sonde") + (f", without {', '.join(lacking)}" if lacking else ""),
        remedy=f"pip install {' '.join(lacking)}" if lacking else "",
        facts={"version": version("sonde"), "missing": lacking},
    )


def _store(url: str | None) -> Iterator[Check]:
    from sonde.cli.options import opened
    from sonde.errors import NotFoundError
    from sonde.store import default_path

    try:
        with opened(url) as store:
            sweeps = store.list_sweeps()
            place = store.url
    except NotFoundError as none:
        # Whether one could be made is a question to the folder that it would lie in.
        path = default_path(Path.cwd()) if url is None else Path(url.removeprefix("sqlite:///"))
        folder = next(p for p in path.absolute().parents if p.exists())
        able = folder.is_dir() and os.access(folder, os.W_OK)
        yield Check(
            name="store",
            level=Level.OK if able else Level.FAILS,
            found=f"none yet; sonde run would make {path}" if able else f"{folder}: no writing",
            remedy="" if able else "--store or SONDE_STORE names another place",
            facts={"path": str(path), "exists": False, "writable": able, "detail": str(none)},
        )
        return
    except SondeError as error:
        yield Check(
            name="store", level=Level.FAILS, found=str(error),
            remedy="--store or SONDE_STORE names another place",
            facts={"error": type(error).__name__},
        )  # fmt: skip
        return
    path = Path(place.removeprefix("sqlite:///"))
    size = path.stat().st_size if path.exists() else 0
    writable = os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)
    trials = sum(record.trials for record in sweeps)
    yield Check(
        name="store",
        level=Level.OK if writable else Level.FAILS,
        found=f"{place}, {len(sweeps)} sweeps, {trials} trials, {size / 1e6:.1f} MB"
        + ("" if writable else ", cannot be written"),
        remedy="" if writable else f"make {path} and its folder writable for you",
        facts={
            "url": place,
            "exists": True,
            "sweeps": len(sweeps),
            "trials": trials,
            "bytes": size,
            "writable": writable,
        },
    )


def _sqlite() -> Check:
    from sonde.store.versions import sqlite_version

    return Check(
        name="SQLite", level=Level.OK, found=sqlite_version(), facts={"version": sqlite_version()}
    )


def _cores() -> Check:
    usable, all_of_them = cores(), os.cpu_count() or 1
    busy = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    text = f"{usable} usable" + (f" of {all_of_them}" if usable != all_of_them else "")
    return Check(
        name="cores",
        level=Level.OK,
        found=f"{text}, load {busy:.1f}",
        facts={"usable": usable, "all": all_of_them, "load": busy},
    )


def _memory() -> Check:
    total, free = _memory_bytes()
    if total is None:
        return Check(name="memory", level=Level.OK, found="unknown", facts={})
    text = f"{total / GIB:.1f} GiB"
    if free is not None:
        text += f", {free / GIB:.1f} GiB available"
    return Check(
        name="memory", level=Level.OK, found=text, facts={"bytes": total, "available": free}
    )


def _memory_bytes() -> tuple[int | None, int | None]:
    """All of it and what is free; of a container, its own limit."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        found = {line.split(":")[0]: int(line.split()[1]) * 1024 for line in lines}
        total, free = found["MemTotal"], found["MemAvailable"]
    except (OSError, KeyError, ValueError, IndexError):
        try:
            return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"), None
        except (ValueError, OSError):
            return None, None
    try:
        limit = int(Path("/sys/fs/cgroup/memory.max").read_text())
        used = int(Path("/sys/fs/cgroup/memory.current").read_text())
    except (OSError, ValueError):
        return total, free
    return min(total, limit), min(free, max(limit - used, 0))


def _gpus() -> Check:
    program = shutil.which("nvidia-smi")
    if program is None:
        return Check(
            name="GPUs", level=Level.OK, found="none (no nvidia-smi)", facts={"devices": []}
        )
    query = [program, "--query-gpu=index,name,memory.total", "--format=csv,noheader"]
    answer = _answer(query)
    if answer is None:
        return Check(
            name="GPUs",
            level=Level.LACKS,
            found="nvidia-smi does not answer",
            remedy="run nvidia-smi to see why; trials run on the cores meanwhile",
            facts={"devices": []},
        )
    devices = [line.strip() for line in answer.splitlines() if line.strip()]
    return Check(
        name="GPUs",
        level=Level.OK,
        found="; ".join(devices) + " (give trials some: --gpus all)" if devices else "none",
        facts={"devices": devices},
    )


def _git() -> Check:
    answer = _answer(["git", "--version"]) if shutil.which("git") else None
    return Check(
        name="git",
        level=Level.OK if answer else Level.LACKS,
        found=answer.strip() if answer else "not found",
        remedy="" if answer else "install git, and sweeps record the commit they ran from",
        facts={"version": answer.strip().removeprefix("git version ") if answer else None},
    )


def _disk() -> Iterator[Check]:
    from sonde.store import default_path

    wanted = default_path(Path.cwd()).parent
    folder = next(path for path in (wanted, *wanted.parents) if path.exists())
    usage = shutil.disk_usage(folder)
    scarce = usage.free < LEAST_FREE
    yield Check(
        name="disk",
        level=Level.LACKS if scarce else Level.OK,
        found=f"{usage.free / GIB:.1f} GiB free of {usage.total / GIB:.1f} at {folder}",
        remedy="make room: each trial keeps a copy of the folder it runs in" if scarce else "",
        facts={"folder": str(folder), "free": usage.free, "bytes": usage.total},
    )
    able = _reflinks(folder)
    yield Check(
        name="copies",
        level=Level.OK,
        found={
            True: "the file system shares blocks (reflink): a trial's copy of the folder is free",
            False: "the file system copies bytes: large data files are better linked (--link PATH)",
            None: "unknown: nothing can be written there to find out",
        }[able],
        facts={"reflink": able},
    )


def _reflinks(folder: Path) -> bool | None:
    """Try to share a block between two files; None where that cannot be tried."""
    if sys.platform == "darwin":
        return True  # APFS
    if sys.platform != "linux":
        return False
    import fcntl
    import tempfile

    ficlone = 0x40049409
    try:
        with (
            tempfile.TemporaryFile(dir=folder) as source,
            tempfile.TemporaryFile(dir=folder) as target,
        ):
            source.write(b"x" * 4096)
            source.flush()
            try:
                fcntl.ioctl(target.fileno(), ficlone, source.fileno())
            except OSError:
                return False
            return True
    except OSError:
        return None


def _extras() -> Iterator[Check]:
    """The extras that a user may want; those for working on sonde itself are left out."""
    for extra in metadata("sonde").get_all("Provides-Extra") or []:
        if extra in {"test", "check", "bench", "dev", "docs"}:
            continue
        names = [name for name, of in _requirements() if of == extra]
        lacking = [name for name in names if not _installed(name)]
        yield Check(
            name=f"extra {extra}",
            level=Level.LACKS if lacking else Level.OK,
            found=f"without {', '.join(lacking)}" if lacking else f"{', '.join(names)} installed",
            remedy=f"pip install 'sonde[{extra}]'" if lacking else "",
            facts={"packages": names, "missing": lacking},
        )


def _requirements() -> Iterator[tuple[str, str]]:
    """What sonde's metadata asks for: package, and the extra it belongs to or nothing."""
    for line in requires("sonde") or []:
        requirement, _, marker = line.partition(";")
        name = requirement
        for sign in "<>=!~[ (":
            name = name.partition(sign)[0]
        extra = marker.partition("extra ==")[2].strip().strip("'\"") if "extra" in marker else ""
        yield name.strip(), extra


def _installed(name: str) -> bool:
    try:
        version(name)
    except PackageNotFoundError:
        return False
    return True


def _answer(argv: list[str]) -> str | None:
    try:
        done = subprocess.run(
            argv,
            capture_output=True,
            text=True,
            timeout=ASK_S,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None
