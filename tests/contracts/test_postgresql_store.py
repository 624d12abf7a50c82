"""The store in PostgreSQL keeps what the protocol promises."""

from pathlib import Path

from hypothesis import HealthCheck, settings

from postgres import fresh_url
from sonde.store import open_store
from sonde.store.protocol import Store
from sonde.testing.store_machine import StoreMachine
from sonde.testing.stores import StoreContract


class TestPostgresStore(StoreContract):
    def make(self, folder: Path) -> Store:  # noqa: ARG002, RUF100
        return open_store(fresh_url())


class PostgresMachine(StoreMachine):
    def make(self, folder: Path) -> Store:  # noqa: ARG002, RUF100
        self.url = fresh_url()
        return open_store(self.url)

    def reopen(self, store: Store, folder: Path) -> Store:  # noqa: ARG002, RUF100
        store.close()
        return open_store(self.url)


class TestPostgresIsAsMemory(PostgresMachine.TestCase):  # type: ignore[misc, valid-type]
    settings = settings(
        max_examples=25,
        stateful_step_count=30,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],  # a busy machine is no fault of the store
    )
