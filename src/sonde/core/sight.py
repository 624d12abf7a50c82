"""What a sweep's definition sees of trials that were proposed under an earlier one.

One rule: a trial counts for the search if its values, completed by back-fills, are an
assignment of the present space. Why it is so: docs/decisions/0016-editing-a-sweep.md.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sonde.core.distributions.values import Params
from sonde.core.sweep import Sweep
from sonde.core.trial import Trial

__all__ = ["Sight"]


class Sight:
    """The view of one definition.

    Args:
        sweep: The definition. One that was never edited sees every trial as it is.
    """

    def __init__(self, sweep: Sweep) -> None:
        self._space, self._backfill = sweep.space, sweep.backfill
        self._was_edited = sweep.version > 1

    def params(self, given: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """Return values as an assignment of the present space; None: they are none."""
        if not self._was_edited:
            return given
        if self._space.admits(given):
            return given
        found = self.completed(given)
        return self._space.declared(found) if self._space.admits(found) else None

    def completed(self, given: Mapping[str, Any]) -> Params:
        """Return values with what back-fills say of those that are lacking."""
        found: Params = dict(given)
        for parameter in self._space.in_order if self._backfill else ():
            name, when = parameter.name, parameter.when
            if name in self._backfill and name not in found and (when is None or when.holds(found)):
                found[name] = self._backfill[name]
        return found

    def trial(self, trial: Trial) -> Trial | None:
        """Return a trial as a search method is told of it; None: it is not told."""
        if not self._was_edited:
            return trial
        params = None if trial.is_withdrawn else self.params(trial.params)
        if params is None:
            return None
        return trial if params is trial.params else replace(trial, params=params)
