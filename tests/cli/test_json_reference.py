"""docs/reference-json.md has every field that a command prints, and no other."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from cli_programs import Place

PAGE = Path(__file__).parents[2] / "docs" / "reference-json.md"
WORD = re.compile(r"`(\w+)`")


def section(title: str) -> str:
    text = PAGE.read_text(encoding="utf-8")
    return text.split(f"\n## {title}\n")[1].split("\n## ")[0]


def tables(title: str) -> list[set[str]]:
    """The first cells of each table of a section."""
    found: list[set[str]] = []
    for block in re.split(r"\n\n", section(title)):
        rows = [line for line in block.strip().splitlines() if line.startswith("| `")]
        if rows:
            found.append({row.split("`")[1] for row in rows if "type" not in row.split("|")[1]})
    return found


TRIAL, FOLDED, SHOWN, RUN = tables("A trial")
SWEEP, FULL = tables("A sweep")


@pytest.fixture
def made(desk: Place) -> Place:
    desk.run("run", "--hyperparam=lr=1,2", "--metric=val_loss", "--name", "x", "train.py")
    return desk


@pytest.mark.parametrize(
    ("argv", "fields"),
    [
        (["trials", "x"], TRIAL),
        (["best", "x"], TRIAL | FOLDED),
        (["trials", "x", "--fold"], TRIAL | FOLDED - {"certainty"}),
        (["show", "x/0"], TRIAL | SHOWN),
        (["runs", "list"], TRIAL | RUN),
        (["ls"], SWEEP),
        (["show", "x"], SWEEP | FULL),
        (["doctor"], tables("The machine")[0]),
        (["run", "--hyperparam=lr=1", "--dry-run", "train.py"], tables("A dry run")[0]),
        (["run", "--hyperparam=lr=1", "train.py"], SWEEP | {"results"}),
    ],
)
def test_each_result_has_the_fields_that_are_documented(
    made: Place, argv: list[str], fields: set[str]
) -> None:
    words = [argv[0], "--format", "json", *argv[1:]] if argv[0] == "run" else None
    data = json.loads(made.run(*words).stdout) if words else made.json(*argv)
    for row in data if isinstance(data, list) else [data]:
        assert set(row) == fields


def test_each_event_has_the_fields_that_are_documented(desk: Place) -> None:
    argv = ["run", "--hyperparam=lr=1,2,3", "--metric=val_loss", "-v", "--progress", "json"]
    events: list[dict[str, Any]] = [
        json.loads(line) for line in desk.run(*argv, "train.py", "2", "0.2").stdout.splitlines()
    ]
    rows = [
        line.strip("|").split(" | ")
        for line in section("Events").splitlines()
        if line.startswith("| `") and "fields" not in line
    ]
    documented = {row[0].strip(" `"): set(WORD.findall(row[2])) for row in rows}
    documented["sweep"] |= SWEEP
    documented["trial"] |= TRIAL
    assert {event["type"] for event in events} == documented.keys()
    for event in events:
        assert set(event) == documented[event["type"]] | {"type", "time"}


def test_an_edit_has_the_fields_that_are_documented(made: Place) -> None:
    words = ["sweep", "--update", "x", "lr=1,2,3", "--dry-run", "--json"]
    assert set(json.loads(made.run(*words).stdout)) == tables("An edit")[0]
