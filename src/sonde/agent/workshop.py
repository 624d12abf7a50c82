"""The workshop: makes a lease into a running trial, as the sweep's definition says."""

import os
import socket
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from sonde.agent.allowing import check_allowed
from sonde.agent.blobs import fetch
from sonde.agent.devices import thread_limits
from sonde.agent.elsewhere import at_home, where_it_lies
from sonde.agent.folder import TrialFolder, source_folder
from sonde.agent.function import FunctionWork, Workers
from sonde.agent.guard import Guard
from sonde.agent.in_place import Surroundings
from sonde.agent.inheriting import check_reach, parent_of
from sonde.agent.program import CommandWork
from sonde.agent.running import RunningTrial, Work
from sonde.agent.snapshot import take
from sonde.agent.waker import Waker
from sonde.agent.without_work import way_on
from sonde.core.streams import trial_seed
from sonde.core.sweep import Command, Function, Sweep
from sonde.core.trial import Lease
from sonde.errors import ConfigError
from sonde.store import is_served, is_shared
from sonde.store.passwords import VARIABLE as PASSWORDS
from sonde.store.protocol import Store, SweepRecord

__all__ = ["Workshop"]

_OURS = ("SONDE_PARAM", "SONDE_TRIAL", "SONDE_ATTEMPT", "SONDE_CHECKPOINT_DIR", "SONDE_PARENT",
         "SONDE_RAISE_STOP", "SONDE_TOKEN", PASSWORDS, "SONDE_CODE", "SONDE_BLOBS",
         "WANDB_SWEEP_ID", "WANDB_RUN_ID", "WANDB_SWEEP_PARAM_PATH")  # fmt: skip


