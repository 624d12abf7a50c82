"""Run a sweep's function in this process, one trial after the other (`workers=0`).

For functions so quick that a process would cost more than the work, for debuggers, and
where nothing can be pickled. A trial can only be ended where it logs.
"""

import signal
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Any

from sonde.agent.folder import TrialFolder
from sonde.agent.identity import me
from sonde.agent.inheriting import inherit
from sonde.agent.missing import missing
from sonde.api.judged import Judged
from sonde.api.keeper import Held, Keeper, release_dead
from sonde.api.trial import thawed
from sonde.controller import Controller, utc_now
from sonde.core.decide import at_work
from sonde.core.returned import returned_metrics
from sonde.core.streams import trial_seed
from sonde.core.trial import Lease, Outcome, State, Trial
from sonde.errors import ConfigError, LeaseLostError, Stopped
from sonde.executors.drive import Listener, Result, View
from sonde.store.protocol import Ask, Store
from sonde.tracking import Run, install

__all__ = ["run_here"]

_UPDATE_S = 0.15  # how often a listener hears of us
_WAIT_S = 0.1  # where other agents run what is left
_AHEAD = 32  # trials that a method makes at once if it does not learn from results


def run_here(
    store: Store,
    sweep: str,
    function: Callable[..., Any],
    *,
    listener: Listener,
    folder: Callable[[int], TrialFolder],
    count: int | None = None,
) -> Result:
    """Call the function until the sweep has ended, or Ctrl-C.

    Args:
        function: Called with the parameters by name.
        folder: Returns the folder of a trial, which need not be there.
        count: End after so many trials.

    Raises:
        KeyboardInterrupt: At the second Ctrl-C; the trial is given back.
    """
    return _Loop(store, sweep, function, listener, folder, count).run()


