"""A Slurm cluster of this machine: munged, slurmctld and three slurmd that stand for nodes.

Real daemons from Debian's packages, without accounting. Each node has 2 cores, 4 GB and two
devices that stand for GPUs. Partitions: `main`, whose jobs are put back in the queue for those
of `high`, and `short`, which ends jobs after a minute.
"""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

__all__ = ["SlurmCluster"]

NODES = ("n1", "n2", "n3")
_START_S = 120.0

_CONF = """\
ClusterName=sonde
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort=26817
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={base}/munge.sock,cred_expire=5
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SwitchType=switch/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerParameters=sched_interval=1,sched_min_interval=0,bf_interval=1,batch_sched_delay=0
AccountingStorageType=accounting_storage/none
StateSaveLocation={base}/state
SlurmdSpoolDir={base}/spool/%n
SlurmctldPidFile={base}/slurmctld.pid
SlurmdPidFile={base}/slurmd.%n.pid
SlurmctldLogFile={base}/slurmctld.log
SlurmdLogFile={base}/slurmd.%n.log
ReturnToService=2
KillWait=5
SlurmdTimeout=60
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
GresTypes=gpu
SlurmdParameters=config_overrides
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
PartitionName=main Nodes=ALL Default=YES PriorityTier=1 PreemptMode=REQUEUE
PartitionName=high Nodes=ALL PriorityTier=10 PreemptMode=OFF
PartitionName=short Nodes=ALL MaxTime=1 PriorityTier=1
"""


class SlurmCluster:
    """Starts it; commands find it by SLURM_CONF, which is set meanwhile."""

    def __init__(self, base: Path) -> None:
        self.base, self.host = base, socket.gethostname().partition(".")[0]
        base.chmod(0o755)
        for folder in ("state", "spool", "dev"):
            (base / folder).mkdir()
        self._write()
        _have_an_address()
        os.environ["SLURM_CONF"] = str(self.conf)
        munged = ["munged", "--force", f"--key-file={base}/munge.key"]
        munged += [f"--{what}-file={base}/munge.{what}" for what in ("pid", "log", "seed")]
        subprocess.run([*munged, f"--socket={base}/munge.sock"], check=True)
        subprocess.run(["slurmctld", "-f", str(self.conf)], check=True)
        for node in NODES:
            self.start(node)
        self.wait()

    @property
    def conf(self) -> Path:
        return self.base / "slurm.conf"

    def start(self, node: str) -> None:
        """Start a node's slurmd; after `lose` Slurm takes it back at once."""
        (self.base / "spool" / node).mkdir(exist_ok=True)
        subprocess.run(["slurmd", "-f", str(self.conf), "-N", node], check=True)

    @contextmanager
    def elsewhere(self, node: str) -> Iterator[None]:
        """Say that a node is a machine of another name, for the time of a block."""
        self.call("scontrol", "update", f"NodeName={node}", "NodeHostname=elsewhere")
        try:
            yield
        finally:
            self.call("scontrol", "update", f"NodeName={node}", f"NodeHostname={self.host}")

    def wait(self) -> None:
        """Wait until all nodes are idle."""
        until = time.monotonic() + _START_S
        while self.call("sinfo", "-h", "-N", "-p", "main", "-o", "%t").split() != ["idle"] * 3:
            if time.monotonic() > until:
                raise AssertionError((self.base / "slurmctld.log").read_text()[-2000:])
            time.sleep(0.1)

    def call(self, *argv: str) -> str:
        """Call one of Slurm's commands."""
        return subprocess.run(
            argv, capture_output=True, text=True, timeout=60, check=True, stdin=subprocess.DEVNULL
        ).stdout

    def lose(self, node: str) -> None:
        """Take a node's power away: kill its slurmd and all that it started.

        Slurm is told, which would else notice it after SlurmdTimeout.
        """
        self._kill(f"slurmd.{node}")
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                is_there = process.environ().get("SLURMD_NODENAME") == node
                if is_there or process.cmdline()[:1] == [f"slurmstepd-{node}"]:
                    process.kill()
        self.call("scontrol", "update", f"NodeName={node}", "State=DOWN", "Reason=lost")

    def hasten(self, task: str) -> None:
        """Let a job that was put back in the queue begin now, not when Slurm finds it time."""
        self.call("scontrol", "update", f"JobId={task}", "StartTime=now")

    def clear(self) -> None:
        """Cancel all jobs and wait for their end."""
        self.call("scancel", "--quiet", "--user=root")
        self.wait()

    def close(self) -> None:
        """End all of it."""
        for daemon in (*(f"slurmd.{node}" for node in NODES), "slurmctld", "munge"):
            self._kill(daemon)
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                is_its = process.environ().get("SLURM_CONF") == str(self.conf)
                if is_its and process.pid != os.getpid():
                    process.kill()
        del os.environ["SLURM_CONF"]

    def _write(self) -> None:
        base = self.base
        lines = [_CONF.format(host=self.host, base=base)]
        lines += [
            f"NodeName={node} NodeHostname={self.host} NodeAddr=127.0.0.1 Port={26819 + index} "
            "CPUs=2 RealMemory=4000 Gres=gpu:2 State=UNKNOWN\n"
            for index, node in enumerate(NODES)
        ]
        self.conf.write_text("".join(lines))
        for device in range(2):  # Slurm wants character devices
            os.mknod(base / "dev" / f"nvidia{device}", 0o20666, os.makedev(1, 3))
        (base / "gres.conf").write_text(f"NodeName=n[1-3] Name=gpu File={base}/dev/nvidia[0-1]\n")
        (base / "cgroup.conf").write_text("CgroupPlugin=cgroup/v1\nCgroupAutomount=no\n")
        key = base / "munge.key"
        key.write_bytes(os.urandom(128))
        key.chmod(0o400)

    def _kill(self, daemon: str) -> None:
        try:
            pid = int((self.base / f"{daemon}.pid").read_text())
            os.kill(pid, signal.SIGKILL)
        except (OSError, ValueError):
            return


def _have_an_address() -> None:
    """Give a namespace that has only a loopback one address: without, Slurm resolves no name."""
    shown = subprocess.run(["ip", "-o", "-4", "addr"], capture_output=True, text=True, check=True)
    if any(" lo " not in line for line in shown.stdout.splitlines()):
        return
    for words in (
        "link add sonde0 type veth peer name sonde1",
        "addr add 10.99.0.1/32 dev sonde0",
        "link set sonde0 up",
    ):
        subprocess.run(["ip", *words.split()], check=True)
