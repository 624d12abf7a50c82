"""An agent: what it runs, what it tells the store, and how it comes to an end."""

import math
import os
import signal
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from lab import Lab, after_some_turns, environment, until
from sonde.agent.loop import run
from sonde.controller import Controller, utc_now
from sonde.core.sweep import Budget, Control
from sonde.core.trial import Outcome, State, Verdict
from sonde.errors import ConfigError, StoreError
from sonde.store.protocol import Ask, Decision, NewTrial

GRID = {"x": [1, 2, 3]}
REPORT = """echo '{"step": 1, "loss": 0.5}' >> "$SONDE_TRIAL_DIR/reports.jsonl"\n"""
SLEEP = 'echo $$ >> "../../../../../pids"\nexec sleep 60\n'
# What takes effect within two seconds is given longer, as a machine may have other work; it is not
# the end of trials that it waits for.
PROMPT_S = 20.0


def held(lab: Lab) -> Path:
    """Have a script that says its number and ends when the file has gone that this returns."""
    hold = lab.base / "hold"
    hold.touch()
    lab.script(
        "echo $$ >> ../../../../../pids\nwhile test -e ../../../../../hold; do sleep 0.01; done\n"
    )
    return hold


def test_every_trial_is_run_once_and_then_the_agent_leaves(lab: Lab) -> None:
    lab.script(REPORT)
    sweep = lab.sweep("sh", "train.sh", space=GRID, metric="loss")
    report = lab.run(sweep)
    assert (report.ran, report.failed, report.reason) == (3, 0, "the sweep is done")
    trials = lab.trials(sweep)
    assert [trial.state for trial in trials] == [State.DONE] * 3
    assert [trial.params["x"] for trial in trials] == [1, 2, 3]
    assert [trial.metrics["loss"].last for trial in trials] == [0.5] * 3


def test_a_trial_knows_by_its_environment_what_it_is(lab: Lab) -> None:
    lab.script('env\ncat "$SONDE_PARAMS" >&2\npwd\n')
    sweep = lab.sweep("sh", "train.sh", space={"lr": [0.1], "opt": ["adam"], "a.b": [3]})
    lab.run(sweep)
    folder = lab.of(sweep)
    env = environment(folder.stdout)
    assert env["SONDE_TRIAL_DIR"] == str(folder.path)
    assert (env["SONDE_SWEEP"], env["SONDE_TRIAL"], env["SONDE_ATTEMPT"]) == (sweep.id, "0", "1")
    assert env["SONDE_STORE"] == lab.store.url
    assert (env["SONDE_PARAM_LR"], env["SONDE_PARAM_OPT"], env["SONDE_PARAM_A_B"]) == (
        "0.1", "adam", "3",
    )  # fmt: skip
    assert env["PYTHONUNBUFFERED"] == "1"
    assert "CUDA_VISIBLE_DEVICES" not in env
    assert folder.stderr.read_text() == '{"lr": 0.1, "opt": "adam", "a.b": 3}'
    assert folder.stdout.read_text().endswith(f"{folder.work}\n")
    assert (folder.path / "checkpoint").is_dir()


def test_what_is_recorded_of_a_run(lab: Lab) -> None:
    trial = lab.run_one("exit 0")
    facts = trial.facts
    assert facts["exit_status"] == 0
    assert facts["argv"] == ["sh", "train.sh"]
    assert facts["directory"].endswith("/0")
    assert facts["pid"] > 1
    assert facts["duration_s"] >= 0
    assert facts["cpu_s"] >= 0
    assert facts["memory_mb"] > 0
    assert facts["host"]


@pytest.mark.parametrize(
    ("text", "error", "facts"),
    [
        ("exit 3", "exit status 3", {"exit_status": 3}),
        ("echo 'no data' >&2; exit 1", "no data (exit status 1)", {"exit_status": 1}),
        ("kill -SEGV $$", "killed by signal 11 (SIGSEGV)", {"signal": 11, "exit_status": None}),
        ("kill -KILL $$", "killed by signal 9 (SIGKILL) (was memory short?)", {"signal": 9}),
    ],
)
def test_a_script_that_fails_says_why(
    lab: Lab, text: str, error: str, facts: dict[str, object]
) -> None:
    trial = lab.run_one(text)
    assert trial.state is State.FAILED
    assert trial.error == error
    assert facts.items() <= trial.facts.items()


