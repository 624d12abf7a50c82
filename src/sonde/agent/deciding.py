"""The controller's role, for an agent that takes it where nobody else decides."""

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from sonde.agent.link import Link
from sonde.core.sweep import Control
from sonde.core.trial import Lease

if TYPE_CHECKING:
    from sonde.controller import Controller

__all__ = ["Deciding"]

_STARVED_S = 1.0  # without trials, after which we decide
_AGAIN_S = 1.0  # between two decisions that only look after what runs
_JUDGED_S = 0.5  # the same where a stopping rule judges what runs


class Deciding:
    """When an agent decides what to try, and that it does."""

    def __init__(self, link: Link, *, is_led: bool) -> None:
        """Stand by.

        Args:
            link: To the sweep.
            is_led: Whether somebody else decides for certain: the process that started us.
        """
        self._link, self._is_led = link, is_led
        self._controller: Controller | None = None
        self._began = time.monotonic()
        self._again_at = 0.0
        self._judged: object = None  # as of when the rule was asked last

    def is_ours(self, idle_since: float) -> bool:
        """Tell whether it is on us to decide, having got nothing since then."""
        record = self._link.record
        if self._is_led or record.control is not Control.RUNNING:
            return False
        # Whoever decides may do so for itself alone, so what counts is that we got nothing.
        starved = time.monotonic() - max(idle_since, self._began) >= _STARVED_S
        return self._controller is not None or starved or record.trials == 0

    def decide(self, want: int) -> Sequence[Lease]:
        """Decide so that up to `want` trials are waiting, and lease them."""
        from sonde.controller import Controller

        store, sweep = self._link.store, self._link.sweep
        if self._controller is None:
            self._controller = self._link.attempt(lambda: Controller(store, sweep), None)
        controller = self._controller
        if controller is None:
            return ()
        ask = self._link.ask(want) if want else None
        none: Sequence[Lease] = ()
        leases = self._link.attempt(lambda: controller.step(want, ask), none)
        self._link.record = controller.record
        is_judged = controller.judge is not None
        self._again_at = time.monotonic() + (_JUDGED_S if is_judged else _AGAIN_S)
        return leases

    def hurry(self) -> None:
        """Look after what runs at the next occasion: a trial has failed."""
        self._again_at = 0.0

    def look_after(self) -> None:
        """Look after what runs: time budgets and stopping rules, where nobody else does.

        Whether somebody judges cannot be seen, so each of us does; two do no harm.
        """
        now = time.monotonic()
        if now < self._again_at or self._is_led:
            return
        budget_s = self._link.record.budget.time_s
        overdue = budget_s is not None and now - self._began > budget_s + 2 * _STARVED_S
        has_news = self._link.record.sweep.stopping is not None and self._judged != self._link.stamp
        if (self._controller is not None or overdue or has_news) and self._link.is_up:
            self._judged = self._link.stamp
            self.decide(0)
