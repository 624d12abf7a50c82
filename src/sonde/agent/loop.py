"""The agent: leases trials, runs them, tells the store how they do, and leaves.

One process and one thread, whatever the number of trials at once. Everything that could
block stands elsewhere: programs write to files, copies are made in slices, and a store that
does not answer is asked again later. Where nobody decides, the agent takes the controller's
role as well.
"""

import signal
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from sonde.agent import identity
from sonde.agent.deciding import Deciding
from sonde.agent.devices import Devices, cores
from sonde.agent.guard import Guard
from sonde.agent.link import Link, patiently
from sonde.agent.orders import AgentReport, Event, Options
from sonde.agent.peers import Peers
from sonde.agent.running import RunningTrial
from sonde.agent.waker import Waker
from sonde.agent.workshop import Workshop
from sonde.core.failing import FIRST, is_for_failures
from sonde.core.sweep import Control
from sonde.core.trial import Lease, State, Trial
from sonde.errors import ConfigError, StoreError
from sonde.store import is_served, open_store
from sonde.store.protocol import Store

if TYPE_CHECKING:
    from sonde.agent.sending import Sending

__all__ = ["AgentReport", "Event", "Options", "run"]

_DOUBT_S = 0.25  # that whoever decides has to look at failures
_SIGNAL_S = 0.5  # between the same signal to a program and to us
_LEAVE_S = 5.0  # how long a store that does not answer is waited for when leaving
_SEND_S = 60.0  # the same with files that are left to send, unless there is haste


def run(
    options: Options,
    *,
    on_event: Callable[[Event], None] | None = None,
    store: Store | None = None,
    is_alone: bool = False,
) -> AgentReport:
    """Run trials of a sweep until there is nothing more to do; return what was done.

    Args:
        options: How.
        on_event: Called with what happens, in this thread.
        store: Used instead of opening the URL; left open.
        is_alone: This process does nothing else, so that processes that it adopts are its
            trials' and are killed with them.

    Raises:
        ConfigError: If the sweep cannot be run here.
        StoreError: If the store cannot be opened.
        NotFoundError: If there is no such sweep.
    """
    # Before the store is opened, so that its files are not passed on.
    guard = Guard(is_alone=is_alone)
    try:
        opened = open_store(options.store_url) if store is None else store
        try:
            with Waker(options.parent_fd) as waker:
                return _Agent(options, opened, guard, waker, on_event or _ignore).run()
        finally:
            if store is None:
                opened.close()
    finally:
        guard.close()


def _ignore(_: Event) -> None:
    return


