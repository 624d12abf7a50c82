"""The Slurm executor: agents as tasks of a job array.

An agent is a job of its own and does not end with its driver. Slurm queues it, takes its node
away, puts it in the queue again; trials have leases, and whatever became of a job, they are run
once each. All jobs of a sweep bear its name, so a driver that comes later finds them in the
queue and starts only what is missing.
"""

import math
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sonde.agent.orders import SAYS
from sonde.errors import ConfigError, PlaceError
from sonde.executors import slurm_queue as queue
from sonde.executors.hosted import order_of
from sonde.executors.lending import Lent, address_towards
from sonde.executors.posted import BEGAN, ENDED, order_text
from sonde.executors.protocol import AgentSpec, Exited, Handle
from sonde.executors.resources import Resources, room_in
from sonde.executors.slurm_queue import Node, Task
from sonde.executors.slurm_request import request_of
from sonde.store import is_shared

__all__ = ["SlurmExecutor"]

_MOST_TASKS = 1000  # of an array: Slurm's MaxArraySize is 1001 where nobody changed it
_SOON_S, _LATE_S = 0.5, 10.0  # between two looks at the queue
_NODES_S = 30.0
_AGAIN_S = 20.0  # between two attempts to submit
_WAITS_S = 20.0  # before people are told that agents wait
_LEAVE_S = 15.0
_OVER = {"BOOT_FAIL", "CANCELLED", "COMPLETED", "DEADLINE", "FAILED", "NODE_FAIL",
         "OUT_OF_MEMORY", "PREEMPTED", "REVOKED", "TIMEOUT"}  # fmt: skip
_OURS = "sonde "  # what a job's comment begins with; the store that was lent to it follows


@dataclass(slots=True, kw_only=True)
class _Member:
    """An agent: one task of a job array."""

    handles: list[Handle]
    spec: AgentSpec
    task: str | None = None  # None: yet to be submitted
    state: str = "PENDING"
    node: str = ""
    log: Path | None = None
    read: int = 0
    agent: str | None = None
    last: str = ""  # what it said last
    was_told: bool = False  # to leave


