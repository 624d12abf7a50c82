"""ls, show, trials, best, runs list: what a store holds, for people and for programs."""

import csv
import io
import math
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest

import sonde
from cli_said import Said, Sonde
from cli_stores import add_sweep, add_trial
from sonde.core.metric import Direction, Goal
from sonde.core.space import Space
from sonde.core.sweep import Budget, Control
from sonde.core.trial import State
from sonde.store import open_store
from sonde.store.protocol import Store, SweepRecord


def numbers(said: Said) -> list[int]:
    return [trial["number"] for trial in said.json]


def test_trials_as_json_have_the_promised_fields(cli: Sonde, digits: SweepRecord) -> None:
    first = cli("trials", "digits", "--format", "json").json[0]
    assert {
        "number",
        "state",
        "params",
        "value",
        "metrics",
        "attempts",
        "started",
        "finished",
    } <= first.keys()
    assert first["params"] == {"lr": 0.1, "opt": "adam"}
    assert first["value"] == 0.5
    assert first["metrics"]["loss"] == {
        "last": 0.5,
        "min": 0.5,
        "max": 0.9,
        "mean": 0.7,
        "count": 2,
        "steps": {"last": 1, "min": 1, "max": 0},
    }
    assert datetime.fromisoformat(first["started"]).utcoffset() is not None


def test_nan_and_infinity_are_strings_so_that_the_json_is_strict(
    cli: Sonde, digits: SweepRecord
) -> None:
    values = {t["number"]: t["value"] for t in cli("trials", "digits", "--format", "json").json}
    assert values[1] == "NaN"
    assert values[6] == "Infinity"
    assert values[4] is None


def test_a_value_of_exactly_zero_is_a_value(cli: Sonde, store: Store) -> None:
    sweep = add_sweep(store)
    add_trial(store, sweep.id, {"lr": 0.1, "opt": "adam"}, [0.0])
    (trial,) = cli("best", "digits", "--format", "json").json
    assert trial["value"] == 0.0


def test_by_value_the_best_come_first_and_failed_ones_last(cli: Sonde, digits: SweepRecord) -> None:
    assert numbers(cli("trials", "digits", "--sort", "value", "--format", "json")) == [
        2, 0, 7, 5, 1, 6, 4, 3,
    ]  # fmt: skip


def test_by_a_metric_missing_values_come_last_in_both_directions(
    cli: Sonde, digits: SweepRecord
) -> None:
    up = numbers(cli("trials", "digits", "--sort", "loss", "--format", "json"))
    down = numbers(cli("trials", "digits", "--sort", "loss", "--desc", "--format", "json"))
    assert up == [2, 0, 7, 5, 6, 1, 4, 3]
    assert down == [6, 5, 7, 0, 2, 1, 4, 3]  # NaN, missing and failed stay behind


@pytest.mark.parametrize("key", ["lr", "opt", "loss", "acc", "loss:max", "value"])
@pytest.mark.parametrize("desc", [(), ("--desc",)])
def test_a_failed_trial_is_never_first(
    cli: Sonde, digits: SweepRecord, key: str, desc: tuple[str, ...]
) -> None:
    found = cli("trials", "digits", "--sort", key, *desc, "--format", "json").json
    assert found[0]["state"] != "failed"
    assert len(found) == 8


def test_by_number_and_time_trials_stand_in_their_order(cli: Sonde, digits: SweepRecord) -> None:
    assert numbers(cli("trials", "digits", "--format", "json")) == list(range(8))
    late = numbers(cli("trials", "digits", "--sort", "started", "--desc", "--format", "json"))
    assert late == list(range(8))[::-1]


def test_a_maximised_metric_has_its_largest_value_first(cli: Sonde, store: Store) -> None:
    sweep = add_sweep(store, goals=(Goal(metric="acc", direction=Direction.MAXIMIZE),))
    for i, acc in enumerate([0.5, 0.9, 0.7]):
        add_trial(store, sweep.id, {"lr": 0.1 * (i + 1), "opt": "adam"}, [0.0], acc=acc)
    assert numbers(cli("trials", "digits", "--sort", "value", "--format", "json")) == [1, 2, 0]
    assert numbers(cli("best", "digits", "--format", "json")) == [1]


def test_trials_can_be_filtered_by_state_and_cut(cli: Sonde, digits: SweepRecord) -> None:
    both = cli("trials", "digits", "--state", "failed", "--state", "stopped", "--format", "json")
    assert numbers(both) == [3, 5]
    assert numbers(cli("trials", "digits", "--limit", "2", "--format", "json")) == [0, 1]


def test_an_unknown_sort_key_names_those_there_are(cli: Sonde, digits: SweepRecord) -> None:
    err = cli("trials", "digits", "--sort", "los", code=2).err
    assert "--sort los: nothing is called so; sort by one of number," in err
    assert "acc" in err
    assert "opt" in err


