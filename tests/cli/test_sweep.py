"""`sonde sweep FILE`: an id for agents, who run the program as W&B's would."""

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from cli_programs import Place
from sonde.core.sweep import Control
from sonde.store import open_store

TRAIN = """\
import json, os, sys
out = dict(word.removeprefix('--').split('=', 1) for word in sys.argv[1:])
out['env'] = {k: v for k, v in os.environ.items() if k.startswith('WANDB_')}
out['file'] = json.load(open(os.environ['WANDB_SWEEP_PARAM_PATH']))
out['cwd'] = os.getcwd()
print(json.dumps(out))
with open(os.environ['SONDE_TRIAL_DIR'] + '/reports.jsonl', 'a') as reports:
    print(json.dumps({'loss': float(out['lr'])}), file=reports)
"""
GRID = """\
program: train.py
method: grid
metric: {name: loss, goal: minimize}
parameters:
  lr: {values: [1e-2, 0.1]}
  opt: {parameters: {beta: {value: 0.9}}}
"""


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    place = Place(tmp_path)
    place.write("train.py", TRAIN)
    place.write("sweep.yaml", GRID)
    yield place
    place.close()


def made(place: Place, *words: str) -> str:
    return place.run("sweep", *words).stdout.strip()


def test_the_id_is_all_of_stdout_and_an_agent_runs_the_grid_in_place(place: Place) -> None:
    done = place.run("sweep", "sweep.yaml")
    sweep = done.stdout.strip()
    assert f"run it: sonde agent {sweep}" in done.stderr
    place.run("agent", sweep)
    rows = json.loads(place.run("trials", sweep, "--format", "json").stdout)
    assert [row["params"] for row in rows] == [
        {"lr": 0.01, "opt.beta": 0.9}, {"lr": 0.1, "opt.beta": 0.9},
    ]  # fmt: skip
    said = json.loads(place.run("logs", f"{sweep}/0").stdout)
    assert said["lr"] == "0.01"
    assert said["opt"] == "{'beta': 0.9}"
    assert said["cwd"] == str(place.path)
    assert said["env"]["WANDB_SWEEP_ID"] == sweep
    assert said["env"]["WANDB_RUN_ID"] == f"{sweep}-0"
    assert said["file"]["opt"] == {"value": {"beta": 0.9}}
    assert said["file"]["lr"] == {"value": 0.01}


def test_people_are_shown_the_program_and_how_it_gets_the_values(place: Place) -> None:
    shown = place.run("show", made(place, "sweep.yaml")).stdout
    assert "python train.py '${args}'" in shown
    assert "by its arguments, and its environment" in shown


def test_the_program_is_found_here_or_else_beside_the_file(place: Place) -> None:
    place.write("conf/sweep.yaml", GRID.replace("train.py", "other.py"))
    place.write("conf/other.py", TRAIN)
    sweep = made(place, "conf/sweep.yaml")
    place.run("agent", sweep)
    said = json.loads(place.run("logs", f"{sweep}/0").stdout)
    assert said["cwd"] == str(place.path / "conf")
    assert made(place, "conf/sweep.yaml", "--program", "train.py")


def test_with_workspace_copy_each_trial_has_the_files_as_they_were(place: Place) -> None:
    place.write("sweep.yaml", f"{GRID}workspace: copy\n")
    sweep = made(place, "sweep.yaml")
    place.write("train.py", "raise SystemExit(1)")
    place.run("agent", sweep)
    said = json.loads(place.run("logs", f"{sweep}/0").stdout)
    assert said["cwd"] != str(place.path)


def test_run_cap_is_the_end_of_a_search_without_one_whoever_runs_it(place: Place) -> None:
    text = "program: train.py\nmethod: random\nrun_cap: 5\nparameters: {lr: {min: 0.0, max: 1.0}}\n"
    place.write("sweep.yaml", text)
    sweep = made(place, "sweep.yaml")
    for agent in [place.start("agent", sweep) for _ in range(2)]:
        assert agent.wait(100) == 0
    rows = json.loads(place.run("trials", sweep, "--format", "json").stdout)
    assert [row["state"] for row in rows] == ["done"] * 5


