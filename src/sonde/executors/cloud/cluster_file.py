"""The cluster file: what Ray's launcher is told, as a plain dict.

No secret stands in it: keys and tokens are named by their files. The head runs no trials: it
holds the autoscaler, which starts workers as agents ask for room and ends those that idle, and
the watchdog. A machine that nobody claims ends itself: it is told so at its first boot.
"""

import math
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sonde.executors.cloud.request import CloudRequest
from sonde.executors.cloud.types import HEAD, Choice

__all__ = ["FOLDER", "HEAD_TYPE", "PORT", "WORKER_TYPE", "cluster_file", "python_there"]

FOLDER = "~/.sonde-cloud"
"""Ours on every machine."""

HEAD_TYPE, WORKER_TYPE = "head", "worker"
PORT = 6379
_UNCLAIMED_MIN = 45
_OBJECTS = 100_000_000  # bytes of Ray's object store: only small messages go through it
# Marks the machine as one that may be shut down, by us.
_FIRST_BOOT = f"#!/bin/sh\ntouch /run/sonde-cloud\nshutdown -h +{_UNCLAIMED_MIN}\n"
_VENV = "sudo -n apt-get update -q && sudo -n apt-get install -y -q python3-venv"
_EC2_DISK_GB = 150  # Ray's default image needs 140
_GCLOUD_DISK_GB = 50
_GCLOUD_IMAGE = "projects/deeplearning-platform-release/global/images/family/common-cpu"  # Ray's


def cluster_file(
    request: CloudRequest,
    choice: Choice,
    *,
    name: str,
    mounts: Mapping[str, Path],
    ray: str,
    python: str,
) -> dict[str, Any]:
    """Return the file's content.

    Args:
        request: What was asked for.
        choice: The workers.
        name: Of the cluster.
        mounts: Files of this machine that every machine gets, by their paths there.
        ray: Ray's version here: the machines get the same.
        python: Python's version here, such as `3.12`: functions are sent pickled.
    """
    memory = choice.type.machine.memory or 0
    resources = {"CPU": choice.type.cpus, "memory": int(memory)}
    if choice.type.gpus:
        resources["GPU"] = choice.type.gpus
    return {
        "cluster_name": name,
        "max_workers": choice.machines,
        "upscaling_speed": float(max(1, choice.machines)),
        "idle_timeout_minutes": max(1, math.ceil(request.timeout_s / 60)),
        "provider": _provider(request),
        "auth": {"ssh_user": request.user}
        | ({} if request.key is None else {"ssh_private_key": request.key}),
        "available_node_types": {
            HEAD_TYPE: {
                "resources": {"CPU": 0}, "min_workers": 0, "max_workers": 0,
                "node_config": _node(request, HEAD[request.cloud], is_worker=False),
            },
            WORKER_TYPE: {
                "resources": resources, "min_workers": 0, "max_workers": choice.machines,
                "node_config": _node(request, choice.type.name, is_worker=True),
            },
        },
        "head_node_type": HEAD_TYPE,
        "file_mounts": {there: str(here) for there, here in mounts.items()},
        "initialization_commands": _first(request),
        "setup_commands": _setup(request, ray, python),
        "head_setup_commands": [],
        "worker_setup_commands": [],
        "head_start_ray_commands": [
            # Only where a cluster of this name is taken over: it takes seconds.
            f"if pgrep -x raylet >/dev/null; then {_ray(request, 'stop')}; fi",
            _ray(
                request, "start", "--head", f"--port={PORT}", f"--object-store-memory={_OBJECTS}",
                "--disable-usage-stats", "--include-dashboard=false",
            ) + " --autoscaling-config=~/ray_bootstrap_config.yaml",
            _watchdog(request, "--config ~/ray_bootstrap_config.yaml"),
        ],
        "worker_start_ray_commands": [
            _ray(
                request, "start", f"--object-store-memory={_OBJECTS}", "--disable-usage-stats",
            ) + f" --address=$RAY_HEAD_IP:{PORT}",
            _watchdog(request, f"--head $RAY_HEAD_IP:{PORT}"),
        ],
    }  # fmt: skip


def python_there(request: CloudRequest) -> str:
    """Return the Python of the machines that has sonde, for a shell."""
    if request.python is not None:
        return shlex.quote(request.python)
    return f"{FOLDER}/venv/bin/python"


def _provider(request: CloudRequest) -> dict[str, Any]:
    # A machine that was stopped is paid for (its disk) and would be taken again half set up.
    found = {"region": request.region, "cache_stopped_nodes": False}
    if request.cloud == "ec2":
        zone = {} if request.zone is None else {"availability_zone": request.zone}
        return {"type": "aws", **found, **zone}
    return {"type": "gcp", **found, "availability_zone": request.zone,
            "project_id": request.project}  # fmt: skip


