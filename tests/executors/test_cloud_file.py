"""What is asked of a cloud, the cluster file, what is kept here, and the watchdog's rule."""

import json
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sonde.errors import ConfigError, ConfigErrors, NotFoundError
from sonde.executors.cloud.cluster_file import cluster_file
from sonde.executors.cloud.cost import bill_of
from sonde.executors.cloud.request import request_of
from sonde.executors.cloud.shelf import Kept, Shelf
from sonde.executors.cloud.types import choose
from sonde.executors.cloud.watchdog import is_over
from sonde.executors.cloud.wheel import wheel_of_this
from sonde.executors.places import executor
from sonde.executors.resources import Resources

PLACES: dict[str, dict[str, Any]] = {
    "ec2": {"spot": True, "bid": 0.2},
    "gcloud": {"spot": True, "project": "p-1"},
}


def written(cloud: str, **options: Any) -> dict[str, Any]:
    request = request_of(cloud, PLACES[cloud] | options, env={})
    found = choose(cloud, Resources(cpus=2), 3, where="--cloud")
    return cluster_file(
        request, found, name="sonde-x", mounts={"~/.ray": Path("/tmp/r")}, ray="2.60.0",
        python="3.12",
    )  # fmt: skip


@pytest.mark.parametrize("cloud", ["ec2", "gcloud"])
def test_workers_are_spot_and_the_head_which_all_depend_on_is_not(cloud: str) -> None:
    types = written(cloud)["available_node_types"]
    head, worker = (json.dumps(types[name]["node_config"]) for name in ("head", "worker"))
    assert "spot" in worker.lower()
    assert "spot" not in head.lower()
    assert types["head"]["resources"] == {"CPU": 0}
    assert (types["worker"]["min_workers"], types["worker"]["max_workers"]) == (0, 3)


@pytest.mark.parametrize("cloud", ["ec2", "gcloud"])
def test_a_machine_that_nobody_claims_ends_itself_and_none_is_kept_when_stopped(cloud: str) -> None:
    config = written(cloud)
    for kind in config["available_node_types"].values():
        assert "shutdown -h +45" in json.dumps(kind["node_config"])
    assert config["provider"]["cache_stopped_nodes"] is False


@pytest.mark.parametrize("cloud", ["ec2", "gcloud"])
def test_a_watchdog_is_started_on_every_machine(cloud: str) -> None:
    config = written(cloud, timeout="2m")
    head, worker = config["head_start_ray_commands"], config["worker_start_ray_commands"]
    assert "watchdog --timeout 120 --config ~/ray_bootstrap_config.yaml" in head[-1]
    assert "watchdog --timeout 120 --head $RAY_HEAD_IP:6379" in worker[-1]
    assert config["idle_timeout_minutes"] == 2


def test_no_secret_stands_in_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_SECRET_ACCESS_KEY", "SONDE_TOKEN", "RAY_AUTH_TOKEN"):
        monkeypatch.setenv(name, "swordfish")
    assert "swordfish" not in json.dumps([written("ec2"), written("gcloud")])


def test_disk_image_type_key_and_setup_are_where_the_cloud_looks_for_them(tmp_path: Path) -> None:
    key = tmp_path / "mine.pem"
    key.touch()
    (tmp_path / "setup.sh").write_text("pip install torch\n")
    config = written(
        "ec2", disk="80GB", image="ami-1", key=str(key), setup=str(tmp_path / "setup.sh")
    )
    node = config["available_node_types"]["worker"]["node_config"]
    assert (node["ImageId"], node["KeyName"]) == ("ami-1", "mine")
    assert node["BlockDeviceMappings"][0]["Ebs"]["VolumeSize"] == 80
    assert node["InstanceMarketOptions"]["SpotOptions"] == {"MaxPrice": "0.2"}
    assert config["auth"]["ssh_private_key"] == str(key)
    assert config["setup_commands"][-1].endswith("pip install torch\n")
    disks = written("gcloud", image="projects/p/i")["available_node_types"]["head"]["node_config"]
    assert disks["disks"][0]["initializeParams"]["sourceImage"] == "projects/p/i"


