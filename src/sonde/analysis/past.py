"""Whether a sweep still learns from the earlier ones that it was told to begin with.

The controller knows, but its state is gone when it ends. So it is asked again: the trials that
have ended are shown to a new one, in the order in which they did, until it has judged.
"""

from typing import Any

from sonde.core.decide import Decider
from sonde.core.history import History
from sonde.core.search import Method, method
from sonde.core.search.warm import Standing
from sonde.core.stopping import Rule, rule
from sonde.store.earlier import lessons_of
from sonde.store.protocol import Store, SweepRecord

__all__ = ["standing"]

_AT_ONCE = 20  # trials that are looked at; mostly the first four decide


def standing(store: Store, record: SweepRecord, history: History) -> Standing | None:
    """Return what became of a sweep's earlier sweeps; None where it was told of none."""
    sweep = record.sweep
    if not sweep.earlier:
        return None
    decider = Decider(sweep, _any_method, lessons_of(store, sweep), _any_rule)
    ended = sorted(History(sweep).add(history.trials), key=lambda trial: trial.version)
    for first in range(0, len(ended), _AT_ONCE):
        if decider.past is not Standing.ON_TRIAL:
            break
        some = ended[first : first + _AT_ONCE]
        curves = {}
        if sweep.stopping is not None:  # what is made of a trial that was cut short depends on them
            metric = sweep.goals[0].metric
            found = store.curves(record.id, [trial.number for trial in some], [metric])
            curves = {number: each[metric].values for number, each in found.items()}
        decider.observe(some, curves)
    return decider.past


def _any_method(wanted: str) -> Method[Any]:
    """Return one that costs nothing: the judgement is the same whichever proposes."""
    return method("random")


def _any_rule(wanted: str) -> Rule[Any]:
    """Return one that need not be installed: nobody is stopped here."""
    return rule("median")
