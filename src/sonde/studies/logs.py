"""Optuna's `logging`: a line for each trial that ends, on stderr, unless a program wants none."""

import logging
import sys
from logging import CRITICAL, DEBUG, ERROR, FATAL, INFO, WARN, WARNING

__all__ = [
    "CRITICAL",
    "DEBUG",
    "ERROR",
    "FATAL",
    "INFO",
    "WARN",
    "WARNING",
    "create_default_formatter",
    "disable_default_handler",
    "disable_propagation",
    "enable_default_handler",
    "enable_propagation",
    "get_logger",
    "get_verbosity",
    "set_verbosity",
]

_NAME = "sonde.optuna"


class _Stderr(logging.StreamHandler):  # type: ignore[type-arg]
    """Writes to what stderr is at that moment."""

    @property
    def stream(self) -> object:
        """Where it goes."""
        return sys.stderr

    @stream.setter
    def stream(self, _: object) -> None:
        return


def create_default_formatter() -> logging.Formatter:
    """Return how lines look: `[I 2026-11-22 05:40:12] ...`."""
    return _Formatter("%(asctime)s", "%Y-%m-%d %H:%M:%S")


class _Formatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return (
            f"[{record.levelname[0]} {self.formatTime(record, self.datefmt)}] {record.getMessage()}"
        )


def _begun() -> logging.Logger:
    logger = logging.getLogger(_NAME)
    if logger.level == logging.NOTSET:
        logger.setLevel(INFO)
        logger.propagate = False
        enable_default_handler()
    return logger


def get_logger(name: str) -> logging.Logger:
    """Return the logger of a name; `optuna` is ours."""
    logger = _begun()
    return logger if name == "optuna" else logging.getLogger(name)


def get_verbosity() -> int:
    """Return the level from which on lines are written."""
    return _begun().level


def set_verbosity(verbosity: int) -> None:
    """Write lines from this level on: `WARNING` leaves those of trials out."""
    _begun().setLevel(verbosity)


def enable_default_handler() -> None:
    """Write lines to stderr, as from the start."""
    logger = logging.getLogger(_NAME)
    if not any(isinstance(handler, _Stderr) for handler in logger.handlers):
        handler = _Stderr()
        handler.setFormatter(create_default_formatter())
        logger.addHandler(handler)


def disable_default_handler() -> None:
    """Write nothing to stderr; handlers of one's own still get it."""
    logger = _begun()
    for handler in [each for each in logger.handlers if isinstance(each, _Stderr)]:
        logger.removeHandler(handler)


def enable_propagation() -> None:
    """Hand lines to the root logger too."""
    _begun().propagate = True


def disable_propagation() -> None:
    """Keep lines from the root logger, as from the start."""
    _begun().propagate = False
