"""Agents of another place for a sweep that others run already: `sonde agent SWEEP --on ray`.

Several drivers of one sweep do no harm: each commits its decisions against what it has read, and
each looks after the agents that it has started.
"""

from collections.abc import Mapping
from typing import Any

from sonde.cli.crew import Crew
from sonde.cli.driving import aboard, drive_here
from sonde.errors import ConfigError
from sonde.store.protocol import Store, SweepRecord

__all__ = ["check_options", "join"]


def check_options(given: Mapping[str, Any], place: str) -> None:
    """Refuse options of an agent of this machine.

    Args:
        given: What was asked for, by its flag.

    Raises:
        ConfigError: If there is one.
    """
    for flag, value in given.items():
        if value is not None and value is not False:
            raise ConfigError(
                f"{flag} with --on {place}", "it is for an agent of this machine", "leave it out"
            )


def join(store: Store, record: SweepRecord, crew: Crew, *, yes: bool = False) -> int:
    """Run trials of a sweep with agents of a crew's place, until it has ended or Ctrl-C.

    Args:
        yes: The user agrees to what the place costs, and is not asked.

    Returns:
        The exit code, as of the sweep.

    Raises:
        ConfigError: If the place cannot be reached, or has not what each trial is to have.
    """
    with aboard(crew, yes=yes) as at:
        return drive_here(store, record, at, progress="auto").code
