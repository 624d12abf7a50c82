"""A job's config is the one that Hydra composes, and is had for less."""

import copy
import pickle
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from hydra import initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from hydra_plugins.hydra_sonde_sweeper.composing import Composed

pytestmark = pytest.mark.filterwarnings("ignore:The version_base parameter")  # Hydra 1.4

CONFIG = """
defaults: [_self_, {db: mysql}, {db@second: null}]
lr: 0.1
sizes: [1, 2]
net: {depth: 3, wide: false}
unset: ???
seen: ${net.depth}
"""


class Counting:
    """Hydra's loader, which counts how often it composes a job's config."""

    def __init__(self, loader: Any) -> None:
        self.loader, self.composed = loader, 0

    def load_sweep_config(self, master: DictConfig, overrides: list[str]) -> DictConfig:
        self.composed += 1
        config: DictConfig = self.loader.load_sweep_config(master, overrides)
        return config

    def __getattr__(self, name: str) -> Any:
        return getattr(self.loader, name)


@pytest.fixture
def loader(tmp_path: Path, hydra_restore_singletons: None) -> Iterator[Counting]:
    (tmp_path / "db").mkdir()
    (tmp_path / "config.yaml").write_text(CONFIG)
    for name in ("mysql", "sqlite"):
        (tmp_path / "db" / f"{name}.yaml").write_text(f"name: {name}\nport: 1\n")
    with initialize_config_dir(config_dir=str(tmp_path), version_base="1.3"):
        yield Counting(GlobalHydra.instance().config_loader())


@pytest.fixture
def master(loader: Counting) -> DictConfig:
    words = ["hydra/sweeper=sonde", "hydra.sweeper.n_trials=7", "hydra.sweep.dir=${now:%f}"]
    config: DictConfig = loader.load_configuration("config", words, RunMode.MULTIRUN)
    return config


def same(one: DictConfig, other: DictConfig) -> bool:
    return OmegaConf.to_yaml(one) == OmegaConf.to_yaml(other)


@pytest.mark.parametrize(
    "overrides",
    [
        ["lr=0.5", "net.depth=4"],
        ["lr=1", "db=sqlite", "db.port=3"],
        ["net={depth:5}", "+net.extra='a, b'", "++lr=null", "unset=1"],
        ["~net.wide", "sizes=[3]", "db@second=sqlite", "second.port=4"],
        ["db={port:9}"],
        ["lr=2", "hydra.sweep.subdir='3.2'"],
        ["seen=${lr}", "lr=\\=x"],
        [],
    ],
)
def test_a_job_has_the_config_that_hydra_would_compose(
    loader: Counting, master: DictConfig, overrides: list[str]
) -> None:
    composed = Composed(loader)  # type: ignore[arg-type]
    composed.check(master, ["lr=0.3"])
    for _ in range(2):
        found = composed.load_sweep_config(master, overrides)
        wanted = loader.loader.load_sweep_config(master, overrides)
        assert same(found, wanted)
        assert found.hydra.sweep.dir == wanted.hydra.sweep.dir == master.hydra.sweep.dir
        found.lr = 77.0  # what one job does to its config is nothing to the next


def test_values_alone_are_not_composed_again_and_groups_once_for_each_option(
    loader: Counting, master: DictConfig
) -> None:
    composed = Composed(loader)  # type: ignore[arg-type]
    jobs: Sequence[list[str]] = [
        [f"lr={k}", f"db={db}"] for k in range(10) for db in ("mysql", "sqlite")
    ]
    composed.check(master, jobs[0])
    before = loader.composed
    configs = [composed.load_sweep_config(master, job) for job in jobs]
    assert [(c.lr, c.db.name) for c in configs] == [
        (k, db) for k in range(10) for db in ("mysql", "sqlite")
    ]
    assert loader.composed - before <= 1  # `check` has made the first option's


def test_what_hydra_refuses_is_refused_in_its_words(loader: Counting, master: DictConfig) -> None:
    composed = Composed(loader)  # type: ignore[arg-type]
    composed.check(master, ["lr=0.3"])
    with pytest.raises(Exception, match="Could not override 'nowhere'"):
        composed.load_sweep_config(master, ["nowhere=1"])


def test_what_hydra_would_make_otherwise_is_left_to_it(
    loader: Counting, master: DictConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    composed = Composed(loader)  # type: ignore[arg-type]
    other = loader.load_sweep_config(master, ["sizes=[7]"])
    monkeypatch.setattr(composed, "_copy", lambda master, options: copy.deepcopy(other))
    composed.check(master, ["lr=0.3"])
    assert composed.load_sweep_config(master, ["lr=0.4"]).sizes == [1, 2]


def test_elsewhere_it_is_hydras_own() -> None:
    travelled = pickle.loads(pickle.dumps(Composed("Hydra's loader")))  # type: ignore[arg-type]
    assert travelled == "Hydra's loader"
