"""What the server's tests share."""

from collections.abc import Iterator

import httpx
import pytest

from served import served
from sonde.store.memory import MemoryStore


@pytest.fixture
def store() -> MemoryStore:
    """The store that is served."""
    return MemoryStore()


@pytest.fixture
def client(store: MemoryStore) -> Iterator[httpx.Client]:
    """Speaks to a live server over `store`."""
    with served(store) as client:
        yield client
