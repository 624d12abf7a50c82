"""docs/editing.md shows what really happens."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli_programs import Place

PAGE = (Path(__file__).parents[2] / "docs" / "editing.md").read_text(encoding="utf-8")
ID = re.compile(r"\b[a-z2-7]{8}\b(?=\)|$)", re.MULTILINE)


def blocks(kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    place = Place(tmp_path)
    place.write("train.py", blocks("python")[0])
    place.write("sweep.yaml", blocks("yaml")[0])
    yield place
    place.close()


def test_the_commands_on_the_page_print_what_it_shows(place: Place) -> None:
    for block in blocks("console"):
        for command in re.split(r"^\$ sonde ", block, flags=re.MULTILINE)[1:]:
            line, _, printed = command.partition("\n")
            done = place.run(*shlex.split(line))
            assert ID.sub("ID", done.stdout) == ID.sub("ID", printed), line
    shown = place.run("show", "digits").stdout
    assert "done 12" in shown
    assert ": high rates diverge" in shown
