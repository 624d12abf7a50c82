"""What a sweep was made from, as far as it can be recorded: code, packages, machine."""

import json
import os
import platform
import socket
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from sonde.agent.devices import cores
from sonde.store.passwords import hidden

__all__ = ["facts_of"]

_DIFF = 10 << 20  # bytes of a diff that are kept
_PACKAGES_S = 20.0
# Run by the user's Python, which may lack everything but the standard library.
_LIST = (
    "import json, platform, importlib.metadata as m; "
    "print(json.dumps({'version': platform.python_version(), 'packages': sorted("
    "{d.metadata['Name'] + '==' + d.version for d in m.distributions() if d.metadata['Name']}, "
    "key=str.lower)}))"
)


def facts_of(
    folder: Path, argv: Sequence[str], python: str | None = None
) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Return what is to be recorded with a sweep, and the blobs that go with it.

    Args:
        folder: The user's.
        argv: The command line.
        python: The interpreter whose packages count; None: ours.

    Returns:
        JSON values; and bytes by their SHA-256, which is the key that a store gives them. The
        facts name those keys under `git.diff` and `packages`.
    """
    blobs: dict[str, bytes] = {}

    def keep(data: bytes) -> str:
        key = sha256(data).hexdigest()
        blobs[key] = data
        return key

    facts: dict[str, Any] = {
        "argv": [hidden(word) for word in argv],
        "folder": str(folder),
        "host": socket.gethostname(),
        "user": os.environ.get("USER", str(os.getuid())),
        "platform": platform.platform(),
        "cores": cores(),
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    facts["python"] = _python(python)
    packages = facts["python"].pop("packages", None)
    if packages:
        facts["python"]["count"] = len(packages)
        facts["packages"] = keep("\n".join(packages).encode())
    commit = _git(folder, "rev-parse", "HEAD")
    if commit is not None:
        git: dict[str, Any] = {"commit": commit.decode().strip()}
        branch = _git(folder, "rev-parse", "--abbrev-ref", "HEAD")
        git["branch"] = branch.decode().strip() if branch else None
        diff = _git(folder, "diff", "HEAD", "--binary") or b""
        changed = (_git(folder, "status", "--porcelain", "-z") or b"").split(b"\0")
        new = [os.fsdecode(line[3:]) for line in changed if line.startswith(b"??")]
        git["dirty"] = bool(diff or new)
        if diff:
            git["diff"] = keep(diff[:_DIFF])
        if new:
            git["untracked"] = new[:100]
        facts["git"] = git
    return facts, blobs


def _python(python: str | None) -> dict[str, Any]:
    path = python or sys.executable
    found: dict[str, Any] = {"path": path}
    if os.path.realpath(path) == os.path.realpath(sys.executable) and python in {
        None,
        sys.executable,
    }:
        from importlib.metadata import distributions

        names = {
            f"{one.metadata['Name']}=={one.version}"
            for one in distributions()
            if one.metadata["Name"]
        }
        return found | {
            "version": platform.python_version(),
            "packages": sorted(names, key=str.lower),
        }
    try:
        done = subprocess.run(
            [path, "-c", _LIST], capture_output=True, check=True, timeout=_PACKAGES_S
        )
        return found | dict(json.loads(done.stdout))
    except (OSError, subprocess.SubprocessError, ValueError):
        return found


def _git(folder: Path, *arguments: str) -> bytes | None:
    """Return what git says, or None if it is not there or this is no repository."""
    argv = ["git", "-C", str(folder), *arguments]
    env = os.environ | {"GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}
    try:
        done = subprocess.run(argv, capture_output=True, check=False, env=env)
    except OSError:
        return None
    return done.stdout if done.returncode == 0 else None
