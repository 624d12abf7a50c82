"""The store behind a server keeps what the protocol promises."""

from contextlib import ExitStack
from datetime import datetime
from pathlib import Path

from hypothesis import HealthCheck, settings

from served import served
from sonde.store import open_store
from sonde.store.http import HttpStore
from sonde.store.memory import MemoryStore
from sonde.store.protocol import Store
from sonde.testing.store_machine import StoreMachine
from sonde.testing.stores import StoreContract


def as_told(now: datetime) -> datetime:
    """A clock that believes the caller, so that tests can set it."""
    return now


class Behind(HttpStore):
    """A store behind a live server of its own, which ends with it."""

    def __init__(self, behind: Store) -> None:
        self.behind = behind
        self._server = ExitStack()
        client = self._server.enter_context(served(behind, clock=as_told))
        super().__init__(str(client.base_url))

    def left_and_returned(self) -> "Behind":
        """Let go of the connections, and make new ones."""
        super().close()
        HttpStore.__init__(self, self.url)
        return self

    def close(self) -> None:
        super().close()
        self._server.close()
        self.behind.close()


class TestHttpStore(StoreContract):
    def make(self, folder: Path) -> Store:
        return Behind(open_store(f"sqlite:///{folder / 'sonde.db'}"))


class HttpMachine(StoreMachine):
    def make(self, folder: Path) -> Store:  # noqa: ARG002, RUF100
        return Behind(MemoryStore())

    def reopen(self, store: Store, folder: Path) -> Store:  # noqa: ARG002, RUF100
        assert isinstance(store, Behind)
        return store.left_and_returned()


class TestHttpIsAsMemory(HttpMachine.TestCase):  # type: ignore[misc, valid-type]
    settings = settings(
        max_examples=25,
        stateful_step_count=25,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],  # a busy machine is no fault of the store
    )
