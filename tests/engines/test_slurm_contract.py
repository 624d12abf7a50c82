"""The Slurm executor keeps the contract that the one of this machine keeps."""

import pytest

from sonde.executors.slurm import SlurmExecutor
from sonde.testing.executors import ExecutorContract


@pytest.mark.usefixtures("slurm")
class TestSlurmExecutor(ExecutorContract):
    word_s = 6.0  # by the queue, a job's script and a process that looks now and then

    def make(self) -> SlurmExecutor:
        return SlurmExecutor()
