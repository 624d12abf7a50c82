"""Stores that wait for a server which is away: they can tell meanwhile, and not only at the end."""

from collections.abc import Callable
from typing import Protocol, runtime_checkable

from sonde.errors import StoreError

__all__ = ["SAID_AFTER_S", "Waiting", "on_wait"]

SAID_AFTER_S = 1.0
"""So long a server may be away without a word: a failover, or a restart, often is no longer."""


@runtime_checkable
class Waiting(Protocol):
    """A store whose calls wait, and try again, while its server is away.

    Attributes:
        on_wait: Called once in a call that has waited for `SAID_AFTER_S`, with what is in the way.
    """

    on_wait: Callable[[StoreError], None] | None


def on_wait(store: object, told: Callable[[StoreError], None]) -> None:
    """Be told when a call of a store waits for its server; nothing where none ever does."""
    if isinstance(store, Waiting):
        store.on_wait = told
