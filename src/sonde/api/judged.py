"""The reports of a trial that runs in this process, heard by the stopping rule at once.

The rule knows of other trials what the store has; of ours it hears each report as it is made, so
that a trial is told to stop by the very call that shows it to be a poor one.
"""

import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, suppress
from threading import RLock

from sonde.api.keeper import Held
from sonde.controller import Controller
from sonde.core.stopping.judge import Judge
from sonde.core.trial import Verdict
from sonde.errors import LeaseLostError, SondeError

__all__ = ["Judged"]

_READ_S = 0.25  # how old what is known of other trials may be


class Judged:
    """One trial on lease to this process.

    Args:
        controller: Of its sweep.
        held: Its lease.
        follow: Reads what has changed in the sweep; that is `controller.refresh` or calls it.
        lock: Held while the controller is used.
    """

    def __init__(
        self,
        controller: Controller,
        held: Held,
        follow: Callable[[], object],
        lock: AbstractContextManager[object] | None = None,
    ) -> None:
        self._controller, self._held, self._follow = controller, held, follow
        self._lock = lock or RLock()
        self._read_at = time.monotonic() + _READ_S
        # A further attempt may take up, or drop, points of the one before: the store knows.
        self._is_near = held.lease.attempt == 1
        if controller.judge is not None and self._is_near:
            controller.judge.near.add(held.lease.number)

    def report(self, step: int | None, metrics: Mapping[str, float], at: float) -> None:
        """Take a report, and have the trial end if the rule says so."""
        held, judge = self._held, self._controller.judge
        step = held.report(step, metrics, at)
        if judge is None or judge.metric not in metrics or held.verdict is not Verdict.GO_ON:
            return
        with self._lock:
            try:
                why = self._heard(judge, step, metrics[judge.metric], at)
                if why is not None:
                    self._controller.stop(held.lease.number, why)
                    held.hear(Verdict.STOP)
            except LeaseLostError:
                held.hear(Verdict.LOST)
            except SondeError:
                return  # a store in trouble stops no training; the next report is judged again

    def _heard(self, judge: Judge, step: int, value: float, at: float) -> str | None:
        """Tell the rule of a report, and return why the trial is to stop."""
        number, controller = self._held.lease.number, self._controller
        if not self._is_near:
            self._held.flush(controller.store)
            return controller.judgement(number)
        now = time.monotonic()
        if now >= self._read_at:
            self._read_at = now + _READ_S
            with suppress(SondeError):  # what is known of others has to do
                self._follow()
        return judge.report(number, step, value, at)

    def close(self) -> None:
        """The trial has ended."""
        if self._controller.judge is not None:
            self._controller.judge.near.discard(self._held.lease.number)
