"""`sonde plot`, and `Sweep.plot`."""

import json
from pathlib import Path

import pytest

from cli_said import Sonde
from cli_stores import add_sweep, add_trial
from sonde.api.sweep import Sweep
from sonde.core.trial import State
from sonde.errors import ConfigError
from sonde.store.protocol import Store


@pytest.fixture
def sweep(store: Store) -> str:
    for name in ("digits", "other"):
        record = add_sweep(store, name=name)
        for n in range(6):
            params = {"lr": 10.0 ** -(n / 2), "opt": ["adam", "sgd"][n % 2]}
            add_trial(store, record.id, params, [1.0, n / 10], after=10 * n)
        add_trial(store, record.id, {"lr": 0.5, "opt": "sgd"}, state=State.FAILED, after=60)
    return "digits"


def test_without_a_file_it_is_drawn_here(cli: Sonde, sweep: str) -> None:
    said = cli("plot", "history", sweep)
    assert said.lines[0] == "history of min loss · digits"
    assert said.lines[-1] == "7 trials: 6 done, 1 failed"
    assert any("x" in line for line in said.lines)
    assert max(map(len, said.lines)) <= 80


def test_several_sweeps_come_into_one_figure(cli: Sonde, sweep: str, tmp_path: Path) -> None:
    file = tmp_path / "f.json"
    said = cli("plot", "edf", sweep, "other", "--filter", "done lr<0.2", "-o", str(file))
    assert said.err == f"{file}\n"
    runs = json.loads(file.read_text())["runs"]
    assert [(run["source"]["name"], run["results"]) for run in runs] == [
        ("digits", 4),
        ("other", 4),
    ]


def test_several_files_are_drawn_at_once_of_a_storage_by_hydra_s_word_for_it(
    cli: Sonde, sweep: str, tmp_path: Path
) -> None:
    files = [tmp_path / "f.json", tmp_path / "f.svg"]
    written = [word for file in files for word in ("-o", str(file))]
    url = f"sqlite:///{tmp_path}/.sonde/sonde.db"
    said = cli("plot", "history", sweep, "--storage", url, *written)
    assert said.err.splitlines() == [str(file) for file in files]
    assert all(file.exists() for file in files)


def test_a_file_is_drawn_by_its_suffix(cli: Sonde, sweep: str, tmp_path: Path) -> None:
    file = tmp_path / "f.svg"
    cli("plot", "contour", sweep, "--param", "lr", "--param", "opt", "-o", str(file))
    assert file.read_text().startswith("<?xml")


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (
            ["slice", "digits", "-o", "f.gif"],
            "--output f.gif: its suffix tells no format; use .png",
        ),
        (
            ["slice", "digits", "--param", "lrr"],
            "params=lrr: there is no such parameter; did you mean",
        ),
        (["slice", "digits", "nosuch"], "nosuch"),
        (["pie", "digits"], "'pie' is not one of"),
    ],
)
def test_what_cannot_be_drawn_is_refused(
    cli: Sonde, sweep: str, argv: list[str], message: str
) -> None:
    said = cli("plot", *argv, code=2)
    assert message in said.err


def test_python_has_the_same_figure(store: Store, sweep: str) -> None:
    mine = Sweep.open(sweep, store=store)
    assert mine.plot("slice", params=["lr"]).to_json()["columns"][0]["axis"]["log"] is True
    both = mine.plot("history", "other", over="time", metric="loss:last", filter="done")
    runs = both.to_json()["runs"]
    assert [run["source"]["chosen"] for run in runs] == [6, 6]
    assert both.data.goal.summary == "last"
    with pytest.raises(ConfigError, match="there is no such figure"):
        mine.plot("pie")
