"""`growing_cluster.py STORE SWEEP`: drives a sweep on a Ray cluster that grows and shrinks.

The machines are processes of Ray's provider for tests, which its autoscaler starts and ends. To
be run in namespaces of its own: Ray's class for it ends every Ray that it sees.
"""

import json
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import ray
from ray.cluster_utils import AutoscalingCluster

from sonde.executors.drive import drive
from sonde.executors.protocol import AgentSpec
from sonde.executors.ray import RayExecutor
from sonde.executors.resources import Resources
from sonde.store import open_store
from sonde.testing.executors import Silent

__all__ = ["main"]


class _Cluster(AutoscalingCluster):  # type: ignore[misc]
    """As Ray's, which reads a file that its wheel lacks."""

    def _generate_config(
        self, head_resources: Any, worker_node_types: Any, autoscaler_v2: bool = False, **more: Any
    ) -> dict[str, Any]:
        head = {"resources": head_resources, "node_config": {}, "max_workers": 0}
        return {
            "cluster_name": "growing", "max_workers": 8, "upscaling_speed": 20.0,
            "provider": {
                "type": "fake_multinode", "use_node_id_as_ip": True,
                "disable_node_updaters": True, "disable_launch_config_check": True,
            },
            "available_node_types": {**worker_node_types, "ray.head.default": head},
            "head_node_type": "ray.head.default", "auth": {}, "docker": {}, "file_mounts": {},
            "initialization_commands": [], "setup_commands": [], "head_setup_commands": [],
            "worker_setup_commands": [], "head_start_ray_commands": [],
            "worker_start_ray_commands": [], "cluster_synced_files": [],
            "file_mounts_sync_continuously": False, "rsync_exclude": [], "rsync_filter": [],
            "idle_timeout_minutes": 5, **more,
        }  # fmt: skip


def main(url: str, sweep: str) -> None:
    """Print how it went, and how many workers there were before, at most, and in the end."""
    worker = {"resources": {"CPU": 1}, "node_config": {}, "min_workers": 0, "max_workers": 3}
    cluster = _Cluster({"CPU": 0}, {"small": worker}, idle_timeout_minutes=0.1)
    cluster.start()
    counts: list[int] = []
    over = threading.Event()

    def count() -> None:
        while not over.wait(0.5):
            if ray.is_initialized():
                counts.append(_workers())

    threading.Thread(target=count, daemon=True).start()
    store = open_store(url)
    root = str(Path(url.removeprefix("sqlite:///")).parent)
    spec = AgentSpec(store=url, sweep=sweep, root=root, each=Resources(cpus=1))
    ray.init(address="auto", log_to_driver=False)
    listener = Silent()
    try:
        result = drive(
            store, sweep, executor=RayExecutor(), agent=spec, agents=3, listener=listener,
            signals=False,
        )  # fmt: skip
        until = time.monotonic() + 120
        while _workers() and time.monotonic() < until:
            time.sleep(0.5)
        over.set()
        errors = [trial.error for trial in result.history.trials if trial.error]
        print(json.dumps({
            "code": result.code, "counts": counts, "left": _workers(),
            "said": [*listener.notes, result.reason, *errors],
        }))  # fmt: skip
    finally:
        subprocess.run([sys.executable, "-m", "ray.scripts.scripts", "stop", "-f"], check=False)


def _workers() -> int:
    return sum(node["Alive"] and node["Resources"].get("CPU", 0) > 0 for node in ray.nodes())


if __name__ == "__main__":
    main(*sys.argv[1:])
