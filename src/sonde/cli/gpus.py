"""Which GPUs trials are to share: what `--gpus` means."""

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

from sonde.errors import ConfigError

__all__ = ["doubts", "gpus_of"]

# Of NVIDIA's driver, AMD's, and NVIDIA's under WSL.
_DEVICES = ("/dev/nvidiactl", "/dev/kfd", "/dev/dxg")


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


def doubts(names: Sequence[str]) -> Iterator[str]:
    """Yield what is odd about devices that were named, where this machine seems to lack them."""
    if not names or os.environ.get("CUDA_VISIBLE_DEVICES") is not None:
        return  # then it is not for us to know which they are
    listed = _all()
    lacking = [name for name in names if name.isdigit() and name not in listed]
    if listed and lacking:
        yield f"--gpus: nvidia-smi lists {', '.join(listed)} here, and no {', '.join(lacking)}"
    elif not listed and not any(Path(device).exists() for device in _DEVICES):
        yield (
            f"--gpus: no GPU was found on this machine; trials get CUDA_VISIBLE_DEVICES="
            f"{names[0]} and such all the same"
        )


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
