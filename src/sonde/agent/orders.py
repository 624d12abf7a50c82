"""What an agent is told to do, and what it tells of it."""

from dataclasses import dataclass
from pathlib import Path

from sonde.core.trial import Trial

__all__ = ["SAYS", "AgentReport", "Event", "Options"]

SAYS = "agent says: "
"""What a note begins with on the stderr of an agent that an executor started."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How an agent is to work.

    Attributes:
        store_url: The store.
        sweep: Id of the sweep.
        root: The `.sonde` folder under which trials have their folders.
        workers: How many trials to run at once; devices and cores may allow fewer.
        count: Leave after so many trials.
        gpus: Devices to hand out, as CUDA_VISIBLE_DEVICES names them.
        gpus_per_trial: A part of one or a whole number of them.
        cpus_per_trial: Cores for each trial; 0: as the program likes.
        parent_fd: Leave when this pipe is closed. Such an agent leaves decisions to its parent.
        idle_timeout_s: Leave after so long without a trial.
        most_failed: Leave after so many trials in a row have failed.
        most_failed_first: Leave after so many where they are all that it has run.
        allow: Patterns of commands that may be run, where the store is a server; None: any.
        folder: The user's; None: the current one.
        forward_signals: Send SIGINT and SIGTERM on to the programs of trials, so that they can
            end as they like; what does not end well by it is given back.
        shares_signals: What ends this agent ends the programs of its trials by itself, as Slurm
            does, so a failure just before its own SIGTERM is none.
        upload: Send a server what trials print and leave.
        upload_limit: Bytes of artifacts that are sent of a trial; None: what the server takes.
    """

    store_url: str
    sweep: str
    root: Path
    workers: int = 1
    count: int | None = None
    gpus: tuple[str, ...] = ()
    gpus_per_trial: float = 0
    cpus_per_trial: float = 0
    parent_fd: int | None = None
    idle_timeout_s: float | None = None
    most_failed: int | None = None
    most_failed_first: int | None = None
    allow: tuple[str, ...] | None = None
    folder: Path | None = None
    forward_signals: bool = False
    shares_signals: bool = False
    upload: bool = True
    upload_limit: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentReport:
    """What an agent did.

    Attributes:
        ran: Trials that it ran to an end.
        failed: How many of these failed.
        reason: Why it left.
        gave_up: It left because too many failed.
    """

    ran: int
    failed: int
    reason: str
    gave_up: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened, for people.

    Attributes:
        kind: `started`, `ended` or `note`.
        number: The trial's, if it is about one.
        text: In words.
        trial: As the store has it, where it has ended.
    """

    kind: str
    text: str
    number: int | None = None
    trial: Trial | None = None
