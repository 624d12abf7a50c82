"""No progress at all, except what people must hear."""

from collections.abc import Sequence

from sonde.cli.output import say
from sonde.core.trial import Trial
from sonde.executors.drive import Result, View

__all__ = ["Quiet"]


class Quiet:
    """Says notes only."""

    def begin(self, view: View) -> None:
        """Nothing."""

    def update(self, view: View, changed: Sequence[Trial]) -> None:
        """Nothing."""

    def note(self, text: str) -> None:
        """Print it on stderr."""
        say(text)

    def end(self, view: View, result: Result) -> None:
        """Nothing."""
