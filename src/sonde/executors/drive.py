"""Drive a sweep to its end from one process: decide, keep agents running, tell a listener.

What `sonde run`, `sonde resume` and `Sweep.run(workers=N)` share. The first Ctrl-C asks for
no more and lets running trials finish, the second gives them back and ends; both leave a
sweep that can be resumed.
"""

import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from types import FrameType
from typing import Protocol

from sonde.controller import Controller, utc_now
from sonde.core.decide import Situation, at_work, is_out_of_time
from sonde.core.history import History
from sonde.core.sweep import Control
from sonde.core.trial import State, Trial
from sonde.errors import ConfigError, StoreError
from sonde.executors.protocol import AgentSpec, Executor, Exited
from sonde.store import is_served
from sonde.store.protocol import Store, SweepRecord
from sonde.store.waiting import on_wait

__all__ = ["Listener", "Result", "View", "code_of", "drive"]

_POLL_S = 0.03
_UPDATE_S = 0.15  # how often a listener hears of a sweep in which nothing happens
_RESTARTS = 5  # of agents that died, within
_RESTART_WINDOW_S = 60.0
_LEAVE_S = 20.0  # for agents to leave a sweep that has ended
_SEND_S = 3600.0  # the same while they send files to a server
_QUEUE_LIMIT = 512
_CURVE_S = 0.5
_ROOM_S = 2.0  # how often a place is asked whether it has grown
_SAID_S = 60.0  # what an agent says is passed on once in so long, whoever says it

EXIT_DONE, EXIT_NOTHING, EXIT_EARLY, EXIT_INTERRUPTED = 0, 1, 3, 130


@dataclass(slots=True, kw_only=True)
class View:
    """What a listener may show; read it, do not keep it.

    Attributes:
        curve: The values so far of the first goal's metric in a trial, by its number.
    """

    record: SweepRecord
    history: History
    method: str
    method_reason: str
    workers: int
    store: str
    started: datetime
    now: datetime
    curve: Callable[[int], Sequence[float]]

    @property
    def running(self) -> list[Trial]:
        """The running trials, in the order in which they began."""
        return [self.history.trials[number] for number in self.history.running]


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """How a drive ended.

    Attributes:
        code: The exit code: 0 done, 1 nothing completed or no trial with a value, 3 ended early
            with results, 130 or 128 + signal where it was made to end at once.
        reason: Why, for people.
    """

    code: int
    reason: str
    record: SweepRecord
    history: History


class Listener(Protocol):
    """Somebody who watches a drive."""

    def begin(self, view: View) -> None:
        """The drive begins."""

    def update(self, view: View, changed: Sequence[Trial]) -> None:
        """Some trials changed, or a moment has passed."""

    def note(self, text: str) -> None:
        """One line for people."""

    def end(self, view: View, result: Result) -> None:
        """The drive is over."""


def drive(
    store: Store,
    sweep: str,
    *,
    executor: Executor,
    agent: AgentSpec,
    agents: int | None,
    listener: Listener,
    most: int | None = None,
    signals: bool = True,
) -> Result:
    """Run a sweep to its end with `agents` agents as `agent` says, and return how it went.

    Args:
        agents: None: as many as the place has room for, which may grow and shrink meanwhile.
        most: How many trials at once further agents may make of it, when the sweep's limit is
            raised meanwhile; None: no further ones are started.
        signals: Handle SIGINT, SIGTERM and SIGHUP meanwhile (only in a main thread).
    """
    stop_signals = _Signals()
    with stop_signals.handled() if signals else _nothing():
        driver = _Driver(store, sweep, executor, agent, agents, listener, stop_signals, most)
        try:
            return driver.run()
        finally:
            executor.close()


def code_of(record: SweepRecord, history: History) -> int:
    """Return the exit code for a sweep that nobody runs: 0, 1 or 3, as in `Result`."""
    completed = history.counts[State.DONE] > 0 or any(
        trial.metrics for trial in history.trials if trial.state is State.STOPPED
    )
    wanted = {goal.metric for goal in record.sweep.goals}
    if wanted and not any(wanted & trial.metrics.keys() for trial in history.trials):
        completed = False  # all of it ran, and there is nothing to compare
    if not completed:
        return EXIT_NOTHING
    situation = Situation(record.revision, record.control, record.budget, utc_now())
    met = record.control is Control.DONE or is_out_of_time(history, situation)
    return EXIT_DONE if record.is_ended and met else EXIT_EARLY


class _Signals:
    """How often we were asked to end, and by what."""

    def __init__(self) -> None:
        self.interrupts = 0
        self.fatal: int | None = None

    @contextmanager
    def handled(self) -> Iterator[None]:
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        caught = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        before = {number: signal.signal(number, self._note) for number in caught}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _note(self, number: int, _: FrameType | None) -> None:
        if number == signal.SIGINT:
            self.interrupts += 1
        else:
            self.fatal = number


