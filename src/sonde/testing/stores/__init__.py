"""The contract of stores, as tests: a store is one if it passes them.

Derive a class, say how a fresh store is made, and let pytest collect it:

    class TestMyStore(StoreContract):
        def make(self, folder: Path) -> Store:
            return MyStore(folder / "store")
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sonde.store.protocol import Store
from sonde.testing.stores.decisions import Decisions
from sonde.testing.stores.ends import Ends
from sonde.testing.stores.feed import Feed
from sonde.testing.stores.leases import Leases
from sonde.testing.stores.parts import START, at, space, sweep
from sonde.testing.stores.puts import Puts
from sonde.testing.stores.reports import Reports
from sonde.testing.stores.revalues import Revalues
from sonde.testing.stores.sweeps import Sweeps
from sonde.testing.stores.values import Values
from sonde.testing.stores.versions import Versions

__all__ = ["START", "StoreContract", "at", "space", "sweep"]


class StoreContract(
    Sweeps, Decisions, Leases, Reports, Ends, Feed, Values, Versions, Puts, Revalues
):
    """Every promise of `sonde.store.protocol`."""

    def make(self, folder: Path) -> Store:
        """Return a fresh store, in an empty folder if it needs one."""
        raise NotImplementedError

    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[Store]:
        """The store under test."""
        store = self.make(tmp_path)
        yield store
        store.close()
