"""Driving a sweep from this terminal, and knowing whether another one does."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sonde.agent.allowing import check_allowed
from sonde.agent.place import root_of
from sonde.cli.crew import Crew
from sonde.cli.mirror import Mirror, Mirrored
from sonde.cli.progress import watching
from sonde.cli.progress.printed import Printed
from sonde.executors.drive import Result, drive
from sonde.executors.places import executor
from sonde.executors.protocol import AgentSpec
from sonde.store.protocol import Store, SweepRecord

__all__ = ["drive_here", "is_driven", "marked"]


def drive_here(
    store: Store,
    record: SweepRecord,
    crew: Crew,
    *,
    progress: str,
    verbose: bool = False,
    logdir: Path | None = None,
) -> Result:
    """Drive a sweep with agents of its crew's place until it has ended or the user ends it.

    Args:
        logdir: A directory that TensorBoard may follow meanwhile.

    Raises:
        ConfigError: If that directory cannot be made.
    """
    check_allowed(store.url, record, (), Path.cwd())
    root = root_of(store.url)
    spec = AgentSpec(
        store=store.url, sweep=record.id, root=str(root), workers=crew.workers // crew.agents,
        gpus=crew.gpus, gpus_per_trial=crew.gpus_per_trial, cpus_per_trial=crew.cpus_per_trial,
    )  # fmt: skip
    mirror = None if logdir is None else Mirror(store, record, logdir)
    with marked(root, record.id), watching(progress) as listener:
        told = Printed(listener, root) if verbose else listener
        return drive(
            store,
            record.id,
            executor=executor(crew.place),
            agent=spec,
            agents=crew.agents,
            listener=told if mirror is None else Mirrored(told, mirror),
        )


@contextmanager
def marked(root: Path, sweep: str) -> Iterator[None]:
    """Let other terminals know, for the time of a block, that a process here runs the sweep."""
    path = _mark(root, sweep)
    path.parent.mkdir(parents=True, exist_ok=True)
    # Several may hold it, and the system lets go of it however a process ends.
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        yield


def is_driven(root: Path, sweep: str) -> bool:
    """Tell whether a process of this machine runs the sweep."""
    try:
        with _mark(root, sweep).open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def _mark(root: Path, sweep: str) -> Path:
    return root / "sweeps" / sweep / "driven"
