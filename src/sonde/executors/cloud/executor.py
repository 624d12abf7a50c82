"""The cloud executor: machines for a sweep, agents on them, and nothing left afterwards.

The machines are a Ray cluster that Ray's launcher starts and whose autoscaler follows the
agents that wait for room. Agents are the Ray executor's, held on the head by `onboard`. The
machines end with the sweep; when this process dies, the watchdog on the head ends them.
"""

import importlib.metadata
import importlib.util
import json
import secrets
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

from sonde.errors import ConfigError, PlaceError, SondeError
from sonde.executors.cloud.cluster_file import FOLDER, cluster_file, python_there
from sonde.executors.cloud.cost import Bill, Span, bill_of, dollars, spent
from sonde.executors.cloud.launch import validate
from sonde.executors.cloud.link import Head, Link
from sonde.executors.cloud.machines import down, has_credentials
from sonde.executors.cloud.request import request_of
from sonde.executors.cloud.shelf import Kept, Shelf
from sonde.executors.cloud.types import Choice, choose
from sonde.executors.cloud.wheel import wheel_of_this
from sonde.executors.protocol import AgentSpec, Exited, Handle
from sonde.executors.resources import Resources

__all__ = ["CloudExecutor"]

_TELL_S = 600.0  # how often it says what was spent
_LEAVE_S = 30.0
_AGAIN_S = 3.0  # between two attempts to connect


