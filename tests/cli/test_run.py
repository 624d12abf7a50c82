"""`sonde run`, as a process of its own: what it prints, what it keeps, how it goes on."""

import json
import re
import signal
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from cli_programs import SONDE, TRAIN, Place

GRID = ("run", "--hyperparam=lr=0.01:0.01:0.06", "--metric=val_loss:min")


def test_every_point_is_run_once_and_the_script_stays_as_it_is(desk: Place) -> None:
    done = desk.run(*GRID, "--name", "digits", "-j", "4", "train.py", "3")
    trials = desk.trials("digits")
    assert [t["params"]["lr"] for t in trials] == [0.01, 0.02, 0.03, 0.04, 0.05, 0.06]
    assert {t["state"] for t in trials} == {"done"}
    assert [t["number"] for t in trials] == list(range(6))
    assert (desk.path / "train.py").read_text() == TRAIN
    for trial in trials:
        printed = desk.run("logs", f"digits/{trial['number']}").stdout
        assert printed == f"learning rate = {trial['params']['lr']}\n"
        assert trial["value"] == pytest.approx((trial["params"]["lr"] - 0.03) ** 2 + 1 / 3)
    assert "best  digits/2  lr=0.03" in done.stdout
    assert not desk.orphans()


def test_results_go_to_stdout_and_everything_else_to_stderr(desk: Place) -> None:
    done = desk.run(*GRID, "--name", "digits", "train.py", "2", "0.2")
    assert done.stdout.split()[:4] == ["trial", "state", "val_loss", "lr"]
    assert "\x1b" not in done.stdout + done.stderr
    assert re.search(r"^\d\d:\d\d:\d\d sonde digits: 6 trials, \d+ workers?, grid, min val_loss, "
                     r"store sqlite:///", done.stderr)  # fmt: skip
    assert re.search(r"#2 done +val_loss=0\.5 best=#2 0\.5 \S+s lr=0\.03", done.stderr)
    assert re.search(r"finished 6/6 in \S+ best=#2 val_loss=0\.5; exit 0", done.stderr)


def test_results_as_json_are_nothing_but_json(desk: Place) -> None:
    out = json.loads(desk.run(*GRID, "--format", "json", "train.py").stdout)
    assert out["counts"]["done"] == 6
    assert out["best"]["params"] == {"lr": 0.03}
    assert len(out["results"]) == 6


def test_short_forms_stand_before_the_script_among_the_options(desk: Place) -> None:
    desk.write("args.py", "import sys\nprint(sys.argv[1:])\n")
    desk.run(
        "run", "lr=1e-3..1e-1:log", "--trials", "3", "opt=adam,sgd", "--seed", "7", "--name", "x",
        "args.py", "--lr={lr}", "--opt", "{opt}", "--metric", "--", "n=5",
    )  # fmt: skip
    trials = desk.trials("x")
    assert len(trials) == 3
    for trial in trials:
        lr, opt = trial["params"]["lr"], trial["params"]["opt"]
        printed = desk.run("logs", f"x/{trial['number']}").stdout.strip()
        assert printed == str([f"--lr={lr}", "--opt", opt, "--metric", "--", "n=5"])


@pytest.mark.parametrize("flags", [["-hp", "lr=1,2"], ["-hp=lr=1,2"], ["--hyperparam", "lr=1,2"]])
def test_hyperparam_may_be_written_in_each_way(desk: Place, flags: list[str]) -> None:
    shown = json.loads(desk.run("run", *flags, "--dry-run", "--format", "json", "train.py").stdout)
    assert shown["first"] == [{"lr": 1}, {"lr": 2}]


def test_a_dry_run_shows_everything_and_writes_nothing(desk: Place) -> None:
    before = sorted(desk.path.rglob("*"))
    out = desk.run(*GRID, "--dry-run", "train.py", "30").stdout
    for text in (
        "lr  6 values, step 0.01, 0.01 to 0.06",
        "trials      6",
        "method      grid",
        "trial 0     lr=0.01",
        "trial 5     lr=0.06",
        "train.py 30",
        "-print('learning rate = {}'.format(lr), flush=True)",
        "+print('learning rate = {}'.format(0.01), flush=True)",
        "nothing was run",
    ):
        assert text in out
    assert sorted(desk.path.rglob("*")) == before


def test_a_dry_run_shows_the_points_that_a_run_takes(desk: Place) -> None:
    words = ["run", "lr=1e-5..1:log", "--seed", "3", "--trials", "4", "--name", "x"]
    shown = json.loads(desk.run(*words, "--dry-run", "--format", "json", "train.py").stdout)
    desk.run(*words, "train.py")
    params = [trial["params"] for trial in desk.trials("x")]
    assert params[:3] == shown["first"]
    assert params[3] == shown["last"]