def test_a_python_script_that_fails_is_recorded_with_its_exception(lab: Lab) -> None:
    lab.script("def f():\n    return {}['rate']\nf()\n", "train.py")
    sweep = lab.sweep(sys.executable, "train.py")
    lab.run(sweep)
    assert lab.trials(sweep)[0].error == "KeyError: 'rate' (exit status 1)"


def test_a_program_that_cannot_be_started_fails_its_trial_and_not_the_agent(lab: Lab) -> None:
    sweep = lab.sweep("./nothing", space=GRID)
    report = lab.run(sweep)
    assert report.failed == 3
    error = lab.trials(sweep)[0].error or ""
    assert "No such file or directory" in error


def test_a_script_that_crashes_is_run_again_as_often_as_asked(lab: Lab) -> None:
    lab.script('test "$SONDE_ATTEMPT" = 3 || exit 1')
    sweep = lab.sweep("sh", "train.sh", retries=2)
    lab.run(sweep)
    (trial,) = lab.trials(sweep)
    assert (trial.state, trial.attempts, trial.failures) == (State.DONE, 3, 2)
    assert lab.of(sweep, attempt=3).stdout.exists()
    assert lab.of(sweep).checkpoint == lab.of(sweep, attempt=3).checkpoint


def test_a_script_that_crashes_too_often_has_failed(lab: Lab) -> None:
    trial = lab.run_one("exit 1", retries=1)
    assert (trial.state, trial.attempts) == (State.FAILED, 2)


def test_a_metric_that_never_came_is_said_with_those_that_did(lab: Lab) -> None:
    trial = lab.run_one(REPORT, metric="val_loss")
    assert trial.state is State.DONE
    assert trial.error is None
    came = "val_loss never came; metrics that did: loss; did you mean loss?"
    assert trial.facts["warning"] == came


def test_what_is_written_last_and_without_a_line_end_still_counts(lab: Lab) -> None:
    trial = lab.run_one("""printf '{"loss": NaN}' >> "$SONDE_TRIAL_DIR/reports.jsonl" """)
    assert math.isnan(trial.metrics["loss"].last)


def test_several_trials_run_at_once(lab: Lab) -> None:
    # Each waits until the other is there.
    lab.script(
        'touch "../../$SONDE_TRIAL.here"\n'
        "until test -e ../../0.here && test -e ../../1.here; do sleep 0.01; done\n"
    )
    sweep = lab.sweep("sh", "train.sh", space={"x": [1, 2]})
    assert lab.run(sweep, workers=2).ran == 2


def test_two_agents_share_a_sweep_and_each_point_is_run_once(lab: Lab) -> None:
    # The first ones wait for a third, which is the other agent's.
    lab.script(
        "ran=../../../../../ran; echo $SONDE_TRIAL >> $ran\n"
        "until test $(wc -l < $ran) -ge 3; do sleep 0.01; done\n"
    )
    sweep = lab.sweep("sh", "train.sh", space={"x": list(range(20))})
    agents = [lab.spawn(sweep, workers=2) for _ in range(2)]
    assert [agent.wait(100) for agent in agents] == [0, 0]
    ran = (lab.base / "ran").read_text().split()
    assert sorted(map(int, ran)) == list(range(20))
    assert lab.states(sweep) == ["done"] * 20
    assert len({trial.agent for trial in lab.trials(sweep)}) == 2


def test_count_bounds_how_many_trials_an_agent_runs(lab: Lab) -> None:
    lab.script("exit 0")
    sweep = lab.sweep("sh", "train.sh", space={"x": list(range(10))})
    assert lab.run(sweep, count=4, workers=3).ran == 4
    assert lab.states(sweep).count("done") == 4


def test_an_agent_without_work_leaves_after_its_idle_time(lab: Lab) -> None:
    lab.script("exit 0")
    sweep = lab.sweep("sh", "train.sh")
    lab.store.update_sweep(sweep.id, utc_now(), control=Control.PAUSED)
    began = time.monotonic()
    report = lab.run(sweep, idle_timeout_s=0.3)
    assert report.reason == "there was nothing to run for 0.3 s"
    assert time.monotonic() - began >= 0.3


