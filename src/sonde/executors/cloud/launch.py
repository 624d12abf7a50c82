"""`python -m sonde.executors.cloud.launch FILE`: starts a cluster, and says where its head is.

A process of its own, since Ray's launcher prints at length, to where stderr leads, and can be
ended only so. Its one line on stdout is `{"ip": ..., "inner_ip": ..., "user": ..., "key": ...}`.
Its parent holds its stdin: when that is gone before the cluster is up, the cluster is ended.
"""

import json
import os
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from sonde.errors import SondeError
from sonde.executors.cloud.machines import down, provider_of, up

__all__ = ["main", "validate"]


def validate(config: Mapping[str, Any]) -> None:
    """Check a cluster file against Ray's schema, as its launcher does.

    Raises:
        ImportError: If Ray is not installed.
        ValueError: If it is none.
    """
    from ray.autoscaler._private.util import prepare_config, validate_config

    try:
        validate_config(prepare_config(json.loads(json.dumps(config))))
    except Exception as error:
        # jsonschema's own exceptions, and a few of Ray's.
        raise ValueError(str(error)) from error


def main(argv: list[str]) -> int:
    """Start the cluster of a file; return the exit status."""
    path = Path(argv[0])
    config = yaml.safe_load(path.read_text("utf-8"))
    said = os.dup(1)
    os.dup2(2, 1)
    is_up = threading.Event()
    threading.Thread(target=_leave_with_parent, args=(config, is_up), daemon=True).start()
    try:
        provider_of(config)  # says what is missing
        from ray.autoscaler.sdk import create_or_update_cluster

        resolved = create_or_update_cluster(str(path), no_config_cache=True)
        head = next(one for one in up(resolved) if one.is_head)
    except SondeError as error:
        print(f"launch: {error}", file=sys.stderr)
        return error.exit_code
    is_up.set()
    auth = resolved["auth"]
    answer = {
        "ip": head.ip, "inner_ip": head.inner_ip, "user": auth["ssh_user"],
        "key": auth.get("ssh_private_key"),
    }  # fmt: skip
    os.write(said, (json.dumps(answer) + "\n").encode())
    return 0


def _leave_with_parent(config: Mapping[str, Any], is_up: threading.Event) -> None:
    while os.read(0, 1):
        pass
    if not is_up.is_set():
        print("launch: nobody waits for it any more: ending it", file=sys.stderr, flush=True)
        try:
            down(config)
        except SondeError as error:
            print(f"launch: {error}", file=sys.stderr, flush=True)
        os._exit(1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