def test_without_a_seed_one_is_drawn_kept_and_shown(desk: Place) -> None:
    desk.run("run", "lr=0.0..1.0", "--trials", "2", "--name", "x", "train.py", "1")
    seed = desk.json("show", "x")["definition"]["seed"]
    assert f"seed {seed}" in desk.run("show", "x").stdout


def test_conditions_and_relations_hold_for_every_trial(desk: Place) -> None:
    desk.write("args.py", "print()\n")
    desk.run(
        "run", "a=1..8", "b=1..8", "opt=adam,sgd", "m=0..0.9", "--where", "a * b <= 16",
        "--when", "m=opt == 'sgd'", "--trials", "12", "--name", "x", "args.py",
        "{a}", "{b}", "{opt}", "{m}",
    )  # fmt: skip
    for trial in desk.trials("x"):
        params = trial["params"]
        assert params["a"] * params["b"] <= 16
        assert ("m" in params) == (params["opt"] == "sgd")


def test_a_run_without_metric_says_so_and_runs_all(desk: Place) -> None:
    done = desk.run("run", "--hyperparam=lr=1,2", "train.py")
    assert "no --metric: all trials are run, none is best" in done.stderr
    assert "val_loss" in done.stdout


def test_several_metrics_are_several_goals(desk: Place) -> None:
    desk.write("two.py", "lr = 1\nprint('a', lr)\nprint('b', -lr)\n")
    desk.run(
        "run", "--hyperparam=lr=1,2,3", "--metric=a:min", "--metric=b:max", "--name", "x",
        "--metric-regex", r"(?P<name>[ab]) (?P<value>\S+)", "two.py",
    )  # fmt: skip
    assert [t["values"] for t in desk.trials("x")] == [{"a": n, "b": -n} for n in (1, 2, 3)]


def test_scripts_that_all_fail_are_exit_code_1_with_their_error(desk: Place) -> None:
    desk.write("bad.py", "lr = 1\nraise ValueError(f'no {lr + 1}')\n")
    done = desk.run("run", "--hyperparam=lr=1,2", "--metric=x", "bad.py", code=1)
    assert re.search(
        r"#0 FAILED +ValueError: no 2 \(exit status 1\); sonde logs bad-\w+/0", done.stderr
    )
    assert "✗ failed" in done.stdout


def test_retries_run_a_failed_script_again(desk: Place) -> None:
    desk.write(
        "flaky.py",
        "import os, sys\nlr = 1\nprint(lr)\nsys.exit(os.environ['SONDE_ATTEMPT'] != '3')\n",
    )
    desk.run("run", "--hyperparam=lr=1,2", "--retries", "2", "--name", "x", "flaky.py")
    assert [(t["state"], t["attempts"], t["failures"]) for t in desk.trials("x")] == [
        ("done", 3, 2),
        ("done", 3, 2),
    ]


def test_time_ends_a_script_that_never_ends(desk: Place) -> None:
    desk.write("forever.py", "import time\nlr = 1\nprint(lr)\nwhile True: time.sleep(1)\n")
    done = desk.run(
        "run", "--hyperparam=lr=1,2,3", "--time", "1s", "-j", "2", "--name", "x", "forever.py",
        code=1,
    )  # fmt: skip
    assert "time budget" in done.stderr + desk.run("show", "x").stdout
    assert "x is finished (time budget of 1 s)" in desk.run("resume", "x").stderr
    states = [t["state"] for t in desk.trials("x")]
    assert set(states) == {"stopped", "waiting"}  # one or two had begun by then
    desk.run("resume", "x", "--time", "2.5s", code=1)
    more = [t["state"] for t in desk.trials("x")]
    assert set(more) <= {"stopped", "waiting"}
    assert more.count("stopped") > states.count("stopped")
    assert not desk.orphans()


def test_v_shows_what_trials_print_with_their_number(desk: Place) -> None:
    done = desk.run(*GRID, "-v", "train.py")
    assert "[2] learning rate = 0.03" in done.stderr


def test_killed_and_typed_again_it_goes_on_to_the_total(desk: Place) -> None:
    command = [*GRID, "-j", "2", "train.py", "2", "0.3"]
    first = desk.start(*command)
    name = ""
    while not name:
        rows = desk.json("ls")
        name = rows[0]["name"] if rows else ""
    desk.wait(name, lambda counts: counts["done"] >= 1)
    first.send_signal(signal.SIGKILL)
    first.wait()
    again = desk.run(*command)
    assert f"going on with {name}" in again.stderr
    assert "--new would start afresh" in again.stderr
    trials = desk.trials(name)
    assert [t["params"]["lr"] for t in trials] == [0.01, 0.02, 0.03, 0.04, 0.05, 0.06]
    assert {t["state"] for t in trials} == {"done"}
    assert len(desk.json("ls")) == 1
    desk.wait_until_alone()


