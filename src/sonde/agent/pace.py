"""How often an agent asks its store: a file answers in microseconds, a server has many agents."""

import random
from dataclasses import dataclass

__all__ = ["AFAR", "HERE", "Pace", "pace_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """Seconds between two questions.

    Attributes:
        look_s: Whether the sweep changed, while waiting for trials.
        longest_look_s: What this grows to while nothing happens: to a share of the time so far.
        busy_look_s: The same while all slots are taken.
        lease_s: For trials when nothing seems to have changed: leases may lapse.
        peers_s: Whether other agents of this machine died.
        least_lease_s: How long a lease is at least, so that the network may be cut for so long.
    """

    look_s: float
    longest_look_s: float
    busy_look_s: float
    lease_s: float
    peers_s: float
    least_lease_s: float

    def idle_look_s(self, idle_s: float) -> float:
        """Return in how long to look again, having had nothing to do for so long."""
        if self.longest_look_s <= self.look_s:
            return self.look_s
        grown = min(max(self.look_s, idle_s / 8), self.longest_look_s)
        # Agents that were started together shall not ask together.
        return grown * random.uniform(0.75, 1.25)  # noqa: S311 - no secret


HERE = Pace(
    look_s=0.1, longest_look_s=0.1, busy_look_s=0.25, lease_s=1.0, peers_s=1.0, least_lease_s=0.0
)
AFAR = Pace(
    look_s=0.25, longest_look_s=10.0, busy_look_s=3.0, lease_s=20.0, peers_s=2.0, least_lease_s=60.0
)


def pace_of(*, is_served: bool) -> Pace:
    """Return the pace for a store that is a server, or one that is not."""
    return AFAR if is_served else HERE
