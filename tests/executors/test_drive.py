"""Driving a sweep to its end: what `sonde run` does between its first and its last line."""

import os
import resource
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from sonde.agent.command import command_of
from sonde.controller import utc_now
from sonde.core.metric import Goal
from sonde.core.space import space_of
from sonde.core.sweep import Budget, Control, Sweep
from sonde.core.trial import State, Trial
from sonde.editing import limit_workers
from sonde.executors.drive import Result, View, drive
from sonde.executors.local import LocalExecutor
from sonde.executors.protocol import AgentSpec, Executor, Handle
from sonde.store import open_store
from sonde.store.protocol import Store

SCRIPT = """\
import json, os, sys, time
x = float(sys.argv[1])
with open(os.path.join(os.environ["SONDE_TRIAL_DIR"], "reports.jsonl"), "a") as journal:
    journal.write(json.dumps({"loss": (x - 3) ** 2}) + "\\n")
time.sleep(float(sys.argv[2]))
while os.path.exists(sys.argv[4]):
    time.sleep(0.02)
sys.exit(int(sys.argv[3]))
"""


class Watcher:
    """A listener that keeps what it hears, and may act on it."""

    def __init__(self, act: Callable[[View], None] | None = None) -> None:
        self.heard: list[str] = []
        self.notes: list[str] = []
        self.act = act
        self.curves: dict[int, Sequence[float]] = {}

    def begin(self, view: View) -> None:
        self.heard.append("begin")

    def update(self, view: View, changed: Sequence[Trial]) -> None:
        self.heard += [f"{trial.number} {trial.state}" for trial in changed]
        for trial in view.running:
            self.curves[trial.number] = view.curve(trial.number)
        if self.act is not None:
            self.act(view)

    def note(self, text: str) -> None:
        self.notes.append(text)

    def end(self, view: View, result: Result) -> None:
        self.heard.append("end")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = open_store(str(tmp_path / ".sonde" / "sonde.db"))
    yield store
    store.close()


def run(
    store: Store,
    tmp_path: Path,
    *,
    seconds: float = 0.0,
    status: int = 0,
    points: int = 4,
    watcher: Watcher | None = None,
    executor: Executor | None = None,
    most: int | None = None,
    **settings: Any,
) -> tuple[Result, Watcher]:
    """Drive a grid over x with two agents; no trial ends while `hold` is there."""
    folder = tmp_path / "project"
    folder.mkdir(exist_ok=True)
    (folder / "train.py").write_text(SCRIPT)
    space = space_of({"x": list(range(points))})
    words = ["train.py", "{x}", str(seconds), str(status), str(tmp_path / "hold")]
    work = command_of(words, folder=folder, space=space, python=sys.executable, grace_s=1.0)
    sweep = Sweep(space=space, goals=(Goal(metric="loss"),), method="grid", work=work)
    record = store.create_sweep(replace(sweep, **settings), utc_now())
    return again(store, tmp_path, record.id, watcher, executor, most)


def again(
    store: Store,
    tmp_path: Path,
    sweep: str,
    watcher: Watcher | None = None,
    executor: Executor | None = None,
    most: int | None = None,
) -> tuple[Result, Watcher]:
    watcher = watcher or Watcher()
    spec = AgentSpec(store=store.url, sweep=sweep, root=str(tmp_path / ".sonde"))
    executor = executor or LocalExecutor()
    before = children()
    result = drive(
        store, sweep, executor=executor, agent=spec, agents=2, listener=watcher, most=most
    )
    assert not children() - before
    return result, watcher


def children() -> set[psutil.Process]:
    """All processes below this one, the database servers that other tests share among them."""
    return set(psutil.Process().children(recursive=True))


def when(condition: Callable[[View], object], act: Callable[[], object]) -> Callable[[View], None]:
    """Act once, as soon as the condition holds."""
    done: list[bool] = []

    def watch(view: View) -> None:
        if not done and condition(view):
            done.append(True)
            act()

    return watch