def test_a_sweep_without_work_is_refused(lab: Lab) -> None:
    sweep = lab.sweep("x", work=None)
    with pytest.raises(ConfigError, match="an agent has nothing to run"):
        lab.run(sweep)


def test_an_agent_alone_keeps_to_the_time_budget(lab: Lab) -> None:
    lab.script(SLEEP)
    sweep = lab.sweep("sh", "train.sh", space=GRID, budget=Budget(time_s=0.5))
    began = time.monotonic()
    lab.run(sweep)
    assert time.monotonic() - began < 30  # a trial takes a minute
    assert set(lab.states(sweep)) <= {"stopped", "cancelled"}
    assert not lab.alive()


@pytest.mark.parametrize(
    ("control", "state"), [(Control.CANCELLED, "cancelled"), (Control.PAUSED, "running")]
)
def test_words_to_the_sweep_take_effect_while_trials_run(
    lab: Lab, control: Control, state: str
) -> None:
    lab.script(SLEEP)
    sweep = lab.sweep("sh", "train.sh", space=GRID)
    agent = lab.spawn(sweep)
    until(lab.alive)
    lab.store.update_sweep(sweep.id, utc_now(), control=control)
    if control is Control.CANCELLED:
        until(lambda: not lab.alive(), PROMPT_S)
        assert agent.wait(60) == 0
    else:
        time.sleep(0.5)
    assert lab.states(sweep)[0] == state
    assert len(lab.pids()) == 1


def test_a_trial_that_is_stopped_ends_while_it_runs_and_the_others_go_on(lab: Lab) -> None:
    lab.script(REPORT + f'test "$SONDE_TRIAL" != 0 || {{\n{SLEEP}}}')
    sweep = lab.sweep("sh", "train.sh", space=GRID)
    lab.spawn(sweep)
    until(lab.alive)
    until(lambda: lab.trials(sweep)[0].metrics)
    revision = lab.store.get_sweep(sweep.id).revision
    lab.store.commit(sweep.id, Decision(against=revision, verdicts={0: Verdict.STOP}), utc_now())
    until(lambda: not lab.alive(), PROMPT_S)
    until(lambda: lab.states(sweep) == ["stopped", "done", "done"])
    trial = lab.trials(sweep)[0]
    assert trial.metrics["loss"].last == 0.5
    assert lab.of(sweep).stop.exists()


def test_a_lost_lease_ends_the_program_and_nothing_more_is_sent(lab: Lab) -> None:
    lab.script(SLEEP)
    sweep = lab.sweep("sh", "train.sh", lease_s=6.0)
    agent = lab.spawn(sweep)
    until(lab.alive)
    (trial,) = lab.trials(sweep)
    assert trial.agent is not None
    lab.store.release(sweep.id, [trial.agent], utc_now())
    taken = lab.store.lease(sweep.id, Ask(agent="another", lease_s=60), utc_now())
    assert [lease.attempt for lease in taken] == [2]
    until(lambda: not lab.alive(), PROMPT_S)
    lab.store.finish(taken[0], Outcome(state=State.DONE, values={"loss": 1}), utc_now())
    assert agent.wait(60) == 0
    assert lab.trials(sweep)[0].metrics["loss"].last == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_an_agent_that_is_terminated_gives_its_trials_back(lab: Lab, number: int) -> None:
    lab.script(SLEEP)
    sweep = lab.sweep("sh", "train.sh")
    agent = lab.spawn(sweep)
    until(lab.alive)
    agent.send_signal(number)
    assert agent.wait(60) == 0
    (trial,) = lab.trials(sweep)
    assert (trial.state, trial.attempts, trial.failures) == (State.WAITING, 1, 0)
    assert not lab.alive()


def test_the_first_interrupt_finishes_what_runs_and_takes_no_more(lab: Lab) -> None:
    hold = held(lab)
    sweep = lab.sweep("sh", "train.sh", space=GRID)
    agent = lab.spawn(sweep)
    until(lab.pids)
    agent.send_signal(signal.SIGINT)
    hold.unlink()
    assert agent.wait(60) == 0
    assert lab.states(sweep).count("done") == 1
    assert len(lab.pids()) == 1