def test_the_same_command_after_the_end_is_a_new_sweep(desk: Place) -> None:
    desk.run(*GRID, "train.py")
    again = desk.run(*GRID, "train.py")
    assert "did the same and is finished" in again.stderr
    assert len(desk.json("ls")) == 2


def test_with_its_name_a_finished_sweep_just_reports(desk: Place) -> None:
    desk.run(*GRID, "--name", "digits", "train.py")
    again = desk.run(*GRID, "--name", "digits", "train.py")
    assert "digits has ended" in again.stderr
    assert "best  digits/2" in again.stdout
    assert len(desk.trials("digits")) == 6


def test_a_name_with_another_definition_is_refused_with_the_difference(desk: Place) -> None:
    desk.run(*GRID, "--name", "digits", "train.py")
    words = ["run", "--hyperparam=lr=1,2", "--metric=val_loss:max", "--name", "digits", "train.py"]
    err = desk.run(*words, code=2).stderr
    assert "--name digits: it is another sweep's, which differs" in err
    assert "goals: min val_loss, now max val_loss" in err
    assert "choose another name" in err


def test_more_trials_raise_the_budget_of_a_named_sweep_and_fewer_do_not(desk: Place) -> None:
    words = ["run", "lr=0.0..1.0", "--metric=val_loss:min", "--name", "x"]
    desk.run(*words, "--trials", "3", "train.py")
    more = desk.run(*words, "--trials", "5", "train.py")
    assert "x now has a budget of 5 trials" in more.stderr
    assert len(desk.trials("x")) == 5
    fewer = desk.run(*words, "--trials", "2", "train.py")
    assert "its budget of 5 trials stays" in fewer.stderr
    assert [t["number"] for t in desk.trials("x")] == [0, 1, 2, 3, 4]


def test_a_changed_script_is_said_and_used_only_when_asked(desk: Place) -> None:
    words = ["run", "lr=0.0..1.0", "--name", "x"]
    desk.run(*words, "--trials", "1", "train.py")
    desk.write("log1", "a new file alone is seen by nothing that was there")
    same = desk.run(*words, "--trials", "2", "train.py")
    assert "files have changed" not in same.stderr
    desk.write("train.py", TRAIN.replace("learning rate", "the rate"))
    same = desk.run(*words, "--trials", "3", "train.py")
    assert "files have changed since the sweep began: + log1, train.py" in same.stderr
    assert desk.run("logs", "x/2").stdout.startswith("learning rate")
    changed = desk.run(*words, "--trials", "4", "--update-code", "train.py")
    assert "run with the changed files: + log1, train.py" in changed.stderr
    assert desk.run("logs", "x/3").stdout.startswith("the rate")


def test_the_sweep_records_where_it_came_from(desk: Place) -> None:
    desk.run(*GRID, "--name", "digits", "train.py")
    facts = desk.json("show", "digits")["facts"]
    assert facts["argv"][-1] == "train.py"
    assert facts["host"]
    assert "python" in facts


def test_what_git_had_not_committed_and_the_packages_can_be_had_back(desk: Place) -> None:
    git = ["git", "-C", str(desk.path), "-c", "user.name=n", "-c", "user.email=e"]
    for words in (["init", "-q"], ["add", "train.py"], ["commit", "-qm", "first"]):
        subprocess.run([*git, *words], check=True)
    desk.run(*GRID, "--name", "clean", "train.py")
    desk.write("train.py", TRAIN + "# edited\n")
    desk.write("new.txt", "new\n")
    desk.run(*GRID, "--name", "edited", "train.py")
    assert "sonde show --diff edited\n" in desk.run("show", "edited").stdout
    edited = desk.run("show", "edited", "--diff")
    assert "+# edited\n" in edited.stdout
    assert "unknown to git: new.txt" in edited.stderr
    clean = desk.run("show", "clean/0", "--diff")
    assert clean.stdout == ""
    assert "no file that git knows differed from commit" in clean.stderr
    assert f"click=={version('click')}" in desk.run("show", "clean", "--packages").stdout.split()


