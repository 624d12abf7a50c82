"""`--subject-to`: what it takes to be the best."""

import json
import re

import pytest

from cli_programs import Place

PRINTS = """
width = 8
print(f"loss={1 / width} ms={width / 2}")
"""
REGEX = r"--metric-regex=(?P<name>loss|ms)=(?P<value>\S+)"
RUN = ("run", "--hyperparam=width=8,16,32,64", "--metric=loss", REGEX, "--name", "x")


@pytest.fixture
def place(desk: Place) -> Place:
    desk.write("net.py", PRINTS)
    return desk


def test_the_best_is_the_best_of_those_that_keep_to_the_bounds(place: Place) -> None:
    done = place.run(*RUN, "--subject-to", "ms <= 20", "--subject-to=loss >= 0.01", "net.py")
    assert "best  x/2  width=32" in done.stdout
    assert "best=#2 loss=0.03125; exit 0" in done.stderr
    assert "min of the last loss with ms <= 20 and loss >= 0.01" in done.stderr
    (line,) = [line for line in done.stderr.splitlines() if "#3 done" in line]
    assert "infeasible" in line
    header, *rows = done.stdout.strip().split("best")[0].strip().splitlines()
    assert "bounds" in header.split()
    assert [row.split()[0] for row in rows] == ["2", "1", "0", "3"]
    assert ["infeasible" in row for row in rows] == [False, False, False, True]


def test_programs_read_what_is_feasible_and_by_how_much_it_is_not(place: Place) -> None:
    place.run(*RUN, "--subject-to=ms <= 20", "net.py")
    trials = place.json("trials", "x")
    assert [t["feasible"] for t in trials] == [True, True, True, False]
    assert [t["excess"] for t in trials] == [{"ms <= 20": ms - 20} for ms in (4, 8, 16, 32)]
    assert [t["number"] for t in place.json("best", "x", "-n", "9")] == [2, 1, 0]
    (sweep,) = place.json("ls")
    assert sweep["best"]["number"] == 2
    bound = {"metric": "ms", "bound": 20.0, "at_most": True, "summary": "last"}
    assert sweep["constraints"] == [bound]
    assert re.search("^subject to +ms <= 20$", place.run("show", "x").stdout, re.MULTILINE)
    assert "ms <= 20: broken, by 12: infeasible" in place.run("show", "x/3").stdout
    numbers = [t["number"] for t in place.json("trials", "x", "--sort", "value", "--desc")]
    assert numbers == [0, 1, 2, 3]


def test_if_none_is_feasible_that_is_said_and_which_is_nearest(place: Place) -> None:
    done = place.run(*RUN, "--subject-to=ms <= 3", "net.py")
    said = "no trial is best: none is feasible, which is ms <= 3; the nearest is #0 with ms 4"
    assert said in done.stderr
    assert "best  x/" not in done.stdout
    look = place.run("best", "x", code=1)
    assert said in look.stderr
    assert "none feasible" in place.run("ls").stdout
    assert said in place.run("show", "x").stdout
    (sweep,) = place.json("ls")
    assert sweep["best"] is None


def test_events_say_which_trials_are_feasible_and_which_is_best(place: Place) -> None:
    out = place.run(*RUN, "--subject-to=ms <= 20", "--progress", "json", "net.py").stdout
    events = [json.loads(line) for line in out.splitlines()]
    ended = {e["number"]: e["feasible"] for e in events if e["type"] == "trial"}
    assert ended == {0: True, 1: True, 2: True, 3: False}
    assert events[-1]["best"]["number"] == 2


def test_another_bound_is_another_sweep(place: Place) -> None:
    place.run(*RUN, "--subject-to=ms <= 20", "net.py")
    refused = place.run(*RUN, "--subject-to=ms <= 21", "net.py", code=2)
    assert "constraints" in refused.stderr