@contextmanager
def _nothing() -> Iterator[None]:
    yield


class _Driver:
    def __init__(
        self,
        store: Store,
        sweep: str,
        executor: Executor,
        agent: AgentSpec,
        agents: int | None,
        listener: Listener,
        signals: _Signals,
        most: int | None,
    ) -> None:
        self.store, self.executor, self.listener, self.signals = store, executor, listener, signals
        self.agent, self.follows = agent, agents is None
        self.agents = agents or executor.room(agent.each) or 1
        self.roomy_at = time.monotonic()  # when the place was asked for its room
        self.most, self.extra = most, 0  # places for trials in agents started later
        self.controller = Controller(store, sweep)
        self.limit = self.controller.record.budget.workers
        self.curves = _Curves(store, sweep)
        self.want = self.workers
        self.phase = 0  # 1: finishing, 2: ending now, 3: firmly
        self.deaths: list[float] = []
        self.trouble: str | None = None  # of the store, said once
        on_wait(store, self._say_trouble)
        self.has_warned = False  # of a metric that never came
        self.given_up: str | None = None
        self.said: dict[str, float] = {}  # when an agent's words were passed on
        self.started = utc_now()

    @property
    def workers(self) -> int:
        """How many trials are to run at once."""
        return self.places if self.limit is None else min(self.places, self.limit)

    @property
    def places(self) -> int:
        """How many trials our agents have room for."""
        return self.agents * self.agent.workers + self.extra

    def run(self) -> Result:
        self.controller.refresh()
        self.listener.begin(self._view())
        self._decide()
        if not self.controller.record.is_ended:
            self.executor.start(self.agent, self.agents)
        last_update, last_stamp, ended_at = 0.0, None, None
        while True:
            self._heed_signals()
            self._watch()
            self._follow_room()
            stamp = self._stamp()
            changed: Sequence[Trial] = ()
            tick = time.monotonic()
            if stamp != last_stamp or tick - last_update >= _UPDATE_S:
                changed = self._decide()
                last_stamp = stamp
            if changed or tick - last_update >= _UPDATE_S:
                self.listener.update(self._view(), changed)
                self._warn(changed)
                last_update = tick
            if not self.executor.alive():
                break
            if self.controller.record.is_ended:
                ended_at = ended_at or tick
                if tick - ended_at > _LEAVE_S and not self._are_sending(tick - ended_at):
                    self.executor.stop(now=True)
            time.sleep(_POLL_S)
        self._watch()
        changed = self._decide()
        self.listener.update(self._view(), changed)
        self._warn(changed)
        result = self._result()
        self.listener.end(self._view(), result)
        return result

    def _are_sending(self, for_s: float) -> bool:
        """Tell whether agents are still to be let send a server what their trials left."""
        if not is_served(self.store.url) or for_s > _SEND_S:
            return False
        from sonde.agent.sending import is_sending

        return is_sending(Path(self.agent.root), self.controller.sweep)

    def _heed_signals(self) -> None:
        asked = 2 if self.signals.fatal else min(self.signals.interrupts, 3)
        if asked <= self.phase:
            return
        self.phase = asked
        if asked == 1:
            running = self.controller.history.counts[State.RUNNING]
            self.listener.note(
                f"Ctrl-C: asking for no more; {running} running trials may finish. "
                "Again: end them now"
            )
            self.executor.stop(now=False)
        else:
            self.listener.note("ending now; running trials are given back to the sweep")
            self.executor.stop(now=True)

    def _stamp(self) -> object:
        try:
            return self.store.stamp()
        except StoreError:
            return None

    def _decide(self) -> Sequence[Trial]:
        """Follow the sweep, and decide while we are in charge; a store in trouble is waited for."""
        try:
            changed = self.controller.refresh()
            if not self.phase:
                self._follow_limit()
                self._fill()
            elif self.controller.judge is not None and self.phase == 1:
                self.controller.step(0)
        except StoreError as error:
            self._say_trouble(error)
            return ()
        if self.trouble is not None:
            self.listener.note("the store answers again")
            self.trouble = None
        return changed

    def _say_trouble(self, error: StoreError) -> None:
        if self.trouble is None:
            self.listener.note(f"the store does not answer, trying again: {error}")
        self.trouble = str(error)

    def _follow_limit(self) -> None:
        """Start further agents where more trials may run at once than these have places for.

        Only when the limit was changed: what it was before is what `-j` was typed with.
        """
        limit = self.controller.record.budget.workers
        if limit == self.limit:
            return
        self.limit = limit
        wanted = min(limit or 0, self.most or 0)
        if wanted > self.places and not self.controller.record.is_ended:
            more = wanted - self.places
            self.executor.start(replace(self.agent, workers=1), more)
            self.extra += more
        text = "any number" if limit is None else str(limit)
        self.listener.note(f"{text} may run at once now; here is room for {self.places}")

    def _fill(self) -> None:
        counts = self.controller.history.counts
        waiting = counts[State.WAITING]
        if self.controller.adaptive:
            # As late as can be, so that each proposal knows the results of all that ended.
            self.want = max(0, self.workers - counts[State.RUNNING])
            if waiting >= self.want:
                self._look_after()
                return
        else:
            # A queue that ran dry between two polls was too short for trials this quick.
            if not waiting and self.controller.history.ended:
                self.want = min(self.want * 2, _QUEUE_LIMIT)
            if waiting > self.want // 2:
                self._look_after()
                return
        self.controller.step(self.want)

    def _look_after(self) -> None:
        """Decide on what runs: whether its time is up, a rule stops it, or all of it fails."""
        controller = self.controller
        is_timed = controller.record.budget.time_s is not None
        if is_timed or controller.judge is not None or controller.is_failing:
            controller.step(0)

    def _watch(self) -> None:
        gone = self.executor.watch()
        for line in self.executor.said():
            self._pass_on(line)
        lost = [exited for exited in gone if not exited.clean]
        if not lost:
            return
        now = time.monotonic()
        for exited in lost:
            self._give_back(exited)
        self.deaths = [at for at in self.deaths if now - at < _RESTART_WINDOW_S]
        self.deaths += [now] * len(lost)
        if self.phase or self.controller.record.is_ended:
            return
        if len(self.deaths) > _RESTARTS * self.agents:
            self.given_up = f"agents keep dying: {lost[-1].detail}"
            self.listener.note(self.given_up)
            return
        room = self.agents - self.executor.alive() if self.follows else len(lost)
        self.executor.start(self.agent, max(0, min(len(lost), room)))

    def _follow_room(self) -> None:
        """Have as many agents as there is room for, where machines come and go."""
        now = time.monotonic()
        if not self.follows or self.phase or now - self.roomy_at < _ROOM_S:
            return
        self.roomy_at = now
        if self.controller.record.is_ended or self.given_up:
            return
        try:
            room = self.executor.room(self.agent.each) or 1
        except ConfigError:
            room = 1  # the last machine that could is gone; one agent waits for another
        self.agents = room
        more = room - self.executor.alive()
        if more > 0:
            self.executor.start(self.agent, more)

    def _warn(self, changed: Sequence[Trial]) -> None:
        """Say once, after the first trial that ended without it, that a metric never came."""
        for trial in changed:
            warning = trial.facts.get("warning") if trial.state is State.DONE else None
            if warning and not self.has_warned:
                self.has_warned = True
                self.listener.note(f"trial {trial.number}: {warning}")

    def _pass_on(self, line: str) -> None:
        now = time.monotonic()
        if now - self.said.get(line, -_SAID_S) >= _SAID_S:
            self.said[line] = now
            self.listener.note(line)

    def _give_back(self, exited: Exited) -> None:
        self.listener.note(f"an agent died ({exited.detail}); its trials are run again")
        if exited.agent is None:
            return  # its lease lapses
        try:
            self.store.release(self.controller.sweep, [exited.agent], utc_now())
        except StoreError as error:
            self.listener.note(f"its trials wait for their leases to lapse: {error}")

    def _view(self) -> View:
        controller = self.controller
        name, reason = at_work(controller.history)
        return View(
            record=controller.record,
            history=controller.history,
            method=name,
            method_reason=reason,
            workers=self.workers,
            store=self.store.url,
            started=self.started,
            now=utc_now(),
            curve=self.curves.values,
        )

    def _result(self) -> Result:
        record, history = self.controller.record, self.controller.history
        code = code_of(record, history)
        if self.phase > 1:
            fatal = self.signals.fatal
            code = EXIT_INTERRUPTED if fatal is None else 128 + fatal
            reason = "interrupted; the sweep can be resumed"
        elif record.is_ended:
            reason = record.reason or str(record.control)
        else:
            reason = self.given_up or "ended before the budget was met; the sweep can be resumed"
        return Result(code=code, reason=reason, record=record, history=history)


class _Curves:
    """The curves of trials that are being shown, read again only when something changed."""

    def __init__(self, store: Store, sweep: str) -> None:
        self._store, self._sweep = store, sweep
        self._metric = next((goal.metric for goal in store.get_sweep(sweep).sweep.goals), None)
        self._known: dict[int, tuple[float, tuple[float, ...]]] = {}

    def values(self, number: int) -> Sequence[float]:
        """Return the values so far, at most `_CURVE_S` old."""
        now = time.monotonic()
        read_at, values = self._known.get(number, (0.0, ()))
        if self._metric is None or now - read_at < _CURVE_S:
            return values
        try:
            curves = self._store.curves(self._sweep, [number], [self._metric])
        except StoreError:
            return values
        curve = curves.get(number, {}).get(self._metric)
        values = () if curve is None else tuple(curve.values)
        self._known[number] = (now, values)
        return values
