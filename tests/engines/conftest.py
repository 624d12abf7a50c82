"""Clusters for the tests of engines, alone with themselves where the machine lets them.

`./dev engines` runs them in a network and process namespace of their own, as Ray listens on all
addresses whatever it is told.
"""

import os
from collections.abc import Iterator
from typing import Any

import pytest

from dask_cluster import DaskCluster
from slurm_cluster import SlurmCluster

os.environ["RAY_USAGE_STATS_ENABLED"] = "0"


@pytest.fixture(scope="session")
def cluster() -> Iterator[Any]:
    """A Ray cluster of this machine: a head that runs nothing, and two nodes with a GPU each."""
    from ray.cluster_utils import Cluster

    cluster = Cluster()
    cluster.add_node(num_cpus=0, object_store_memory=80_000_000, include_dashboard=False)
    for _ in range(2):
        cluster.add_node(
            num_cpus=2, num_gpus=1, resources={"slot": 2}, object_store_memory=80_000_000
        )
    cluster.wait_for_nodes()
    yield cluster
    cluster.shutdown()


@pytest.fixture(scope="session")
def dask() -> Iterator[DaskCluster]:
    """A Dask cluster of this machine, with two workers."""
    cluster = DaskCluster()
    yield cluster
    cluster.close()


@pytest.fixture(scope="session")
def slurm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SlurmCluster]:
    """A Slurm cluster of this machine, with three nodes."""
    cluster = SlurmCluster(tmp_path_factory.mktemp("slurm"))
    yield cluster
    cluster.close()
