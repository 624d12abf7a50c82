"""`sonde export`."""

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from cli_said import Sonde
from cli_stores import add_sweep, add_trial
from sonde.core.trial import State
from sonde.store.protocol import Store


@pytest.fixture
def sweep(store: Store) -> str:
    record = add_sweep(store)
    add_trial(store, record.id, {"lr": 0.1, "opt": "adam"}, [0.5, 0.25])
    add_trial(store, record.id, {"lr": 0.2, "opt": "sgd"}, [0.4])
    add_trial(store, record.id, {"lr": 0.3, "opt": "sgd"}, state=State.FAILED, error="boom")
    return record.name


def test_the_suffix_says_what_is_written(cli: Sonde, sweep: str, tmp_path: Path) -> None:
    for suffix in ("csv", "json", "tex", "parquet"):
        said = cli("export", sweep, "-o", str(tmp_path / f"f.{suffix}"))
        assert said.err == f"{tmp_path / f'f.{suffix}'}: 3 of 3 trials\n"
    assert pq.read_table(tmp_path / "f.parquet").num_rows == 3
    assert len(json.loads((tmp_path / "f.json").read_text())) == 3


def test_it_writes_to_stdout_what_was_chosen_in_order(cli: Sonde, sweep: str) -> None:
    said = cli("export", sweep, "--columns", "number,loss", "--filter", "done", "--sort=-loss")
    assert said.out.splitlines() == ["number,loss", "1,0.4", "0,0.25"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["-o", "f.xlsx"], "--output f.xlsx: its suffix tells no format; use .csv, .json"),
        (["--columns", "los"], "columns los: nothing is called so; did you mean loss?"),
        (
            ["-o", "nowhere/f.csv"],
            "--output nowhere/f.csv: No such file or directory; choose another",
        ),
    ],
)
def test_what_cannot_be_written_is_refused(
    cli: Sonde, sweep: str, options: list[str], message: str
) -> None:
    said = cli("export", sweep, *options, code=2)
    assert message in said.err
