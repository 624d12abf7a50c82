"""The threshold rule: whoever leaves the bounds that were given stops. It looks at no other trial.

Bounds are on the *loss*, the metric turned so that lower is better: of a metric that is maximised
its negative. NaN is an infinite loss. For trials that diverge, and for values that cannot be
true; the rule is that of Optuna's ThresholdPruner.
"""

from math import inf

from sonde.core.stopping.protocol import Heard
from sonde.errors import ConfigError

__all__ = ["Threshold"]

_WHERE = "stop threshold"
_State = dict[int, tuple[int, tuple[int, float] | None]]  # steps heard, and where it left them


class Threshold:
    """The rule.

    Args:
        worst: The largest loss that is borne; None: all but infinity.
        best: The smallest one.
        min_steps: The first step that is looked at.
        every: From there on each so many steps.
    """

    name = "threshold"

    def __init__(
        self,
        *,
        worst: float | None = None,
        best: float | None = None,
        min_steps: int = 1,
        every: int = 1,
    ) -> None:
        for key, value in (("min_steps", min_steps), ("every", every)):
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise ConfigError(_WHERE, f"{key}={value!r} is no whole number from 1 on", "use 1")
        for key, bound in (("worst", worst), ("best", best)):
            if isinstance(bound, bool) or not isinstance(bound, int | float | None):
                raise ConfigError(_WHERE, f"{key}={bound!r} is no number", "use worst=10.0")
        self._worst = inf if worst is None else float(worst)
        self._best = -inf if best is None else float(best)
        if not self._best <= self._worst:
            found = f"best={best!r} is not below worst={worst!r}"
            raise ConfigError(_WHERE, found, "lower losses are better: swap them")
        self._from, self._every = min_steps, every

    def start(self) -> _State:
        """Return a state without trials."""
        return {}

    def hear(self, state: _State, heard: Heard) -> _State:
        """Note the first step at which a trial was out of bounds."""
        count, left = (0, None) if heard.afresh else state.get(heard.number, (0, None))
        for point in heard.points:
            count += 1
            is_seen = count >= self._from and (count - self._from) % self._every == 0
            is_out = point.loss == inf or not self._best <= point.loss <= self._worst
            if left is None and is_seen and is_out:
                left = count, point.loss
        state[heard.number] = count, left
        return state

    def judge(self, state: _State, number: int) -> str | None:
        """Stop whoever was out of bounds."""
        left = state.get(number, (0, None))[1]
        if left is None:
            return None
        step, loss = left
        return f"{self.name}: a loss of {loss:g} at step {step}"