def interrupt(number: int = signal.SIGINT) -> None:
    os.kill(os.getpid(), number)


def running(count: int) -> Callable[[View], object]:
    return lambda view: len(view.running) >= count


def test_a_sweep_runs_to_its_end_and_the_listener_hears_of_every_trial(
    store: Store, tmp_path: Path
) -> None:
    result, watcher = run(store, tmp_path)
    assert (result.code, result.record.control) == (0, Control.DONE)
    assert result.history.counts[State.DONE] == 4
    assert result.history.best is not None
    assert dict(result.history.best.params) == {"x": 3}
    assert watcher.heard[0] == "begin"
    assert watcher.heard[-1] == "end"
    assert {f"{n} done" for n in range(4)} <= set(watcher.heard)


def test_a_sweep_whose_trials_all_fail_ends_with_code_1(store: Store, tmp_path: Path) -> None:
    result, _ = run(store, tmp_path, status=3)
    assert result.code == 1
    assert result.history.counts[State.FAILED] == 4


def test_the_first_interrupt_lets_running_trials_finish_and_starts_no_more(
    store: Store, tmp_path: Path
) -> None:
    class Holding(LocalExecutor):
        def stop(self, *, now: bool) -> None:
            super().stop(now=now)
            hold.unlink()  # its agents have been told by now

    hold = tmp_path / "hold"
    hold.touch()
    watcher = Watcher(when(running(2), interrupt))
    result, _ = run(store, tmp_path, points=8, watcher=watcher, executor=Holding())
    assert result.code == 3
    assert result.history.counts[State.DONE] == 2
    assert result.record.control in {Control.RUNNING, Control.DONE}
    assert watcher.notes[0].startswith("Ctrl-C: asking for no more")


def test_the_second_interrupt_gives_trials_back_at_once(store: Store, tmp_path: Path) -> None:
    class Impatient(Watcher):
        def note(self, text: str) -> None:
            super().note(text)
            if text.startswith("Ctrl-C: asking for no more"):
                begun.append(time.monotonic())
                interrupt()

    begun: list[float] = []
    watcher = Impatient(when(running(2), interrupt))
    result, _ = run(store, tmp_path, seconds=60, watcher=watcher)
    assert time.monotonic() - begun[0] < 20  # a trial takes a minute
    assert result.code == 130
    assert result.history.counts[State.RUNNING] == 0
    assert result.history.counts[State.WAITING] >= 2
    assert result.history.counts[State.FAILED] == 0


def test_sigterm_ends_at_once_and_leaves_a_sweep_to_be_resumed(
    store: Store, tmp_path: Path
) -> None:
    watcher = Watcher(when(running(1), lambda: interrupt(signal.SIGTERM)))
    result, _ = run(store, tmp_path, seconds=1.0, points=3, watcher=watcher)
    assert result.code == 128 + signal.SIGTERM
    resumed, _ = again(store, tmp_path, result.record.id)
    assert resumed.code == 0
    assert resumed.history.counts[State.DONE] == 3
    assert [trial.params["x"] for trial in resumed.history.trials] == [0, 1, 2]


@pytest.mark.parametrize(
    ("control", "state", "code"),
    [(Control.STOPPED, State.DONE, 3), (Control.CANCELLED, State.CANCELLED, 1)],
)
def test_a_sweep_that_is_stopped_from_elsewhere_ends_here_too(
    store: Store, tmp_path: Path, control: Control, state: State, code: int
) -> None:
    def elsewhere(view: View) -> None:
        if len(view.running) == 2 and view.record.control is not control:
            store.update_sweep(view.record.id, utc_now(), control=control)

    result, _ = run(store, tmp_path, seconds=1.0, points=8, watcher=Watcher(elsewhere))
    assert result.code == code
    assert result.record.control is control
    assert result.history.counts[state] >= 2


