"""Agents as a Job of Kubernetes: the manifest, as a plain dict.

Kubernetes starts the agents, and that is all that is needed: an agent ends by itself when its
sweep has, and a pod whose node is drained leaves its trials to the others. The token of the store
comes from a Secret.
"""

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from sonde.errors import ConfigError
from sonde.executors.resources import Resources
from sonde.store import is_shared

__all__ = ["job"]

_NAME = re.compile(r"[^a-z0-9]+")
_KEPT_S = 3600  # after it has ended
_AGAIN = 6  # as Kubernetes has it by itself
_LEAVE_S = 60


def job(
    store: str,
    sweep: str,
    *,
    image: str,
    agents: int = 1,
    each: Resources | None = None,
    secret: str = "sonde",  # noqa: S107 - the name of one
    allow: Sequence[str] = (),
    idle_s: float | None = None,
) -> dict[str, Any]:
    """Return the manifest of a Job whose pods are agents.

    Args:
        store: A URL that pods reach.
        sweep: Id or name.
        image: Of the container: one with sonde, and what the trials import.
        agents: How many pods.
        each: What each trial, and so each pod, is to have.
        secret: The Secret whose key `token` is the token of the store.
        allow: Commands that agents may run, as for `sonde agent --allow-command`.
        idle_s: After how long without a trial an agent leaves.

    Raises:
        ConfigError: If pods could not reach the store, or a pod cannot have what is asked for.
    """
    each = each or Resources()
    if not is_shared(store):
        raise ConfigError(
            f"--store {store}", "pods do not see a file of this machine",
            "serve it: sonde serve --host 0.0.0.0, and name http://HOST:7733/SWEEP",
        )  # fmt: skip
    if each.gpus != int(each.gpus):
        raise ConfigError(
            f"--gpus {each.gpus:g}", "Kubernetes gives whole GPUs only", "write --gpus 1"
        )
    words = ["sonde", "agent", "--store", store, sweep]
    for pattern in allow:
        words += ["--allow-command", pattern]
    if idle_s is not None:
        words += ["--idle-timeout", f"{idle_s:g}"]
    pod = {
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": _LEAVE_S,
        "containers": [
            {
                "name": "agent",
                "image": image,
                "command": words,
                "env": [
                    {
                        "name": "SONDE_TOKEN",
                        "valueFrom": {"secretKeyRef": {"name": secret, "key": "token"}},
                    }
                ],
                "resources": _resources(each),
            }
        ],
    }
    labels = {"app.kubernetes.io/name": "sonde", "app.kubernetes.io/component": "agent"}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": _name(sweep), "labels": labels},
        "spec": {
            "parallelism": agents,
            "completions": agents,
            "completionMode": "Indexed",
            "backoffLimit": _AGAIN,
            # A pod that Kubernetes itself takes away is no failure of ours.
            "podFailurePolicy": {
                "rules": [
                    {
                        "action": "Ignore",
                        "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}],
                    }
                ]
            },
            "ttlSecondsAfterFinished": _KEPT_S,
            "template": {"metadata": {"labels": dict(labels)}, "spec": pod},
        },
    }


def _resources(each: Resources) -> Mapping[str, Any]:
    requests: dict[str, str] = {"cpu": f"{each.cpus or 1:g}"}
    limits: dict[str, str] = {}
    if each.memory:
        requests["memory"] = limits["memory"] = f"{math.ceil(each.memory / (1 << 20))}Mi"
    for name, amount in ({"nvidia.com/gpu": each.gpus} | dict(each.others)).items():
        if amount:
            requests[name] = limits[name] = f"{amount:g}"
    return {"requests": requests} | ({"limits": limits} if limits else {})


def _name(sweep: str) -> str:
    return f"sonde-{_NAME.sub('-', sweep.lower()).strip('-')}"[:63].rstrip("-")
