"""The store on a Redis server keeps what the protocol promises."""

from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, settings

from sonde.store import open_store
from sonde.store.protocol import Store
from sonde.testing.store_machine import StoreMachine
from sonde.testing.stores import StoreContract


class TestRedisStore(StoreContract):
    url: Callable[[], str]

    @pytest.fixture(autouse=True)
    def on_a_server(self, redis_url: Callable[[], str]) -> None:
        self.url = redis_url

    def make(self, folder: Path) -> Store:  # noqa: ARG002, RUF100
        return open_store(self.url())


class RedisMachine(StoreMachine):
    url: ClassVar[Callable[[], str]]

    def make(self, folder: Path) -> Store:  # noqa: ARG002, RUF100
        return open_store(type(self).url())

    def reopen(self, store: Store, folder: Path) -> Store:  # noqa: ARG002, RUF100
        store.close()
        return open_store(store.url)


@pytest.fixture(autouse=True, scope="session")
def server_of_the_machine(redis_url: Callable[[], str]) -> None:
    RedisMachine.url = redis_url


class TestRedisIsAsMemory(RedisMachine.TestCase):  # type: ignore[misc, valid-type]
    settings = settings(
        max_examples=30,
        stateful_step_count=30,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],  # a busy machine is no fault of the store
    )
