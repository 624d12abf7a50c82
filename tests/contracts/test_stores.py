"""Every store keeps what the protocol promises."""

from pathlib import Path

from hypothesis import HealthCheck, settings

from sonde.store import open_store
from sonde.store.memory import MemoryStore
from sonde.store.protocol import Store
from sonde.store.sqlite import SqliteStore
from sonde.testing.store_machine import StoreMachine
from sonde.testing.stores import StoreContract


class TestMemoryStore(StoreContract):
    def make(self, folder: Path) -> Store:  # noqa: ARG002, RUF100
        return MemoryStore()


class TestSqliteStore(StoreContract):
    def make(self, folder: Path) -> Store:
        return open_store(f"sqlite:///{folder / 'sonde.db'}")


class SqliteMachine(StoreMachine):
    def make(self, folder: Path) -> Store:
        return SqliteStore(folder / "sonde.db")

    def reopen(self, store: Store, folder: Path) -> Store:
        store.close()
        return self.make(folder)


class TestSqliteIsAsMemory(SqliteMachine.TestCase):  # type: ignore[misc, valid-type]
    settings = settings(
        max_examples=40,
        stateful_step_count=30,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],  # a busy machine is no fault of the store
    )
