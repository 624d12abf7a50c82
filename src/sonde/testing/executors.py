"""What every executor must do: the contract of `sonde.executors.protocol`, as tests.

Derive from `ExecutorContract`, say how to make one, and let pytest collect the class:

    class TestMine(ExecutorContract):
        def make(self):
            return Mine(partition="short")

The agents that it starts must reach the folder of the tests (`tmp_path`) under the same path: this
machine, or one that shares its files.
"""

# ruff: noqa: D102 - the name of a test is what it has to say

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from sonde.controller import Controller, utc_now
from sonde.core.metric import Goal
from sonde.core.space import space_of
from sonde.core.sweep import Command, Control, Sweep
from sonde.core.trial import State
from sonde.errors import ConfigError
from sonde.executors.drive import Result, View, drive
from sonde.executors.protocol import AgentSpec, Executor, Exited
from sonde.executors.resources import Resources
from sonde.store import open_store
from sonde.store.protocol import Store, SweepRecord

__all__ = ["ExecutorContract", "Silent", "Site", "until"]

_BEATS = 'while :; do echo beat >> "$BEATS"; sleep 0.1; done\n'
_UNTIL_LET = 'echo beat >> "$BEATS"\nuntil [ -e "$BEATS.let" ]; do sleep 0.1; done\n'
_REPORTS = """echo '{"loss": 1}' >> "$SONDE_TRIAL_DIR/reports.jsonl"\n"""
_STILL_S = 0.5  # without a beat, a trial is gone


def until(condition: Callable[[], object], timeout_s: float = 120.0) -> None:
    """Wait for something to become true; executors may take a while to start agents."""
    end = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > end:
            raise AssertionError("it did not come to pass in time")
        time.sleep(0.02)


