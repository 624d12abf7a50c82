"""Driving a sweep from this terminal, and knowing whether another one does."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sonde.agent.allowing import check_allowed
from sonde.agent.devices import cores
from sonde.agent.place import root_of
from sonde.cli.clouds import agree
from sonde.cli.crew import Crew
from sonde.cli.mirror import Mirror, Mirrored
from sonde.cli.output import say
from sonde.cli.progress import watching
from sonde.cli.progress.printed import Printed
from sonde.executors.boarding import board, one_each
from sonde.executors.drive import Result, drive
from sonde.executors.places import executor, is_here
from sonde.executors.protocol import AgentSpec, Executor, Priced
from sonde.store.protocol import Store, SweepRecord

__all__ = ["Aboard", "aboard", "drive_here", "is_driven", "marked"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Aboard:
    """A crew at its place.

    Attributes:
        room: How many trials the place has room for; None: that is for us to say.
    """

    crew: Crew
    executor: Executor
    room: int | None


@contextmanager
def aboard(crew: Crew, *, yes: bool = False) -> Iterator[Aboard]:
    """Have a crew's place ready for the time of a block; nothing is left there afterwards.

    Args:
        yes: The user agrees to what it costs, and is not asked.

    Raises:
        ConfigError: If it cannot be reached, or has not what each trial is to have.
    """
    place = executor(crew.place)
    try:
        lines = place.bill(crew.each, crew.workers) if isinstance(place, Priced) else []
        room = None
        if not is_here(crew.place):
            room = board(place, crew.place, crew.each, crew.gpus)
        if lines:
            agree(lines, crew.place, yes=yes)
        yield Aboard(crew=crew, executor=place, room=room)
    finally:
        place.close()


def drive_here(
    store: Store,
    record: SweepRecord,
    at: Aboard,
    *,
    progress: str,
    verbose: bool = False,
    logdir: Path | None = None,
) -> Result:
    """Drive a sweep with agents of its crew's place until it has ended or the user ends it.

    Args:
        at: The crew at its place.
        logdir: A directory that TensorBoard may follow meanwhile.

    Raises:
        ConfigError: If that directory cannot be made.
    """
    check_allowed(store.url, record, (), Path.cwd())
    root = root_of(store.url)
    crew = at.crew
    agents: int | None = crew.agents
    spec = AgentSpec(
        store=store.url, sweep=record.id, root=str(root), gpus=crew.gpus, each=crew.each,
        workers=(crew.workers or cores()) // crew.agents,
    )  # fmt: skip
    if at.room is not None:
        agents, spec = crew.workers, one_each(spec)
        if (crew.workers or 0) > at.room:
            say(f"{crew.place} has room for {at.room} of {crew.workers} trials at once now")
    mirror = None if logdir is None else Mirror(store, record, logdir)
    with marked(root, record.id), watching(progress) as listener:
        told = Printed(listener, root) if verbose else listener
        return drive(
            store,
            record.id,
            executor=at.executor,
            agent=spec,
            agents=agents,
            most=crew.most,
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