class _Loop:
    def __init__(
        self,
        store: Store,
        sweep: str,
        function: Callable[..., Any],
        listener: Listener,
        folder: Callable[[int], TrialFolder],
        count: int | None,
    ) -> None:
        self.left = count
        self.store, self.function, self.listener, self.folder = store, function, listener, folder
        self.controller = Controller(store, sweep)
        self.goals = self.controller.record.sweep.goals
        self.seed = self.controller.record.sweep.seed
        lease_s = self.controller.record.sweep.lease_s
        self.ask = Ask(agent=me(), count=1, lease_s=lease_s)
        self.keeper = Keeper(store, lease_s)
        self.wanted = self.controller.record.sweep.wanted
        self.has_warned = False
        self.interrupts = 0
        self.started = utc_now()
        self.changed: list[Trial] = []

    def run(self) -> Result:
        release_dead(self.controller)
        self.listener.begin(self._view())
        try:
            with self._interruptible():
                self._work()
        finally:
            self.keeper.close()
            self._follow()
            record, history = self.controller.record, self.controller.history
            completed = history.counts[State.DONE] + history.counts[State.STOPPED]
            reason = record.reason or str(record.control)
            if not record.is_ended:
                reason = "interrupted; the sweep can be resumed"
            code = 3 if not record.is_ended else 0 if completed else 1
            result = Result(code=code, reason=reason, record=record, history=history)
            self.listener.update(self._view(), self.changed)
            self.listener.end(self._view(), result)
        return result

    def _work(self) -> None:
        controller = self.controller
        leases: Sequence[Lease] = ()
        next_update = time.monotonic() + _UPDATE_S
        while not self.interrupts and self.left != 0:
            now = time.monotonic()
            if not leases or now >= next_update:
                leases = leases or controller.step(self._ahead(), self.ask)
                if now >= next_update:
                    self._follow()
                    self.listener.update(self._view(), self.changed)
                    self.changed = []
                    next_update = now + _UPDATE_S
            if leases:
                self.left = None if self.left is None else self.left - 1
                leases = self._run_one(leases[0])
            elif controller.record.is_ended:
                return
            else:
                # Paused, or other agents have what is left: their leases may lapse.
                time.sleep(_WAIT_S)
        for lease in leases:  # leased with the last result, and not begun
            self.store.finish(lease, Outcome(state=State.WAITING), utc_now())

    def _ahead(self) -> int:
        """Return how many trials are to wait at most."""
        if self.controller.adaptive:
            return 1
        return _AHEAD if self.left is None else min(_AHEAD, self.left)

    def _run_one(self, lease: Lease) -> Sequence[Lease]:
        """Run a trial, and return what was leased for the next round."""
        folder = self.folder(lease.number)
        held = Held(lease, self._deadline())
        judged = Judged(self.controller, held, self._follow)
        params = thawed(lease.params)
        run = Run(
            values=params,
            write=judged.report,
            asked=held.is_to_end,
            folder=lambda: str(folder.checkpoint),
            seed=trial_seed(self.seed, lease.number),
            raises=True,
            check_every_s=0,  # it costs nothing here, and is heard at the very report
        )
        former = install(run)
        self.keeper.add(held)
        try:
            outcome = self._called(lease, params, run)
        except BaseException:
            self._end(held, Outcome(state=State.WAITING))
            raise
        finally:
            judged.close()
            install(former)
        is_late = held.deadline is not None and time.monotonic() >= held.deadline
        # After a failure the controller is asked first, which may have enough of them.
        is_last = is_late or self.left == 0 or outcome.state is State.FAILED
        return self._end(held, outcome, None if is_last else self.ask)

    def _called(self, lease: Lease, params: Mapping[str, Any], run: Run) -> Outcome:
        number = lease.number
        try:
            for _ in inherit(self.folder(number), lease):
                pass
            returned = self.function(**params)
            values = returned_metrics(returned, self.goals, run.summary)
            # Whoever was told to stop, and did, has not come to its end.
            state = State.STOPPED if run.has_heard_stop else State.DONE
            warning = missing(self.wanted, [*run.summary, *values])
            if warning is None or state is not State.DONE:
                return Outcome(state=state, values=values)
            if not self.has_warned:
                self.has_warned = True
                self.listener.note(f"trial {number}: {warning}")
            return Outcome(state=state, values=values, facts={"warning": warning})
        except Stopped:
            return Outcome(state=State.STOPPED)
        except ConfigError as error:  # of the return value, of `sonde.log`, ...: it says where
            return _failed(error, str(error))
        except (Exception, SystemExit) as error:  # noqa: BLE001 - the user's function
            return _failed(error, f"{type(error).__name__}: {error}".rstrip(": "))

    def _end(self, held: Held, outcome: Outcome, ask: Ask | None = None) -> Sequence[Lease]:
        self.keeper.remove(held)
        try:
            _, leases = held.finish(self.store, outcome, ask)
        except LeaseLostError:  # we were silent for too long: suspended, say
            self.listener.note(f"trial {held.lease.number} was given to another agent meanwhile")
            return ()
        return leases

    def _deadline(self) -> float | None:
        time_s = self.controller.record.budget.time_s
        if time_s is None:
            return None
        return time.monotonic() + time_s - self.controller.history.working_time(utc_now())

    def _follow(self) -> None:
        self.changed.extend(self.controller.refresh())

    @contextmanager
    def _interruptible(self) -> Iterator[None]:
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = signal.signal(signal.SIGINT, self._interrupt)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)

    def _interrupt(self, _: int, __: FrameType | None) -> None:
        self.interrupts += 1
        if self.interrupts > 1:
            raise KeyboardInterrupt
        self.listener.note("Ctrl-C: asking for no more; the running trial may finish. Again: end")

    def _view(self) -> View:
        controller = self.controller
        name, reason = at_work(controller.history)
        return View(
            record=controller.record,
            history=controller.history,
            method=name,
            method_reason=reason,
            workers=1,
            store=self.store.url,
            started=self.started,
            now=utc_now(),
            curve=lambda _: (),
        )


def _failed(error: BaseException, text: str) -> Outcome:
    below = error.__traceback__.tb_next if error.__traceback__ else None  # without our own frame
    frames = "".join(traceback.format_exception(type(error), error, below))
    return Outcome(state=State.FAILED, error=text.partition("\n")[0], facts={"traceback": frames})
