"""What `sonde doctor` says of the machine: cores, memory, GPUs, git, disk."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from sonde.agent.devices import cores as usable_cores
from sonde.cli.check import Check, Level

__all__ = ["cores", "disk", "git", "gpus", "memory"]

LEAST_FREE = 1 << 30  # bytes; below, logs and workspaces may fill the disk
GIB = 1 << 30
ASK_S = 10.0  # for a program to answer


def cores() -> Check:
    """How many cores there are for trials, and how busy they are."""
    usable, all_of_them = usable_cores(), os.cpu_count() or 1
    busy = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    text = f"{usable} usable" + (f" of {all_of_them}" if usable != all_of_them else "")
    return Check(
        name="cores",
        level=Level.OK,
        found=f"{text}, load {busy:.1f}",
        facts={"usable": usable, "all": all_of_them, "load": busy},
    )


def memory() -> Check:
    """How much memory there is."""
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


def gpus() -> Check:
    """The GPUs that nvidia-smi knows."""
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


def git() -> Check:
    """Whether commits and differences can be recorded."""
    answer = _answer(["git", "--version"]) if shutil.which("git") else None
    return Check(
        name="git",
        level=Level.OK if answer else Level.LACKS,
        found=answer.strip() if answer else "not found",
        remedy="" if answer else "install git, and sweeps record the commit they ran from",
        facts={"version": answer.strip().removeprefix("git version ") if answer else None},
    )


def disk() -> Iterator[Check]:
    """How much room there is, and how files are copied."""
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
