"""Machines of a cloud, as the command line asks for them and agrees to what they cost."""

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import click

__all__ = ["agree", "cloud_options", "machines_of", "yes_option"]

F = TypeVar("F", bound=Callable[..., Any])
# Argument of the command -> its first flag, the option of the place, and the help.
_FLAGS: Mapping[str, tuple[tuple[str, ...], str, str, str]] = {
    "cloud_timeout": (("--cloud-timeout",), "timeout", "SPAN",
                      "End machines after so long without work or this process. Default: 5m."),
    "cloud_price": (("--cloud-price",), "price", "USD",
                    "What a machine costs an hour, where the table does not know."),
    "disk": (("--disk", "--hdd"), "disk", "SIZE", "Of each machine, such as 100GB."),
    "image": (("--image",), "image", "NAME", "The image of the machines: an AMI, or Google's."),
    "bid": (("--bid",), "bid", "USD", "What a spot machine may cost an hour at most."),
    "ssh_keypair": (("--ssh-keypair",), "key", "FILE",
                    "A private key to log in with. Default: Ray makes one."),
    "user_startup_script": (("--user-startup-script",), "setup", "FILE",
                            "Lines of shell that every machine runs first."),
}  # fmt: skip


def yes_option(function: F) -> F:
    """Add `--yes`."""
    return click.option(
        "--yes", "-y", is_flag=True, help="Start machines that cost money without asking."
    )(function)


def cloud_options(function: F) -> F:
    """Add the options of a cloud's machines."""
    for name, (flags, _, metavar, explained) in reversed(list(_FLAGS.items())):
        function = click.option(*flags, name, metavar=metavar, help=explained)(function)
    return click.option(
        "--cloud-spot", is_flag=True, help="Use spot machines: cheaper, may be taken away."
    )(function)


def machines_of(given: Mapping[str, Any]) -> dict[str, tuple[str, Any]]:
    """Return the options that were given, by their names at the place, with how they were written.

    Args:
        given: What click read, by the names of `cloud_options`; others are not looked at.
    """
    found = {
        place: (f"{flags[0]} {given[name]}", given[name])
        for name, (flags, place, _, _) in _FLAGS.items()
        if given.get(name) is not None
    }
    if given.get("cloud_spot"):
        found["spot"] = ("--cloud-spot", True)
    return found


def agree(lines: Sequence[str], name: str, *, yes: bool = False) -> None:
    """Say what a place costs, and have the user agree to it.

    Raises:
        ConfigError: If nobody can be asked, or the user does not agree.
    """
    from sonde.cli.output import say
    from sonde.errors import ConfigError

    if not yes and not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise ConfigError(
            f"--cloud {name}", f"this costs money: {'; '.join(lines)}", "add --yes if you agree"
        )
    for line in lines:
        say(line)
    if not yes and not click.confirm("start them?", err=True):
        raise ConfigError(f"--cloud {name}", "you did not agree", "nothing was started")
