"""`--try`, guesses and `--from`, as they are typed."""

import json
from pathlib import Path

import pytest

from cli_said import Sonde

SCRIPT = """
import json, os
lr, layers = 0.1, 3
out = open(os.environ["SONDE_TRIAL_DIR"] + "/reports.jsonl", "a")
print(json.dumps({"loss": (lr - 0.3) ** 2 + layers}), file=out)
"""
OLD = ("run", "lr=0.0..1.0", "layers=1..8", "--metric", "loss", "--seed", "1", "-j", "1")
QUIET = ("--progress", "none")


@pytest.fixture(autouse=True)
def _script(place: Path) -> None:
    (place / "train.py").write_text(SCRIPT)


def tried(cli: Sonde, name: str) -> list[dict[str, object]]:
    rows = json.loads(cli("trials", name, "--format", "json").out)
    rows = rows["trials"] if isinstance(rows, dict) else rows
    return [row["params"] | {"origin": row["origin"]} for row in rows]


def test_what_is_to_be_tried_first_is_and_counts(cli: Sonde) -> None:
    cli(*OLD, *QUIET, "--name", "a", "--trials", "3", "--try", "lr=0.25,layers=7",
        "--try", "layers=2", "train.py")  # fmt: skip
    rows = tried(cli, "a")
    assert rows[:2] == [
        {"lr": 0.25, "layers": 7, "origin": "user"},
        {"lr": 0.5, "layers": 2, "origin": "user"},
    ]
    assert [row["origin"] for row in rows[2:]] == ["method"]
    assert "tries first  lr=0.25  layers=7" in cli("show", "a").out


def test_a_guess_is_tried_first_and_is_no_bound(cli: Sonde) -> None:
    cli("run", "lr=0.0..1.0:guess=0.9", "layers=1..8:guess=2", "--metric", "loss", "-j", "1",
        *QUIET, "--name", "a", "--trials", "4", "train.py")  # fmt: skip
    rows = tried(cli, "a")
    assert rows[0] == {"lr": 0.9, "layers": 2, "origin": "method"}
    assert len({row["lr"] for row in rows}) == 4
    assert "lr: 0.0..1.0, guess 0.9" in cli("show", "a").out


def test_the_best_of_an_earlier_sweep_comes_first(cli: Sonde) -> None:
    cli(*OLD, *QUIET, "--name", "old", "--trials", "6", "train.py")
    best = min(tried(cli, "old"), key=lambda row: (row["lr"] - 0.3) ** 2 + row["layers"])  # type: ignore[operator]
    again = ("--name", "new", "--from", "old", "--trials", "4", "train.py")
    said = cli(*OLD, *QUIET, *again)
    assert "learning from old: the first trials repeat what was best there" in said.err
    assert tried(cli, "new")[0] == best
    assert "learns from  old (" in cli("show", "new").out


def test_it_is_said_what_became_of_the_earlier_sweep(cli: Sonde) -> None:
    cli(*OLD, *QUIET, "--name", "old", "--trials", "6", "train.py")
    cli(*OLD, *QUIET, "--name", "new", "--from", "old", "--trials", "2", "train.py")
    assert ": not judged yet, until the best of before and three others" in cli("show", "new").out
    cli(*OLD, *QUIET, "--name", "new", "--from", "old", "--trials", "5", "train.py")
    assert "): believed\n" in cli("show", "new").out
    assert json.loads(cli("show", "new", "--format", "json").out)["past"] == "believed"
    assert json.loads(cli("show", "old", "--format", "json").out)["past"] is None


def test_it_is_said_that_an_earlier_sweep_misled(cli: Sonde, place: Path) -> None:
    cli(*OLD, *QUIET, "--name", "old", "--trials", "6", "train.py")
    (place / "train.py").write_text(SCRIPT.replace("+ layers", "- layers"))
    cli(*OLD, *QUIET, "--name", "new", "--from", "old", "--trials", "5", "train.py")
    assert ": forgotten, as it misled: most of the first three others" in cli("show", "new").out
    assert json.loads(cli("show", "new", "--format", "json").out)["past"] == "forgotten"


def test_the_same_command_goes_on_though_the_earlier_sweep_has_more_by_now(cli: Sonde) -> None:
    cli(*OLD, *QUIET, "--name", "old", "--trials", "3", "train.py")
    again = ("--name", "new", "--from", "old", "--trials")
    cli(*OLD, *QUIET, *again, "2", "train.py")
    cli(*OLD, *QUIET, "--name", "old", "--trials", "5", "train.py")
    said = cli(*OLD, *again, "3", "--progress", "none", "train.py")
    assert "going on with new" in said.err
    assert len(tried(cli, "new")) == 3


def test_a_dry_run_shows_what_comes_first_and_writes_nothing(cli: Sonde) -> None:
    cli(*OLD, *QUIET, "--name", "old", "--trials", "3", "train.py")
    said = cli(*OLD, "--from", "old", "--try", "layers=8", "--trials", "9", "--dry-run", "train.py")
    assert "trial 0     lr=0.5  layers=8\n" in said.out
    best = min(tried(cli, "old"), key=lambda row: (row["lr"] - 0.3) ** 2 + row["layers"])  # type: ignore[operator]
    assert f"trial 2     lr={best['lr']!r}  layers={best['layers']!r}\n" in said.out
    assert "new" not in cli("ls").out


def test_a_grid_with_points_to_try_first_is_still_gone_through_once(cli: Sonde) -> None:
    cli("run", "--hyperparam=lr=0.1,0.2,0.3", "--try", "lr=0.3", "-j", "1", *QUIET, "--name", "a",
        "train.py")  # fmt: skip
    assert [row["lr"] for row in tried(cli, "a")] == [0.3, 0.1, 0.2]
