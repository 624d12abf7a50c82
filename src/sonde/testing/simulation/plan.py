"""How large a simulated world is, what goes wrong in it, and what it tells."""

from dataclasses import dataclass, field

from sonde.core.sweep import Sweep
from sonde.core.trial import State

__all__ = ["Mishaps", "Plan", "Progress", "Result"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mishaps:
    """What goes wrong: shares of trials or calls, and seconds.

    Attributes:
        dies: Of trials: their agent dies while it runs them.
        noticed: Of the deaths: somebody sees it at once and gives the trials back.
        back_s: Until another agent takes the place of a dead one, on average.
        silent: Of trials: their agent is cut off for longer than a lease, and then goes on.
        fails: Of trials: the program fails.
        lost: Of calls: the answer is lost, and the call is sent again.
        late: Of calls: it arrives only after `late_s`, and was sent again before.
        delay_s: One way, on average.
        skew_s: How far clocks are off: standard deviation, 4 s at most.
        raced: Of decisions: another one is committed between the reading and the committing.
        restarts: How often one of those who decide dies, and another begins anew.
        pauses: How often the user pauses the sweep, stops it, or changes its limits, or the
            network of half of the agents is away for longer than a lease.
    """

    dies: float = 0.01
    noticed: float = 0.5
    back_s: float = 30.0
    silent: float = 0.005
    fails: float = 0.02
    lost: float = 0.01
    late: float = 0.005
    late_s: float = 90.0
    delay_s: float = 0.05
    skew_s: float = 1.5
    raced: float = 0.3
    restarts: int = 3
    pauses: int = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How large the world is.

    Attributes:
        sweep: Its definition; the budget says how many trials.
        agents: How many run them, one at a time each.
        deciders: How many decide at the same time.
        trial_s: The median of how long a trial takes; half as long or twice is common.
        reports: How many a trial makes at most.
    """

    sweep: Sweep
    agents: int
    deciders: int = 2
    trial_s: float = 60.0
    lease_s: float = 60.0
    reports: int = 3
    seed: int = 0
    mishaps: Mishaps = field(default_factory=Mishaps)


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far it has come.

    Attributes:
        ended: Trials.
        time_s: Virtual.
        events: How many turns were taken.
    """

    ended: int
    time_s: float
    events: int


@dataclass(slots=True, kw_only=True)
class Result:
    """What happened.

    Attributes:
        sweep: Its id.
        time_s: Virtual.
        checks: Answers that were held to the promises.
        happened: How often what befell the sweep.
    """

    sweep: str
    time_s: float
    checks: int
    happened: dict[str, int]
    counts: dict[State, int]