def test_rerun_takes_the_same_values_and_the_files_as_they_were(desk: Place) -> None:
    desk.run(*GRID, "--name", "digits", "train.py")
    desk.write("train.py", "raise SystemExit('changed since')\n")
    done = desk.run("rerun", "digits/2")
    assert done.stdout == "learning rate = 0.03\n"
    assert "running digits/2 again: lr=0.03" in done.stderr
    assert "val_loss 0.5, before: the same" in done.stderr
    assert len(desk.trials("digits")) == 6
    assert len(desk.json("ls")) == 1


def test_rerun_of_a_script_that_fails_has_its_exit_status(desk: Place) -> None:
    desk.write("bad.py", "import sys\nlr = 1\nsys.exit(lr * 7)\n")
    desk.run("run", "--hyperparam=lr=1,2", "--name", "x", "bad.py", code=1)
    assert "it failed: exit status 7" in desk.run("rerun", "x/0", code=7).stderr


def test_any_executable_works_not_only_python(desk: Place) -> None:
    script = desk.write("fit.sh", '#!/bin/sh\necho "loss: $SONDE_PARAM_LR"\n')
    script.chmod(0o755)
    desk.run(
        "run", "--hyperparam=lr=0.5,0.25", "--metric=loss", "--metric-regex", r"loss: (\S+)",
        "--name", "x", "./fit.sh",
    )  # fmt: skip
    assert [t["value"] for t in desk.trials("x")] == [0.5, 0.25]


def test_in_place_runs_in_the_users_own_folder(desk: Place) -> None:
    desk.write("mark.py", "import sys\nopen('mark-' + sys.argv[1], 'w').close()\n")
    desk.run("run", "--hyperparam=n=1,2", "--workspace", "none", "mark.py", "{n}")
    assert (desk.path / "mark-1").exists()
    assert (desk.path / "mark-2").exists()


def test_logs_know_stderr_and_attempts_and_give_bytes_as_they_are(desk: Place) -> None:
    desk.write(
        "noise.py",
        "import sys\nn = 1\nsys.stdout.buffer.write(bytes(range(256)) * n)\n"
        "print('oh', file=sys.stderr)\n",
    )
    desk.run("run", "--hyperparam=n=1,2", "--name", "x", "noise.py")
    assert desk.run("logs", "x/0", "--stderr").stdout == "oh\n"
    out = desk.path / "out"
    with out.open("wb") as file:
        subprocess.run([*SONDE, "logs", "x/1"], cwd=desk.path, stdout=file, check=True)
    assert out.read_bytes() == bytes(range(256)) * 2
    assert (
        "was started once, not 2 times" in desk.run("logs", "x/0", "--attempt", "2", code=2).stderr
    )


def test_a_reader_that_leaves_ends_it_quietly(desk: Place) -> None:
    desk.run(*GRID, "--name", "digits", "train.py")
    line = f"'{sys.executable}' -m sonde trials digits --format json | head -n 1"
    done = subprocess.run(
        ["sh", "-c", line], cwd=desk.path, capture_output=True, text=True, check=True
    )
    assert done.stdout == "[\n"
    assert done.stderr == ""


def test_help_loads_no_heavy_library() -> None:
    probe = (
        "import sys; from sonde.cli import run_line as run; run(['--help']);"
        "run(['run', '--help']);"
        "heavy = {'numpy', 'scipy', 'rich', 'sqlite3', 'msgspec', 'sonde.core.space'};"
        "sys.exit(str(heavy & set(sys.modules)) if heavy & set(sys.modules) else 0)"
    )
    subprocess.run([sys.executable, "-c", probe], check=True, stdout=subprocess.DEVNULL)