def test_a_killed_agent_is_replaced_and_its_trial_run_again(store: Store, tmp_path: Path) -> None:
    def kill_one() -> None:
        agents = [
            child
            for child in psutil.Process().children()
            if "sonde.agent" in child.cmdline() and "watchdog" not in str(child.cmdline())
        ]
        agents[0].kill()
        hold.unlink()

    hold = tmp_path / "hold"
    hold.touch()
    watcher = Watcher(when(running(2), kill_one))
    result, _ = run(store, tmp_path, watcher=watcher)
    assert result.code == 0
    assert result.history.counts[State.DONE] == 4
    assert sorted(trial.attempts for trial in result.history.trials) == [1, 1, 1, 2]
    assert "an agent died (killed by signal 9)" in watcher.notes[0]


class Cramped(LocalExecutor):
    """The first agents are on what is to them a full disk: their files take 8 KB."""

    cramped = True

    def start(self, spec: AgentSpec, n: int) -> Sequence[Handle]:
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        if self.cramped:
            resource.setrlimit(resource.RLIMIT_FSIZE, (8192, before[1]))
        try:
            return super().start(spec, n)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
            self.cramped = False


def test_a_full_disk_is_said_and_keeps_nothing_from_going_on_later(
    store: Store, tmp_path: Path
) -> None:
    before = children()

    def kill_all() -> None:
        for child in children() - before:
            child.kill()

    watcher = Watcher(when(lambda _: watcher.notes, kill_all))
    result, _ = run(store, tmp_path, watcher=watcher, executor=Cramped())
    assert watcher.notes[0].startswith("the store does not answer, trying again: ")
    assert "free some space" in watcher.notes[0]
    assert result.code == 0
    assert result.history.counts[State.DONE] == 4


def test_a_time_budget_stops_what_still_runs(store: Store, tmp_path: Path) -> None:
    def budget(time_s: float) -> Watcher:
        """Give a budget when both agents have a trial."""

        def act(view: View) -> None:
            if len(view.running) == 2 and view.record.budget.time_s is None:
                begun.append(time.monotonic())
                store.update_sweep(view.record.id, utc_now(), budget=Budget(time_s=time_s))

        return Watcher(act)

    begun: list[float] = []
    result, _ = run(store, tmp_path, seconds=60, watcher=budget(1.0))
    assert time.monotonic() - begun[0] < 20  # a trial takes a minute
    assert result.record.reason == "time budget of 1 s"
    assert result.history.counts[State.STOPPED] == 2
    assert result.code == 0
    store.update_sweep(result.record.id, utc_now(), control=Control.RUNNING, budget=Budget())
    more, _ = again(store, tmp_path, result.record.id, budget(2.0))
    assert more.history.counts[State.STOPPED] == 4


def test_quick_trials_do_not_wait_for_the_next_look(store: Store, tmp_path: Path) -> None:
    result, _ = run(store, tmp_path, points=40)
    assert result.history.counts[State.DONE] == 40
    assert result.code == 0


def test_a_limit_that_is_raised_starts_further_agents_and_lowered_lets_trials_end(
    store: Store, tmp_path: Path
) -> None:
    most: list[int] = []  # how many ran at once, after each change

    def look(view: View) -> None:
        limit = view.record.budget.workers
        most[-1] = max(most[-1], len(view.running))
        if limit is None and len(view.running) == 2:
            limit_workers(store, view.record.id, 4, utc_now())
            most.append(0)
        elif limit == 4 and len(view.running) == 4:
            limit_workers(store, view.record.id, 1, utc_now())
            hold.unlink()
        elif limit == 1 and len(view.running) == 1:
            most.append(0)
            watcher.act = count

    def count(view: View) -> None:
        most[-1] = max(most[-1], len(view.running))

    hold = tmp_path / "hold"
    hold.touch()
    most.append(0)
    watcher = Watcher(look)
    result, _ = run(store, tmp_path, seconds=0.6, points=9, watcher=watcher, most=4)
    assert result.code == 0
    assert most == [2, 4, 1]
    assert watcher.notes == [
        "4 may run at once now; here is room for 4",
        "1 may run at once now; here is room for 4",
    ]
    assert {trial.state for trial in result.history.trials} == {State.DONE}