def test_csv_has_a_column_for_each_parameter_and_metric(cli: Sonde, digits: SweepRecord) -> None:
    rows = list(csv.DictReader(io.StringIO(cli("trials", "digits", "--format", "csv").out)))
    assert len(rows) == 8
    assert rows[0]["params.lr"] == "0.1"
    assert rows[2]["metrics.loss.min"] == "0.25"
    assert rows[4]["value"] == ""
    assert rows[1]["value"] == "NaN"


def test_a_piped_table_keeps_every_column_and_one_line_a_trial(
    cli: Sonde, digits: SweepRecord
) -> None:
    lines = cli("trials", "digits").lines
    assert len(lines) == 9
    head = lines[0].split()
    assert head[:5] == ["trial", "state", "loss", "lr", "opt"]
    assert "RuntimeError: out of memory more" in lines[4]
    assert "✗ failed" in lines[4]


@pytest.mark.parametrize("width", [30, 50, 80, 120])
def test_a_table_is_no_wider_than_columns_says(
    cli: Sonde, digits: SweepRecord, width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    for argv in (["trials", "digits"], ["ls"], ["runs", "list"]):
        lines = cli(*argv).lines
        assert max(map(len, lines)) <= width
        assert len(lines) > 1


def test_the_sweeps_as_json_have_the_promised_fields(cli: Sonde, digits: SweepRecord) -> None:
    (row,) = cli("ls", "--format", "json").json
    assert {"id", "name", "state", "counts", "best"} <= row.keys()
    assert row["name"] == "digits"
    assert row["state"] == "running"
    assert row["counts"]["done"] == 5
    assert row["best"] == {
        "number": 2,
        "metric": "loss",
        "value": 0.25,
        "values": {"loss": 0.25},
        "params": {"lr": 0.001, "opt": "adam"},
        "n": 1,
        "se": None,
    }


def test_where_there_is_no_store_there_are_no_sweeps_and_none_is_made(
    cli: Sonde, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (place / ".sonde").rmdir()
    assert cli("ls", "--format", "json").json == []
    assert "there is no store at" in cli("ls").err
    assert "there is no store at" in cli("trials", "x", code=2).err
    assert not (place / ".sonde").exists()
    assert "there is no store at" in cli("ls", "--store", "typo.db", code=2).err
    monkeypatch.setenv("SONDE_STORE", "typo.db")
    assert "there is no store at" in cli("ls", "--format", "json", code=2).err
    assert not (place / "typo.db").exists()


def test_the_store_may_stand_before_the_command_behind_it_or_in_the_environment(
    cli: Sonde, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = place / "some where" / "größe"
    work.mkdir(parents=True)
    moved = open_store("moved.db")
    add_sweep(moved)
    moved.close()
    monkeypatch.chdir(work)
    path = "../../moved.db"
    assert len(cli("--store", path, "ls", "--format", "json").json) == 1
    assert len(cli("ls", "--store", path, "--format", "json").json) == 1
    assert len(cli("ls", "--store", f"sqlite:///{place}/moved.db", "--format", "json").json) == 1
    monkeypatch.setenv("SONDE_STORE", path)
    assert len(cli("ls", "--format", "json").json) == 1


def test_a_sweep_is_meant_by_its_id_a_beginning_of_it_or_its_name(
    cli: Sonde, digits: SweepRecord
) -> None:
    for text in (digits.id, digits.id[:3], "digits", "dig"):
        assert cli("show", text, "--format", "json").json["id"] == digits.id
    assert "did you mean digits?" in cli("show", "digitz", code=2).err


def test_show_says_what_is_searched_and_how_far_it_is(cli: Sonde, digits: SweepRecord) -> None:
    out = cli("show", "digits").out
    for text in (
        f"digits ({digits.id})",
        "done 5",
        "failed 1",
        "10 trials",
        "lr: 1e-05..1",
        "opt: {adam, sgd}",
        "min loss",
        "#2  0.25",
        "train.py 30",
    ):
        assert text in out


def test_show_of_a_trial_has_its_values_metrics_and_error(cli: Sonde, digits: SweepRecord) -> None:
    out = cli("show", "digits/3").out
    for text in ("failed: RuntimeError: out of memory", "lr=1e-05", "opt='sgd'", "last 0.1 at 0"):
        assert text in out
    data = cli("show", "digits/3", "--format", "json").json
    assert data["state"] == "failed"
    assert data["folder"].endswith(f"trials/{digits.id}/3")


def test_show_says_that_a_metric_never_came(cli: Sonde, digits: SweepRecord) -> None:
    assert "it never reported loss" in cli("show", "digits/4").out


def test_a_trial_that_is_not_there_is_said_with_those_that_are(
    cli: Sonde, digits: SweepRecord
) -> None:
    assert "digits has no trial 99; it has 8, 0 to 7" in cli("show", "digits/99", code=2).err


def test_best_prints_a_command_that_can_be_pasted(cli: Sonde, digits: SweepRecord) -> None:
    out = cli("best", "digits").out
    assert "best  digits/2  lr=0.001  opt='adam'" in out
    assert (
        "sonde run --hyperparam=lr=0.001 --hyperparam=opt=adam --metric=loss:min train.py 30" in out
    )
    assert "sonde rerun digits/2" in out


def test_best_leaves_out_what_failed_diverged_or_still_runs(
    cli: Sonde, digits: SweepRecord
) -> None:
    assert numbers(cli("best", "digits", "-n", "99", "--format", "json")) == [2, 0, 5]


def test_without_a_result_best_says_so_and_exits_1(cli: Sonde, store: Store) -> None:
    add_sweep(store)
    assert "none has ended with a value of loss" in cli("best", "digits", code=1).err


def test_without_a_metric_best_says_how_to_sort(cli: Sonde, store: Store) -> None:
    add_sweep(store, goals=())
    assert "run without --metric" in cli("best", "digits", code=2).err


def test_the_front_of_two_goals_has_those_that_none_beats(cli: Sonde, store: Store) -> None:
    goals = (Goal(metric="loss"), Goal(metric="acc", direction=Direction.MAXIMIZE))
    sweep = add_sweep(store, goals=goals)
    for i, (loss, acc) in enumerate([(0.1, 0.5), (0.2, 0.9), (0.3, 0.8)]):
        add_trial(store, sweep.id, {"lr": 0.1 * (i + 1), "opt": "adam"}, [loss], acc=acc)
    assert numbers(cli("best", "digits", "--front", "--format", "json")) == [0, 1]
    hint = "front      this is the best by loss; with acc: sonde best --front digits\n"
    assert hint in cli("best", "digits").out
    assert hint not in cli("best", "digits", "--front").out


def test_the_budget_of_what_was_imported_is_not_told_as_a_number(cli: Sonde, store: Store) -> None:
    add_sweep(store, budget=Budget(trials=0))
    assert " none: its trials were imported\n" in cli("show", "digits").out


def test_a_sweep_with_two_goals_is_listed_with_both(cli: Sonde, store: Store) -> None:
    goals = (Goal(metric="loss"), Goal(metric="acc", direction=Direction.MAXIMIZE))
    sweep = add_sweep(store, goals=goals)
    add_trial(store, sweep.id, {"lr": 0.1, "opt": "adam"}, [0.25], acc=0.5)
    out = cli("ls").out
    assert "loss and max of the last acc" in out
    assert "0.25, 0.5" in out
    assert cli("ls", "--format", "json").json[0]["best"]["values"] == {"loss": 0.25, "acc": 0.5}


def test_show_as_json_says_which_method_auto_took_and_why(cli: Sonde, store: Store) -> None:
    add_sweep(store, method="auto")
    data = cli("show", "digits", "--format", "json").json
    assert data["method"] == "auto"
    assert data["method_used"] == "bayes"
    assert "2 dimensions" in data["method_reason"]


def test_runs_list_knows_sweeps_and_projects(cli: Sonde, store: Store) -> None:
    one = add_sweep(store, project="vision")
    two = add_sweep(store, name="other")
    add_trial(store, one.id, {"lr": 0.1, "opt": "adam"}, [0.5])
    add_trial(store, two.id, {"lr": 0.1, "opt": "adam"}, [0.5])

    def keys(*what: str) -> list[str]:
        return [run["key"] for run in cli("runs", "list", *what, "--format", "json").json]

    assert keys() == keys("all") == ["digits/0", "other/0"]
    assert keys("project", "vision") == ["digits/0"]
    assert keys("other") == keys("project", "other") == ["other/0"]
    assert "there is no project nope" in cli("runs", "list", "project", "nope", code=2).err


def test_runs_list_projects_lists_the_projects(cli: Sonde, store: Store) -> None:
    one = add_sweep(store, project="vision")
    add_sweep(store, name="more", project="vision")
    add_sweep(store, name="other")
    add_trial(store, one.id, {"lr": 0.1, "opt": "adam"}, [0.5])
    assert cli("runs", "list", "projects", "--format", "json").json == [
        {"project": "other", "sweeps": ["other"], "runs": 0},
        {"project": "vision", "sweeps": ["digits", "more"], "runs": 1},
    ]
    assert [line.split() for line in cli("runs", "list", "projects").lines] == [
        ["project", "sweeps", "runs"],
        ["other", "other", "0"],
        ["vision", "digits,", "more", "1"],
    ]


def test_logs_of_a_trial_of_ones_own_program_say_that_it_printed_there(cli: Sonde) -> None:
    sonde.sweep(lambda x: x, {"x": [1]}, minimize="y", name="here").run(workers=0, progress=False)
    asked = sonde.sweep(None, {"x": [1]}, minimize="y", name="asked")
    asked.ask().tell(1.0)
    for key, how in (("here/0", "workers=0"), ("asked/0", "asked for by it")):
        for more in ([], ["--follow"]):
            said = cli("logs", key, *more, code=2).err
            assert f"{key} has no log: it ran in your own program ({how})" in said


def test_a_ctrl_c_after_all_is_done_changes_nothing() -> None:
    text = (
        "import atexit, os, signal, sys\n"
        "from sonde.cli import main\n"
        "atexit.register(lambda: os.kill(os.getpid(), signal.SIGINT))\n"
        "sys.argv = ['sonde', '--version']\n"
        "main()\n"
    )
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("sonde ")


def test_control_characters_in_values_do_not_reach_the_terminal(cli: Sonde, store: Store) -> None:
    sweep = add_sweep(store, name="x")
    add_trial(store, sweep.id, {"lr": 0.1, "opt": "a\x1b[31m\nb"}, [0.5], error="\x1b]0;evil\x07")
    for argv in (["trials", "x"], ["show", "x/0"], ["runs", "list"]):
        assert "\x1b" not in cli(*argv).out


def test_infinite_and_nan_metrics_never_become_best(cli: Sonde, store: Store) -> None:
    sweep = add_sweep(store)
    add_trial(store, sweep.id, {"lr": 0.1, "opt": "adam"}, [math.inf])
    add_trial(store, sweep.id, {"lr": 0.2, "opt": "adam"}, [math.nan])
    add_trial(store, sweep.id, {"lr": 0.3, "opt": "adam"}, [0.4], State.CANCELLED)
    err = cli("best", "digits", code=1).err
    assert "no trial is best: each of the 2 values of loss is NaN or infinite" in err


def test_a_paused_sweep_says_so(cli: Sonde, store: Store, digits: SweepRecord) -> None:
    assert "digits is paused; 1 trial may finish" in cli("pause", "digits").out
    assert store.get_sweep(digits.id).control is Control.PAUSED
    assert "paused: paused by hand" in cli("show", "digits").out
    assert "is paused already" in cli("pause", "digits").out
    cli("resume", "digits", "--detach")
    assert store.get_sweep(digits.id).control is Control.RUNNING


def test_what_was_stopped_can_still_be_cancelled_for_good(cli: Sonde, store: Store) -> None:
    sweep = add_sweep(store)
    add_trial(store, sweep.id, {"lr": 0.1, "opt": "adam"}, [0.5])
    cli("stop", "digits")
    assert store.get_sweep(sweep.id).control is Control.STOPPED
    assert "digits is stopped already" in cli("stop", "digits").out
    assert cli("cancel", "digits").out == "digits is cancelled\n"
    assert store.get_sweep(sweep.id).control is Control.CANCELLED
    assert "there is nothing to stop: digits has ended" in cli("stop", "digits", code=2).err


def test_doctor_says_what_there_is(cli: Sonde, digits: SweepRecord) -> None:
    found = {row["check"]: row for row in cli("doctor", "--format", "json").json}
    assert found["store"]["facts"]["sweeps"] == 1
    assert found["store"]["facts"]["writable"] is True
    assert {"Python", "sonde", "SQLite", "cores", "memory", "GPUs", "git", "disk"} <= found.keys()
    assert "Python" in cli("doctor").out


def test_doctor_fails_over_a_store_that_cannot_be_opened(cli: Sonde, place: Path) -> None:
    (place / ".sonde" / "sonde.db").write_text("this is no database, and never was one\n" * 50)
    assert "FAILS" in cli("doctor", code=1).out


def test_the_best_of_a_sweep_without_parameters_is_named_without_values(
    cli: Sonde, store: Store
) -> None:
    sweep = add_sweep(store, space=Space(()), work=None)
    add_trial(store, sweep.id, {}, [0.5])
    assert "\nbest  digits/0\n" in cli("best", "digits").out


def test_rerun_says_that_the_trial_was_stopped_or_failed_then(
    cli: Sonde, digits: SweepRecord
) -> None:
    assert digits.trials == 8
    then = "it was stopped at step 0 then; now it runs to its end"
    assert then in cli("rerun", "digits/5", code=2).err
    assert "it failed then: RuntimeError: out of memory" in cli("rerun", "digits/3", code=2).err
    assert "then" not in cli("rerun", "digits/0", code=2).err
