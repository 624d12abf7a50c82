"""Every command and option says what it is for."""

import click
import pytest

from sonde.cli.group import COMMANDS, sonde
from sonde.cli.run import run
from sonde.core.search import METHODS


def commands() -> list[tuple[str, click.Command]]:
    context = click.Context(sonde)
    found = []
    for name in COMMANDS:
        command = sonde.get_command(context, name)
        assert command is not None
        found.append((name, command))
        if isinstance(command, click.Group):
            found += [(f"{name} {sub}", c) for sub, c in command.commands.items()]
    return found


@pytest.mark.parametrize(("name", "command"), commands())
def test_every_command_and_option_has_a_help_text(name: str, command: click.Command) -> None:
    assert command.help
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, f"{name} {parameter.opts}"
            assert parameter.help.endswith((".", "]"))


@pytest.mark.parametrize(("name", "command"), commands())
def test_every_command_takes_a_store(name: str, command: click.Command) -> None:
    if not isinstance(command, click.Group) and name != "store copy":  # which names two
        assert any("--store" in parameter.opts for parameter in command.params)


@pytest.mark.parametrize(
    "name", ["ls", "show", "trials", "best", "run", "resume", "doctor", "tail"]
)
def test_what_prints_results_takes_a_format(name: str) -> None:
    command = sonde.get_command(click.Context(sonde), name)
    assert command is not None
    (form,) = [p for p in command.params if "--format" in p.opts]
    assert isinstance(form.type, click.Choice)
    assert {"table", "json"} <= set(form.type.choices)


def test_the_help_of_method_names_every_search_method() -> None:
    (option,) = [one for one in run.params if one.name == "method"]
    assert isinstance(option, click.Option)
    assert str(option.help).endswith(f": auto, {', '.join(METHODS)}.")
