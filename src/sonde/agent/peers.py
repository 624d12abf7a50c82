"""The other agents of a sweep: those of this machine that died give their trials back at once.

Without this, their trials would wait for their leases to lapse.
"""

import time
from datetime import UTC, datetime

from sonde.agent import identity
from sonde.agent.link import Link
from sonde.core.trial import State

__all__ = ["Peers"]


class Peers:
    """Who holds which trial, followed by the change feed."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._version = 0
        self._holders: dict[int, str] = {}
        self._look_at = 0.0

    def release_dead(self, own: int) -> int:
        """Give back the trials of dead agents, now and then; return how many.

        Args:
            own: How many trials this agent runs itself; with no others nothing is read.
        """
        now, link = time.monotonic(), self._link
        if now < self._look_at or link.record.counts.get(State.RUNNING, 0) <= own:
            return 0
        self._look_at = now + link.pace.peers_s
        changes = link.attempt(lambda: link.store.changes(link.sweep, self._version), None)
        if changes is None:
            return 0
        self._version = changes.version
        if changes.anew:
            self._holders.clear()
        for trial in changes.trials:
            if trial.state is State.RUNNING and trial.agent is not None:
                self._holders[trial.number] = trial.agent
            else:
                self._holders.pop(trial.number, None)
        dead = [one for one in sorted({*self._holders.values()}) if identity.is_dead_here(one)]
        if not dead:
            return 0
        return link.attempt(lambda: link.store.release(link.sweep, dead, datetime.now(UTC)), 0)
