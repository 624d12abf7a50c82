"""The watchdog: outlives its agent just long enough to end what the agent ran.

It is told over its standard input what runs: `+PGID FOLDER` and `-PGID`, one a line, and
`?FOLDER` before a trial is started. When the pipe closes, the agent is gone, however it went,
and every process group that is still listed is killed, as is every process that carries one of
the folders as SONDE_TRIAL_DIR: it left the group, or began while the agent died. So is what
descends from a group, and `*PID STARTED`, which the agent adopted (`~PID`: that has ended).

Run as a script by a bare interpreter, so it imports nothing of sonde.
"""

import os
import signal
import sys

__all__ = ["carriers", "kill_group", "main"]


def main() -> None:
    """Listen until the agent is gone, then kill what it left."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # it is the last to go
    groups: dict[int, str] = {}
    folders: set[str] = set()
    adopted: dict[int, str] = {}  # process -> when it started, as its number may be used again
    for line in sys.stdin.buffer:
        what, rest = line[:1], os.fsdecode(line[1:].rstrip(b"\n"))
        if what == b"?":
            folders.add(rest)
        elif what == b"+":
            group, _, folder = rest.partition(" ")
            folders.discard(groups.get(int(group), ""))
            folders.add(folder)
            groups[int(group)] = folder
        elif what == b"-":
            folders.discard(groups.pop(int(rest), ""))
        elif what == b"*":
            process, _, started = rest.partition(" ")
            adopted[int(process)] = started
        elif what == b"~":
            adopted.pop(int(rest), None)
    if not groups and not folders and not adopted:
        return
    # Before their parents are killed, which is what they are known by.
    descendants = _descendants(set(groups), adopted)
    for left in groups:
        kill_group(left)
    for pid in descendants:
        _kill(pid)
    # Twice: a process that was found may have been forking just then.
    for _ in range(2):
        for pid in carriers(folders):
            _kill(pid)


def kill_group(group: int) -> None:
    """Kill a process group; nothing happens if it is gone."""
    try:
        os.killpg(group, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return


def carriers(folders: set[str]) -> list[int]:
    """Return the processes whose environment names one of these trial folders (Linux only)."""
    wanted = {b"SONDE_TRIAL_DIR=" + os.fsencode(folder) for folder in folders}
    found = []
    try:
        names = os.listdir("/proc")  # noqa: PTH208 - pathlib is not loaded here
    except OSError:
        return []
    for name in names:
        if not name.isdigit() or int(name) == os.getpid():
            continue
        try:
            with open(f"/proc/{name}/environ", "rb") as source:  # noqa: PTH123
                variables = source.read().split(b"\0")
        except OSError:  # gone, or another user's
            continue
        if not wanted.isdisjoint(variables):
            found.append(int(name))
    return found


def _descendants(groups: set[int], adopted: dict[int, str]) -> set[int]:
    """Return the processes of these groups, the adopted ones, and what they began (Linux)."""
    try:
        names = os.listdir("/proc")  # noqa: PTH208
    except OSError:
        return set()
    children: dict[int, list[int]] = {}
    todo = []
    for name in names:
        if not name.isdigit():
            continue
        try:
            with open(f"/proc/{name}/stat", "rb") as source:  # noqa: PTH123
                stat = source.read()
        except OSError:
            continue
        # The name, in brackets, may hold anything; behind it stand the state, the parent, ...
        fields = stat[stat.rindex(b")") + 2 :].split()
        pid, parent, group = int(name), int(fields[1]), int(fields[2])
        children.setdefault(parent, []).append(pid)
        if group in groups or adopted.get(pid) == fields[19].decode():
            todo.append(pid)
    found: set[int] = set()
    while todo:
        pid = todo.pop()
        if pid not in found:
            found.add(pid)
            todo += children.get(pid, ())
    return found


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return


if __name__ == "__main__":
    main()
