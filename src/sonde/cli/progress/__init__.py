"""Ways to watch a sweep: a live block, plain lines, JSON events, or nothing."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sonde.executors.drive import Listener

__all__ = ["KINDS", "check_output", "choose", "watching"]

KINDS = ("auto", "live", "plain", "json", "none")


def choose(kind: str) -> str:
    """Turn `auto` into `live` at a terminal that can show it, and into `plain` elsewhere."""
    if kind != "auto":
        return kind
    able = sys.stderr.isatty() and os.environ.get("TERM", "dumb") != "dumb"
    return "live" if able and not os.environ.get("CI") else "plain"


def check_output(kind: str, form: str) -> None:
    """Refuse events and results that would both go to stdout.

    Raises:
        ConfigError: If they would.
    """
    from sonde.errors import ConfigError

    if kind == "json" and form != "table":
        raise ConfigError(
            f"--progress json --format {form}",
            "both would be printed on stdout",
            "leave one of them out",
        )


@contextmanager
def watching(kind: str) -> "Iterator[Listener]":
    """Make the listener of a kind and leave the terminal in order after it.

    Each writes to stderr, `json` to stdout.
    """
    kind = choose(kind)
    if kind == "live":
        from sonde.cli.progress.live import Live

        live = Live()
        try:
            yield live
        finally:
            live.close()
    elif kind == "json":
        from sonde.cli.progress.events import Events

        yield Events()
    elif kind == "none":
        from sonde.cli.progress.quiet import Quiet

        yield Quiet()
    else:
        from sonde.cli.progress.plain import Plain

        yield Plain()
