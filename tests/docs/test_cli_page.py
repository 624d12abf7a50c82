"""docs/cli.md has every command and every option."""

import re
import subprocess
import sys
from pathlib import Path

import click
import pytest

from sonde.cli.group import sonde

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL))


def commands(group: click.Group, name: str) -> list[tuple[str, click.Command]]:
    """Return all commands under a group with their whole names."""
    context = click.Context(group, info_name=name)
    found: list[tuple[str, click.Command]] = []
    for short in group.list_commands(context):
        command = group.get_command(context, short)
        assert command is not None
        if not command.hidden:
            found.append((f"{name} {short}", command))
            if isinstance(command, click.Group):
                found += commands(command, f"{name} {short}")
    return found


@pytest.mark.parametrize(("name", "command"), commands(sonde, "sonde"))
def test_every_command_has_its_section_with_all_its_options(
    name: str, command: click.Command
) -> None:
    missing = [
        flag
        for parameter in command.params
        if isinstance(parameter, click.Option) and not parameter.hidden
        for flag in parameter.opts
        if flag not in SECTIONS[name]
    ]
    assert not missing


@pytest.mark.parametrize(("name", "command"), commands(sonde, "sonde"))
def test_every_command_and_option_says_what_it_is_for(name: str, command: click.Command) -> None:
    silent = [
        parameter.name
        for parameter in command.params
        if isinstance(parameter, click.Option) and not parameter.hidden and not parameter.help
    ]
    assert command.help, name
    assert "\\b" not in command.help  # click's sign for lines to keep, written so that it fails
    assert not silent


def test_the_generated_pages_are_fresh() -> None:
    check = [sys.executable, str(ROOT / "docs" / "generate.py"), "--check"]
    outcome = subprocess.run(check, capture_output=True, text=True, check=False)
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
