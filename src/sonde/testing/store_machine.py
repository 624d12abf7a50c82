"""Two stores driven side by side, with a clock one sets: what can be seen must be the same.

`StoreMachine` is a hypothesis state machine. Derive it, say how a fresh store is made, and
let pytest run its `TestCase`; the store in memory is the one that it is compared with.
"""

import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from sonde.core.space import Space, space_of
from sonde.core.sweep import Budget, Control
from sonde.core.trial import Lease, Outcome, Report, State, Trial, Verdict
from sonde.errors import SondeError
from sonde.store.copying import copy_sweep
from sonde.store.memory import MemoryStore
from sonde.store.protocol import Ask, Changes, Decision, NewTrial, Store
from sonde.testing.stores import at, sweep

__all__ = ["StoreMachine"]

_values = st.floats() | st.integers(-5, 5) | st.integers(2**63, 2**65) | st.text(max_size=3)
_params = st.fixed_dictionaries({"lr": _values}, optional={"layers": _values, "opt": _values})
_metrics = st.dictionaries(st.sampled_from(["loss", "acc"]), st.floats(), max_size=2)
_agents = st.sampled_from(["a", "b", "c"])
_asks = st.builds(
    Ask, agent=_agents, count=st.integers(0, 3), lease_s=st.sampled_from([0.0, 1.0, 5.0, 50.0])
)
_ends = st.sampled_from([state for state in State if state is not State.RUNNING])
_outcomes = st.builds(
    Outcome,
    state=_ends,
    values=_metrics,
    error=st.none() | st.text(max_size=5),
    facts=st.dictionaries(st.text(max_size=2), st.integers() | st.none(), max_size=2),
)
_SPACES = (
    sweep().space,
    space_of({"layers": [1, 2], "lr": "uniform(0, 1)"}),
    space_of({"new": [1, 2], "lr": "uniform(0, 1)", "opt": ["adam"], "layers": [1, 2, 3]}),
)