class CloudExecutor:
    """Starts agents on machines of a cloud that are started for them."""

    def __init__(self, cloud: str, **options: Any) -> None:
        """Start nothing yet.

        Args:
            cloud: `ec2` or `gcloud`.
            options: As `sonde.executors.cloud.request` has them.

        Raises:
            ConfigError: If they are wrong.
        """
        self._request = request_of(cloud, options)
        self._name = self._request.name or f"sonde-{secrets.token_hex(3)}"
        self._choice: Choice | None = None
        self._bill: Bill | None = None
        self._spec: AgentSpec | None = None
        self._kept: tuple[Shelf, Kept, TextIO] | None = None
        self._config: Mapping[str, Any] = {}
        self._head: Head | None = None
        self._link: Link | None = None
        self._opening: threading.Thread | None = None
        self._launcher: subprocess.Popen[str] | None = None
        self._fault: SondeError | None = None
        self._members: dict[str, Handle] = {}
        self._gone: list[Exited] = []
        self._words: list[str] = []
        self._started = 0
        self._stopping = 0
        self._is_closing = False
        self._lock = threading.Lock()  # of who is a member, and whether there is a connection
        self._spans: list[Span] = []
        self._up: tuple[datetime, int] | None = None
        self._told_at = time.monotonic()

    def bill(self, each: Resources, workers: int | None) -> Sequence[str]:
        """Choose machines for so many trials at once; return what they cost, a line each.

        Raises:
            ConfigError: If nobody said how many, or no machine has what a trial is to have.
        """
        if workers is None:
            raise ConfigError(
                self._request.where, "nobody said how many trials are to run at once",
                "add --num-workers 4, or workers=4",
            )  # fmt: skip
        request = self._request
        found = choose(
            request.cloud, each, workers, where=request.where, name=request.type, gpu=request.gpu
        )
        if found.type.gpus and request.image is None and request.cloud == "gcloud":
            raise ConfigError(
                request.where, "Google has no one image with drivers for GPUs",
                "name one: --image projects/.../global/images/family/...",
            )  # fmt: skip
        self._choice, self._bill = found, bill_of(request, found)
        lines = self._bill.lines(request.timeout_s)
        return [f"{request.cloud}: {lines[0]}: {found.why}", *lines[1:]]

    def preview(self) -> Mapping[str, Any]:
        """Return the cluster file as it would be written; `bill` comes first."""
        return self._file({})

    def room(self, each: Resources) -> int | None:
        """Return how many trials the machines have room for when all are up.

        Raises:
            ConfigError: If something is missing here that starts them.
        """
        self._check_tools()
        if self._choice is None:
            self.bill(each, 1)
        assert self._choice is not None
        return self._choice.per * self._choice.machines

    def start(self, spec: AgentSpec, n: int) -> Sequence[Handle]:
        """Start n agents; the first time machines are started for them, which takes minutes."""
        own = [self._handle() for _ in range(n)]
        with self._lock:
            self._members |= {handle.id: handle for handle in own}
            self._spec = spec
            if self._link is not None:
                self._link.say("start", ids=[handle.id for handle in own])
                return own
            if self._opening is None:
                if self._kept is None:
                    self._keep(spec)
                self._opening = threading.Thread(target=self._open, daemon=True)
                self._opening.start()
        return own

    def watch(self) -> Sequence[Exited]:
        """Return the agents that are gone since the last call; never waits.

        Raises:
            PlaceError: If the machines cannot be had.
        """
        if self._fault is not None:
            fault, self._fault = self._fault, None
            self._drop("no machines", clean=False)
            raise fault
        self._listen()
        gone, self._gone = self._gone, []
        return gone

    def said(self) -> Sequence[str]:
        """Return what agents said to people since the last call, and what was spent."""
        if self._up is not None and time.monotonic() - self._told_at > _TELL_S:
            self._told_at = time.monotonic()
            self._words.append(self._spent())
        words, self._words = self._words, []
        return words

    def alive(self) -> int:
        """How many agents were started and not yet returned by `watch`."""
        return len(self._members) + len(self._gone)

    def stop(self, *, now: bool) -> None:
        """Let agents end their trials and leave, or, with `now`, give them back and leave."""
        self._stopping = 2 if now else max(self._stopping, 1)
        if self._link is not None:
            self._link.say("stop", now=now)
        else:
            self._drop("it was not needed any more", clean=True)

    def close(self) -> None:
        """Make sure that no agent is left, and end the machines."""
        self._is_closing = True
        if self._link is not None:
            if self._members:
                self.stop(now=True)
                self._wait_for_all(_LEAVE_S)
            self._link.close()
            self._link = None
        launcher = self._launcher
        if launcher is not None and launcher.poll() is None and launcher.stdin is not None:
            with suppress(OSError):
                launcher.stdin.close()  # it ends what it has begun
        if self._opening is not None:
            self._opening.join()
            self._opening = None
            if self._link is not None:
                self._link.close()
                self._link = None
        self._members.clear()
        self._gone.clear()
        if self._kept is not None:
            shelf, kept, lock = self._kept
            self._kept = None
            try:
                down(self._config)
            except SondeError as error:
                # The sweep's results stand; this must be seen, and must not hide them.
                _say(f"machines could not be ended: {error}; try: sonde cloud down {kept.name}")
                return
            finally:
                lock.close()
            shelf.remove(kept.name)
            if self._up is not None:
                self._count(0)
                self._up = None
                _say(f"{self._name}: all machines are ended; {self._spent()}")

    # -- machines -----------------------------------------------------------------------

    def _file(self, mounts: Mapping[str, Path]) -> dict[str, Any]:
        assert self._choice is not None
        return cluster_file(
            self._request, self._choice, name=self._name, mounts=mounts, ray=_ray_version(),
            python=f"{sys.version_info.major}.{sys.version_info.minor}",
        )  # fmt: skip

    def _check_tools(self) -> None:
        """Refuse before anything is written what would fail only then."""
        if self._kept is not None:
            return
        driver = {"ec2": "boto3", "gcloud": "google-api-python-client"}[self._request.cloud]
        for module in ("ray", driver.replace("google-api-python-client", "googleapiclient")):
            if importlib.util.find_spec(module) is None:
                raise ConfigError(
                    self._request.where, f"{module} is not installed here",
                    f"pip install 'ray[default]' {driver}",
                )  # fmt: skip
        for program in ("ssh", "rsync"):
            if shutil.which(program) is None:
                raise ConfigError(
                    self._request.where, f"{program} is not installed here", "install it"
                )
        if not has_credentials(self._request.cloud):
            log_in = {"ec2": "aws configure", "gcloud": "gcloud auth application-default login"}
            raise ConfigError(
                self._request.where, "there are no credentials for it here",
                f"log in as for its own tools: {log_in[self._request.cloud]}",
            )  # fmt: skip

    def _keep(self, spec: AgentSpec) -> None:
        """Write down what is about to be started, before it is."""
        if self._choice is None:
            self.bill(spec.each, max(1, len(self._members)))
        shelf = Shelf(Path(spec.root))
        folder = shelf.folder(self._name)
        mounts = {"~/.ray": folder / "ray"}  # where Ray looks for its token
        mounts["~/.ray"].mkdir(exist_ok=True)
        token = mounts["~/.ray"] / "auth_token"
        token.touch(0o600)
        token.write_text(secrets.token_hex(32))
        if self._request.python is None:
            mounts[f"{FOLDER}/wheel"] = wheel_of_this(folder / "wheel").parent
        self._config = self._file(mounts)
        validate(self._config)
        assert self._bill is not None
        kept = Kept(
            name=self._name, cloud=self._request.cloud, sweep=spec.sweep,
            began=datetime.now(UTC), timeout_s=self._request.timeout_s, bill=self._bill,
            folder=folder,
        )  # fmt: skip
        self._kept = shelf, kept, shelf.put(kept, self._config)
        self._words.append(f"starting machines on {kept.cloud} as {kept.name}; it takes minutes")

    def _open(self) -> None:
        """Have the head up and connect to it; in a thread of its own."""
        try:
            link = self._connect()
        except SondeError as error:
            self._fault = error
            self._opening = None
            return
        with self._lock:
            link.say("start", ids=list(self._members))
            if self._stopping:
                link.say("stop", now=self._stopping > 1)
            self._link = link
            self._opening = None

    def _connect(self) -> Link:
        assert self._spec is not None
        python = python_there(self._request)
        if self._head is None:
            self._head = self._launch()
            return Link(self._head, self._spec, python)
        # It was lost: after the timeout the watchdog has ended the machines.
        until = time.monotonic() + self._request.timeout_s
        while True:
            try:
                return Link(self._head, self._spec, python)
            except PlaceError:
                if self._is_closing or time.monotonic() > until:
                    raise
            time.sleep(_AGAIN_S)

    def _launch(self) -> Head:
        assert self._kept is not None
        kept = self._kept[1]
        log = kept.folder / "up.log"
        began = time.monotonic()
        with log.open("w") as file:
            self._launcher = subprocess.Popen(
                [sys.executable, "-m", "sonde.executors.cloud.launch", str(kept.file)],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=file, text=True,
                start_new_session=True,
            )  # fmt: skip
        assert self._launcher.stdout is not None
        answer = self._launcher.stdout.readline()
        code = self._launcher.wait()
        if not answer:
            raise PlaceError(f"{kept.name} could not be started ({code}): {_last(log)}")
        found = Head(**json.loads(answer))
        self._words.append(f"the head is up at {found.ip} after {time.monotonic() - began:.0f} s")
        self._count(0)
        return found

    # -- what is heard ------------------------------------------------------------------

    def _listen(self) -> None:
        link = self._link
        if link is None:
            return
        link.ping()
        heard = link.heard()
        if heard is None:
            self._words.append(
                f"the connection to {self._name} is gone, trying again: {link.trouble()}"
            )
            self._link = None
            link.close()
            self._drop("the connection to the head is gone", clean=False)
            return
        for one in heard:
            if one["is"] == "gone":
                handle = self._members.pop(one["id"], None)
                if handle is not None:
                    self._gone.append(Exited(
                        handle=handle, agent=one["agent"], clean=one["clean"],
                        detail=one["detail"],
                    ))  # fmt: skip
            elif one["is"] == "said":
                self._words.append(one["line"])
            elif one["is"] == "machines":
                self._count(one["workers"])

    def _drop(self, detail: str, *, clean: bool) -> None:
        for handle in self._members.values():
            self._gone.append(Exited(handle=handle, agent=None, clean=clean, detail=detail))
        self._members.clear()

    def _handle(self) -> Handle:
        self._started += 1
        return Handle(id=str(self._started), place=self._request.cloud)

    def _wait_for_all(self, timeout_s: float) -> None:
        until = time.monotonic() + timeout_s
        while self._members and self._link is not None and time.monotonic() < until:
            self._listen()
            time.sleep(0.1)

    # -- what it costs ------------------------------------------------------------------

    def _count(self, workers: int) -> None:
        """Note how many workers are up from now on, besides the head."""
        now = datetime.now(UTC)
        if self._up is not None:
            since, before = self._up
            self._spans.append(Span(is_head=True, since=since, until=now))
            self._spans += [Span(is_head=False, since=since, until=now)] * before
            if workers > before:
                self._words.append(f"{workers} of {self._most} workers are up")
        self._up = now, workers

    @property
    def _most(self) -> int:
        return 0 if self._choice is None else self._choice.machines

    def _spent(self) -> str:
        assert self._bill is not None
        if self._up is not None:
            self._count(self._up[1])
        amount = spent(self._bill, self._spans)
        if amount is None:
            return "spent so far: unknown, as a price is"
        upto = "at most " if self._bill.is_spot else "about "
        return f"spent so far: {upto}{dollars(amount)}"


def _ray_version() -> str:
    try:
        return importlib.metadata.version("ray")
    except importlib.metadata.PackageNotFoundError:
        return "2.60.0"


def _last(log: Path) -> str:
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
    return (lines[-1][:300] if lines else "the launcher said nothing") + f"; all of it: {log}"


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
