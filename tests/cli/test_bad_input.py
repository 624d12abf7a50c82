"""Every row of docs/wrong-uses.md, typed in the folder that the page speaks of."""

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

import pytest

from cli_misuse import prepare
from cli_programs import Place
from sonde.cli import run_line

PAGE = Path(__file__).parents[2] / "docs" / "wrong-uses.md"
ROW = re.compile(r"^\| `(?P<typed>sonde.*?)` \| (?P<code>\d+) \| (?P<said>`.*`) \|$")
LEAST = 40


@dataclass(frozen=True)
class Row:
    typed: str
    code: int
    said: tuple[str, ...]
    runs: bool  # whether trials are started


def rows() -> list[Row]:
    found, section = [], ""
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        section = line if line.startswith("## ") else section
        if match := ROW.match(line):
            said = tuple(re.findall(r"`([^`]*)`", match["said"]))
            runs = section == "## Scripts that misbehave"
            found.append(Row(match["typed"], int(match["code"]), said, runs))
    return found


ROWS = rows()
TYPED = [pytest.param(row, id=row.typed.replace("::", ":")) for row in ROWS]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wrong uses")
    prepare(folder)
    Place(folder).run("run", "--name", "taken", "--hyperparam=lr=5", "train.py")
    return folder


def contents(folder: Path) -> dict[str, object]:
    """Every file but the log of the database, which merely opening may touch."""
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in folder.rglob("*")
        if not path.name.endswith(("-wal", "-shm", ".db"))
    }


def test_the_page_has_at_least_forty_wrong_uses_each_once() -> None:
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    assert len(ROWS) == sum(line.startswith("| `sonde") for line in lines) >= LEAST
    assert len({row.typed for row in ROWS}) == len(ROWS)


@pytest.mark.parametrize("row", [p for p in TYPED if not p.values[0].runs])  # type: ignore[union-attr]
def test_what_cannot_be_done_is_said_and_changes_nothing(
    row: Row, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder)
    monkeypatch.delenv("SONDE_STORE", raising=False)
    before = contents(folder)
    code = run_line(shlex.split(row.typed)[1:])
    said = capsys.readouterr()
    assert code == row.code, said.err
    for part in row.said:
        assert part in said.err
    assert "Traceback" not in said.err
    assert said.out == ""
    assert contents(folder) == before
    run_line(["ls", "--format", "csv"])
    assert len(capsys.readouterr().out.splitlines()) == 2  # the head, and `taken`


@pytest.mark.parametrize("row", [p for p in TYPED if p.values[0].runs])  # type: ignore[union-attr]
def test_a_script_that_misbehaves_harms_nobody(row: Row, tmp_path: Path) -> None:
    prepare(tmp_path)
    place = Place(tmp_path)
    done = place.run(*shlex.split(row.typed)[1:], code=row.code)
    for part in row.said:
        assert part in done.stderr + done.stdout
    # Of sonde's own; what a script wrote last is shown behind a bar.
    assert not re.search(r"^(?!  \| ).*Traceback", done.stderr, re.MULTILINE)
    assert not place.orphans()
