"""`sonde sweep --update`: what is searched is changed while it runs, and said in words."""

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from cli_programs import Place
from sonde.core.sweep import sweep_to_json
from sonde.store import open_store

TRAIN = """\
import json, os, sys
out = dict(word.removeprefix('--').split('=', 1) for word in sys.argv[1:])
with open(os.environ['SONDE_TRIAL_DIR'] + '/reports.jsonl', 'a') as reports:
    print(json.dumps({'loss': float(out['lr'])}), file=reports)
"""
GRID = """\
program: train.py
name: digits
method: grid
metric: {name: loss, goal: minimize}
parameters:
  lr: {values: [0.1, 0.2]}
"""


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    place = Place(tmp_path)
    place.write("train.py", TRAIN)
    place.write("sweep.yaml", GRID)
    yield place
    place.close()


def tried(place: Place) -> list[dict[str, object]]:
    rows = json.loads(place.run("trials", "digits", "--format", "json").stdout)
    return [row["params"] for row in rows]


def test_a_grid_is_widened_and_agents_run_what_is_new_by_the_new_definition(place: Place) -> None:
    place.run("sweep", "sweep.yaml")
    place.run("agent", "digits")
    words = ("lr=0.1,0.2,0.3", "opt=adam,sgd", "--backfill", "opt=adam", "--why", "sgd too")
    tried_out = place.run("sweep", "--update", "digits", *words, "--dry-run")
    assert "would be at version 2" in tried_out.stdout
    assert len(tried(place)) == 2
    done = place.run("sweep", "--update", "digits", *words)
    lines = done.stdout.splitlines()
    assert lines[0].startswith("digits (")
    assert lines[1:] == [
        "  lr: {0.1, 0.2}, now {0.1, 0.2, 0.3} (widened)",
        "  opt: added, {adam, sgd}; trials of before had adam",
        "the search goes on from 2 of 2 trials",
    ]
    assert "go on with it: sonde resume digits" in done.stderr
    place.run("agent", "digits")
    assert tried(place)[2:] == [
        {"lr": 0.1, "opt": "sgd"}, {"lr": 0.2, "opt": "sgd"},
        {"lr": 0.3, "opt": "adam"}, {"lr": 0.3, "opt": "sgd"},
    ]  # fmt: skip
    said = place.run("logs", "digits/2").stdout
    assert said == ""
    shown = place.run("show", "digits").stdout
    assert "version 2, from trial 2 on" in shown
    assert ": sgd too" in shown
    assert "opt: added, {adam, sgd}; trials of before had adam" in shown
    data = json.loads(place.run("show", "digits", "--format", "json").stdout)
    assert [version["first_trial"] for version in data["versions"]] == [0, 2]
    assert data["definition"]["version"] == 2


def test_a_file_takes_the_place_of_the_definition_and_keeps_what_it_does_not_say(
    place: Place,
) -> None:
    place.run("sweep", "sweep.yaml")
    place.run("agent", "digits", "--count", "1")
    before = _definition(place)
    place.write("new.yaml", GRID.replace("[0.1, 0.2]", "[0.2, 0.4]").replace("digits", "other"))
    extended = f"{GRID}  opt: {{values: [a, b]}}\nbackfill: {{opt: a}}\n"
    place.write("more.yaml", extended)
    tried_out = place.run("sweep", "--update", "digits", "more.yaml", "--dry-run").stdout
    assert "opt: added, {a, b}; trials of before had a" in tried_out
    found = json.loads(place.run("sweep", "--update", "digits", "new.yaml", "--json").stdout)
    assert [change["text"] for change in found["changes"]] == [
        "lr: {0.1, 0.2}, now {0.2, 0.4} (moved)"
    ]
    assert (found["made"], found["version"], found["trials"]["outside"]) == (True, 2, 1)
    after = _definition(place)
    assert (after["name"], after["seed"]) == ("digits", before["seed"])
    place.run("agent", "digits")
    assert tried(place) == [{"lr": 0.1}, {"lr": 0.2}, {"lr": 0.4}]
    again = place.run("sweep", "--update", "digits", "new.yaml")
    assert "is so already; nothing was changed" in again.stdout


WRONG = [
    (["lr=1e-1..1e-5", "--trials", "0", "--backfill", "x"],
     ["lr=1e-1..1e-5", "--trials 0", "--backfill x"]),
    (["--remove", "lrr"], ["remove lrr"]),
    (["--method", "byes"], ["byes"]),
    (["new.yaml", "lr=1,2"], ["new.yaml"]),
    (["missing.yaml"], ["missing.yaml"]),
    (["wrong.yaml"], ["wrong.yaml:4", "wrong.yaml:5"]),
    (["other.yaml"], ["metric"]),
]  # fmt: skip


def test_what_cannot_be_is_refused_with_all_faults_and_changes_nothing(place: Place) -> None:
    place.run("sweep", "sweep.yaml")
    place.run("agent", "digits", "--count", "1")
    place.write("new.yaml", GRID)
    place.write("other.yaml", GRID.replace("minimize", "maximize"))
    place.write("wrong.yaml", "method: grid\nmetric: {name: loss}\nparameters:\n  lr: {vals: 1}\n"
                "  b: {min: 3, max: 1}\n")  # fmt: skip
    for words, places in WRONG:
        done = place.run("sweep", "--update", "digits", *words, code=2)
        for where in places:
            assert where in done.stderr
    assert _definition(place)["version"] == 1


def test_what_is_about_an_edit_is_refused_where_nothing_is_edited(place: Place) -> None:
    done = place.run("sweep", "sweep.yaml", "--method", "random", code=2)
    assert "--method: it is about a sweep that is there; add --update SWEEP" in done.stderr


def _definition(place: Place) -> dict[str, object]:
    with closing(open_store(str(place.path / ".sonde" / "sonde.db"))) as store:
        return sweep_to_json(store.find_sweep("digits").sweep)


def test_a_new_parameter_that_would_not_reach_the_script_is_refused(place: Place) -> None:
    place.write("plain.py", "lr = 0.1\nmomentum = 0.9\nprint('loss', lr + momentum)\n")
    words = ["--metric", "loss", "--metric-regex", r"loss (\S+)", "--name", "p", "--trials", "1"]
    place.run("run", "lr=0.1,0.2", *words, "-j", "1", "plain.py")
    done = place.run("sweep", "--update", "p", "momentm=0.8,0.9", code=2)
    assert "parameter momentm: momentm occurs nowhere in plain.py" in done.stderr
    assert "momentum" in done.stderr
    place.run("sweep", "--update", "p", "momentum=0.8,0.9", "--trials", "2")
    place.run("resume", "p")
    last = json.loads(place.run("trials", "p", "--format", "json").stdout)[-1]
    assert last["value"] == pytest.approx(last["params"]["lr"] + last["params"]["momentum"])