class Silent:
    """A listener that notes what it was told."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def begin(self, view: View) -> None: ...
    def update(self, view: View, changed: object) -> None: ...
    def end(self, view: View, result: Result) -> None: ...

    def note(self, text: str) -> None:
        self.notes.append(text)


@dataclass(frozen=True, slots=True)
class Site:
    """A store on disk, and a folder with a script, for one test."""

    base: Path
    store: Store

    def sweep(self, script: str, points: int = 2) -> SweepRecord:
        """Make a sweep of a shell script that writes to the file `$BEATS`, all of it decided."""
        folder = self.base / "project"
        folder.mkdir()
        (folder / "train.sh").write_text(script)
        work = Command(
            argv=("sh", "train.sh"), folder=str(folder), env={"BEATS": str(self._beats)},
            grace_s=1.0,
        )  # fmt: skip
        sweep = Sweep(
            space=space_of({"x": list(range(points))}), goals=(Goal(metric="loss"),),
            method="grid", work=work,
        )  # fmt: skip
        record = self.store.create_sweep(sweep, utc_now())
        Controller(self.store, record.id).step(points + 1)
        return record

    def spec(self, sweep: str, workers: int = 1) -> AgentSpec:
        """Return what an agent for a sweep is started with."""
        root = str(self.base / ".sonde")
        return AgentSpec(store=self.store.url, sweep=sweep, root=root, workers=workers)

    def states(self, record: SweepRecord) -> list[State]:
        """Return the states of all trials."""
        return [trial.state for trial in self.store.changes(record.id).trials]

    @property
    def beats(self) -> int:
        """How often trials have written."""
        return len(self._beats.read_text().split()) if self._beats.exists() else 0

    def let(self) -> None:
        """Let trials of the script that waits for it come to their end."""
        self._beats.with_suffix(".let").touch()

    def is_still(self) -> bool:
        """Tell whether no trial writes any more."""
        before = self.beats
        time.sleep(_STILL_S)
        return self.beats == before

    @property
    def _beats(self) -> Path:
        return self.base / "beats"


class ExecutorContract:
    """Derive from it and define `make`."""

    word_s = 2.0  # within which what agents are told has reached them, also at a busy machine

    def make(self) -> Executor:
        """Return a new executor, which has started nothing."""
        raise NotImplementedError

    @pytest.fixture
    def site(self, tmp_path: Path) -> Iterator[Site]:
        store = open_store(str(tmp_path / ".sonde" / "sonde.db"))
        yield Site(tmp_path, store)
        store.close()

    @pytest.fixture
    def executor(self) -> Iterator[Executor]:
        executor = self.make()
        yield executor
        executor.close()

    def test_before_anything_is_started_there_is_nothing_to_watch_or_to_stop(
        self, executor: Executor
    ) -> None:
        assert executor.alive() == 0
        assert list(executor.watch()) == []
        assert list(executor.said()) == []
        executor.stop(now=False)
        executor.stop(now=True)
        executor.close()
        executor.close()

    def test_a_place_has_room_for_a_trial_or_says_that_it_has_not(self, executor: Executor) -> None:
        room = executor.room(Resources())
        assert room is None or room > 0
        wish = Resources(others={"unobtainium": 1})
        refusals = []
        try:
            assert executor.room(wish) is None
        except ConfigError as refusal:
            refusals.append(str(refusal))
        assert all("1 unobtainium" in refusal for refusal in refusals)

    def test_agents_that_have_run_everything_leave_well_and_are_told_of_once(
        self, site: Site, executor: Executor
    ) -> None:
        record = site.sweep("exit 0", points=3)
        handles = executor.start(site.spec(record.id), 2)
        assert handles
        assert len({handle.id for handle in handles}) == len(handles)
        assert executor.alive() == len(handles)
        exits = _all_gone(executor)
        assert {one.handle for one in exits} == set(handles)
        assert [one.detail for one in exits if not one.clean] == []
        assert list(executor.watch()) == []
        assert site.states(record) == [State.DONE] * 3

    def test_agents_may_be_started_in_turns(self, site: Site, executor: Executor) -> None:
        record = site.sweep("exit 0")
        handles = [
            *executor.start(site.spec(record.id), 1),
            *executor.start(site.spec(record.id), 1),
        ]
        assert len({handle.id for handle in handles}) == 2
        assert {one.handle for one in _all_gone(executor)} == set(handles)

    def test_an_agent_that_cannot_work_is_not_clean_and_says_why(
        self, site: Site, executor: Executor
    ) -> None:
        site.sweep("exit 0")
        executor.start(site.spec("nosuch12"), 1)
        (exited,) = _all_gone(executor)
        assert not exited.clean
        assert exited.detail.strip()

    def test_stop_lets_running_trials_end_and_starts_no_more(
        self, site: Site, executor: Executor
    ) -> None:
        record = site.sweep(_UNTIL_LET, points=4)
        executor.start(site.spec(record.id), 1)
        until(lambda: site.beats)
        executor.stop(now=False)
        heard = time.monotonic() + self.word_s
        until(lambda: [executor.watch(), time.monotonic() > heard][1])
        site.let()
        _all_gone(executor)
        assert site.states(record) == [State.DONE] + [State.WAITING] * 3

    def test_stop_now_gives_running_trials_back(self, site: Site, executor: Executor) -> None:
        record = site.sweep(_BEATS)
        executor.start(site.spec(record.id), 1)
        until(lambda: site.beats)
        executor.stop(now=True)
        _all_gone(executor)
        assert site.is_still()
        assert site.states(record) == [State.WAITING] * 2

    def test_stop_now_once_more_is_firm(self, site: Site, executor: Executor) -> None:
        record = site.sweep(f"trap '' TERM\n{_BEATS}")
        executor.start(site.spec(record.id), 1)
        until(lambda: site.beats)
        executor.stop(now=True)
        executor.stop(now=True)
        _all_gone(executor)
        until(site.is_still)

    def test_close_leaves_neither_agents_nor_trials(self, site: Site, executor: Executor) -> None:
        record = site.sweep(_BEATS)
        executor.start(site.spec(record.id, workers=2), 1)
        until(lambda: site.beats)
        executor.close()
        assert site.is_still()
        assert executor.alive() == 0

    def test_a_sweep_is_driven_to_its_end(self, site: Site) -> None:
        record = site.sweep(_REPORTS, points=5)
        listener = Silent()
        result = drive(
            site.store, record.id, executor=self.make(), agent=site.spec(record.id), agents=2,
            listener=listener, signals=False,
        )  # fmt: skip
        assert (result.code, listener.notes) == (0, [])
        assert result.record.control is Control.DONE
        assert site.states(record) == [State.DONE] * 5


def _all_gone(executor: Executor) -> list[Exited]:
    """Wait until all agents are gone; return how they went."""
    exits: list[Exited] = []

    def gone() -> bool:
        exits.extend(executor.watch())
        return not executor.alive()

    until(gone)
    return exits
