"""The Ray executor keeps the contract that the one of this machine keeps."""

from typing import Any

import pytest

from sonde.executors.ray import RayExecutor
from sonde.testing.executors import ExecutorContract


class TestRayExecutor(ExecutorContract):
    @pytest.fixture(autouse=True)
    def _at(self, cluster: Any) -> None:
        self.address = cluster.address

    def make(self) -> RayExecutor:
        return RayExecutor(address=self.address)