def test_the_second_interrupt_gives_back_at_once(lab: Lab) -> None:
    lab.script(SLEEP)
    sweep = lab.sweep("sh", "train.sh")
    agent = lab.spawn(sweep)
    until(lab.alive)
    agent.send_signal(signal.SIGINT)
    after_some_turns(agent)  # two that come at once are one
    assert lab.alive()
    agent.send_signal(signal.SIGINT)
    assert agent.wait(60) == 0
    assert lab.states(sweep) == ["waiting"]
    assert not lab.alive()


def test_agents_leave_with_their_parent(lab: Lab) -> None:
    lab.script(SLEEP)
    sweep = lab.sweep("sh", "train.sh")
    Controller(lab.store, sweep.id).step(1)  # it leaves decisions to its parent
    reading, writing = os.pipe()
    agent = lab.spawn(sweep, parent_fd=reading)
    os.close(reading)
    until(lab.alive)
    os.close(writing)
    assert agent.wait(60) == 0
    assert lab.states(sweep) == ["waiting"]
    assert not lab.alive()


def test_the_trials_of_a_dead_agent_are_run_at_once_by_one_that_comes(lab: Lab) -> None:
    lab.script(f'test "$SONDE_ATTEMPT" = 2 || {{\n{SLEEP}}}')
    sweep = lab.sweep("sh", "train.sh", lease_s=600.0)
    first = lab.spawn(sweep)
    until(lab.alive)
    first.kill()
    first.wait()
    until(lambda: not lab.alive())
    began = time.monotonic()
    lab.run(sweep)
    assert time.monotonic() - began < 100  # its lease is one of ten minutes
    (trial,) = lab.trials(sweep)
    assert (trial.state, trial.attempts, trial.failures) == (State.DONE, 2, 0)


def test_an_agent_that_waits_takes_over_from_one_that_is_killed(lab: Lab) -> None:
    lab.script(f'test "$SONDE_ATTEMPT" = 2 || {{\n{SLEEP}}}')
    sweep = lab.sweep("sh", "train.sh", lease_s=600.0)
    first = lab.spawn(sweep)
    until(lab.alive)
    second = lab.spawn(sweep)
    time.sleep(0.5)
    first.kill()
    first.wait()
    assert second.wait(60) == 0
    assert lab.states(sweep) == ["done"]


def test_an_outage_of_the_store_stops_no_training_and_loses_nothing(lab: Lab) -> None:
    class Flaky:
        """The store, but away while `down`."""

        down, asked = False, 0

        def __getattr__(self, name: str) -> object:
            found = getattr(lab.store, name)
            return self.failing if self.down and callable(found) else found

        def failing(self, *_: object, **__: object) -> None:
            self.asked += 1
            raise StoreError("the disk is full")

    flaky = Flaky()
    lab.script(f"{REPORT}touch ../../../../../begun; sleep 1\n{REPORT}touch ../../../../../ended")
    sweep = lab.sweep("sh", "train.sh", metric="loss", lease_s=600.0)

    def outage() -> None:
        until((lab.base / "begun").exists)
        flaky.down = True
        until(lambda: flaky.asked and (lab.base / "ended").exists())
        time.sleep(0.5)
        flaky.down = False

    thread = threading.Thread(target=outage)
    thread.start()
    report = run(lab.options(sweep), on_event=lab.events.append, store=flaky)  # type: ignore[arg-type]
    thread.join()
    assert report.ran == 1
    (trial,) = lab.trials(sweep)
    assert (trial.state, trial.metrics["loss"].count) == (State.DONE, 2)
    notes = [event.text for event in lab.events if event.kind == "note"]
    assert notes == [
        "the store does not answer, trying again: the disk is full",
        "the store answers again",
    ]


@pytest.mark.parametrize(
    ("gpus", "share", "workers", "expected"),
    [
        (("0", "1"), 1, 4, {"0": 1, "1": 1}),
        (("0", "1"), 0.5, 8, {"0": 2, "1": 2}),
        (("0", "1", "2", "3"), 2, 4, {"0,1": 1, "2,3": 1}),
    ],
)
def test_each_trial_sees_the_devices_it_was_given(
    lab: Lab, gpus: tuple[str, ...], share: float, workers: int, expected: dict[str, int]
) -> None:
    count = sum(expected.values())  # as many as there is room for at once
    lab.script(
        "echo $CUDA_VISIBLE_DEVICES >> ../../../../../devices\n"
        f"until test $(wc -l < ../../../../../devices) = {count}; do sleep 0.01; done\n"
    )
    sweep = lab.sweep("sh", "train.sh", space={"x": list(range(count))})
    lab.run(sweep, workers=workers, gpus=gpus, gpus_per_trial=share)
    seen = (lab.base / "devices").read_text().split()
    assert {name: seen.count(name) for name in seen} == expected
    assert all(trial.facts["devices"] for trial in lab.trials(sweep))