class Workshop:
    """What the trials of one sweep have in common on this machine."""

    def __init__(
        self,
        store: Store,
        record: SweepRecord,
        root: Path,
        *,
        guard: Guard,
        waker: Waker,
        cpus_per_trial: float = 0,
        allow: Sequence[str] | None = None,
        folder: Path | None = None,
    ) -> None:
        self._allow, self._here = allow, Path.cwd() if folder is None else folder
        self._store, self._record, self._root = store, record, root.absolute()
        self._guard, self._waker, self._cpus = guard, waker, cpus_per_trial
        self._workers: Workers | None = None
        self._begun: tuple[str, str | None] | None = None  # what the workers call
        self._surroundings: Surroundings | None = None
        # What an agent that runs in a trial of another sweep was given is not passed on.
        self._env = {k: v for k, v in os.environ.items() if not k.startswith(_OURS)}

    @property
    def definition(self) -> int:
        """The version of the sweep's definition that trials are begun by."""
        return self._record.sweep.version

    @property
    def _sweep(self) -> Sweep:
        return self._record.sweep

    def make_ready(self) -> Sequence[str]:
        """Fetch what all trials need; return what is worth saying about it.

        Raises:
            ConfigError: If trials of this sweep cannot be run here.
        """
        self.follow(self._record)
        check_reach(self._sweep, self._store.url)
        work = self._sweep.work
        if isinstance(work, Command) and work.workspace == "none":
            self._surroundings = Surroundings(Path(work.folder), self._root)
        if isinstance(work, Function):
            self._function_workers(work)
        elif work is None:
            raise ConfigError(f"sweep {self._record.name}", *way_on(self._record))
        elif work.workspace != "none":
            return take(work, self._fetched(work.code)).notes
        return ()

    def follow(self, record: SweepRecord) -> None:
        """Take note of how the sweep is now: its function may have been sent anew.

        Raises:
            ConfigError: If it is not to be run here, as nobody allowed it or something is lacking.
        """
        if is_served(self._store.url) and self._allow is not None:
            check_allowed(self._store.url, record, self._allow, self._here)
        work = record.sweep.work
        if isinstance(work, Command):
            found = at_home if is_served(self._store.url) else where_it_lies
            at_hand = found(work, self._here, record.name)
            if at_hand is not work:
                record = replace(record, sweep=replace(record.sweep, work=at_hand))
        self._record = record

    def _fetched(self, key: str | None) -> Path:
        """Return where the sweep's code lies, having fetched it where only the store has it.

        Args:
            key: Of what was sent since the sweep was made.
        """
        target = source_folder(self._root, self._record.id, key)
        if target.is_dir() or not is_shared(self._store.url):
            return target
        from sonde.agent.parcel import unpack
        from sonde.store.http import HttpStore

        code: bytes | None = None
        carried = self._record.facts.get("code")
        if key is None and isinstance(carried, str):
            key = carried
        if key is not None:
            code = self._store.get_blob(key)
        elif isinstance(self._store, HttpStore):
            code = self._store.get_code(self._record.id)
        if code is not None:
            unpack(code, target)
        return target

    def begin(
        self, lease: Lease, devices: tuple[str, ...] = (), *, folder: TrialFolder | None = None
    ) -> RunningTrial:
        """Return the trial, ready to be advanced."""
        if folder is None:
            folder = TrialFolder(self._root, lease.sweep, lease.number, lease.attempt)
        work = self._sweep.work
        return RunningTrial(
            lease,
            folder=folder,
            work=self._work(lease, folder, devices),
            goals=self._sweep.goals,
            wanted=self._sweep.wanted,
            metric_regex=work.metric_regex if isinstance(work, Command) else None,
            is_command=isinstance(work, Command),
            grace_s=0.0 if work is None else work.grace_s,
            devices=devices,
            surroundings=self._surroundings,
        )

    def close(self) -> None:
        """End the workers that are kept."""
        if self._workers is not None:
            self._workers.close()

    def _work(self, lease: Lease, folder: TrialFolder, devices: Sequence[str]) -> Work:
        work = self._sweep.work
        env = self._env | (dict(work.env) if isinstance(work, Command) else {})
        env |= thread_limits(self._cpus, env)
        env |= folder.environment(lease.params, self._store.url, parent_of(lease))
        env["SONDE_SEED"] = str(trial_seed(self._sweep.seed, lease.number))
        if devices:
            env["CUDA_VISIBLE_DEVICES"] = ",".join(devices)
        if isinstance(work, Command):
            if work.workspace != "none":
                self._fetched(work.code)
            names = [parameter.name for parameter in self._sweep.space.parameters]
            return CommandWork(
                work, lease, folder,
                guard=self._guard, env=env, names=names, groups=self._sweep.groups,
            )  # fmt: skip
        assert isinstance(work, Function)  # or `make_ready` has refused
        env |= {"SONDE_RAISE_STOP": "1", "PYTHONUNBUFFERED": "1"}
        env |= fetch(self._store, lease.params, self._root / "sweeps" / self._record.id / "blobs")
        workers, cwd = self._function_workers(work), _folder_of(work)
        if work.code is not None and not self._is_made_here(work):
            env["SONDE_CODE"] = str(self._fetched(work.code))
        return FunctionWork(workers, lease, folder, cwd=cwd, env=env, goals=self._sweep.goals)

    def _function_workers(self, work: Function) -> Workers:
        """Return the workers of the function as it is now."""
        blob = work.blob
        if blob is None:
            raise ConfigError(
                f"sweep {self._record.name}",
                "its function was never sent to the store",
                "start it from the program that has it",
            )
        if self._workers is None or self._begun != (blob, work.code):
            self.close()
            code = self._root / "sweeps" / self._record.id / f"function-{blob[:16]}.pickle"
            if not code.exists():
                code.parent.mkdir(parents=True, exist_ok=True)
                draft = code.with_name(f"{code.name}.{os.getpid()}.tmp")
                draft.write_bytes(self._store.get_blob(blob))
                draft.rename(code)
            self._workers = Workers(code, _folder_of(work), self._guard, self._waker)
            self._begun = blob, work.code
        return self._workers

    def _is_made_here(self, work: Function) -> bool:
        """Tell whether the user's own modules are on this machine, where the function was made."""
        is_here = self._record.facts.get("host") == socket.gethostname()
        return is_here and Path(work.folder).is_dir()


def _folder_of(work: Function) -> Path:
    """Return the folder that a function is called in; ours where that is not there."""
    folder = Path(work.folder)
    return folder if folder.is_dir() else Path.cwd()