def test_a_terminal_of_another_encoding_gets_what_it_can_show(desk: Place) -> None:
    desk.run(*GRID, "--name", "größe", "train.py")
    done = desk.run("trials", "größe", PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert "+ done" in done.stdout
    assert done.stdout.isascii()


def test_progress_json_is_one_event_a_line(desk: Place) -> None:
    done = desk.run(*GRID, "--progress", "json", "--name", "digits", "train.py", "2", "0.2")
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert events[0]["type"] == "sweep"
    assert events[0]["name"] == "digits"
    assert events[0]["total"] == 6
    assert events[-1]["type"] == "end"
    assert events[-1]["code"] == 0
    assert events[-1]["best"]["number"] == 2
    ended = [e for e in events if e["type"] == "trial" and e["state"] == "done"]
    assert sorted(event["number"] for event in ended) == list(range(6))
    assert {"sweep", "trial", "progress", "end"} <= {event["type"] for event in events}


def test_progress_none_says_nothing_but_what_was_chosen(desk: Place) -> None:
    done = desk.run(*GRID, "--progress", "none", "train.py")
    assert done.stderr == ""


def test_the_workers_default_and_their_other_names(desk: Place) -> None:
    for words in (["-j", "3"], ["--num-workers=3"], ["--workers", "3"], ["-j3"]):
        shown = desk.run(
            *GRID, *words, "--cloud=local", "--dry-run", "--format", "json", "train.py"
        )
        assert json.loads(shown.stdout)["workers"] == 3


def test_paths_with_spaces_and_unicode_work(desk: Place) -> None:
    folder = desk.path / "größe und ähnliches"
    Place(folder).write("mein skript.py")
    done = Place(folder).run(*GRID, "--name", "größe", "mein skript.py")
    assert "best  größe/2" in done.stdout
    assert Path(folder / "mein skript.py").read_text() == TRAIN


def test_in_github_actions_failures_are_annotated_and_the_step_has_a_table(desk: Place) -> None:
    desk.write("half.py", "lr = 1\nassert lr < 2, 'too large'\n")
    done = desk.run(
        "run", "--hyperparam=lr=1,2", "--metric=loss", "--name", "x", "half.py",
        GITHUB_ACTIONS="true", GITHUB_STEP_SUMMARY=str(desk.path / "summary.md"),
        code=1,  # as no trial has a loss
    )  # fmt: skip
    assert "::error::trial x/1: AssertionError: too large" in done.stderr
    summary = (desk.path / "summary.md").read_text()
    assert "| trial | state | loss | with |" in summary
    assert "| 1 | failed | - | lr 2 |" in summary


def test_an_option_of_sonde_behind_the_script_is_passed_on_with_a_word(desk: Place) -> None:
    desk.write("args.py", "import sys\nprint(sys.argv[1:])\n")
    done = desk.run(
        "run", "--hyperparam=lr=1,2", "--name", "x", "args.py", "{lr}", "--progress", "none"
    )
    assert "--progress stands behind args.py, so args.py gets it" in done.stderr
    assert desk.run("logs", "x/0").stdout == "['1', '--progress', 'none']\n"


def test_an_option_that_the_script_knows_is_its_own(desk: Place) -> None:
    desk.write(
        "args.py", "import sys\ndef main(seed, trials): print(sys.argv)  # -j N\nmain(1, 2)\n"
    )
    done = desk.run(
        "run", "--hyperparam=lr=1,2", "args.py", "--seed=5", "--trials", "3", "-j", "2",
        "--metric={lr}", "--name", "{lr}", "--", "--time",
    )  # fmt: skip
    assert "stands behind" not in done.stderr


def test_a_grid_with_conditions_is_counted_before_it_begins(desk: Place) -> None:
    done = desk.run(
        "run", "--hyperparam=lr=1,2", "--hyperparam=opt=adam,sgd", "--when=opt=lr > 1",
        "train.py", "1", "0", "{opt}",
    )  # fmt: skip
    assert re.search(r"sonde \S+: 3 trials,", done.stderr)
    assert "finished 3/3" in done.stderr


def test_a_dry_run_shows_a_trial_that_changes_the_script(desk: Place) -> None:
    words = ["run", "--hyperparam=opt=adam,sgd", "--hyperparam=lr=0.1,0.2", "--dry-run"]
    shown = desk.run(*words, "--when=lr=opt == 'sgd'", "train.py", "1", "0", "{opt}").stdout
    assert "trial 1 changes train.py:" in shown  # trial 0 has no lr
    assert "format(0.1)" in shown
    assert "values      by its arguments and into train.py by syntax" in shown


def test_show_says_how_values_reach_the_program(desk: Place) -> None:
    desk.write("args.py", "import os\nn = 1\nprint(n, os.environ['SONDE_PARAMS'])\n")
    for argv, said in [
        (["args.py", "{n}"], "by its arguments"),
        (["args.py"], "by its environment (SONDE_PARAMS)"),
        (["--substitute=syntax", "args.py"], "into args.py by syntax"),
    ]:
        desk.run("run", "--new", "--hyperparam=n=7", *argv)
        assert re.search(
            rf"values +{re.escape(said)}\n", desk.run("show", desk.json("ls")[-1]["id"]).stdout
        )


def test_show_is_for_people_and_has_no_json(desk: Place) -> None:
    desk.run(*GRID, "--name", "digits", "train.py")
    out = desk.run("show", "digits").stdout
    assert not re.search(r"[\[{]\"|[0-9a-f]{40}", out)
    assert out.count("folder") == 1
    assert re.search(r"method +auto: grid \(all values are listed", out)
    narrow = desk.run("show", "digits/0", COLUMNS="70").stdout
    assert max(len(line) for line in narrow.splitlines() if "/" not in line) <= 70
