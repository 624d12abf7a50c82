"""What is asked of Slurm for an agent: the words of sbatch, and the script that it runs.

The script is a shell outside of any container, so that it can speak to Slurm. Slurm's notice
of the time limit reaches it alone (`--signal=B:`): it has the agent give its trials back and
puts itself in the queue again. What ends a job (scancel, preemption) is sent by Slurm to every
process of it, so the shell only has to stay until the agent has left.
"""

import math
import re
import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sonde.core.notation.spans import seconds_of
from sonde.core.wanted import PLACE, written
from sonde.errors import ConfigError
from sonde.executors.options import OptionReader
from sonde.executors.resources import Resources

__all__ = ["Request", "limit_s", "request_of"]

_SLURM_TIME = re.compile(r"(?:(\d+)-)?(\d+)(?::(\d+))?(?::(\d+))?")
_OWN = ("--array", "--job-name", "--comment", "--output", "--signal", "--open-mode", "--parsable")

_SCRIPT = """\
#!/bin/bash
# An agent of sonde. It leaves by itself when its sweep has ended.
agent= asked= again=
trap 'again=1; [ -z "$agent" ] || kill -USR2 "$agent"' USR2
trap 'asked=1; [ -z "$agent" ] || kill -USR1 "$agent"' INT
trap : TERM
{setup}
[ -z "$asked$again" ] || exit 0
{check}export SONDE_ORDER={order}
{secrets}{command} -m sonde.executors.posted &
agent=$!
while kill -0 "$agent" 2>/dev/null; do wait "$agent" || :; done
code=0
wait "$agent" || code=$?
if [ -n "$again" ]; then
    echo 'the time limit is near: in the queue again' >&2
    scontrol requeue "${{SLURM_ARRAY_JOB_ID}}_$SLURM_ARRAY_TASK_ID"
fi
exit "$code"
"""

_CHECK = """\
command -v {program} >/dev/null || {{
    echo "agent: there is no "{program}" on $(hostname); have the lines of setup= load it" >&2
    exit 127
}}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What agents are to have, besides what their trials are to have.

    Attributes:
        where: How it was written, for errors.
        partition, account, qos: Slurm's.
        time_s: The time limit; None: the partition's.
        gpu: The type of GPUs that count, as `a100`.
        gres: Further generic resources of an agent, as `nvme:1`.
        extra: Further words for sbatch.
        container: What stands before the command: `apptainer exec --nv image.sif`.
        setup: Lines of shell that are run first.
        python: One that has sonde, where agents run.
        agents: How many there may be at most.
        notice_s: How long before the time limit an agent gives its trials back.
        idle_s: After how long without a trial an agent leaves.
        logs: Where agents write, on a folder that the nodes share; None: beside the trials.
    """

    where: str
    partition: str | None = None
    account: str | None = None
    qos: str | None = None
    time_s: float | None = None
    gpu: str | None = None
    gres: str | None = None
    extra: tuple[str, ...] = ()
    container: tuple[str, ...] = ()
    setup: str = ""
    python: str = sys.executable
    agents: int = 100
    notice_s: int = 60
    idle_s: float = 600.0
    logs: str | None = None

    def words(self, each: Resources, workers: int) -> list[str]:
        """Return the words of sbatch for agents that run so many trials at once."""
        gres = [] if self.gres is None else [self.gres]
        if each.gpus:
            kind = "gpu" if self.gpu is None else f"gpu:{self.gpu}"
            gres.append(f"{kind}:{max(1, round(each.gpus))}")
        gres += [f"{name}:{math.ceil(amount)}" for name, amount in each.others.items() if amount]
        words = ["--nodes=1", "--ntasks=1", "--requeue", "--open-mode=append"]
        words.append(f"--cpus-per-task={max(1, math.ceil((each.cpus or 1) * workers))}")
        words.append(f"--signal=B:USR2@{self.notice_s}")
        if each.memory:
            words.append(f"--mem={math.ceil(each.memory * workers / (1 << 20))}M")
        if gres:
            words.append(f"--gres={','.join(gres)}")
        if self.time_s is not None:
            words.append(f"--time={_slurm_time(self.time_s)}")
        named = {"partition": self.partition, "account": self.account, "qos": self.qos}
        words += [f"--{name}={value}" for name, value in named.items() if value]
        return [*words, *self.extra]

    def script(self, order: str, secrets: Mapping[str, str]) -> str:
        """Return what a job runs; it holds secrets, so it goes to sbatch by a pipe only."""
        command = shlex.join([*self.container, self.python])
        return _SCRIPT.format(
            setup=self.setup.rstrip() or ":",
            order=shlex.quote(order),
            secrets="".join(f"export {name}={shlex.quote(secrets[name])}\n" for name in secrets),
            command=command,
            check=""
            if not self.container
            else _CHECK.format(program=shlex.quote(self.container[0])),
        )