def _node(request: CloudRequest, kind: str, *, is_worker: bool) -> dict[str, Any]:
    if request.cloud == "ec2":
        return _ec2(request, kind, is_worker=is_worker)
    return _gcloud(request, kind, is_worker=is_worker)


def _ec2(request: CloudRequest, kind: str, *, is_worker: bool) -> dict[str, Any]:
    node: dict[str, Any] = {
        "InstanceType": kind,
        "UserData": _FIRST_BOOT,
        "InstanceInitiatedShutdownBehavior": "terminate",
    }
    if request.image is not None:
        node["ImageId"] = request.image
    if request.key is not None:
        node["KeyName"] = Path(request.key).stem  # as EC2 names the files that it hands out
    disk = request.disk_gb or (_EC2_DISK_GB if request.image is None else None)
    if disk is not None:
        node["BlockDeviceMappings"] = [
            {"DeviceName": "/dev/sda1", "Ebs": {"VolumeSize": disk, "VolumeType": "gp3"}}
        ]
    if is_worker and request.is_spot:
        market: dict[str, Any] = {"MarketType": "spot"}
        if request.bid is not None:
            market["SpotOptions"] = {"MaxPrice": f"{request.bid:g}"}
        node["InstanceMarketOptions"] = market
    return node


def _gcloud(request: CloudRequest, kind: str, *, is_worker: bool) -> dict[str, Any]:
    disk: dict[str, Any] = {
        "diskSizeGb": request.disk_gb or _GCLOUD_DISK_GB,
        "sourceImage": request.image or _GCLOUD_IMAGE,
    }
    node: dict[str, Any] = {
        "machineType": kind,
        "disks": [
            {"boot": True, "autoDelete": True, "type": "PERSISTENT", "initializeParams": disk}
        ],
        "metadata": {"items": [{"key": "startup-script", "value": _FIRST_BOOT}]},
    }
    has_gpus = kind.startswith(("g2-", "a2-", "a3-"))
    scheduling: dict[str, Any] = {}
    if has_gpus:
        scheduling |= {"onHostMaintenance": "TERMINATE", "automaticRestart": False}
    if is_worker and request.is_spot:
        scheduling |= {
            "provisioningModel": "SPOT", "instanceTerminationAction": "DELETE",
            "onHostMaintenance": "TERMINATE", "automaticRestart": False,
        }  # fmt: skip
    if scheduling:
        node["scheduling"] = scheduling
    return node


def _first(request: CloudRequest) -> list[str]:
    """Return what is run before files are copied to a machine."""
    commands = ["if command -v cloud-init >/dev/null; then cloud-init status --wait || true; fi"]
    if request.python is None:
        commands.append(
            "command -v rsync >/dev/null || { sudo -n apt-get update -q && "
            "sudo -n apt-get install -y -q rsync; }"
        )
    return commands


def _setup(request: CloudRequest, ray: str, python: str) -> list[str]:
    """Return what is run once on each machine; a machine that was set up is left as it is."""
    commands = [f"mkdir -p {FOLDER}"]
    if request.python is None:
        cloud = {"ec2": "boto3", "gcloud": "google-api-python-client"}[request.cloud]
        uv = f"{FOLDER}/uv/bin/python -m uv"
        venv, made = f"{FOLDER}/venv", f"python3 -m venv {FOLDER}/uv"
        packages = f"'ray[default]=={ray}' {cloud} {FOLDER}/wheel/*.whl"
        commands += [
            f"test -x {FOLDER}/uv/bin/python || {made} || {{ {_VENV} && {made}; }}",
            f"{FOLDER}/uv/bin/python -m pip install -q uv",
            f"test -x {venv}/bin/python || {uv} venv -q --seed --python {python} {venv}",
            f"{uv} pip install -q --python {venv}/bin/python {packages}",
        ]
    if request.setup.strip():
        there = "" if request.python is not None else f"export PATH={FOLDER}/venv/bin:$PATH\n"
        commands.append(f"set -e\n{there}{request.setup.strip()}\n")
    return commands


def _ray(request: CloudRequest, *words: str) -> str:
    first = "export RAY_AUTH_MODE=token RAY_USAGE_STATS_ENABLED=0; "
    limit = "ulimit -n 65536 2>/dev/null || true; " if words[0] == "start" else ""
    return f"{first}{limit}{python_there(request)} -m ray.scripts.scripts {' '.join(words)}"


def _watchdog(request: CloudRequest, words: str) -> str:
    return (
        f"setsid nohup {python_there(request)} -m sonde.executors.cloud.watchdog "
        f"--timeout {request.timeout_s:g} {words} >>{FOLDER}/watchdog.log 2>&1 </dev/null &"
    )
