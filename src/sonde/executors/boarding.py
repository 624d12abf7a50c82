"""How many agents a place gets, asked before anything of the sweep is written."""

from dataclasses import replace

from sonde.core.wanted import PLACE
from sonde.errors import ConfigError
from sonde.executors.places import PLACES
from sonde.executors.protocol import AgentSpec, Executor
from sonde.executors.resources import Resources

__all__ = ["board", "one_each"]


def board(
    executor: Executor, place: str, each: Resources, gpus: tuple[str, ...] = ()
) -> int | None:
    """Return how many trials a place has room for; None: that is for us to say.

    Raises:
        ConfigError: If it has not what each trial is to have, or has devices of its own.
    """
    if gpus and place.partition("(")[0] in PLACES:
        raise ConfigError(
            f"--gpus {','.join(gpus)}",
            f"those are devices of this machine, and {place} hands out its own",
            f"leave it out: {PLACE.flag} {place} --gpus-per-trial 1",
        )
    return executor.room(each)


def one_each(spec: AgentSpec) -> AgentSpec:
    """Return what the agents of a place with room are started with: each runs one trial."""
    return replace(spec, workers=1, gpus=())