def test_cores_for_each_trial_bound_its_threads_unless_the_user_has(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MKL_NUM_THREADS", "7")
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    lab.script("env")
    sweep = lab.sweep("sh", "train.sh")
    lab.run(sweep, cpus_per_trial=1)
    env = environment(lab.of(sweep).stdout)
    assert (env["OMP_NUM_THREADS"], env["MKL_NUM_THREADS"]) == ("1", "7")


def test_an_agent_that_waits_wakes_up_a_few_times_a_second(lab: Lab) -> None:
    lab.script(SLEEP)
    sweep = lab.sweep("sh", "train.sh", space=GRID)
    agent = psutil.Process(lab.spawn(sweep).pid)
    until(lab.alive)
    time.sleep(1)
    began, before = time.monotonic(), agent.num_ctx_switches().voluntary
    time.sleep(2)
    count = agent.num_ctx_switches().voluntary - before
    assert count / (time.monotonic() - began) <= 30


def test_an_agent_that_runs_scripts_loads_nothing_heavy(lab: Lab) -> None:
    lab.script(SLEEP)
    sweep = lab.sweep("sh", "train.sh")
    Controller(lab.store, sweep.id).step(1)
    heavy = {"numpy", "scipy", "rich", "click", "cloudpickle"}
    agent = lab.spawn(sweep)
    until(lab.alive)
    maps = psutil.Process(agent.pid).memory_maps()
    assert not [one.path for one in maps if any(f"/{name}/" in one.path for name in heavy)]


def test_trials_are_decided_on_by_an_agent_if_nobody_else_does(lab: Lab) -> None:
    lab.script("exit 0")
    sweep = lab.sweep("sh", "train.sh", method="random", space={"x": {"min": 0.0, "max": 1.0}})
    lab.store.update_sweep(sweep.id, utc_now(), budget=Budget(trials=5))
    assert lab.run(sweep, workers=2).ran == 5
    assert lab.store.get_sweep(sweep.id).control is Control.DONE


def test_trials_enqueued_by_hand_are_run(lab: Lab) -> None:
    lab.script("exit 0")
    sweep = lab.sweep("sh", "train.sh", space={"x": [1]})
    decision = Decision(against=0, add=[NewTrial(params={"x": 9}, origin="user")])
    lab.store.commit(sweep.id, decision, utc_now())
    lab.run(sweep)
    assert {trial.params["x"] for trial in lab.trials(sweep)} >= {9}


def test_a_stopped_sweep_lets_the_running_trial_finish(lab: Lab) -> None:
    hold = held(lab)
    sweep = lab.sweep("sh", "train.sh", space=GRID)
    agent = lab.spawn(sweep)
    until(lab.pids)
    lab.store.update_sweep(sweep.id, utc_now(), control=Control.STOPPED)
    hold.unlink()
    assert agent.wait(60) == 0
    assert lab.states(sweep).count("done") == 1
    assert "running" not in lab.states(sweep)


def test_a_first_trial_that_takes_longer_than_those_that_fail_is_waited_for(lab: Lab) -> None:
    lab.script('test "$SONDE_TRIAL" = 0 && exec sleep 1; exit 1')
    sweep = lab.sweep("sh", "train.sh", space={"x": list(range(6))})
    report = lab.run(sweep, workers=3, most_failed_first=2)
    assert (report.ran, report.failed, report.gave_up) == (6, 5, False)
    assert lab.states(sweep) == ["done", *["failed"] * 5]


def test_an_agent_whose_first_trials_all_fail_leaves(lab: Lab) -> None:
    lab.script("exit 1")
    sweep = lab.sweep("sh", "train.sh", space={"x": list(range(6))}, max_failures=0)
    report = lab.run(sweep, most_failed_first=2)
    assert (report.ran, report.failed, report.gave_up) == (2, 2, True)
    assert report.reason == "the first 2 trials that it ran have all failed"
