"""The executor of this machine keeps the contract that those of plugins keep."""

from sonde.executors.local import LocalExecutor
from sonde.testing.executors import ExecutorContract


class TestLocalExecutor(ExecutorContract):
    def make(self) -> LocalExecutor:
        return LocalExecutor()
