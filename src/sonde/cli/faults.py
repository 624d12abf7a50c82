"""Collecting the faults of one command line, so that all are told at once."""

from collections.abc import Iterator
from contextlib import contextmanager

from sonde.errors import ConfigError, ConfigErrors

__all__ = ["Faults"]


class Faults:
    """The faults so far."""

    def __init__(self) -> None:
        self.found: list[ConfigError] = []

    @contextmanager
    def collected(self) -> Iterator[None]:
        """Keep a ConfigError that the block raises, and go on behind it."""
        try:
            yield
        except ConfigErrors as several:
            self.found += several.faults
        except ConfigError as fault:
            self.found.append(fault)

    def add(self, where: str, found: str, remedy: str) -> None:
        """Add a fault."""
        self.found.append(ConfigError(where, found, remedy))

    def refuse(self) -> None:
        """Raise what was found, if anything was.

        Raises:
            ConfigError: The one fault, or `ConfigErrors` with all of them.
        """
        # The same text twice comes of two readers of one option; people need it once.
        texts = list({str(fault): fault for fault in self.found}.values())
        if len(texts) == 1:
            raise texts[0]
        if texts:
            raise ConfigErrors(texts)
