"""Who a process is, so that another one on the same machine can tell that it is gone.

An identity is `host/boot/pid namespace/pid/start time`. A process number alone says nothing:
it is used again, it differs between containers, and it begins anew with every boot.
"""

import functools
import os
import socket
import subprocess
import sys
from pathlib import Path

__all__ = ["boot_id", "is_alive", "is_dead_here", "me", "of", "start_time"]


def me() -> str:
    """Return the identity of this process."""
    return _ours(os.getpid())  # another one after a fork


def of(pid: int) -> str:
    """Return the identity of a process of this machine; it must be there."""
    return "/".join([*_here(), str(pid), start_time(pid) or "0"])


def is_dead_here(identity: str) -> bool:
    """Tell whether this was a process of this machine, boot and namespace that is gone.

    False where that cannot be told, and for everything that is no identity.
    """
    host, boot, namespace, pid, started = (identity.split("/") + [""] * 5)[:5]
    if (host, boot, namespace) != _here() or not pid.isdigit() or not started:
        return False
    return not is_alive(int(pid), started)


def is_alive(pid: int, started: str) -> bool:
    """Tell whether the process that had this number at that start time still runs."""
    if sys.platform == "linux":
        now = start_time(pid)
        return now is not None and now == started
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return started in {"0", start_time(pid)}


def start_time(pid: int) -> str | None:
    """Return when a process began, in the system's own terms; None if it has ended.

    A process that has ended but that nobody waited for (a zombie) has ended.
    """
    if sys.platform == "linux":
        try:
            stat = Path(f"/proc/{pid}/stat").read_bytes()
        except OSError:
            return None
        # The name, in brackets, may hold anything; the state is the first field behind it.
        fields = stat[stat.rindex(b")") + 2 :].split()
        return None if fields[0] in {b"Z", b"X"} else fields[19].decode()
    found = _output(["ps", "-o", "lstart=", "-p", str(pid)])
    return "-".join(found.split()) or None


@functools.lru_cache(maxsize=1)
def _ours(pid: int) -> str:
    return of(pid)


@functools.cache
def boot_id() -> str:
    """Return what this boot of the machine is called; "-" where that is unknown."""
    if sys.platform == "linux":
        try:
            return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        except OSError:
            return "-"
    return (
        _output(["sysctl", "-n", "kern.boottime"]).split("}")[0].split("=")[1].split(",")[0].strip()
        if sys.platform == "darwin"
        else "-"
    )


@functools.cache
def _here() -> tuple[str, str, str]:
    try:
        namespace = Path("/proc/self/ns/pid").readlink().name.strip("pid:[]")
    except OSError:
        namespace = "-"
    return socket.gethostname().replace("/", "_"), boot_id(), namespace


def _output(argv: list[str]) -> str:
    try:
        return subprocess.run(argv, capture_output=True, text=True, check=False).stdout.strip()
    except OSError:
        return ""
