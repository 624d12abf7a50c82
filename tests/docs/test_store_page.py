"""docs/store.md shows what really happens."""

import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli_programs import Place, environment

PAGE = (Path(__file__).parents[2] / "docs" / "store.md").read_text(encoding="utf-8")
CHANGING = re.compile(r"\b[a-z2-7]{8}\b(?=\))|(?<=blob )[0-9a-f]{12}|[0-9.]+ MB", re.MULTILINE)


def fenced(kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    place = Place(tmp_path)
    place.write("train.py", fenced("python")[0])
    yield place
    place.close()


def test_the_commands_on_the_page_print_what_it_shows(place: Place) -> None:
    (careless,) = fenced("sh")
    for block in fenced("console"):
        if "fault" in block:
            subprocess.run(["bash", "-c", careless], cwd=place.path, check=True, env=environment())
        for command in re.split(r"^\$ sonde ", block, flags=re.MULTILINE)[1:]:
            line, _, printed = command.partition("\n")
            said = place.run(*shlex.split(line), code=1 if "fault" in printed else 0)
            if printed:
                found = said.stdout + said.stderr
                assert CHANGING.sub("X", found) == CHANGING.sub("X", printed), line