class StoreMachine(RuleBasedStateMachine):
    """All operations of a store, in any order, in time and out of it."""

    def make(self, folder: Path) -> Store:
        """Return a fresh store."""
        raise NotImplementedError

    def reopen(self, store: Store, folder: Path) -> Store:  # noqa: ARG002, RUF100
        """Return the same store anew, as another process would have it."""
        return store

    @initialize(retries=st.integers(0, 2), name=st.none() | st.just("named"))
    def begin(self, retries: int, name: str | None) -> None:
        """Make both stores, with two sweeps each."""
        self.folder = Path(tempfile.mkdtemp(prefix="sonde-machine-"))
        self.reference: Store = MemoryStore()
        self.store = self.make(self.folder)
        self.seconds = 0.0
        self.leases: list[tuple[Lease, Lease]] = []
        self.fold: dict[int, Trial] = {}
        self.cursor = 0
        self.is_copied = False
        given = sweep(retries=retries, name=name)
        self.theirs = self.reference.create_sweep(given, at(0)).id
        self.ours = self.store.create_sweep(given, at(0)).id

    @rule(seconds=st.sampled_from([0.0, 0.25, 1.0, 5.0, 60.0]))
    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.seconds += seconds

    @rule(
        add=st.lists(st.builds(NewTrial, params=_params), max_size=3),
        verdicts=st.dictionaries(st.integers(0, 9), st.sampled_from(Verdict), max_size=2),
        control=st.none() | st.sampled_from(Control),
        ask=st.none() | _asks,
        late=st.sampled_from([0, 0, 0, 0, 1]),
    )
    def commit(
        self,
        add: list[NewTrial],
        verdicts: dict[int, Verdict],
        control: Control | None,
        ask: Ask | None,
        late: int,
    ) -> None:
        """Decide, at times from an older revision."""
        against = self.reference.get_sweep(self.theirs).revision - late
        decision = Decision(
            against=against, add=add, verdicts=verdicts, control=control, reason="r"
        )
        both = self._both(
            lambda store, key: store.commit(key, decision, at(self.seconds), ask),
        )
        if both:
            self._same(both[0][0], both[1][0])
            self._take(both[0][1], both[1][1])

    @rule(
        control=st.none() | st.sampled_from(Control),
        trials=st.none() | st.integers(0, 99),
        workers=st.none() | st.integers(1, 3),
        notes=st.none() | st.text(max_size=5),
    )
    def update(
        self,
        control: Control | None,
        trials: int | None,
        workers: int | None,
        notes: str | None,
    ) -> None:
        """Change the sweep."""
        budget = None
        if trials is not None:
            budget = Budget(trials=trials, time_s=trials / 4, workers=workers)
        both = self._both(
            lambda store, key: store.update_sweep(
                key,
                at(self.seconds),
                control=control,
                budget=budget,
                notes=notes,
                tags=None if notes is None else [notes],
            )
        )
        if both:
            self._same(*both)

    @rule(space=st.sampled_from(_SPACES), late=st.sampled_from([0, 0, 0, 1]))
    def edit(self, space: Space, late: int) -> None:
        """Change the definition, at times from an older revision."""
        record = self.reference.get_sweep(self.theirs)
        definition = replace(record.sweep, space=space)
        both = self._both(
            lambda store, key: store.update_sweep(
                key,
                at(self.seconds),
                definition=definition,
                why="e",
                against=record.revision - late,
            )
        )
        if both:
            self._same(*both)

    @rule(ask=_asks)
    def lease(self, ask: Ask) -> None:
        """Lease."""
        both = self._both(lambda store, key: store.lease(key, ask, at(self.seconds)))
        if both:
            self._take(*both)

    @rule(places=st.lists(st.integers(0, 30), max_size=3), lease_s=st.sampled_from([0.0, 5.0]))
    def renew(self, places: list[int], lease_s: float) -> None:
        """Renew leases, of whatever age."""
        held = [self.leases[place] for place in places if place < len(self.leases)]
        theirs = self.reference.renew([one for one, _ in held], at(self.seconds), lease_s)
        ours = self.store.renew([one for _, one in held], at(self.seconds), lease_s)
        assert list(theirs) == list(ours)

    @rule(
        place=st.integers(0, 30),
        first=st.integers(0, 6),
        step=st.integers(0, 6) | st.integers(2**31, 2**66),
        metrics=st.lists(_metrics, max_size=4),
    )
    def report(self, place: int, first: int, step: int, metrics: list[dict[str, float]]) -> None:
        """Report, in order, again, or with a gap."""
        if place >= len(self.leases):
            return
        batch = [Report(step + at, each, at / 4) for at, each in enumerate(metrics)]
        self._on(
            place,
            lambda store, lease: store.report(lease, first, batch, at(self.seconds)),
        )

    @rule(
        place=st.integers(0, 30),
        outcome=_outcomes,
        ask=st.none() | _asks,
        first=st.integers(0, 3),
        losses=st.lists(st.floats(width=32), max_size=3),
    )
    def finish(
        self, place: int, outcome: Outcome, ask: Ask | None, first: int, losses: list[float]
    ) -> None:
        """End an attempt, of whatever age, with its last reports; then once more."""
        if place >= len(self.leases):
            return
        last = [Report(first + at, {"loss": loss}, at / 4) for at, loss in enumerate(losses)]
        for _ in range(2):
            both = self._on(
                place,
                lambda store, lease: store.finish(
                    lease, outcome, at(self.seconds), ask, reports=last, first=first
                ),
                compare=False,
            )
            if both:
                self._same(both[0][0], both[1][0])
                self._take(both[0][1], both[1][1])

    @rule(agents=st.lists(_agents, max_size=2))
    def release(self, agents: list[str]) -> None:
        """Give back what dead agents held."""
        both = self._both(lambda store, key: store.release(key, agents, at(self.seconds)))
        if both:
            assert both[0] == both[1]

    @rule()
    def copy_out(self) -> None:
        """Copy our sweep into a store in memory."""
        self._copied(self.store, MemoryStore(), self.ours)

    @rule()
    def copy_in(self) -> None:
        """Copy the sweep of the reference into our store, once: ids are not given twice."""
        named = self.reference.get_sweep(self.theirs).sweep.name is not None
        if not (named or self.is_copied):
            self.is_copied = True
            self._copied(self.reference, self.store, self.theirs)

    @rule()
    def leave_and_return(self) -> None:
        """Open the store anew."""
        self.store = self.reopen(self.store, self.folder)

    @invariant()
    def all_that_can_be_seen_is_the_same(self) -> None:
        """Compare records, trials, curves and the fold of the change feed."""
        theirs, ours = self.reference.changes(self.theirs), self.store.changes(self.ours)
        self._same(theirs.record, ours.record)
        assert _shown(theirs.trials) == _shown(ours.trials)
        assert theirs.version == ours.version
        assert [trial.number for trial in ours.trials] == list(range(len(ours.trials)))
        self._same(self.store.get_sweep(self.ours), ours.record)
        both = self.reference.versions(self.theirs), self.store.versions(self.ours)
        assert _shown(both[0]) == _shown(both[1])
        curves = self.reference.curves(self.theirs), self.store.curves(self.ours)
        assert _shown(curves[0]) == _shown(curves[1])
        news: Changes = self.store.changes(self.ours, self.cursor)
        self.cursor = news.version
        self.fold |= {trial.number: trial for trial in news.trials}
        assert _shown([self.fold[n] for n in sorted(self.fold)]) == _shown(ours.trials)
        held = ours.record.counts
        assert all(
            held[state] == sum(trial.state is state for trial in ours.trials) for state in State
        )

    def teardown(self) -> None:
        """Clean up."""
        if hasattr(self, "folder"):
            self.store.close()
            shutil.rmtree(self.folder)

    def _copied(self, source: Store, target: Store, sweep: str) -> None:
        copied = copy_sweep(source, target, sweep).record
        before, after = source.changes(sweep), target.changes(sweep)
        self._same(copied, after.record)
        assert _shown(replace(copied, version=before.version)) == _shown(before.record)
        assert _shown(source.versions(sweep)) == _shown(target.versions(sweep))
        assert _shown(source.curves(sweep)) == _shown(target.curves(sweep))
        for trials in zip(*(sorted(c.trials, key=_version) for c in (before, after)), strict=True):
            theirs, ours = (replace(trial, version=0) for trial in trials)
            assert _shown(theirs) == _shown(ours)

    def _both(self, call: Callable[[Store, str], Any]) -> tuple[Any, Any] | None:
        return _outcome_of(
            lambda: call(self.reference, self.theirs), lambda: call(self.store, self.ours)
        )

    def _on(
        self, place: int, call: Callable[[Store, Lease], Any], *, compare: bool = True
    ) -> tuple[Any, Any] | None:
        theirs, ours = self.leases[place]
        both = _outcome_of(lambda: call(self.reference, theirs), lambda: call(self.store, ours))
        if both and compare:
            assert both[0] == both[1]
        return both

    def _take(self, theirs: Any, ours: Any) -> None:
        assert len(theirs) == len(ours)
        for one, other in zip(theirs, ours, strict=True):
            assert _shown(replace(one, sweep="")) == _shown(replace(other, sweep=""))
            self.leases.append((one, other))

    def _same(self, theirs: Any, ours: Any) -> None:
        if hasattr(theirs, "id"):
            theirs, ours = (replace(one, id="", name="") for one in (theirs, ours))
        assert _shown(theirs) == _shown(ours)


def _version(trial: Trial) -> int:
    return trial.version


def _outcome_of(first: Callable[[], Any], second: Callable[[], Any]) -> tuple[Any, Any] | None:
    """Return what both return, or None after both were refused in the same way."""
    results: list[Any] = []
    for call in (first, second):
        try:
            results.append((None, call()))
        except (SondeError, ValueError) as error:
            results.append((type(error), None))
    assert results[0][0] == results[1][0], results
    return None if results[0][0] else (results[0][1], results[1][1])


def _shown(value: Any) -> Any:
    """Return all of a value such that equality tells -0.0 from 0.0, and NaN is NaN."""
    if is_dataclass(value):
        return [(part.name, _shown(getattr(value, part.name))) for part in fields(value)]
    if isinstance(value, Mapping):
        return sorted((str(key), _shown(each)) for key, each in value.items())
    if isinstance(value, list | tuple):
        return [_shown(each) for each in value]
    return repr(value)
