"""Virtual time, and who lives in it: agents, those who decide, and a user who interferes.

Everybody is a generator that yields how many seconds to wait; a heap says whose turn it is. A
call of the store takes time to arrive and its answer to come back. It may arrive late, twice,
or after its sender has died, and it carries the time of its sender's clock. Real are the
controller, the store and all that they do; only the training is made up.
"""

import math
import random
from collections.abc import Callable, Generator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush
from typing import Any, TypeVar, cast

from sonde.controller import Controller
from sonde.core.decision import Decision
from sonde.core.sweep import Budget, Control
from sonde.core.trial import Lease, Outcome, Report, State, Verdict
from sonde.errors import ConflictError, LeaseLostError
from sonde.store.protocol import Ask, Store, SweepRecord
from sonde.testing.simulation.plan import Plan, Progress, Result
from sonde.testing.simulation.witness import BrokenPromiseError, Witness

__all__ = ["simulate"]

Life = Generator[float, None, None]
T = TypeVar("T")

_START = datetime(2026, 1, 1, tzinfo=UTC)
_POLL_S = 0.5  # of those who decide
_QUEUE = 5000  # waiting trials at most, ahead of what runs
_IDLE_S = (1.0, 20.0)  # between two questions of an agent without work: at first, and at most


def simulate(
    store: Store,
    plan: Plan,
    *,
    on_progress: Callable[[Progress], None] | None = None,
    every: int = 10_000,
    decide: Callable[[Controller, int], None] | None = None,
) -> Result:
    """Run a sweep to its end.

    Args:
        store: Where; a sweep is added to it.
        plan: How large.
        on_progress: Told after `every` ended trials.
        decide: Called instead of `controller.step(want)`, for whoever measures it.

    Raises:
        BrokenPromiseError: As soon as something is not as it always must be.
    """
    world = _World(store, plan, on_progress, every, decide or _step)
    world.run()
    return world.result()


def _step(controller: Controller, want: int) -> None:
    controller.step(want)


