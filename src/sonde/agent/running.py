"""A trial under way: from its lease to its outcome, a step at a time.

`advance` is called again and again by the agent's loop and never blocks for long: it copies
some files, asks the program how it does, gathers reports. What differs between a command and
a function is what stands behind the `Work` protocol.
"""

import os
import socket
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from sonde.agent.folder import TrialFolder
from sonde.agent.in_place import Surroundings
from sonde.agent.missing import missing
from sonde.agent.process import Exit
from sonde.agent.relay import Relay
from sonde.core.metric import Goal
from sonde.core.trial import Lease, Outcome, Report, State, Verdict

__all__ = ["Ended", "RunningTrial", "Work"]

_SLICE_S = 0.02  # of preparing at a time
_FAST_S, _SLOW_S = 0.03, 0.4  # between two looks at a young and an old trial
_AGE_SHARE = 40  # looks in a trial's age so far


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How the work of a trial ended, before it is known what was asked of it.

    Attributes:
        good: Whether it went well.
        stopped: Whether it heeded a request to end.
        error: One line, where it did not go well.
        values: Final values told directly.
        exit: The process's, where it has one of its own.
        facts: More to record.
    """

    good: bool
    stopped: bool = False
    error: str | None = None
    values: dict[str, float] | None = None
    exit: Exit | None = None
    facts: dict[str, Any] | None = None


class Work(Protocol):
    """What a trial runs."""

    def prepare(self) -> Iterator[None]:
        """Make ready, yielding now and then.

        Raises:
            OSError: If that cannot be.
            SondeError: If the trial cannot run as it is.
        """

    def start(self) -> None:
        """Start; the same errors."""

    def poll(self) -> Ended | None:
        """Return how it ended, once nothing of it is left."""

    def end(self, grace_s: float) -> None:
        """Ask it to end, and see that it does."""

    def kill(self) -> None:
        """End it at once."""

    def signal(self, number: int) -> None:
        """Send it a signal, and leave it to it."""

    @property
    def next_poll_s(self) -> float | None:
        """When to look again, if sooner than usual."""

    @property
    def facts(self) -> dict[str, Any]:
        """What is known of how it runs: argv, pid, directory."""


class RunningTrial:
    """One attempt at a trial.

    Attributes:
        outcome: How it ended, once it has.
        verdict: What was asked of it.
        lost: Whether the lease is gone: nothing more is sent.
        ended_at: When it ended, by the monotonic clock.
    """

    def __init__(
        self,
        lease: Lease,
        *,
        folder: TrialFolder,
        work: Work,
        goals: Sequence[Goal],
        wanted: Sequence[str],
        metric_regex: str | None,
        grace_s: float,
        devices: tuple[str, ...],
        surroundings: Surroundings | None = None,
        is_command: bool = True,
    ) -> None:
        self.lease, self.folder, self.devices = lease, folder, devices
        self.outcome: Outcome | None = None
        self.verdict = Verdict.GO_ON
        self.lost = False
        self.ended_at = 0.0
        self.unsent_since: float | None = None
        self._work, self._goals, self._grace_s = work, goals, grace_s
        self._wanted, self._is_command = wanted, is_command
        self._metric_regex, self._surroundings = metric_regex, surroundings
        self._relay: Relay | None = None
        self._preparing: Iterator[None] | None = work.prepare()
        self._began = self._look_at = time.monotonic()
        self._giving_back = self._is_ending = False

    def advance(self) -> None:
        """Take the next step; sets `outcome` when the trial has ended."""
        if self.outcome is not None:
            return
        try:
            if self._preparing is not None:
                self._prepare()
                return
            ended = self._work.poll()
        except Exception as error:  # noqa: BLE001 - whatever one trial does, the agent lives on
            self._preparing = None
            ended = Ended(good=False, error=f"it could not be run: {_said(error)}")
        now = time.monotonic()
        if ended is not None:
            self._gather(final=True)
            self.outcome = self._conclude(ended)
            self.ended_at = now
        elif now >= self._look_at:
            self._gather()
            age = now - self._began
            self._look_at = now + min(max(_FAST_S, age / _AGE_SHARE), _SLOW_S)

    def end(self, verdict: Verdict) -> None:
        """Heed a verdict; the strictest so far counts."""
        if verdict is Verdict.LOST:
            self.lost = True
            self._work.kill()
        elif verdict is not Verdict.GO_ON and self.verdict is not Verdict.CANCEL:
            self.verdict = verdict
        self._ask_to_end()

    def give_back(self) -> None:
        """End it so that it is run again, by whomever."""
        self._giving_back = True
        self._ask_to_end()

    def excuse(self) -> None:
        """Take a failure for none: it ended because its agent does, and is run again."""
        if self.outcome is not None and self.outcome.state is State.FAILED:
            self.outcome = replace(self.outcome, state=State.WAITING, error=None)

    def kill(self) -> None:
        """End it at once."""
        self._work.kill()

    def forward(self, number: int) -> None:
        """Send its program a signal; unless it ends well by it, it is run again by whomever."""
        self._giving_back = True
        if self._preparing is not None:
            self._is_ending = True
        else:
            self._work.signal(number)

    @property
    def unsent(self) -> Sequence[Report]:
        """Reports that the store does not have."""
        return () if self._relay is None else self._relay.unsent

    @property
    def acknowledged(self) -> int:
        """Number of the last report that the store has."""
        return 0 if self._relay is None else self._relay.acknowledged

    def sent(self, last: int) -> None:
        """Take note that the store has the reports up to number `last`."""
        if self._relay is not None:
            self._relay.sent(last)

    @property
    def next_look_s(self) -> float:
        """In how many seconds `advance` wants to be called, if nothing happens before."""
        if self.outcome is not None:
            return _SLOW_S
        if self._preparing is not None:
            return 0.0
        soon = self._work.next_poll_s
        look = max(0.001, self._look_at - time.monotonic())
        return look if soon is None else min(look, soon)

    def _prepare(self) -> None:
        until = time.monotonic() + _SLICE_S
        for _ in self._preparing or ():
            if self._is_ending:
                self._preparing = None
                self.outcome = self._conclude(Ended(good=False, stopped=True))
                return
            if time.monotonic() >= until:
                return
        self._preparing = None
        self._relay = Relay(
            self.folder.path,
            journal=self.folder.reports,
            stdout=self.folder.stdout,
            metric_regex=self._metric_regex,
            goals=[goal.metric for goal in self._goals],
            wanted=self._wanted,
            beside=None if self._surroundings is None else self._surroundings.begin(),
        )
        self._work.start()

    def _ask_to_end(self) -> None:
        if not self._is_ending:
            self._is_ending = True
            if self._preparing is None and self.outcome is None:
                self.folder.mark_stop()
                self._work.end(self._grace_s)

    def _gather(self, *, final: bool = False) -> None:
        if self._relay is not None:
            self._relay.poll(final=final)
            if self._relay.unsent and self.unsent_since is None:
                self.unsent_since = time.monotonic()

    def _conclude(self, ended: Ended) -> Outcome:
        facts: dict[str, Any] = {"host": socket.gethostname(), "attempt": self.lease.attempt}
        facts |= self._work.facts | (ended.facts or {})
        if self.devices:
            facts["devices"] = list(self.devices)
        if ended.exit is not None:
            facts["exit_status"] = ended.exit.status
            facts["duration_s"] = round(ended.exit.duration_s, 3)
            facts["cpu_s"] = round(ended.exit.cpu_s, 3)
            facts["memory_mb"] = round(ended.exit.memory_mb, 1)
            if ended.exit.signal is not None:
                facts["signal"] = ended.exit.signal
        if self._relay is not None:
            facts |= self._relay.facts()
        state, error = State.DONE, None
        if self.verdict is Verdict.CANCEL:
            state = State.CANCELLED
        elif self.verdict is Verdict.STOP:
            state = State.STOPPED
        elif not ended.good and (self._giving_back or self.folder.preempting.exists()):
            state = State.WAITING
        elif ended.stopped:
            state = State.STOPPED
        elif not ended.good:
            state, error = State.FAILED, ended.error
        values = ended.values or {}
        if state is State.DONE and (warning := self._missing(values)):
            facts["warning"] = warning
        return Outcome(state=state, values=values, error=error, facts=facts)

    def _missing(self, values: dict[str, float]) -> str | None:
        """Say so if the metric of a goal or a constraint never came."""
        came = [*(() if self._relay is None else self._relay.names), *values]
        stdout = self.folder.stdout if self._is_command else None
        return missing(self._wanted, came, stdout=stdout, pattern=self._metric_regex)


def _said(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        name = "" if error.filename is None else f": {os.fsdecode(error.filename)}"
        return f"{error.strerror}{name}"
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