class _Agent:
    def __init__(
        self,
        options: Options,
        store: Store,
        guard: Guard,
        waker: Waker,
        on_event: Callable[[Event], None],
    ) -> None:
        self.options, self.guard, self.waker, self.on_event = options, guard, waker, on_event
        self.link = Link(store, options.sweep, identity.me(), self._note)
        self.peers = Peers(self.link)
        self.workshop = Workshop(
            store,
            self.link.record,
            options.root,
            guard=guard,
            waker=waker,
            cpus_per_trial=options.cpus_per_trial,
            allow=options.allow,
            folder=options.folder,
        )
        self.devices = Devices(options.gpus, options.gpus_per_trial)
        self.slots = _slots(options, self.devices)
        self.running: list[RunningTrial] = []
        self.known: set[tuple[int, int]] = set()  # attempts that were begun
        is_led = options.parent_fd is not None or _server_decides(store)
        self.deciding = Deciding(self.link, is_led=is_led)
        self.ran = self.failed = self.leased = self.in_a_row = self.forwarded = 0
        self.idle_since = time.monotonic()
        self.look_at = self.lease_at = self.doubts_until = 0.0
        self.gave_up = self.has_warned = False
        self.began_with_it: list[RunningTrial] = []  # when the first trial failed
        self.leaving: str | None = None  # why, once it takes no more trials
        self.leaving_since = 0.0
        self.sending = _sending(options, store, self.link.sweep, waker)

    def run(self) -> AgentReport:
        try:
            for note in patiently(self.link.store, self.workshop.make_ready):
                self._note(note)
            return self._run()
        finally:
            self.workshop.close()
            if self.sending is not None:
                self.sending.close()

    def _run(self) -> AgentReport:
        while True:
            self._heed_signals()
            self._pass_on_notes()
            self.guard.check()
            for trial in self.running:
                trial.advance()
            self._settle()
            self._reclaim()
            self._look()
            self._fill()
            self.link.renew(self.running)
            if self.leaving is None:
                self.deciding.look_after()
            if self._may_go():
                break
            self.waker.wait(self._pause_s())
        self._pass_on_notes()  # of what was sent last
        return AgentReport(
            ran=self.ran, failed=self.failed, reason=self.leaving or "", gave_up=self.gave_up
        )

    # -- trials -------------------------------------------------------------------------

    def _start(self, leases: Sequence[Lease]) -> None:
        if any(lease.definition != self.workshop.definition for lease in leases):
            # The sweep was edited, and these trials are to be run by what it is now.
            if not self.link.read_again():
                return  # they are heard of again when the store answers
            self._follow()
            if self.leaving is not None:
                for lease in leases:
                    self.link.give_back(lease)
                return
        for lease in leases:
            known = lease.number, lease.attempt
            if known in self.known:
                continue  # an answer that was lost came after all, of which we had heard otherwise
            self.known.add(known)
            devices = self.devices.take() or ()
            try:
                trial = self.workshop.begin(lease, devices)
            except StoreError as error:
                self._note(f"what trial {lease.number} is to run cannot be fetched now: {error}")
                self.devices.give_back(devices)
                self.link.give_back(lease)
                continue
            self.running.append(trial)
            self.leased += 1
            if self.sending is not None:
                self.sending.begin(lease, trial.folder)
            self.on_event(Event(kind="started", number=lease.number, text=_values(lease)))
            trial.advance()

    def _settle(self) -> None:
        """Tell the store what was reported and what has ended, and take the next trials."""
        for trial in list(self.running):
            if trial.outcome is None:
                self.link.report(trial)
                continue
            if not self._stands(trial):
                continue
            if self.sending is not None and not self.sending.end(trial.lease):
                continue  # in a moment: who sees that it has ended shall see all that it printed
            room = self.slots - len(self.running) + 1
            doubts = trial.outcome.state is State.FAILED and self._doubts(self.in_a_row + 1)
            is_asking = self._wants_more() and not self.link.may_have_lost and not doubts
            ask = self.link.ask(min(room, self._left())) if is_asking else None
            done = self.link.finish(trial, ask)
            if done is None:
                continue
            ended, leases = done
            if self.sending is not None:
                self.sending.told(trial.lease)
            self.running.remove(trial)
            self.devices.give_back(trial.devices)
            self.idle_since = time.monotonic()
            self._count(trial, ended)
            self._start(leases)
            self.lease_at = 0.0
            if doubts:
                self.doubts_until = time.monotonic() + _DOUBT_S
            if not leases:
                self.look_at = 0.0  # it may have been the last one

    def _stands(self, trial: RunningTrial) -> bool:
        """Tell whether an outcome is what it seems: the signal that ends us may be on its way."""
        if not self.options.shares_signals or trial.outcome is None:
            return True
        if trial.outcome.state is not State.FAILED:
            return True
        if self.waker.terminations:
            trial.excuse()
            return True
        return time.monotonic() - trial.ended_at > _SIGNAL_S

    def _reclaim(self) -> None:
        """Begin trials that were leased to us by a call whose answer was lost."""
        if not self.link.may_have_lost or not self.link.is_up:
            return
        room = 0
        if self._wants_more():
            room = min(self.slots - len(self.running), self._left())
            if room <= 0:
                return  # soon: until then nothing more is asked for
        held = {(trial.lease.number, trial.lease.attempt) for trial in self.running}
        leases = self.link.unheard(held)
        for lease in leases[room:]:
            self.link.give_back(lease)
        self._start(leases[:room])

    def _count(self, trial: RunningTrial, ended: Trial | None) -> None:
        outcome = trial.outcome
        error = None if outcome is None else outcome.error
        failed = outcome is not None and outcome.state is State.FAILED
        if trial.lost or ended is None:
            text = "its lease was lost"
        else:
            text = f"{ended.state}" + (f": {error}" if error else "")
            self.ran += ended.state is not State.WAITING or failed
            self.failed += failed
            self.in_a_row = self.in_a_row + 1 if failed else 0
            self._heed_failure(failed=failed)
        number = trial.lease.number
        self.on_event(Event(kind="ended", number=number, text=text, trial=ended))
        warning = None if outcome is None else outcome.facts.get("warning")
        # Where a process drives us, it is the one that says so.
        if warning and not self.has_warned and self.options.parent_fd is None:
            self.has_warned = True
            self._note(f"trial {number}: {warning}")

    def _heed_failure(self, *, failed: bool) -> None:
        if failed:
            self.deciding.hurry()
            if self.failed == 1:
                self.began_with_it = list(self.running)
        most, first = self.options.most_failed, self.options.most_failed_first
        row = self.in_a_row
        if most and row >= most:
            self.gave_up = True
            self._leave(f"{row} trials in a row have failed")
        elif first and row == self.failed == self.ran and row >= first and not self._waits():
            self.gave_up = True
            self._leave(f"the first {row} trials that it ran have all failed")

    def _waits(self) -> bool:
        """Tell whether a trial still runs that ran when the first one failed: it may do better."""
        return any(trial in self.began_with_it for trial in self.running)

    def _doubts(self, row: int) -> bool:
        """Tell whether so many failures in a row may be enough for whoever decides.

        It is given a moment then, as quick failures would be through the queue before.
        """
        most = self.link.record.sweep.max_failures
        if most is None:
            most = FIRST if self.failed == self.ran else 0
        return most > 0 and row % most == 0

    def _fill(self) -> None:
        """Lease for the free slots; decide first where nobody else does."""
        now = time.monotonic()
        free = min(self.slots - len(self.running), self._left())
        if free <= 0 or not self._wants_more() or not self.link.is_up or self.link.may_have_lost:
            return
        self._release_dead()
        if now < self.lease_at or now < self.doubts_until:
            return
        self.lease_at = now + self.link.pace.lease_s
        leases = self.link.lease(free)
        if leases:
            self.idle_since = now
        elif self.deciding.is_ours(self.idle_since):
            leases = self.deciding.decide(free)
        self._start(leases)

    def _wants_more(self) -> bool:
        return self.leaving is None and self._left() > 0

    def _left(self) -> int:
        count = self.options.count
        return self.slots if count is None else max(0, count - self.leased)

    # -- coming and going ---------------------------------------------------------------

    def _look(self) -> None:
        now = time.monotonic()
        if now < self.look_at or not self.link.is_up:
            return
        busy = len(self.running) >= self.slots or self.leaving is not None
        pace, idle_s = self.link.pace, now - self.idle_since
        self.look_at = now + (pace.busy_look_s if busy else pace.idle_look_s(idle_s))
        if self.link.look():
            self._follow()
            self.lease_at = 0.0

    def _follow(self) -> None:
        try:
            self.workshop.follow(self.link.record)
        except ConfigError as error:
            self._leave(str(error), now=True)

    def _heed_signals(self) -> None:
        waker = self.waker
        if self.options.forward_signals and self._forward():
            return
        if waker.parent_gone:
            self._leave("the process that started it is gone", now=True)
        if waker.terminations:
            self._leave("it was terminated", now=True)
        if waker.interrupts:
            self._leave("it was interrupted", now=waker.interrupts > 1)
        if waker.terminations > 1 or waker.interrupts > 2:
            for trial in self.running:
                trial.kill()
        if self.link.is_gone:
            self._leave("the sweep is gone", now=True)
            for trial in self.running:
                trial.lost = True

    def _forward(self) -> bool:
        """Send a first signal on to the programs; tell whether that is all there is to do."""
        waker = self.waker
        came = waker.interrupts + waker.terminations
        if came != 1 or waker.parent_gone or self.link.is_gone:
            return False
        if not self.forwarded:
            self.forwarded = signal.SIGTERM if waker.terminations else signal.SIGINT
            self._leave("it was terminated" if waker.terminations else "it was interrupted")
            for trial in self.running:
                trial.forward(self.forwarded)
        return True

    def _leave(self, reason: str, *, now: bool = False) -> None:
        if self.leaving is None:
            self.leaving = reason
        if now:
            for trial in self.running:
                trial.give_back()

    def _may_go(self) -> bool:
        """Tell whether this was the last turn."""
        now = time.monotonic()
        if self.running:
            self.idle_since = now
            waiting = [trial for trial in self.running if trial.outcome is None]
            if waiting or not self.link.has_trouble or self.leaving is None:
                self.leaving_since = now
            # The store is away and the trials have ended: their leases will lapse.
            return now - self.leaving_since > _LEAVE_S
        if self.leaving is not None:
            return self._is_sent()
        record, idle_s = self.link.record, self.options.idle_timeout_s
        if self._left() == 0:
            self.leaving = "it has run as many trials as it was asked to"
        elif record.control in {Control.STOPPED, Control.CANCELLED} or (
            record.is_ended and not record.counts.get(State.WAITING, 0)
        ):
            why = f": {record.reason}" if is_for_failures(record.reason) else ""
            self.leaving = f"the sweep is {record.control}{why}"
        elif idle_s is not None and now - self.idle_since > idle_s:
            self.leaving = f"there was nothing to run for {idle_s:g} s"
        if self.leaving is not None:
            self.leaving_since = now
        return self.leaving is not None and self._is_sent()

    def _is_sent(self) -> bool:
        """Tell whether the server has what the trials left, or is not to be waited for."""
        sending, waker = self.sending, self.waker
        if sending is None or not sending.left:
            return True
        in_haste = waker.terminations > 0 or waker.parent_gone
        waited_s = time.monotonic() - self.leaving_since if in_haste else sending.trouble_s
        said_twice = waker.interrupts > 1 or waker.terminations > 1
        if not said_twice and waited_s <= (_LEAVE_S if in_haste else _SEND_S):
            return False
        self._note(
            f"what {sending.left} trials left was not sent; it lies here, and the next agent "
            "that is started here for the sweep sends it"
        )
        return True

    def _pause_s(self) -> float:
        now = time.monotonic()
        pauses = [max(0.0, self.look_at - now), *(trial.next_look_s for trial in self.running)]
        if any(trial.unsent for trial in self.running):
            pauses.append(0.1)
        if not self.link.is_up:
            pauses = [max(pause, 0.05) for pause in pauses]
        return min(pauses)

    def _release_dead(self) -> None:
        count = self.peers.release_dead(len(self.running))
        if count:
            self._note(f"{count} trials of agents that died are run again")
            self.lease_at = 0.0

    def _pass_on_notes(self) -> None:
        for note in () if self.sending is None else self.sending.notes():
            self._note(note)

    def _note(self, text: str) -> None:
        self.on_event(Event(kind="note", text=text))


def _slots(options: Options, devices: Devices) -> int:
    room = [max(1, options.workers)]
    if devices.capacity is not None:
        room.append(max(1, devices.capacity))
    if options.cpus_per_trial:
        room.append(max(1, int(cores() / options.cpus_per_trial)))
    return min(room)


def _server_decides(store: Store) -> bool:
    """Tell whether a server decides for the sweeps that it serves."""
    if not is_served(store.url):
        return False
    from sonde.store.http import HttpStore

    return isinstance(store, HttpStore) and patiently(store, store.facts).decides


def _sending(options: Options, store: Store, sweep: str, waker: Waker) -> "Sending | None":
    """Return what sends files to the store, if it is a server that is to have them."""
    if not options.upload or not is_served(store.url):
        return None
    from sonde.agent.sending import Sending
    from sonde.store.http import HttpStore

    if not isinstance(store, HttpStore):
        return None
    line = HttpStore(store.url, token=store.token)  # of its own: files take their time
    return Sending(line, options.root, sweep, limit=options.upload_limit, wake=waker.wake)


def _values(lease: Lease) -> str:
    return " ".join(f"{name}={value}" for name, value in lease.params.items())
