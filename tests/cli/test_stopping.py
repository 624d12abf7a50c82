"""`--stop`: trials that are not worth going on with end early, and everybody can see why."""

import json
import re
import signal
import time
from pathlib import Path
from typing import Any

import pytest

import sonde
from cli_programs import Place
from sonde.agent import loop
from sonde.agent.orders import Options

# The level is what the loss falls to; the later trials of a grid are the worse ones.
TRAIN = """\
import json, os, time
level = 0
with open(os.environ['SONDE_TRIAL_DIR'] + '/reports.jsonl', 'a') as out:
    for epoch in range(40):
        print(json.dumps({'step': epoch, 'loss': level + 1 / (epoch + 1)}), file=out, flush=True)
        time.sleep(NAP)
print('came to its end')
"""
RUN = ("run", "--method", "grid", "--metric", "loss:last", "--name", "x")
STOP = "asha(eta=2, min_steps=4, max_steps=40)"


@pytest.fixture
def place(desk: Place) -> Place:
    desk.write("train.py", TRAIN.replace("NAP", "0.05 if level == 0 else 0.3"))
    return desk


def test_poor_trials_are_stopped_and_where_and_why_is_said_everywhere(place: Place) -> None:
    words = ("--stop", STOP, "--hyperparam=level=0,1,2", "-j", "1")
    done = place.run(*RUN, *words, "train.py")
    first, *rest = place.trials("x")
    assert first["state"] == "done"
    assert [trial["state"] for trial in rest] == ["stopped", "stopped"]
    for trial in rest:
        # Four reports take 1.2 s, and all of them 12 s; the verdict is heard within 2 s.
        assert 4 <= trial["metrics"]["loss"]["count"] < 40
        assert re.fullmatch(
            r"asha: after 4 steps at place (2 of 2, and the best 1|3 of 3, and the best 2) go on",
            trial["why_stopped"],
        )
    assert first["why_stopped"] is None
    step = rest[0]["metrics"]["loss"]["steps"]["last"]
    assert f"stop {STOP}" in done.stderr
    assert re.search(rf"#1 stopped +loss=\S+ at step {step} ", done.stderr)
    assert "finished 3/3" in done.stderr
    assert "(2 stopped)" in done.stderr
    assert "best  x/0" in done.stdout
    assert f"at step {step}: asha: after 4 steps" in place.run("trials", "x", COLUMNS="200").stdout
    shown = place.run("show", "x").stdout
    assert f"stops by    {STOP}: 2 of 3 trials that ended" in shown
    assert f"state       stopped at step {step}: asha:" in place.run("show", "x/1").stdout
    (sweep,) = place.json("ls")
    assert sweep["stopping"] == STOP
    assert (sweep["counts"]["stopped"], sweep["counts"]["failed"]) == (2, 0)
    again = place.run(*RUN, *words, "train.py")
    assert "3 of them ended before" not in again.stderr  # it is the same sweep, and over
    assert len(place.trials("x")) == 3


def test_events_say_it_too(place: Place) -> None:
    words = ("--stop", STOP, "--hyperparam=level=0,1", "-j", "1", "--progress", "json")
    events = [json.loads(line) for line in place.run(*RUN, *words, "train.py").stdout.splitlines()]
    assert events[0]["type"] == "sweep"
    assert events[0]["stopping"] == STOP
    (stopped,) = [e for e in events if e["type"] == "trial" and e["state"] == "stopped"]
    assert stopped["why_stopped"].startswith("asha: after 4 steps")
    assert events[-1]["counts"]["stopped"] == 1


def test_a_trial_hears_soon_that_it_is_to_stop(place: Place) -> None:
    """Each poor trial notes when it made the report that it falls by, and when it was ended."""
    place.write(
        "slow.py",
        """\
import json, os, signal, sys, time
level = 0
made = []
def end(*_):
    print(json.dumps({'heard_after_s': time.time() - made[3]}), flush=True)
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
with open(os.environ['SONDE_TRIAL_DIR'] + '/reports.jsonl', 'a') as out:
    for epoch in range(4 if level == 0 else 400):
        print(json.dumps({'step': epoch, 'loss': level}), file=out, flush=True)
        made.append(time.time())
        time.sleep(0.05)
""",
    )
    words = ("--stop", "hyperband(min_iter=4)", "--hyperparam=level=0,1,2,3", "-j", "1")
    place.run(*RUN, *words, "slow.py")
    for trial in place.trials("x")[1:]:
        assert trial["state"] == "stopped"
        said = place.run("logs", f"x/{trial['number']}").stdout
        assert json.loads(said.strip().splitlines()[-1])["heard_after_s"] < 15


def test_the_same_trials_are_stopped_whoever_is_killed_in_between(place: Place) -> None:
    """With one trial at a time the outcome is known, also if everything dies twice."""
    place.write("train.py", TRAIN.replace("NAP", "0.05 if level < 3 else 0.3"))
    words = ("--stop", "asha(eta=2, min_steps=4, max_steps=40)", "-j", "1")
    argv = (*RUN, *words, "--hyperparam=level=2,0,3", "train.py")
    for enough in (1, 2):
        process = place.start(*argv)
        place.wait("x", lambda counts, n=enough: counts["done"] + counts["stopped"] >= n)  # type: ignore[misc]
        time.sleep(0.1)
        process.send_signal(signal.SIGKILL)
        process.wait()
    place.run(*argv)
    states = [trial["state"] for trial in place.trials("x")]
    assert states == ["done", "done", "stopped"]
    why = "asha: after 4 steps at place 3 of 3, and the best 2 go on"
    assert place.trials("x")[2]["why_stopped"] == why


def test_an_agent_without_a_controller_judges_itself(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(place.path)
    url = f"sqlite:///{tmp_path}/agent.db"
    sweep = sonde.sweep(
        "train.py", {"level": [0, 1]}, minimize="loss", method="grid", stop=STOP, store=url
    )
    loop.run(Options(store_url=url, sweep=sweep.id, root=tmp_path / ".sonde", workers=1))
    assert [trial.state for trial in sweep.trials] == ["done", "stopped"]


def test_it_is_read_before_anything_is_made(place: Place) -> None:
    dry = place.run(*RUN, "--dry-run", "--stop", STOP, "--hyperparam=level=0,1", "train.py")
    assert f"stops       trials early by {STOP}" in dry.stdout
    for words, said in (
        (("--stop=ahsa",), "--stop ahsa: there is no such stopping rule; did you mean asha?"),
        (("--stop=asha(eta=1)",), "--stop asha(eta=1): eta=1 is no whole number from 2 on"),
        (("--stop=asha", "--repeats=2"), "--stop asha: a repeat that is stopped has no result"),
    ):
        refused = place.run(*RUN, *words, "--hyperparam=level=0,1", "train.py", code=2)
        assert said in refused.stderr
    nothing: Any = place.run("run", "--stop=asha", "--hyperparam=level=0,1", "train.py", code=2)
    assert "--stop asha: there is no metric to stop by; name one" in nothing.stderr
    assert not (place.path / ".sonde" / "sonde.db").exists()
