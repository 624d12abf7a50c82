"""Which devices and cores a trial gets.

Devices are handed out in equal shares: with half a device a trial, two trials share one.
The least used device is taken first.
"""

import os
from collections.abc import Mapping, Sequence

from sonde.errors import ConfigError

__all__ = ["Devices", "cores", "memory", "thread_limits"]

_THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS",
            "VECLIB_MAXIMUM_THREADS")  # fmt: skip


class Devices:
    """The devices of one agent and who has them."""

    def __init__(self, names: Sequence[str], per_trial: float) -> None:
        """Take charge of devices.

        Args:
            names: As CUDA_VISIBLE_DEVICES names them; none: trials see what there is.
            per_trial: 0 means 1 where there are devices.

        Raises:
            ConfigError: If so many cannot be had.
        """
        self._names = tuple(names)
        per_trial = per_trial or (1 if names else 0)
        where = f"--gpus-per-trial {per_trial:g}"
        if per_trial < 0 or (per_trial > 1 and per_trial != int(per_trial)):
            raise ConfigError(where, "this is no share of devices", "use 0.5, 0.25, 1, 2, ...")
        if per_trial and not names:
            raise ConfigError(where, "no devices are named", "add for instance --gpus 0,1")
        if per_trial > len(names):
            raise ConfigError(where, f"there are only {len(names)}", "use fewer, or add to --gpus")
        if len(set(names)) != len(names):
            raise ConfigError(f"--gpus {','.join(names)}", "a device is named twice", "drop one")
        # Rounded down: three trials of 0.3 on a device, as 4 x 0.3 is more than one.
        self._shares = max(1, int(1 / per_trial + 1e-9)) if 0 < per_trial <= 1 else 1
        self._each = max(1, round(per_trial)) if per_trial else 0
        self._used = dict.fromkeys(self._names, 0)

    @property
    def capacity(self) -> int | None:
        """How many trials there is room for; None: as many as one likes."""
        return None if not self._each else len(self._names) * self._shares // self._each

    def take(self) -> tuple[str, ...] | None:
        """Return devices for a trial (none where none are managed), or None if all are taken."""
        free = [name for name in self._names if self._used[name] < self._shares]
        if len(free) < self._each:
            return None
        chosen = sorted(free, key=lambda name: self._used[name])[: self._each]
        for name in chosen:
            self._used[name] += 1
        return tuple(chosen)

    def give_back(self, devices: Sequence[str]) -> None:
        """Take back what `take` gave."""
        for name in devices:
            self._used[name] -= 1


def thread_limits(cpus: float, env: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that keep numeric libraries to so many threads.

    What the user has set is left alone; 0 sets nothing.
    """
    return {name: str(max(1, int(cpus))) for name in _THREADS if cpus and name not in env}


def cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def memory() -> int:
    """Return how many bytes of memory this machine has."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
