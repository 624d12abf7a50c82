"""Taking the words of `sonde run` apart: options, parameters, and the user's own command.

The first word that is no option and no parameter is the script; all from there on is the
script's own, untouched. Before it options and parameters may stand in any order.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import click

__all__ = ["RunCommand", "Written"]

HYPERPARAM = ("--hyperparam", "-hp")
# Options of StudioML that have no clear meaning here: what to do instead.
_NO_QUEUE = "leave it out; the store is the queue, and sonde agent SWEEP works it off"
_NO_CAPTURE = "leave it out; each trial keeps its folder, and --link names large data"
REFUSED = {
    "--queue": _NO_QUEUE,
    "-q": _NO_QUEUE,
    "--capture-once": _NO_CAPTURE,
    "-co": _NO_CAPTURE,
    "--capture": _NO_CAPTURE,
    "-c": _NO_CAPTURE,
    "--reuse": _NO_CAPTURE,
    "-r": _NO_CAPTURE,
    "--lifetime": "leave it out; sweeps stay until .sonde is deleted",
    "--optimizer": "use --method NAME",
    "-opt": "use --method NAME",
}


@dataclass(slots=True)
class Written:
    """What was written.

    Attributes:
        ranges: The parameters in their order: the flag that they stood behind (`argument` for
            short forms) and the text.
        refused: StudioML's options that mean nothing here, each with what to do instead.
        options: Options with their values, to be parsed.
        command: The script and its arguments.
    """

    ranges: list[tuple[str, str]] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)
    options: list[str] = field(default_factory=list)
    command: list[str] = field(default_factory=list)


class RunCommand(click.Command):
    """A command that takes parameters as words, up to the first word that is the script."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Split the words, parse the options as always, and keep the rest in `ctx.meta`."""
        written = self.split(args)
        # click must see the command too, or it would say that it is missing.
        super().parse_args(ctx, [*written.options, "--", *written.command])
        ctx.meta["sonde.ranges"] = tuple(written.ranges)
        ctx.meta["sonde.command"] = tuple(written.command)
        ctx.meta["sonde.refused"] = tuple(written.refused)
        return []

    def split(self, args: Sequence[str]) -> Written:
        """Take the words apart."""
        from sonde.core.notation import is_short_form

        takes = self._options_with_values()
        written = Written()
        left = list(args)
        while left:
            word = left.pop(0)
            if word == "--":
                written.command = left
                break
            if word.startswith("-") and word != "-":
                name, equals, value = word.partition("=")
                if name in HYPERPARAM and (equals or left):
                    written.ranges.append((name, value if equals else left.pop(0)))
                    continue
                if name in REFUSED:
                    written.refused.append((word, REFUSED[name]))
                    if not equals and left and not left[0].startswith("-"):
                        left.pop(0)
                    continue
                written.options.append(word)
                if not equals and takes.get(name) and left:
                    written.options.append(left.pop(0))
            elif is_short_form(word) and not os.path.exists(word):  # noqa: PTH110 a word of argv
                written.ranges.append(("argument", word))
            else:
                written.command = [word, *left]
                break
        return written

    def _options_with_values(self) -> dict[str, bool]:
        options: list[Any] = [p for p in self.params if isinstance(p, click.Option)]
        return {
            name: not option.is_flag and not option.count
            for option in options
            for name in (*option.opts, *option.secondary_opts)
        }
