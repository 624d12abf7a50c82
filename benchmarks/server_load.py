"""What a server stands: 200 agents with no-op trials, the cost of a report, 1,000 idle agents."""

import argparse
import asyncio
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import psutil

from sonde.agent.pace import AFAR
from sonde.controller import Controller
from sonde.core.metric import Goal
from sonde.core.space import space_of
from sonde.core.sweep import Control, Sweep
from sonde.core.trial import Lease, Outcome, Report, State
from sonde.store import open_store, wire
from sonde.store.protocol import Ask

T = TypeVar("T")
DONE = Outcome(state=State.DONE, values={"loss": 0.5})


def now() -> datetime:
    """Return the time."""
    return datetime.now(UTC)


class Line:
    """One agent's connection: as little of HTTP as will do, as the server is measured."""

    def __init__(self, host: str, port: int) -> None:
        self.host, self.port = host, port
        self.times: list[float] = []
        self.errors = 0

    async def connect(self) -> None:
        """Open it."""
        self.reader, self.writer = await asyncio.open_connection(self.host, self.port)

    async def call(self, name: str, message: Any, shape: type[T], *, timed: bool = False) -> T:
        """Call an operation of the store."""
        body = wire.encode(message)
        head = (
            f"POST /api/v1/store/{name} HTTP/1.1\r\nHost: localhost\r\n"
            f"Idempotency-Key: {random.getrandbits(64):x}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        began = time.perf_counter()
        self.writer.write(head.encode() + body)
        answer = await self.reader.readuntil(b"\r\n\r\n")
        length = int(answer.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        data = await self.reader.readexactly(length)
        if timed:
            self.times.append(time.perf_counter() - began)
        if not answer.startswith(b"HTTP/1.1 200"):
            self.errors += 1
            raise RuntimeError(data.decode(errors="replace"))
        return wire.decode(data, shape)


async def no_op_agent(line: Line, sweep: str, agent: str, until: float) -> int:
    """Lease, end, lease ... as an agent does whose trials take no time."""
    ask = Ask(agent=agent, lease_s=60.0)
    call = wire.LeaseTrials(sweep=sweep, ask=ask, now=now())
    leases: Sequence[Lease] = await line.call("lease", call, list[Lease], timed=True)
    done = 0
    while leases and time.perf_counter() < until:
        finish = wire.Finish(lease=wire.for_wire(leases[0]), outcome=DONE, now=now(), ask=ask)
        leases = (await line.call("finish", finish, wire.Ended, timed=True)).leases
        done += 1
    return done


async def reporting_agent(line: Line, sweep: str, agent: str, count: int) -> None:
    """Lease a trial and send reports on it, one a request."""
    ask = Ask(agent=agent, lease_s=600.0)
    (lease,) = await line.call(
        "lease", wire.LeaseTrials(sweep=sweep, ask=ask, now=now()), list[Lease]
    )
    lease = wire.for_wire(lease)
    for number in range(1, count + 1):
        reports = [Report(number, {"loss": 0.5, "acc": 0.1}, time.time())]
        call = wire.SendReports(lease=lease, first=number, reports=reports, now=now())
        await line.call("report", call, int)


async def idle_agent(line: Line, sweep: str, agent: str, until: float) -> None:
    """Ask as an agent does that has had nothing for a while."""
    ask, lease_at = Ask(agent=agent, lease_s=60.0), time.perf_counter()
    lease_at += random.uniform(0, AFAR.lease_s)
    await asyncio.sleep(random.uniform(0, AFAR.longest_look_s))
    while time.perf_counter() < until:
        await line.call("stamp", None, str)
        if time.perf_counter() >= lease_at:
            lease_at += AFAR.lease_s
            call = wire.LeaseTrials(sweep=sweep, ask=ask, now=now())
            await line.call("lease", call, list[Lease])
        await asyncio.sleep(AFAR.idle_look_s(1e9))


def a_sweep(name: str) -> Sweep:
    """Return a sweep without end."""
    space = space_of({"lr": "loguniform(1e-5, 1)", "x": "uniform(0, 1)"})
    return Sweep(space=space, goals=(Goal(metric="loss"),), method="random", name=name)


def report_cost_s(folder: Path, count: int) -> float:
    """CPU seconds of a report in the store itself, without a server."""
    store = open_store(str(folder / "alone.db"))
    sweep = store.create_sweep(a_sweep("alone"), now()).id
    (lease,) = Controller(store, sweep).step(1, Ask(agent="a", lease_s=600.0))
    began = time.process_time()
    for number in range(1, count + 1):
        store.report(lease, number, [Report(number, {"loss": 0.5, "acc": 0.1}, 0.0)], now())
    spent = (time.process_time() - began) / count
    store.close()
    return spent


async def main(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Measure."""
    path = folder / "sonde.db"
    store = open_store(str(path))
    busy, told, idle = (store.create_sweep(a_sweep(n), now()).id for n in ("busy", "told", "idle"))
    server = subprocess.Popen(
        [sys.executable, "-m", "sonde", "serve", "--store", str(path), "--port", "0"],
        stderr=subprocess.PIPE,
        text=True,
    )
    assert server.stderr is not None
    port = int(server.stderr.readline().partition("127.0.0.1:")[2].partition(";")[0])
    process = psutil.Process(server.pid)

    def cpu_s() -> float:
        times = process.cpu_times()
        return float(times.user + times.system)

    async def lines(count: int) -> list[Line]:
        made = [Line("127.0.0.1", port) for _ in range(count)]
        for line in made:
            await line.connect()
        return made

    found: dict[str, Any] = {}
    try:
        agents = await lines(options.agents)
        began, before = time.perf_counter(), cpu_s()
        until = began + options.seconds
        done = await asyncio.gather(
            *(no_op_agent(line, busy, f"a{n}", until) for n, line in enumerate(agents)),
            return_exceptions=True,
        )
        spent, wall = cpu_s() - before, time.perf_counter() - began
        times = sorted(one for line in agents for one in line.times)
        trials = sum(one for one in done if isinstance(one, int))
        found["agents"] = options.agents
        found["errors"] = sum(isinstance(one, BaseException) for one in done)
        found["trials"] = trials
        found["trials_per_s"] = round(trials / wall, 1)
        found["server_cpu_us_per_trial"] = round(spent / max(trials, 1) * 1e6)
        found["lease_ms"] = {
            name: round(times[int(len(times) * share)] * 1e3, 1)
            for name, share in (("p50", 0.5), ("p90", 0.9), ("p99", 0.99))
        }

        before = cpu_s()
        each = options.reports // 16
        await asyncio.gather(
            *(reporting_agent(line, told, f"r{n}", each) for n, line in enumerate(agents[:16]))
        )
        through = (cpu_s() - before) / (each * 16)
        alone = report_cost_s(folder, each * 16)
        found["report_us"] = {
            "server_cpu": round(through * 1e6, 1),
            "store_alone_cpu": round(alone * 1e6, 1),
            "beyond_the_store": round((through - alone) * 1e6, 1),
        }

        store.update_sweep(idle, now(), control=Control.PAUSED)
        sleepers = await lines(options.idle)
        before, began = cpu_s(), time.perf_counter()
        until = began + options.idle_seconds
        await asyncio.gather(
            *(idle_agent(line, idle, f"i{n}", until) for n, line in enumerate(sleepers))
        )
        share = (cpu_s() - before) / (time.perf_counter() - began)
        found["idle_agents"] = options.idle
        found["idle_share_of_a_core"] = round(share, 4)
        found["server_memory_mb"] = round(process.memory_info().rss / 1e6)
    finally:
        server.terminate()
        server.wait()
        server.stderr.close()
        store.close()
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--agents", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--reports", type=int, default=8000)
    parser.add_argument("--idle", type=int, default=1000)
    parser.add_argument("--idle-seconds", type=float, default=20.0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        print(json.dumps(asyncio.run(main(given, Path(place))), indent=1))