class SlurmExecutor:
    """Starts agents as jobs of a Slurm cluster."""

    def __init__(self, **options: Any) -> None:
        """Start nothing yet.

        Args:
            options: As `sonde.executors.slurm_request.Request` has them.

        Raises:
            ConfigError: If they are wrong.
        """
        self._request = request_of(options)
        self._members: list[_Member] = []
        self._gone: list[Exited] = []
        self._words: list[str] = []
        self._started = 0
        self._nodes: tuple[float, list[Node]] | None = None
        self._judged: set[str] = set()  # the words that Slurm found possible
        self._lent: Lent | None = None
        self._look_at = self._listen_at = self._changed_at = self._submit_at = 0.0
        self._sweep: str | None = None
        self._leaving = self._hurried = self._is_down = False
        self._stopping = 0

    def room(self, each: Resources) -> int | None:
        """Return how many trials the nodes have room for, at most as many as `agents` run.

        Raises:
            ConfigError: If there is no Slurm, no such partition, or it would never run one.
        """
        request, found = self._request, self._all_nodes()
        there = self._chosen(found)
        if request.partition and not there:
            known = ", ".join(sorted({node.partition for node in found})) or "none"
            raise ConfigError(
                request.where, f"there is no partition {request.partition}", f"there are {known}"
            )
        limit = max((node.limit_s for node in there), default=math.inf)
        if request.time_s is not None and request.time_s > limit:
            raise ConfigError(
                request.where, f"the partition ends jobs after {limit / 60:g} min",
                "ask for less time; trials go on from their checkpoints in the next job",
            )  # fmt: skip
        up = [node.machine for node in there if node.is_up]
        machines = list({machine.name: machine for machine in up}.values())
        room = room_in(
            machines, _counted(each), request.where, "ask for less, or another partition"
        )
        if up and not self._leaving:
            self._judge(each)
        per = _per_agent(each)
        return min(room or 1, request.agents * per)

    def start(self, spec: AgentSpec, n: int) -> Sequence[Handle]:
        """Start agents for n trials at once; those of the sweep that Slurm has already count.

        Raises:
            PlaceError: If Slurm refuses the first ones.
        """
        handles: list[Handle] = []
        is_first = self._sweep is None
        per = _per_agent(spec.each)
        self._leaving = False
        if is_first:
            self._sweep = spec.sweep
            self._lend(spec)
            handles += self._adopt(spec, per)
        while len(handles) < n:
            own = [self._handle() for _ in range(min(per, n - len(handles)))]
            one = replace(spec, workers=spec.workers * len(own))
            self._members.append(_Member(handles=own, spec=one))
            handles += own
        try:
            self._submit()
        except PlaceError as error:
            if is_first:
                self._members.clear()
                raise
            self._words.append(f"no further agents now, trying again: {error}")
        self._hasten()
        return handles

    def watch(self) -> Sequence[Exited]:
        """Return the agents that are gone since the last call; never waits for long."""
        self._look()
        gone, self._gone = self._gone, []
        return gone

    def said(self) -> Sequence[str]:
        """Return what agents said to people since the last call, where their logs are seen."""
        words, self._words = self._words, []
        return words

    def alive(self) -> int:
        """How many agents were started and not yet returned by `watch`."""
        return sum(len(member.handles) for member in self._members) + len(self._gone)

    def stop(self, *, now: bool) -> None:
        """Let agents end their trials and leave, or, with `now`, give them back and leave.

        Those that still wait are cancelled. Called again with `now`, all are killed.
        """
        self._stopping = max(self._stopping, 2 if now else 1)
        ids = [member.task for member in self._members if member.task is not None]
        self._drop([member for member in self._members if member.task is None])
        with self._heard():
            if now and self._hurried:
                queue.cancel(ids, "--signal=KILL", "--full")
            elif now:
                queue.cancel(ids)
            else:
                queue.cancel(ids, "--state=PENDING")
                self._tell([member for member in self._members if member.state == "RUNNING"])
        self._hurried = self._hurried or now
        self._hasten()

    def close(self) -> None:
        """Make sure that no agent is left."""
        for _ in range(2):
            if self._members:
                self.stop(now=True)
                self._wait_for_all(_LEAVE_S)
        self._members.clear()
        self._gone.clear()
        if self._lent is not None:
            self._lent.close()
            self._lent = None
        self._sweep = None

    # -- nodes --------------------------------------------------------------------------

    def _all_nodes(self) -> list[Node]:
        now = time.monotonic()
        if self._nodes is None or now - self._nodes[0] > _NODES_S:
            try:
                found = queue.nodes(self._request.where, self._request.gpu)
            except ConfigError:
                if self._nodes is None:
                    raise
                found = self._nodes[1]  # it does not answer now; they will not have changed
            self._nodes = now, found
        return self._nodes[1]

    def _chosen(self, found: Sequence[Node]) -> list[Node]:
        names = (self._request.partition or "").split(",")
        if names != [""]:
            return [node for node in found if node.partition in names]
        return [node for node in found if node.is_default] or list(found)

    def _judge(self, each: Resources) -> None:
        words = self._request.words(each, _per_agent(each))
        if " ".join(words) not in self._judged:
            queue.test_only(words, "#!/bin/sh\n", self._request.where)
            self._judged.add(" ".join(words))

    def _lend(self, spec: AgentSpec) -> None:
        """See to it that the nodes reach the store."""
        if is_shared(spec.store):
            return
        here = socket.gethostname().partition(".")[0]
        others = [node for node in self._chosen(self._all_nodes())
                  if node.host.partition(".")[0] != here]  # fmt: skip
        if others:
            self._lent = Lent(spec.store, address_towards(others[0].address))
            self._words.append(
                "the nodes reach the store through this process, so agents end with it; to have "
                "them go on without it, use a server: sonde serve, --store http://..."
            )

    # -- jobs ---------------------------------------------------------------------------

    def _handle(self, place: str = "slurm") -> Handle:
        self._started += 1
        return Handle(id=str(self._started), place=place)

    def _name(self, sweep: str) -> str:
        return f"sonde-{sweep}"

    def _comment(self) -> str:
        return _OURS + ("" if self._lent is None else self._lent.url)

    def _adopt(self, spec: AgentSpec, per: int) -> list[Handle]:
        """Take over the agents of the sweep that an earlier driver has left in the queue."""
        there = [task for task in queue.tasks(self._name(spec.sweep)).values()
                 if task.state not in _OVER and task.comment.startswith(_OURS.strip())]  # fmt: skip
        stale = [task for task in there if task.comment.strip() != self._comment().strip()]
        if stale:  # the store that they were lent is gone
            queue.cancel([task.id for task in stale])
        handles = []
        for task in there:
            if task in stale:
                continue
            own = [self._handle(f"job {task.id}") for _ in range(per)]
            self._members.append(_Member(
                handles=own, spec=replace(spec, workers=spec.workers * per), task=task.id,
                state=task.state, node=task.node, log=self._log(spec, task.id),
            ))  # fmt: skip
            handles += own
        if handles:
            ids = ", ".join(member.task or "" for member in self._members[:3])
            more = "" if len(self._members) <= 3 else f" and {len(self._members) - 3} more"
            self._words.append(f"agents of an earlier driver go on: jobs {ids}{more}")
        return handles

    def _folder(self, spec: AgentSpec) -> Path:
        return Path(self._request.logs or f"{spec.root}/slurm/{spec.sweep}").expanduser()

    def _log(self, spec: AgentSpec, task: str) -> Path:
        return self._folder(spec) / f"{task}.log"

    def _submit(self) -> None:
        """Submit the agents that were not yet."""
        self._submit_at = time.monotonic() + _AGAIN_S
        while waiting := [member for member in self._members if member.task is None]:
            spec = waiting[0].spec
            batch = [member for member in waiting if member.spec == spec][:_MOST_TASKS]
            ids = queue.submit(*self._posted(spec), len(batch))
            for member, task in zip(batch, ids, strict=True):
                member.task, member.log = task, self._log(spec, task)

    def _posted(self, spec: AgentSpec) -> tuple[list[str], str]:
        """Return the words of sbatch and the script for an agent."""
        folder = self._folder(spec)
        folder.mkdir(parents=True, exist_ok=True)
        mark = folder / "driver"
        mark.touch()
        lent = self._lent
        url = None if lent is None else lent.url
        order = order_of(spec, url, None if lent is None else lent.token)
        words = [
            f"--job-name={self._name(spec.sweep)}", f"--comment={self._comment()}",
            f"--output={folder}/%A_%a.log", *self._request.words(spec.each, spec.workers),
        ]  # fmt: skip
        text = order_text(order, mark=mark, idle_s=self._request.idle_s)
        return words, self._request.script(text, order.secrets)

    def _tell(self, members: Sequence[_Member]) -> None:
        """Have running agents end their trials and leave."""
        ids = [member.task for member in members if member.task and not member.was_told]
        queue.cancel(ids, "--batch", "--signal=INT")
        for member in members:
            member.was_told = True

    # -- what became of them ------------------------------------------------------------

    def _look(self) -> None:
        """Take in what the queue and the agents' logs say, now and then."""
        now = time.monotonic()
        self._listen(now)
        if not self._members or now < self._look_at:
            return
        age_s = now - self._changed_at
        self._look_at = now + min(max(_SOON_S, age_s / 20), _LATE_S)
        with self._heard():
            if now >= self._submit_at and not self._stopping:
                self._submit()
            found = queue.tasks(self._name(self._sweep or ""))
            for member in list(self._members):
                if member.task is not None:
                    self._follow(member, found.get(member.task))
            if self._stopping == 1 or self._leaving:
                self._withdraw()
            self._tell_of_waiting(list(found.values()), age_s)

    def _follow(self, member: _Member, task: Task | None) -> None:
        if task is None:
            # Tasks that were cancelled before they began are one line of their job.
            state = "CANCELLED" if member.state == "PENDING" else "GONE"
            self._end(member, state, "")
            return
        if task.state == member.state:
            return
        member.state, member.node = task.state, task.node
        self._hasten()
        if task.state in _OVER:
            self._end(member, task.state, task.reason)
        elif task.state == "PENDING" and not self._stopping:
            self._words.append(
                f"job {task.id} is in the queue again ({task.reason}); what it ran is run again"
            )
            member.agent, member.was_told = None, False

    def _end(self, member: _Member, state: str, reason: str) -> None:
        self._hear(member)
        self._members.remove(member)
        is_ours = bool(self._stopping) or self._leaving
        clean = state == "COMPLETED" or (state == "CANCELLED") or is_ours
        if state == "COMPLETED":
            self._leaving = True
        if state == "CANCELLED" and not is_ours:
            self._words.append(f"job {member.task} was cancelled; no other is started for it")
        detail = {"COMPLETED": "it left", "CANCELLED": "it was cancelled"}.get(state)
        if detail is None:
            where = f"job {member.task}" + (f" on {member.node}" if member.node else "")
            why = member.last or (reason if reason not in {"", "None"} else "")
            if not why and member.log is not None and not member.log.exists():
                why = f"it wrote no {member.log}: is that folder there on the nodes?"
            detail = f"{where}: {state.lower()}" + (f": {why}" if why else "")
        self._gone += [
            Exited(handle=handle, agent=member.agent, clean=clean, detail=detail)
            for handle in member.handles
        ]
        self._hasten()

    def _drop(self, members: Sequence[_Member]) -> None:
        for member in members:
            self._members.remove(member)
            self._gone += [
                Exited(handle=handle, agent=None, clean=True, detail="it was not needed any more")
                for handle in member.handles
            ]

    def _withdraw(self) -> None:
        """Cancel agents that still wait where others leave; tell those that began meanwhile."""
        self._drop([member for member in self._members if member.task is None])
        waiting = [member.task for member in self._members if member.state == "PENDING"]
        queue.cancel([task for task in waiting if task is not None], "--state=PENDING")
        if self._stopping == 1:
            running = [member for member in self._members if member.state == "RUNNING"]
            self._tell([member for member in running if not member.was_told])

    def _listen(self, now: float) -> None:
        """Read what agents wrote, where their folder is seen from here."""
        if now < self._listen_at:
            return
        self._listen_at = now + max(_SOON_S, len(self._members) / 50)
        for member in self._members:
            if member.state != "PENDING":
                self._hear(member)

    def _hear(self, member: _Member) -> None:
        if member.log is None:
            return
        try:
            with member.log.open("rb") as file:
                file.seek(member.read)
                new = file.read(1 << 20)
        except OSError:
            return  # on a node's own disk, or not there yet
        whole = new[: new.rfind(b"\n") + 1]
        member.read += len(whole)
        for line in whole.decode(errors="replace").splitlines():
            if line.startswith(BEGAN):
                member.agent = line.removeprefix(BEGAN)
            elif line.startswith(ENDED):
                self._hasten()
            elif line.startswith(SAYS):
                self._words.append(line.removeprefix(SAYS))
            elif line.strip():
                member.last = line.strip()[:300]

    def _tell_of_waiting(self, found: Sequence[Task], age_s: float) -> None:
        waiting = [task for task in found if task.state == "PENDING"]
        if waiting and age_s > _WAITS_S and not self._stopping:
            why = ", ".join(sorted({task.reason for task in waiting}))
            self._words.append(f"{len(waiting)} agents wait in Slurm's queue: {why}")

    def _hasten(self) -> None:
        """Look at the queue soon, as something changes."""
        self._changed_at = time.monotonic()
        self._look_at = min(self._look_at, self._changed_at + _SOON_S)

    def _heard(self) -> "_Patience":
        return _Patience(self)

    def trouble(self, text: str | None) -> None:
        """Take note that Slurm does not answer, or that it does again; each is said once."""
        if text is not None and not self._is_down:
            self._words.append(f"Slurm does not answer, trying again: {text}")
        elif text is None and self._is_down:
            self._words.append("Slurm answers again")
        self._is_down = text is not None

    def _wait_for_all(self, timeout_s: float) -> None:
        until = time.monotonic() + timeout_s
        while self._members and time.monotonic() < until:
            self._look()
            time.sleep(0.1)


class _Patience:
    """A block in which a Slurm that does not answer is no error: it is asked again later."""

    def __init__(self, executor: SlurmExecutor) -> None:
        self._executor = executor

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, _: object) -> bool:
        if error is None:
            self._executor.trouble(None)
        elif isinstance(error, PlaceError):
            self._executor.trouble(str(error))
            return True
        return False


def _counted(each: Resources) -> Resources:
    """Return what Slurm counts: whole cores, one where nothing was said."""
    return replace(each, cpus=float(max(1, math.ceil(each.cpus or 1))))


def _per_agent(each: Resources) -> int:
    """Return how many trials an agent runs at once: as many as share its GPU."""
    return int(1 / each.gpus + 1e-9) if 0 < each.gpus < 1 else 1
