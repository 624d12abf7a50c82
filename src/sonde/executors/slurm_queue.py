"""Slurm's own commands: what nodes there are, what became of jobs, submit, signal, cancel.

Only sbatch, squeue, sinfo and scancel are used: sacct needs an accounting database, which not
every cluster has. Slurm forgets a job some minutes after its end, so who follows one looks.
"""

import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sonde.errors import ConfigError, PlaceError
from sonde.executors.resources import Machine
from sonde.executors.slurm_request import limit_s

__all__ = ["Node", "Task", "cancel", "nodes", "submit", "tasks", "test_only"]

_ANSWER_S = 30.0
_GRES = re.compile(r"(?P<name>[A-Za-z_]\w*)(?::(?P<kind>[A-Za-z_][\w.-]*))?:(?P<count>\d+)")
_AWAY = ("down", "drain", "drng", "fail", "error", "unknown", "inval", "futr", "maint", "power")


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A task of a job array, as the queue has it.

    Attributes:
        id: `JOB_TASK`.
        state: Slurm's word: PENDING, RUNNING, COMPLETED, ...
        reason: Why it waits, or ended so.
        node: Where it runs or ran.
        comment: What it was submitted with.
    """

    id: str
    state: str
    reason: str
    node: str
    comment: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A node in a partition.

    Attributes:
        machine: What it has.
        host: The machine that it is.
        address: Where that is reached.
        limit_s: The partition's time limit.
        is_up: Whether it can run jobs now or when others have ended.
        is_default: Whether the partition is what jobs get that name none.
    """

    machine: Machine
    host: str
    address: str
    partition: str
    limit_s: float
    is_up: bool
    is_default: bool


def nodes(where: str, gpu: str | None = None) -> list[Node]:
    """Return all nodes, once for each partition that they are in.

    Args:
        where: For errors.
        gpu: The type of GPUs that count.

    Raises:
        ConfigError: If there is no Slurm here, or it does not answer.
    """
    if shutil.which("sbatch") is None:
        raise ConfigError(
            where, "there is no sbatch here",
            "call it where jobs are submitted from, such as a login node; or put Slurm's "
            "commands on the PATH",
        )  # fmt: skip
    try:
        said = _call(["sinfo", "-h", "-N", "-o", "%N|%n|%o|%P|%c|%m|%G|%T|%l"])
    except PlaceError as error:
        raise ConfigError(
            where,
            f"no Slurm cluster answers here ({error})",
            "call it where `sinfo` lists machines, such as a login node",
        ) from error
    return [_node(line, gpu) for line in said.splitlines() if line.count("|") == 8]


def test_only(words: Sequence[str], script: str, where: str) -> None:
    """Have Slurm judge a submission that is not made.

    Raises:
        ConfigError: If it would never be run.
    """
    try:
        _call(["sbatch", "--test-only", *words], script)
    except PlaceError as error:
        raise ConfigError(
            where, f"Slurm refuses it: {error}", "ask for less, or see `sinfo` for what there is"
        ) from error


def submit(words: Sequence[str], script: str, count: int) -> list[str]:
    """Submit an array of so many tasks; return their ids.

    Raises:
        PlaceError: If Slurm refuses it.
    """
    said = _call(["sbatch", "--parsable", f"--array=0-{count - 1}", *words], script)
    job = said.strip().splitlines()[-1].partition(";")[0]
    return [f"{job}_{index}" for index in range(count)]


def tasks(name: str) -> dict[str, Task]:
    """Return all tasks of jobs of this name that Slurm knows, ended ones too, by id.

    Raises:
        PlaceError: If it does not answer.
    """
    form = "%F_%K|%T|%r|%N|%k"
    said = _call(["squeue", "--me", "-h", "-r", "-t", "all", "-n", name, "-o", form])
    found = {}
    for line in said.splitlines():
        task, state, reason, node, comment = (line.split("|", 4) + [""] * 5)[:5]
        found[task] = Task(id=task, state=state, reason=reason, node=node, comment=comment)
    return found


def cancel(ids: Sequence[str], *words: str) -> None:
    """Cancel tasks, or what `words` says instead; those that are gone are left alone.

    Raises:
        PlaceError: If Slurm does not answer.
    """
    for start in range(0, len(ids), 200):  # a command line has an end
        _call(["scancel", "--quiet", *words, *ids[start : start + 200]], lenient=True)


def _call(argv: list[str], given: str | None = None, *, lenient: bool = False) -> str:
    try:
        done = subprocess.run(
            argv, input=given or "", capture_output=True, text=True, timeout=_ANSWER_S, check=False,
        )  # fmt: skip
    except FileNotFoundError as error:
        raise PlaceError(f"there is no {argv[0]} here") from error
    except subprocess.TimeoutExpired as error:
        raise PlaceError(f"{argv[0]} does not answer") from error
    if done.returncode and not lenient:
        raise PlaceError(_said(done.stderr) or f"{argv[0]} ended with {done.returncode}")
    return done.stdout


def _said(text: str) -> str:
    """Return what a command complained of, in a line."""
    lines = [line.partition("error: ")[2] or line for line in text.splitlines() if line.strip()]
    lines = [line.removeprefix("allocation failure: ").strip() for line in lines]
    return "; ".join(dict.fromkeys(lines[-2:]))[:300]


def _node(line: str, gpu: str | None) -> Node:
    name, host, address, partition, cpus, memory, gres, state, limit = line.split("|")
    has: dict[str, float] = {}
    gpus = 0.0
    for one in _GRES.finditer(gres):
        count = float(one["count"])
        if one["name"] == "gpu":
            gpus += count if gpu is None or gpu == one["kind"] else 0.0
        else:
            has[one["name"]] = has.get(one["name"], 0.0) + count
    amounts: dict[str, Any] = {"cpus": _number(cpus), "memory": _number(memory) * (1 << 20)}
    return Node(
        machine=Machine(name=f"node {name}", gpus=gpus, others=has, **amounts), host=host,
        address=address, partition=partition.rstrip("*"), limit_s=limit_s(limit),
        is_up=not state.lower().startswith(_AWAY), is_default=partition.endswith("*"),
    )  # fmt: skip


def _number(text: str) -> float:
    found = re.match(r"\d+", text)
    return float(found[0]) if found else 0.0