def request_of(options: Mapping[str, Any]) -> Request:
    """Read the options of the place.

    Raises:
        ConfigErrors: With all that is wrong.
    """
    where = f"{PLACE.flag} {written('slurm', options)}"
    reader = _Reader(where, _SHOWN)
    found = reader.read("slurm", options, _READ)
    request = Request(where=where, **found) if not reader.faults else Request(where=where)
    if request.time_s is not None and request.notice_s >= request.time_s:
        reader.fault(
            f"time={options['time']!r} is not above the notice of {request.notice_s} s",
            "write a longer time, or a shorter notice='10s'",
        )
    reader.check()
    if request.container and "python" not in options:
        request = replace(request, python="python3")
    return request


def limit_s(text: str) -> float:
    """Return the seconds of a limit as Slurm writes it: `infinite`, `1-00:00:00`, `30:00`."""
    found = _SLURM_TIME.fullmatch(text.strip())
    if found is None:
        return math.inf
    days, *parts = found.groups()
    given = [int(part) for part in parts if part is not None]
    if days is not None:
        hours, minutes, seconds = [*given, 0, 0][:3]
    elif len(given) == 3:
        hours, minutes, seconds = given
    else:
        hours, (minutes, seconds) = 0, [*given, 0][:2]
    return ((int(days or 0) * 24 + hours) * 60 + minutes) * 60.0 + seconds


def _slurm_time(seconds: float) -> str:
    minutes = max(1, math.ceil(seconds / 60))
    days, rest = divmod(minutes, 24 * 60)
    return f"{days}-{rest // 60:02}:{rest % 60:02}:00"


class _Reader(OptionReader):
    def words(self, key: str, value: Any) -> tuple[str, ...]:
        given = [value] if isinstance(value, str) else value
        if not isinstance(given, (list, tuple)) or not all(isinstance(one, str) for one in given):
            self.misread(key, value, "is no text")
            return ()
        try:
            found = tuple(word for one in given for word in shlex.split(one))
        except ValueError as error:
            self.fault(f"{key}={value!r}: {error}", "close the quotes")
            return ()
        for word in found if key == "extra" else ():
            if word.partition("=")[0] in _OWN:
                self.fault(f"extra={word!r} is for sonde to say", "leave it out")
        return found

    def time(self, key: str, value: Any) -> float:
        if isinstance(value, str) and re.fullmatch(r"\d+-[\d:]+|\d+:\d+", value.strip()):
            return limit_s(value)
        if isinstance(value, bool) or not isinstance(value, str):
            self.misread(key, value, "has no unit")
            return 1e9
        if value.strip().isdigit():
            self.fault(f"{key}={value!r} has no unit", f"write for instance {key}='{value}m'")
            return 1e9
        try:
            return seconds_of(value, key)
        except ConfigError as error:
            self.fault(f"{key}={value!r}: {error.found}", error.remedy)
            return 1e9

    def notice(self, key: str, value: Any) -> int:
        return min(65535, max(1, round(self.time(key, value))))  # what Slurm takes

    def count(self, key: str, value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            self.misread(key, value, "is no count")
            return 1
        return value


_READ: Mapping[str, tuple[str, Any]] = {
    "partition": ("partition", _Reader.text),
    "account": ("account", _Reader.text),
    "qos": ("qos", _Reader.text),
    "time": ("time_s", _Reader.time),
    "gpu": ("gpu", _Reader.text),
    "gres": ("gres", _Reader.text),
    "extra": ("extra", _Reader.words),
    "container": ("container", _Reader.words),
    "setup": ("setup", _Reader.lines),
    "python": ("python", _Reader.text),
    "agents": ("agents", _Reader.count),
    "notice": ("notice_s", _Reader.notice),
    "idle": ("idle_s", _Reader.time),
    "logs": ("logs", _Reader.text),
}
_SHOWN: Mapping[str, Any] = {
    "partition": "gpu", "account": "physics", "qos": "long", "time": "4h", "gpu": "a100",
    "gres": "nvme:1", "extra": "--constraint=skylake", "container": "apptainer exec image.sif",
    "setup": "setup.sh", "python": "/opt/venv/bin/python", "agents": 40, "notice": "60s",
    "idle": "10m", "logs": "/scratch/me/logs",
}  # fmt: skip
