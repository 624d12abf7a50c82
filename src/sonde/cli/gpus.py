"""Which GPUs trials are to share: what `--gpus` means."""

import os
import shutil
import subprocess

from sonde.errors import ConfigError

__all__ = ["gpus_of"]


def gpus_of(text: str | None) -> tuple[str, ...]:
    """Return the devices that `0,1` or `all` names; none for None.

    Raises:
        ConfigError: If `all` finds none, or the list is empty.
    """
    if text is None:
        return ()
    if text.strip().lower() == "all":
        found = _all()
        if not found:
            raise ConfigError("--gpus all", "no GPU was found", "leave it out, or name them")
        return found
    names = tuple(name.strip() for name in text.split(","))
    if not all(names):
        raise ConfigError(f"--gpus {text}", "that is no list of devices", "write 0,1 or all")
    return names


def _all() -> tuple[str, ...]:
    """The devices that CUDA_VISIBLE_DEVICES leaves us, or else those of nvidia-smi."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None:
        return tuple(name.strip() for name in visible.split(",") if name.strip())
    program = shutil.which("nvidia-smi")
    if program is None:
        return ()
    query = [program, "--query-gpu=index", "--format=csv,noheader"]
    try:
        done = subprocess.run(query, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ()
    return tuple(done.stdout.split()) if done.returncode == 0 else ()
