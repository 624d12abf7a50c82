"""Ask and tell: trials that this program works on itself, each on lease to it."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

from sonde.agent.identity import me
from sonde.api.asked import Asked
from sonde.api.judged import Judged
from sonde.api.keeper import Held, Keeper, release_dead
from sonde.controller import Controller, utc_now
from sonde.core.returned import returned_metrics
from sonde.core.trial import Lease, Outcome, State, Verdict
from sonde.errors import ConflictError, ExhaustedError, IllegalTransitionError, NotFoundError
from sonde.store.protocol import Ask, Decision, NewTrial

__all__ = ["Asking"]


class Asking:
    """The trials of one sweep that this program has asked for; see `Sweep.ask`.

    Args:
        controller: Of the sweep; may be replaced.
        lock: Held while the controller is used; the same thread may take it again.
    """

    def __init__(self, controller: Controller, lock: AbstractContextManager[object]) -> None:
        self.controller = controller
        self._lock = lock
        self._store, self._sweep = controller.store, controller.sweep
        self._keeper = Keeper(self._store, controller.record.sweep.lease_s)
        self._open: dict[int, tuple[Asked, Held]] = {}
        self._has_asked = False

    def ask(self, params: Mapping[str, Any] | None) -> Asked:
        """Return a trial to be run, with these values if they are given."""
        with self._lock:
            if not self._has_asked:
                release_dead(self.controller)  # such as this very program, killed
                self._has_asked = True
            lease = self._leased() if params is None else self._leased_for(params)
            held = Held(lease)
            controller = self.controller
            judged = Judged(controller, held, controller.refresh, self._lock)
            asked = Asked(self._store, controller.record.sweep, held, judged, self._let_go)
            self._open[lease.number] = asked, held
            self._keeper.add(held)
            return asked

    def tell(self, number: int, value: Any) -> None:
        """End a running trial, also one that another process asked for."""
        with self._lock:
            known = self._open.get(number)
        if known is not None:
            known[0].tell(value)
            return
        with self._lock:
            self.controller.refresh()
            sweep, trials = self.controller.record, self.controller.history.trials
            if not 0 <= number < len(trials):
                raise NotFoundError(f"{sweep.name} has no trial {number}; it has {len(trials)}")
            trial = trials[number]
        if trial.state is not State.RUNNING:
            raise IllegalTransitionError(f"trial {number} is {trial.state}, not running")
        values = returned_metrics(value, sweep.sweep.goals)
        lease = Lease(
            sweep=self._sweep,
            number=number,
            attempt=trial.attempts,
            agent=trial.agent or "",
            until=utc_now(),
            params=trial.params,
        )
        stopped = trial.asked is Verdict.STOP
        outcome = Outcome(state=State.STOPPED if stopped else State.DONE, values=values)
        self._store.finish(lease, outcome, utc_now())

    def add(self, given: Mapping[str, Any], ask: Ask | None = None) -> tuple[int, Sequence[Lease]]:
        """Add a trial of the user's, and lease with it; return its number and the leases."""
        while True:
            self.controller.refresh()
            record = self.controller.record
            params = record.sweep.space.validate(given)
            decision = Decision(
                against=record.revision, add=[NewTrial(params=params, origin="user")]
            )
            try:
                record, leases = self._store.commit(self._sweep, decision, utc_now(), ask)
            except ConflictError:
                continue  # somebody else decided first; each round is one commit of theirs
            return record.trials - 1, leases

    def _leased(self) -> Lease:
        ask = Ask(agent=me(), lease_s=self.controller.record.sweep.lease_s)
        leases = self.controller.step(1, ask)
        if leases:
            return leases[0]
        raise self._nothing_to_run()

    def _leased_for(self, given: Mapping[str, Any]) -> Lease:
        self.controller.refresh()
        record = self.controller.record
        # The store leases the lowest numbers first: take all that are free, keep the new one.
        free = record.trials + 1
        number, leases = self.add(given, Ask(agent=me(), count=free, lease_s=record.sweep.lease_s))
        ours = None
        for lease in leases:
            if lease.number == number:
                ours = lease
            else:
                self._store.finish(lease, Outcome(state=State.WAITING), utc_now())
        if ours is None:
            raise self._nothing_to_run()
        return ours

    def _nothing_to_run(self) -> ExhaustedError:
        self.controller.refresh()
        record = self.controller.record
        if record.is_full:
            return ExhaustedError(
                f"{record.name} has no trial to run now: {record.budget.workers} run, and no more "
                f"may at once (sonde workers {record.name} none)"
            )
        reason = f" ({record.reason})" if record.reason else ""
        return ExhaustedError(f"{record.name} has no trial to run: it is {record.control}{reason}")

    def _let_go(self, held: Held) -> None:
        self._keeper.remove(held)
        with self._lock:
            self._open.pop(held.lease.number, None)