@pytest.mark.parametrize(
    ("cloud", "options", "message"),
    [
        ("ec2", {"sppot": True}, "ec2 has no option sppot; it has spot, bid"),
        ("ec2", {"timeout": "2s"}, "timeout='2s' is no time of 10 s or more"),
        ("ec2", {"bid": 0.2}, "a bid is for spot machines; add --cloud-spot"),
        ("ec2", {"disk": "lots"}, "disk='lots' is no size of a disk"),
        ("ec2", {"key": "/no/such"}, "there is no such file"),
        ("ec2", {"name": "My Cluster"}, "is no name of a cluster"),
        ("gcloud", {}, "there is no project; set GOOGLE_CLOUD_PROJECT"),
        ("gcloud", {"project": "p", "spot": True, "bid": 1}, "Google has no bids"),
    ],
)
def test_wrong_options_are_refused(cloud: str, options: dict[str, Any], message: str) -> None:
    with pytest.raises((ConfigError, ConfigErrors)) as refusal:
        request_of(cloud, options, env={})
    assert message in str(refusal.value)


def test_region_and_project_come_from_the_environment() -> None:
    assert request_of("ec2", {}, env={"AWS_REGION": "eu-west-1"}).region == "eu-west-1"
    found = request_of("gcloud", {"zone": "europe-west4-b"}, env={"GOOGLE_CLOUD_PROJECT": "p"})
    assert (found.project, found.region) == ("p", "europe-west4")


def test_studioml_s_words_for_spot_machines_mean_them() -> None:
    place: Any = executor("ec2spot")
    lines = place.bill(Resources(), 1)
    assert "c6i.large spot" in lines[0]


def test_nobody_guesses_how_many_machines_are_wanted() -> None:
    place: Any = executor("ec2")
    with pytest.raises(ConfigError, match="nobody said how many trials are to run at once"):
        place.bill(Resources(), None)


times = st.floats(0, 1e6)


@given(times, times, st.none() | times, st.floats(10, 1e4))
def test_it_is_over_only_when_nobody_was_there_for_so_long(
    now: float, began: float, seen: float | None, timeout_s: float
) -> None:
    over = is_over(now=now, began=began, seen=seen, timeout_s=timeout_s)
    assert over == all(now - at > timeout_s for at in (began, seen) if at is not None)


def test_what_was_started_is_known_until_it_is_forgotten(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    request = request_of("ec2", {})
    bill = bill_of(request, choose("ec2", Resources(), 1, where=""))
    kept = Kept(
        name="sonde-x", cloud="ec2", sweep="abc", began=datetime(2026, 1, 1, tzinfo=UTC),
        timeout_s=300, bill=bill, folder=shelf.folder("sonde-x"),
    )  # fmt: skip
    lock = shelf.put(kept, written("ec2"))
    assert Shelf(tmp_path).all() == [kept]
    assert kept.config == written("ec2")
    assert kept.is_driven
    lock.close()
    assert not kept.is_driven
    with pytest.raises(NotFoundError, match="no cluster y of this folder; known are sonde-x"):
        shelf.get("y")
    shelf.remove("sonde-x")
    assert Shelf(tmp_path).all() == []


def test_machines_get_the_sonde_that_runs_here(tmp_path: Path) -> None:
    path = wheel_of_this(tmp_path)
    assert path.name.startswith("sonde-")
    with zipfile.ZipFile(path) as wheel:
        names = set(wheel.namelist())
        (info,) = {name.partition("/")[0] for name in names if ".dist-info/" in name}
        listed = wheel.read(f"{info}/RECORD").decode().splitlines()
    assert {"sonde/__init__.py", "sonde/store/sql/schema.sql"} <= names or len(names) > 400
    assert {line.partition(",")[0] for line in listed} == names