def test_nothing_is_started_any_more_once_the_target_is_reached(place: Place) -> None:
    values = "lr: {values: [0.5, 0.4, 0.3, 0.2, 0.1]}"
    text = GRID.replace("lr: {values: [1e-2, 0.1]}", values).replace("loss,", "loss, target: 0.35,")
    place.write("sweep.yaml", text)
    sweep = made(place, "sweep.yaml")
    place.run("agent", sweep)
    rows = json.loads(place.run("trials", sweep, "--format", "json").stdout)
    done = [row["params"]["lr"] for row in rows if row["state"] == "done"]
    assert done == [0.5, 0.4, 0.3]
    with closing(open_store(str(place.path / ".sonde" / "sonde.db"))) as store:
        record = store.get_sweep(sweep)
    assert record.control is Control.DONE
    assert record.reason == "trial 2 reached the target, loss 0.35"


def test_three_agents_run_each_point_of_a_grid_once_though_one_is_killed(place: Place) -> None:
    place.write("train.py", f"import time\ntime.sleep(0.3)\n{TRAIN}")
    values = [round(0.01 * k, 2) for k in range(1, 13)]
    place.write("sweep.yaml", GRID.replace("[1e-2, 0.1]", str(values)))
    sweep = made(place, "sweep.yaml")
    agents = [place.start("agent", "-p", "digits", f"anne/digits/{sweep}") for _ in range(3)]
    place.wait(sweep, lambda counts: counts.get("done", 0) >= 3)
    agents[0].kill()
    for agent in agents[1:]:
        assert agent.wait(100) == 0
    rows = place.trials(sweep)
    assert [row["params"]["lr"] for row in rows] == values
    assert {row["state"] for row in rows} == {"done"}


def test_pause_resume_stop_and_cancel_are_wandbs_words_for_it(place: Place) -> None:
    sweep = made(place, "sweep.yaml")
    assert "is paused" in place.run("sweep", "--pause", sweep).stdout
    assert "may go on" in place.run("sweep", "--resume", f"anne/digits/{sweep}").stderr
    assert "is stopped" in place.run("sweep", "--stop", sweep).stdout
    place.run("sweep", "--resume", sweep)
    assert "is cancelled" in place.run("sweep", "--cancel", sweep).stdout


@pytest.mark.parametrize("how", ["command", "flag"])
def test_a_controller_decides_while_an_agent_runs_what_it_schedules(place: Place, how: str) -> None:
    if how == "flag":
        controller = place.start("sweep", "--controller", "--name", "mine", "sweep.yaml")
        place.wait("mine", bool)
    else:
        made(place, "--name", "mine", "sweep.yaml")
        controller = place.start("controller", "mine")
    place.run("agent", "mine")
    said = controller.communicate(timeout=100)
    assert controller.returncode == 0
    assert "mine is done: 2 done" in said[1]
    assert [row["state"] for row in place.trials("mine")] == ["done", "done"]


def test_a_controller_of_a_sweep_that_has_ended_says_so(place: Place) -> None:
    made(place, "--name", "mine", "sweep.yaml")
    place.run("agent", "mine")
    assert "mine is done: 2 done" in place.run("controller", "mine").stderr


def test_a_sweep_that_a_program_decides_needs_that_program(place: Place) -> None:
    place.write("sweep.yaml", GRID.replace("method: grid", "method: custom"))
    done = place.run("sweep", "sweep.yaml")
    assert "custom proposes nothing by itself" in done.stderr
    said = place.run("controller", done.stdout.strip(), code=2).stderr
    assert "a program of yours is to decide" in said


