"""Hydra's own suites for launchers and sweepers, with this sweeper."""

from pathlib import Path

import pytest
from hydra.core.plugins import Plugins
from hydra.plugins.sweeper import Sweeper
from hydra.test_utils.launcher_common_tests import (
    BatchedSweeperTestSuite,
    IntegrationTestSuite,
    LauncherTestSuite,
)

# Loaded before the first test, or Hydra's fixture, which puts back what was loaded then, would
# have it forget its own sweeper.
Plugins.instance()

pytestmark = pytest.mark.filterwarnings("ignore:Future Hydra versions:UserWarning")


@pytest.fixture(autouse=True)
def _store_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SONDE_STORE", f"sqlite:///{tmp_path}/sonde.db")


def test_the_sweeper_is_found() -> None:
    assert "SondeSweeper" in [found.__name__ for found in Plugins.instance().discover(Sweeper)]


@pytest.mark.parametrize(
    ("launcher_name", "overrides"),
    [
        ("basic", ["hydra/sweeper=sonde"]),
        ("joblib", ["hydra/sweeper=sonde"]),
    ],
)
class TestLaunchers(LauncherTestSuite):
    pass


@pytest.mark.parametrize(
    ("launcher_name", "overrides"), [("basic", ["hydra/sweeper=sonde", "hydra.sweeper.n_jobs=2"])]
)
class TestBatches(BatchedSweeperTestSuite):
    pass


@pytest.mark.parametrize(
    ("task_launcher_cfg", "extra_flags"),
    [({}, ["-m", "hydra/sweeper=sonde", "hydra/launcher=basic"])],
)
class TestIntegration(IntegrationTestSuite):
    pass
