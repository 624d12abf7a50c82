"""Holding leases for those who could not renew them while the server was away.

Without this, the first agent that comes back after a restart would be given what the others
still run, and all of it would be run twice.
"""

from datetime import UTC, datetime

from sonde.core.trial import Lease, State
from sonde.store.protocol import Store

__all__ = ["GRACE_S", "hold_leases"]

GRACE_S = 30.0
"""How long agents have to come back: they try again every few seconds."""


def hold_leases(store: Store) -> None:
    """Prolong every lease that there is."""
    now = datetime.now(UTC)
    for record in store.list_sweeps():
        if not record.counts.get(State.RUNNING):
            continue
        held = [
            Lease(
                sweep=record.id,
                number=trial.number,
                attempt=trial.attempts,
                agent=trial.agent or "",
                until=now,
                params={},
            )
            for trial in store.changes(record.id).trials
            if trial.state is State.RUNNING
        ]
        store.renew(held, now, max(GRACE_S, record.sweep.lease_s))