def test_a_name_that_is_taken_is_counted_on(place: Place) -> None:
    made(place, "sweep.yaml", "--name", "mine", "--project", "digits")
    again = place.run("sweep", "sweep.yaml", "--name", "mine")
    assert "there is a sweep mine already; this one is mine-2" in again.stderr


def test_a_dry_run_shows_the_first_command_lines_and_makes_nothing(place: Place) -> None:
    shown = place.run("sweep", "--dry-run", "sweep.yaml").stdout
    assert "train.py --lr=0.01 '--opt={'\"'\"'beta'\"'\"': 0.9}'" in shown
    assert not (place.path / ".sonde").exists()


def test_a_dry_run_shows_what_ends_trials_and_the_sweep(place: Place) -> None:
    more = "run_cap: 7\nmax_failures: 3\nearly_terminate: {type: hyperband, min_iter: 3}\n"
    goal = "metric: {name: loss, goal: minimize, target: 0.1}"
    text = GRID.replace("metric: {name: loss, goal: minimize}", goal)
    place.write("sweep.yaml", more + text)
    shown = place.run("sweep", "--dry-run", "sweep.yaml").stdout.splitlines()
    for line in (
        "budget    7 trials",
        "stops     trials early by hyperband(min_iter=3)",
        "target    loss 0.1; then nothing new is tried",
        "failures  3 in a row stop it",
    ):
        assert line in shown


def test_a_sweep_learns_from_a_prior_one(place: Place) -> None:
    first = made(place, "sweep.yaml")
    place.run("agent", first)
    second = made(place, "-R", first, "sweep.yaml")
    with closing(open_store(str(place.path / ".sonde" / "sonde.db"))) as store:
        assert [one.id for one in store.get_sweep(second).sweep.earlier] == [first]


def test_a_sweep_without_a_program_is_made_and_says_what_it_lacks(place: Place) -> None:
    place.write("sweep.yaml", GRID.replace("program: train.py\n", ""))
    done = place.run("sweep", "sweep.yaml")
    assert "no program, so sonde agent has nothing to run" in done.stderr
    assert "an agent has nothing to run" in place.run("agent", done.stdout.strip(), code=2).stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["sweeep.yaml"], "sweeep.yaml: there is no such file; did you mean sweep.yaml?"),
        (
            ["sweep.yaml", "--program", "trian.py"],
            "--program trian.py: there is no trian.py in this folder; did you mean train.py?",
        ),
        (["sweep.yaml", "--name", "a/1"], "--name a/1: it reads as trial 1 of a"),
    ],
)
def test_what_cannot_be_made_is_refused(place: Place, words: list[str], said: str) -> None:
    assert said in place.run("sweep", *words, code=2).stderr
    assert not (place.path / ".sonde").exists()


def test_a_program_may_lie_where_agents_are_started(place: Place) -> None:
    place.write("sweep.yaml", GRID.replace("train.py", "score.py"))
    made = place.run("sweep", "sweep.yaml", "--name", "mine")
    assert "there is no score.py in this folder; start agents in the folder that has it" in (
        made.stderr
    )
    refused = place.run("agent", "mine", code=2).stderr
    assert f"its program score.py is not in {place.path}; start the agent in" in refused
    place.write("app/score.py", (place.path / "train.py").read_text())
    Place(place.path / "app").run("agent", "mine")
    assert {trial["state"] for trial in place.json("trials", "mine")} == {"done"}


def test_macros_and_programs_that_are_not_there_are_told_with_their_lines(place: Place) -> None:
    text = f"{GRID}command: ['${{interpreter}}', '${{progam}}', '${{args}}', '${{lr}}']\nseed: -1\n"
    place.write("sweep.yaml", text.replace("train.py", "trian.py"))
    said = place.run("sweep", "sweep.yaml", code=2).stderr
    assert "sweep.yaml:8:7: seed: -1 is too few" in said
    assert (
        "sweep.yaml:7:29: command[1]: there is no macro ${progam}; did you mean ${program}?" in said
    )