class _World:
    def __init__(
        self,
        store: Store,
        plan: Plan,
        on_progress: Callable[[Progress], None] | None,
        every: int,
        decide: Callable[[Controller, int], None],
    ) -> None:
        self.plan, self.mishaps, self.decide = plan, plan.mishaps, decide
        self.on_progress, self.every, self.told = on_progress, every, 0
        self.chance = random.Random(plan.seed)  # noqa: S311 - a made-up world
        self.now, self.turns, self.queue = 0.0, 0, list[tuple[float, int, Life]]()
        self.happened: dict[str, int] = {}
        self.steps: dict[int, int] = {}  # of unfinished trials: how many steps are checkpointed
        self.is_over = False
        self.back_at = 0.0  # when the network of half of the agents is there again
        first = Budget(trials=max(1, (plan.sweep.budget.trials or 0) * 4 // 5))  # then the rest
        self.record = store.create_sweep(replace(plan.sweep, budget=first), self.clock())
        self.sweep = self.record.id
        (goal,) = plan.sweep.goals
        self.metric = goal.metric
        self.witness = Witness(store, self.sweep, goal.metric)
        self.store = cast("Store", self.witness)  # what it does not watch it passes on
        self.restarts_left = plan.mishaps.restarts
        self.controllers: list[Controller] = []  # of those who decide
        self.is_raced = False

    # -- time ---------------------------------------------------------------------------

    def clock(self, skew_s: float = 0.0) -> datetime:
        """Return the time on a clock that is off by so much."""
        return _START + timedelta(seconds=self.now + skew_s)

    def begin(self, life: Life, after: float = 0.0) -> None:
        """Have somebody live, from after so many seconds on."""
        self.turns += 1
        heappush(self.queue, (self.now + after, self.turns, life))

    def run(self) -> None:
        """Live until all has ended."""
        plan, queue = self.plan, self.queue
        for _ in range(plan.deciders):
            self.begin(self._deciding())
        for name in range(plan.agents):
            self.begin(_Agent(self, f"a{name}").life(), self.chance.uniform(0.0, plan.trial_s))
        if plan.mishaps.pauses:
            self.begin(self._user(), plan.trial_s)
        while queue:
            self.now, _, life = heappop(queue)
            try:
                wait_s = next(life)
            except StopIteration:
                continue
            self.turns += 1
            heappush(queue, (self.now + wait_s, self.turns, life))
        self.witness.audit()
        if not self.record.is_ended:
            raise BrokenPromiseError(f"everybody has left, and the sweep is {self.record.state}")

    def count(self, what: str) -> None:
        """Note that something befell the sweep."""
        self.happened[what] = self.happened.get(what, 0) + 1

    def happens(self, share: float) -> bool:
        """Tell whether one of the mishaps befalls somebody now."""
        return share > 0 and self.chance.random() < share

    def result(self) -> Result:
        """Return what happened."""
        return Result(
            sweep=self.sweep,
            time_s=self.now,
            checks=self.witness.checks,
            happened=dict(sorted(self.happened.items())),
            counts=dict(self.record.counts),
        )

    # -- deciding -----------------------------------------------------------------------

    def _deciding(self) -> Life:
        """Decide, as `sonde run` does: read, fill the queue, look after what runs."""
        skew_s = self._skew()
        raced = cast("Store", _Raced(self))
        controller = Controller(raced, self.sweep, clock=lambda: self.clock(skew_s))
        self.controllers.append(controller)
        want = self.plan.agents
        while True:
            controller.refresh()
            history, record = controller.history, controller.record
            if history.counts != record.counts:
                raise BrokenPromiseError(f"not so: the fold counts {history.counts}")
            self._progress(history.ended)
            if self._is_done(controller):
                return
            if self.restarts_left and history.ended > self._share_of(self.restarts_left):
                self.restarts_left -= 1
                self._restart(controller)
                return
            counts = record.counts
            waiting = counts[State.WAITING]
            limit = record.budget.workers
            if controller.adaptive:
                room = self.plan.agents if limit is None else min(self.plan.agents, limit)
                want = max(0, room - counts[State.RUNNING])
                is_filled = waiting >= want
            else:
                if not waiting and history.ended:
                    want = min(want * 2, _QUEUE)
                is_filled = waiting > want // 2
            if not is_filled:
                self.decide(controller, want)
            elif controller.judge is not None or controller.is_failing:
                self.decide(controller, 0)
            yield _POLL_S * self.chance.uniform(0.8, 1.2)

    def _is_done(self, controller: Controller) -> bool:
        self.record = controller.record
        trials = self.plan.sweep.budget.trials
        is_ended = self.record.is_ended and self.record.control is Control.DONE
        if is_ended and self.record.budget.trials != trials:
            # The user gives it the rest, as `sonde resume` does.
            self.count("budget raised")
            self.store.update_sweep(
                self.sweep, self.clock(), control=Control.RUNNING, budget=Budget(trials=trials)
            )
            return False
        self.is_over = is_ended  # whom the user has stopped, the user lets go on
        return self.is_over

    def _restart(self, controller: Controller) -> None:
        """Let one who decides die; who takes over must see what it saw, and propose the same."""
        self.count("controllers died")
        self.controllers.remove(controller)
        after = Controller(self.store, self.sweep, clock=self.clock)
        after.refresh()
        same = after.history.best == controller.history.best
        if not same or after.proposal() != controller.proposal():
            raise BrokenPromiseError("not so: who begins anew proposes what the other one would")
        self.begin(self._deciding(), self.chance.expovariate(1 / self.mishaps.back_s))

    def _share_of(self, left: int) -> float:
        trials = self.plan.sweep.budget.trials or 0
        share = 1 - left / (self.mishaps.restarts + 1)
        return trials * share

    def _progress(self, ended: int) -> None:
        if self.on_progress is not None and ended >= self.told + self.every:
            self.told = ended - ended % self.every
            self.on_progress(Progress(ended=ended, time_s=self.now, events=self.turns))

    def _user(self) -> Life:
        """Interfere: pause, stop and go on; lower how many may run, and let them all again."""
        trials = self.plan.sweep.budget.trials or 0
        rounds = trials / self.plan.agents
        every_s = max(rounds * self.plan.trial_s / (self.mishaps.pauses + 1), self.plan.trial_s)
        for turn in range(self.mishaps.pauses):
            yield every_s * self.chance.uniform(0.5, 1.0)
            if self.is_over:
                return
            before = self.store.get_sweep(self.sweep)
            if before.control is not Control.RUNNING:
                continue
            budget = before.budget
            if turn % 4 == 3:
                self.count("outages")
                self.back_at = self.now + self.plan.lease_s * 1.5
                continue
            if turn % 4 == 2:
                self.count("limits lowered")
                few = Budget(trials=budget.trials, workers=max(1, self.plan.agents // 2))
                self.store.update_sweep(self.sweep, self.clock(), budget=few)
                yield self.plan.trial_s
                self.store.update_sweep(self.sweep, self.clock(), budget=budget)
                continue
            control = (Control.PAUSED, Control.STOPPED)[turn % 4]
            self.count(str(control))
            self.store.update_sweep(self.sweep, self.clock(), control=control)
            yield self.plan.lease_s * self.chance.uniform(0.5, 2.0)
            self.store.update_sweep(self.sweep, self.clock(), control=Control.RUNNING)

    def _skew(self) -> float:
        return max(-4.0, min(4.0, self.chance.gauss(0.0, self.mishaps.skew_s)))


class _Raced:
    """The store of somebody who decides: at times another one is quicker."""

    def __init__(self, world: _World) -> None:
        self._world = world

    def __getattr__(self, name: str) -> Any:
        return getattr(self._world.store, name)

    def commit(
        self, sweep: str, decision: Decision, now: datetime, ask: Ask | None = None
    ) -> tuple[SweepRecord, Sequence[Lease]]:
        world = self._world
        if not world.is_raced and world.happens(world.mishaps.raced):
            others = [each for each in world.controllers if each.store is not self]
            if others:
                world.is_raced = True
                waiting = world.store.get_sweep(sweep).counts[State.WAITING]
                others[0].step(waiting + max(1, len(decision.add)))
                world.is_raced = False
        try:
            return world.store.commit(sweep, decision, now, ask)
        except ConflictError:
            world.count("decided again")
            raise


class _Agent:
    """An agent: leases a trial, trains, reports, renews, ends it, takes the next."""

    def __init__(self, world: _World, name: str) -> None:
        self.world, self.plan, self.name = world, world.plan, name
        self.chance = world.chance
        self.skew_s = world._skew()
        self.ask = Ask(agent=name, lease_s=world.plan.lease_s)
        self.is_far = world.happens(0.5)

    def life(self) -> Life:
        world = self.world
        store, sweep = world.store, world.sweep
        lease: Lease | None = None
        idle_s = _IDLE_S[0]
        while not world.is_over:
            if lease is None:
                found = yield from self._call(lambda now: store.lease(sweep, self.ask, now))
                if not found:
                    yield idle_s * self.chance.uniform(0.75, 1.25)
                    idle_s = min(idle_s * 1.5, _IDLE_S[1])
                    continue
                lease, idle_s = found[0], _IDLE_S[0]
            dies = world.happens(world.mishaps.dies)
            until = self.chance.random() if dies else 1.0
            try:
                lease = yield from self._train(lease, until)
            except LeaseLostError:
                world.count("refused")
                lease = None
            if dies:
                self._die()
                return

    def _die(self) -> None:
        world, mishaps = self.world, self.world.mishaps
        world.count("agents died")
        if world.happens(mishaps.noticed):
            world.store.release(world.sweep, [self.name], world.clock())
        other = _Agent(world, f"{self.name}'")
        world.begin(other.life(), self.chance.expovariate(1 / mishaps.back_s))

    def _train(self, lease: Lease, until: float) -> Generator[float, None, Lease | None]:
        """Train to the end, or to that share of it; return the lease that the end brought."""
        world, plan, chance = self.world, self.plan, self.chance
        store, number = world.store, lease.number
        # From where the last attempt left off, or from the start where it left nothing.
        step = world.steps.get(number, 0) if chance.random() < 0.5 else 0
        steps = plan.reports
        lasts_s = plan.trial_s * math.exp(0.5 * chance.gauss(0.0, 1.0))
        began = renewed = world.now
        first, unsent = 1, list[Report]()
        if world.happens(world.mishaps.silent):
            world.count("cut off")
            yield plan.lease_s * chance.uniform(1.0, 3.0)
        while step < steps:
            if (step + 1) / steps > until:
                return None
            due = began + lasts_s * (step + 1) / steps
            while world.now < due:
                yield min(due, renewed + plan.lease_s / 3) - world.now
                if world.now >= renewed + plan.lease_s / 3:
                    renewed = world.now
                    verdict = yield from self._call(
                        lambda now: store.renew([lease], now, plan.lease_s)[0]
                    )
                    if verdict is Verdict.LOST:
                        world.count("lost")
                        return None
                    if verdict is not Verdict.GO_ON:
                        state = State.STOPPED if verdict is Verdict.STOP else State.CANCELLED
                        return (yield from self._finish(lease, Outcome(state=state), unsent, first))
            unsent.append(Report(step, {world.metric: _loss(lease, step)}, world.now))
            step += 1
            if step < steps and chance.random() < 0.7:  # else with the next ones
                batch, since = tuple(unsent), first
                kept = yield from self._call(
                    lambda now, batch=batch, since=since: store.report(lease, since, batch, now)  # type: ignore[misc]
                )
                world.steps[number] = step
                unsent, first = [], kept + 1
        failed = world.happens(world.mishaps.fails)
        outcome = (
            Outcome(state=State.FAILED, error="diverged") if failed else Outcome(state=State.DONE)
        )
        return (yield from self._finish(lease, outcome, unsent, first))

    def _finish(
        self, lease: Lease, outcome: Outcome, reports: list[Report], first: int
    ) -> Generator[float, None, Lease | None]:
        world = self.world
        trial, leases = yield from self._call(
            lambda now: world.store.finish(
                lease, outcome, now, self.ask, reports=reports, first=first
            )
        )
        if trial.is_ended:
            world.steps.pop(lease.number, None)
        return leases[0] if leases else None

    def _call(self, send: Callable[[datetime], T]) -> Generator[float, None, T]:
        """Send until an answer comes; each time with the time of our own clock."""
        world, mishaps = self.world, self.world.mishaps
        delay = 1 / mishaps.delay_s
        while True:
            if self.is_far and world.now < world.back_at:
                yield world.back_at - world.now + self.chance.uniform(0.0, 1.0)
            now = world.clock(self.skew_s)
            if world.happens(mishaps.late):
                world.count("came late")
                world.begin(_arrives(send, now), self.chance.expovariate(1 / mishaps.late_s))
                yield mishaps.late_s / 10
                continue
            yield self.chance.expovariate(delay)
            answer = send(now)
            if world.happens(mishaps.lost):
                world.count("answers lost")
                yield mishaps.late_s / 10
                continue
            yield self.chance.expovariate(delay)
            return answer


def _arrives(send: Callable[[datetime], Any], now: datetime) -> Life:
    """Be a call that arrives when nobody waits for its answer any more."""
    try:
        send(now)
    except LeaseLostError:
        return
    yield from ()


def _loss(lease: Lease, step: int) -> float:
    """Return what training makes of a trial: another attempt differs in the last places."""
    at = sum(value for value in lease.params.values() if isinstance(value, float))
    return at / (step + 1) + lease.attempt * 1e-9
