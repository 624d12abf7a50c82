"""What the pages tell people to type can be typed, and the README's Python runs."""

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from sonde.cli.group import sonde

ROOT = Path(__file__).parents[2]
WRONG = ROOT / "docs" / "wrong-uses.md"  # whose commands are wrong on purpose; tests/cli types them
PAGES = sorted(
    {ROOT / "README.md", *ROOT.glob("docs/*.md"), *ROOT.glob("examples/*/README.md")} - {WRONG}
)


def commands(page: Path) -> Iterator[list[str]]:
    """Yield each `sonde ...` command of a page's shell blocks and inline code as its words."""
    text = page.read_text(encoding="utf-8").replace("\\\n", " ")
    blocks = "\n".join(re.findall(r"^```sh\n(.*?)^```", text, re.DOTALL | re.MULTILINE))
    prose = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    for line in [*blocks.splitlines(), *re.findall(r"`(sonde [^`\n]+)`", prose)]:
        for command in re.split(r"; ", line.split(" # ")[0]):
            if command.startswith("sonde ") and not re.search(r"\[OPTIONS\]|COMMAND", command):
                yield shlex.split(command)[1:]


def fault(words: list[str]) -> str | None:
    """Return what the command line would not understand of a command, or None."""
    group: click.Command = sonde
    context = click.Context(sonde)
    while isinstance(group, click.Group) and words and not words[0].startswith("-"):
        found = group.get_command(context, words[0])
        if found is None:
            return words[0]
        group, words = found, words[1:]
    known = {flag for parameter in group.get_params(context) for flag in parameter.opts}
    for word in words:
        if re.search(r"^\./|\.(py|sh)$", word):
            break  # the rest is the script's own
        if word.startswith("-") and word.split("=")[0] not in known:
            return word
    return None


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_on_a_page_exists_with_its_options(page: Path) -> None:
    assert not [words for words in commands(page) if fault(words)]


def test_the_python_of_the_readme_runs_and_finds_the_bottom(tmp_path: Path) -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    (program,) = re.findall(r"^```python\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    (tmp_path / "program.py").write_text(program)
    run = subprocess.run(
        [sys.executable, "program.py"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    assert float(run.stdout.split()[-1]) < 1e-3


@pytest.mark.parametrize("task", ["demo", "test"])
def test_the_readme_says_the_two_commands(task: str) -> None:
    assert re.search(rf"^\./dev {task}\b", (ROOT / "README.md").read_text(), re.MULTILINE)
