"""The calls of one remote function: each a trial of one sweep, run by agents.

A thread takes calls as they come, several at once, makes trials of them, keeps agents at their
place, and gives references their values. The sweep is made with the first call, and its space is
what occurred: nothing proposes values but the program itself.
"""

import atexit
import inspect
import os
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from sonde.errors import ConfigError, ConflictError, SondeError, StoreError
from sonde.ray.exceptions import RayError, TaskCancelledError, raised
from sonde.ray.refs import ObjectRef

if TYPE_CHECKING:
    from sonde.core.trial import Trial
    from sonde.executors.protocol import AgentSpec, Executor
    from sonde.executors.resources import Resources
    from sonde.store.protocol import Store, SweepRecord

__all__ = ["Calls", "Terms"]

_TICK_S = 0.03
_GATHER_S = 0.02  # for calls that come in a loop to become trials together
_IDLE_S = 3.0  # without calls, after which agents leave
_DEATHS = 20  # of agents within a minute, after which none is started any more
_WINDOW_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How calls are to be run.

    Attributes:
        place: As `sonde.executors.places` reads it.
        workers: How many at once; None: as many as the place has room for.
        metric: Of the goal, which is what the function returns.
        is_min: Whether lower is better.
        outputs: How many values a call returns, each with a reference of its own.
        retries: How often a call that raised is run again.
    """

    place: str
    workers: int | None
    each: "Resources"
    store: str | None
    name: str | None
    metric: str
    is_min: bool
    outputs: int = 1
    retries: int = 0


@dataclass(slots=True)
class _Call:
    refs: Sequence[ObjectRef]
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    params: dict[str, Any] = field(default_factory=dict)

    @property
    def needs(self) -> list[ObjectRef]:
        """The references among its arguments."""
        return [one for one in (*self.args, *self.kwargs.values()) if isinstance(one, ObjectRef)]

    def fulfil(self, value: Any = None, error: BaseException | None = None) -> None:
        if error is not None or len(self.refs) == 1:
            for ref in self.refs:
                ref.fulfil(value, error)
            return
        try:
            values = list(value)
        except TypeError:
            values = []
        if len(values) != len(self.refs):
            text = f"the function is to return {len(self.refs)} values, and returned {value!r:.80}"
            self.fulfil(error=RayError(text))
            return
        for ref, one in zip(self.refs, values, strict=True):
            ref.fulfil(one)


class Calls:
    """The calls of one function, from its first one to the program's end."""

    def __init__(self, function: Callable[..., Any], terms: Terms) -> None:
        """Refuse what cannot be; nothing is made or started yet.

        Raises:
            ConfigError: If there is no such place or store.
        """
        from sonde.api.places import opened
        from sonde.executors.places import executor
        from sonde.ray.seen import Seen

        self._function, self._terms = function, terms
        self._signature = inspect.signature(function)
        self._executor: Executor = executor(terms.place, flag="on=")
        self._store: Store = opened(terms.store)
        if self._store.url == "memory:":
            raise ConfigError("store=memory:", "other processes cannot reach it", "name a file")
        self._coming: list[_Call] = []
        self._running: dict[int, _Call] = {}
        self._put: dict[int, tuple[Any, str]] = {}  # blobs of values that were put
        self._seen = Seen()
        self._record: SweepRecord | None = None
        self._spec: AgentSpec | None = None
        self._agents = 1
        self._version = 0
        self._stamp: object = None
        self._deaths: list[float] = []
        self._broken: BaseException | None = None
        self._news = threading.Condition()
        self._is_over = self._is_leaving = False
        self._thread = threading.Thread(target=self._work, name="sonde-ray", daemon=True)
        self._pid = os.getpid()

    def submit(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> list[ObjectRef]:
        """Take a call; return references to what it will return.

        Raises:
            TypeError: If the function cannot be called so.
        """
        self._signature.bind(*args, **kwargs)
        refs = [ObjectRef() for _ in range(self._terms.outputs)]
        with self._news:
            if self._is_over:
                raise RayError("the program has ended: shutdown() was called")
            self._coming.append(_Call(refs, args, kwargs))
            if not self._thread.is_alive():
                self._thread.start()
            self._news.notify()
        return refs

    def close(self) -> None:
        """End what runs; calls that have not ended are given back to the sweep."""
        atexit.unregister(self.close)
        with self._news:
            if self._is_over:
                return
            self._is_over = True
            self._news.notify()
        if self._thread.is_alive():
            self._thread.join()
        if self._pid == os.getpid():
            with suppress(SondeError):
                self._executor.close()
                self._end()
        self._store.close()

    # -- the thread ---------------------------------------------------------------------

    def _work(self) -> None:
        while not self._is_over:
            with self._news:
                is_idle = not self._coming and not self._running
                # What they hold is free for others only once it was seen that they are gone.
                patience_s = _TICK_S if self._is_leaving else _IDLE_S
                if is_idle and not self._news.wait(patience_s) and self._executor.alive():
                    if not self._is_leaving:
                        self._executor.stop(now=False)  # started again for the next call
                    self._is_leaving = True
            try:
                self._take()
                self._look_after_agents()
                self._read()
            except StoreError as error:
                print(f"sonde: the store does not answer, trying again: {error}", file=sys.stderr)
                time.sleep(1.0)
            except Exception as error:  # noqa: BLE001 - every call has to hear of it
                self._broken = error
            if self._broken is not None:
                self._fail_all(self._broken)
            time.sleep(_TICK_S)
        self._fail_all(TaskCancelledError("the program has ended"))

    def _take(self) -> None:
        """Make trials of the calls that came."""
        if not self._coming:
            return
        time.sleep(_GATHER_S)
        with self._news:
            coming, self._coming = self._coming, []
        ready = []
        for call in coming:
            if any(not ref.is_ready for ref in call.needs):
                with self._news:
                    self._coming.append(call)  # until what it is given has a value
            elif self._encode(call):
                ready.append(call)
        if not ready:
            return
        try:
            self._commit(ready)
        except StoreError:
            with self._news:
                self._coming[:0] = ready
            raise
        except Exception as error:  # noqa: BLE001 - those who called have to hear of it
            for call in ready:
                call.fulfil(error=error)

    def _encode(self, call: _Call) -> bool:
        from sonde.agent.blobs import BLOB
        from sonde.ray.arguments import encoded, plain

        def given(value: Any) -> Any:
            return value.value() if isinstance(value, ObjectRef) else value

        def once(value: Any) -> Any:
            """A value that was put is pickled and sent once, however many calls have it."""
            known = self._put.get(id(value))
            return None if known is None else known[1]

        def keep(data: bytes) -> str:
            return self._store.put_blob(data)

        try:
            args = tuple(given(one) for one in call.args)
            kwargs = {name: given(one) for name, one in call.kwargs.items()}
            for ref in call.needs:
                value = ref.value()
                if plain(value) is None and id(value) not in self._put:
                    import cloudpickle

                    self._put[id(value)] = value, BLOB + keep(cloudpickle.dumps(value))
            call.params = encoded(self._signature, args, kwargs, keep, once)
        except Exception as error:  # noqa: BLE001 - what it was given failed, or cannot be sent
            call.fulfil(error=error)
            return False
        return True

    def _commit(self, calls: Sequence[_Call]) -> None:
        from sonde.controller import utc_now
        from sonde.core.decision import Decision, NewTrial
        from sonde.core.sweep import Budget, Control

        seen = self._seen
        for call in calls:
            for name, value in call.params.items():
                seen.add(name, value)
        space = seen.space()
        record = self._record or self._make(space)
        add = [NewTrial(params=call.params, origin="user") for call in calls]
        while True:
            now = utc_now()
            if space != record.sweep.space:
                definition = replace(record.sweep, space=space)
                record = self._store.update_sweep(
                    record.id, now, definition=definition, why="further calls"
                )
            budget = Budget(trials=record.trials + len(add))
            record = self._store.update_sweep(
                record.id, now, budget=budget, control=Control.RUNNING, reason=""
            )
            try:
                first = record.trials
                record, _ = self._store.commit(
                    record.id, Decision(against=record.revision, add=add), now
                )
                break
            except ConflictError:
                record = self._store.get_sweep(record.id)
        self._record = record
        for number, call in enumerate(calls, first):
            self._running[number] = call
            for ref in call.refs:
                ref.trial = f"{record.name}/{number}"

    def _make(self, space: Any) -> "SweepRecord":
        """Make the sweep, and say what agents are started with."""
        from sonde.agent.devices import cores
        from sonde.api.carrying import carry
        from sonde.api.creation import create
        from sonde.api.places import root_of
        from sonde.api.shipping import name_of, pack
        from sonde.core.metric import Direction, Goal
        from sonde.core.sweep import Function, Sweep
        from sonde.executors.boarding import board
        from sonde.executors.places import is_here
        from sonde.executors.protocol import AgentSpec
        from sonde.ray.called import Called

        terms, store = self._terms, self._store
        room = self._executor.room(terms.each)
        if not is_here(terms.place):
            room = board(self._executor, terms.place, terms.each)
        # Only now, as engines end themselves at the exit, too, and what began last is first.
        atexit.register(self.close)
        blob = store.put_blob(pack(Called(self._function, terms.metric)))
        work = Function(
            name=name_of(self._function), folder=os.getcwd(), blob=blob,  # noqa: PTH109
            code=carry(store, None),
        )  # fmt: skip
        direction = Direction.MINIMIZE if terms.is_min else Direction.MAXIMIZE
        sweep = Sweep(
            space=space, goals=(Goal(metric=terms.metric, direction=direction),),
            method="custom", work=work, name=terms.name, retries=terms.retries, max_failures=0,
        )  # fmt: skip
        record = create(store, sweep, self._function)
        spec = AgentSpec(
            store=store.url, sweep=record.id, root=str(root_of(store)), each=terms.each
        )
        workers = terms.workers or (room if room is not None else cores())
        if is_here(terms.place):
            workers = min(workers, room) if room is not None else workers
            self._spec = replace(spec, workers=workers)
        else:
            self._spec, self._agents = spec, workers
        self._record = record
        return record

    def _look_after_agents(self) -> None:
        """Have agents where there are calls to run."""
        gone = self._executor.watch()
        for line in self._executor.said():
            print(f"sonde: {line}", file=sys.stderr)
        if self._spec is None or self._record is None:
            return
        lost = [one for one in gone if not one.clean]
        now = time.monotonic()
        self._deaths = [at for at in self._deaths if now - at < _WINDOW_S] + [now] * len(lost)
        if lost:
            from sonde.controller import utc_now

            known = [one.agent for one in lost if one.agent is not None]
            self._store.release(self._record.id, known, utc_now())
        if len(self._deaths) > _DEATHS * self._agents:
            raise RayError(f"agents keep dying: {lost[-1].detail if lost else ''}")
        self._is_leaving = self._is_leaving and self._executor.alive() > 0
        lacking = min(self._agents, len(self._running)) - self._executor.alive()
        if self._running and lacking > 0:
            self._executor.start(self._spec, lacking)

    def _read(self) -> None:
        """Give references the values of calls that have ended."""
        if self._record is None:
            return
        stamp = self._store.stamp()
        if stamp == self._stamp:
            return
        changes = self._store.changes(self._record.id, self._version)
        self._stamp, self._version = stamp, changes.version
        for trial in changes.trials:
            if trial.is_ended and trial.number in self._running:
                _tell(self._running.pop(trial.number), trial)

    def _fail_all(self, error: BaseException) -> None:
        with self._news:
            coming, self._coming = self._coming, []
        for call in [*coming, *self._running.values()]:
            call.fulfil(error=error)
        self._running.clear()

    def _end(self) -> None:
        """Leave a sweep that is over, or one that can be resumed."""
        if self._record is None:
            return
        from sonde.controller import utc_now
        from sonde.core.sweep import Control
        from sonde.core.trial import State

        record = self._store.get_sweep(self._record.id)
        left = record.counts.get(State.WAITING, 0) + record.counts.get(State.RUNNING, 0)
        control = Control.STOPPED if left else Control.DONE
        reason = "its program has ended" + (f" before {left} of its calls" if left else "")
        self._store.update_sweep(record.id, utc_now(), control=control, reason=reason)


def _tell(call: _Call, trial: "Trial") -> None:
    from sonde.core.trial import State
    from sonde.ray.called import cause_of, result_of

    if trial.state is State.DONE:
        try:
            call.fulfil(result_of(trial.facts))
        except Exception as error:  # noqa: BLE001 - whatever unpickling it does
            call.fulfil(error=RayError(f"the result cannot be read here: {error}"))
    elif trial.state is State.FAILED:
        trace = trial.facts.get("traceback")
        text = f"{trial.error}\n\n{trace}" if trace else str(trial.error)
        call.fulfil(error=raised(text, cause_of(trial.facts)))
    else:
        call.fulfil(error=TaskCancelledError(f"the call was ended: {trial.state}"))
