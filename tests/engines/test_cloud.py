"""Sweeps on machines of a cloud: Ray's launcher and autoscaler as they are, moto for EC2."""

import json
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from pretended_cloud import PretendedCloud
from sonde.executors.cloud.cost import bill_of
from sonde.executors.cloud.launch import validate
from sonde.executors.cloud.request import request_of
from sonde.executors.cloud.shelf import Kept, Shelf
from sonde.executors.cloud.types import choose
from sonde.executors.places import executor
from sonde.executors.resources import Resources

TRAIN = "import time\nlr = 0.1\ntime.sleep(0.5)\nprint(f'loss={lr}')\n"
# Makes machines as `ray up` and the autoscaler do, without setting them up.
MAKE = """\
import sys, yaml
from ray.autoscaler._private.aws.config import bootstrap_aws
from ray.autoscaler._private.util import prepare_config
from sonde.executors.cloud.machines import provider_of
config = yaml.safe_load(open(sys.argv[1]))
ready = bootstrap_aws(prepare_config(config))
provider = provider_of(config)
for kind in ("head", "worker"):
    node = ready["available_node_types"][kind]["node_config"]
    provider.create_node(node, {"ray-node-type": kind, "ray-user-node-type": kind,
                                "ray-node-status": "up-to-date"}, 1)
"""


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PretendedCloud]:
    cloud = PretendedCloud(tmp_path_factory.mktemp("cloud"))
    yield cloud
    cloud.close()


@pytest.mark.parametrize("text", ["ec2(spot=True, bid=0.1)", "gcloud(project='p', spot=True)"])
def test_ray_s_own_schema_takes_the_cluster_file(text: str) -> None:
    place: Any = executor(text)
    place.bill(Resources(cpus=2, memory=10**9), 4)
    validate(place.preview())
    with pytest.raises(ValueError, match="max_workerz"):
        validate({**place.preview(), "max_workerz": 3})


def test_machines_are_spot_as_asked_and_status_and_down_tell_of_them(
    cloud: PretendedCloud, tmp_path: Path
) -> None:
    kept = _kept(tmp_path, "sonde-two")
    cloud.python(MAKE, str(kept.file))
    head, worker = _of(cloud, "sonde-two")
    assert (head["InstanceType"], head.get("InstanceLifecycle")) == ("m6i.large", None)
    assert (worker["InstanceType"], worker["InstanceLifecycle"]) == ("c6i.large", "spot")
    tags = {tag["Key"]: tag["Value"] for tag in worker["Tags"]}
    assert (tags["ray-cluster-name"], tags["ray-user-node-type"]) == ("sonde-two", "worker")
    shown = cloud.run(tmp_path, "-m", "sonde", "cloud", "status", "--json")
    (found,) = json.loads(shown.stdout)
    assert [one["role"] for one in found["machines"]] == ["head", "worker"]
    assert found["usd_per_hour"] == pytest.approx(0.096 + 0.085)
    assert found["driven"] is False
    ended = cloud.run(tmp_path, "-m", "sonde", "cloud", "down")
    assert ended.stdout == "sonde-two: 2 machines ended\n", ended.stderr
    assert {one["State"]["Name"] for one in _of(cloud, "sonde-two")} == {"terminated"}
    again = cloud.run(tmp_path, "-m", "sonde", "cloud", "status", "--json")
    assert json.loads(again.stdout) == []


def test_the_watchdog_ends_all_machines_once_no_driver_has_been_there_for_so_long(
    cloud: PretendedCloud, tmp_path: Path
) -> None:
    kept = _kept(tmp_path, "sonde-left")
    cloud.python(MAKE, str(kept.file))
    alive = cloud.home / ".sonde-cloud" / "alive"
    alive.parent.mkdir()
    words = ("-m", "sonde.executors.cloud.watchdog", "--timeout", "8", "--config", str(kept.file))
    watchdog = subprocess.Popen(
        cloud.command(tmp_path, *words), env=cloud.env, stdout=subprocess.PIPE, text=True
    )
    began = time.monotonic()
    while time.monotonic() - began < 10:  # a driver that is there
        alive.touch()
        time.sleep(0.5)
    assert watchdog.poll() is None
    said, _ = watchdog.communicate(timeout=300)
    assert "no driver: ending all machines" in said
    assert watchdog.returncode == 0
    assert {one["State"]["Name"] for one in _of(cloud, "sonde-left")} == {"terminated"}


def test_a_sweep_starts_its_machines_and_ends_them(cloud: PretendedCloud, tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text(TRAIN)
    words = ["run", "--cloud", cloud.place("60s"), "--cloud-spot", "--num-workers=3", "--yes",
             "--hyperparam", "lr=0.1:0.1:0.6", "--metric", "loss:min", "--metric-regex",
             "loss=(.*)", "--progress", "plain", "--name", "far", "train.py"]  # fmt: skip
    done = cloud.run(tmp_path, "-m", "sonde", *words)
    assert done.returncode == 0, done.stderr + _log(tmp_path)
    assert "2 machines of c6i.large spot at 0.085 USD an hour each" in done.stderr
    assert "finished 6/6" in done.stderr
    assert "all machines are ended; spent so far: at most 0.00" in done.stderr
    kinds = {one["InstanceType"] for one in cloud.instances() if _name(one).startswith("sonde-up")}
    assert kinds == {"m6i.large", "c6i.large"}
    assert {one["State"]["Name"] for one in cloud.instances()} == {"terminated"}
    assert not list((tmp_path / ".sonde" / "cloud").iterdir())


def test_without_credentials_nothing_is_written(cloud: PretendedCloud, tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text(TRAIN)
    words = ["run", "--cloud=ec2", "--num-workers=2", "--yes", "--hyperparam", "lr=1,2", "train.py"]
    bare = {n: v for n, v in cloud.env.items() if not n.startswith("AWS_")}
    done = subprocess.run(
        cloud.command(tmp_path, "-m", "sonde", *words),
        env=bare | {"AWS_EC2_METADATA_DISABLED": "true"}, capture_output=True, text=True,
        timeout=200, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "--cloud ec2: there are no credentials for it here; log in as" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["train.py"]


def _kept(folder: Path, name: str) -> Kept:
    """A cluster as a driver has left it."""
    request = request_of("ec2", {"spot": True, "name": name}, env={})
    made: Any = executor(f"ec2(spot=True, name={name!r})")
    made.bill(Resources(), 2)
    config = made.preview()
    # What the launcher does next is not done here: there are no files to copy.
    shelf = Shelf(folder / ".sonde")
    kept = Kept(
        name=name, cloud="ec2", sweep="abc", began=datetime.now(UTC), timeout_s=300,
        bill=bill_of(request, choose("ec2", Resources(), 2, where="")), folder=shelf.folder(name),
    )  # fmt: skip
    shelf.put(kept, config).close()
    assert yaml.safe_load(kept.file.read_text()) == config
    return kept


def _name(instance: Any) -> str:
    tags: dict[str, str] = {tag["Key"]: tag["Value"] for tag in instance["Tags"]}
    return tags["ray-cluster-name"]


def _of(cloud: PretendedCloud, name: str) -> list[Any]:
    found = [one for one in cloud.instances() if _name(one) == name]
    return sorted(found, key=lambda one: one.get("InstanceLifecycle") or "")


def _log(folder: Path) -> str:
    return "".join(path.read_text()[-3000:] for path in folder.glob(".sonde/cloud/*/up.log"))
