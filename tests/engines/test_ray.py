"""Sweeps on a Ray cluster: shared GPUs, nodes that come and go, drivers that die."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from engines import Acting, Site
from seeds_program import DRIVER
from sonde.controller import utc_now
from sonde.core.sweep import Control
from sonde.core.trial import State
from sonde.errors import ConfigError
from sonde.executors.drive import View
from sonde.executors.ray import RayExecutor
from sonde.executors.resources import Resources
from sonde.testing.executors import Silent, until


class Beginning(Acting):
    """A listener that does something once, as soon as so many trials run."""

    def is_time(self, view: View) -> bool:
        return len(view.running) >= self._after


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path)
    yield site
    site.store.close()


def test_300_trials_share_gpus_and_outlive_a_node_each_done_exactly_once(
    site: Site, cluster: Any
) -> None:
    lost = cluster.add_node(num_cpus=2, num_gpus=1, object_store_memory=80_000_000)
    sweep = site.sweep(300)
    listener = Acting(
        100, lambda: cluster.remove_node(lost, allow_graceful=False), site.hold, together=4
    )
    each = Resources(cpus=0.25, gpus=0.25)
    result = site.drive(sweep, RayExecutor(address=cluster.address), each, listener)
    assert result.code == 0
    assert Counter(trial.state for trial in result.history.trials) == {State.DONE: 300}
    again = [trial for trial in result.history.trials if trial.attempts > 1]
    assert len(again) <= 4
    assert all(trial.failures == 0 for trial in again)
    site.check_ended(300, again)
    assert {devices for _, _, devices, _ in site.ended} == {"0"}
    assert 3 < listener.most <= 12  # four on each of three GPUs


def test_a_node_that_joins_gets_agents(site: Site, cluster: Any) -> None:
    joined: list[Any] = []

    def join() -> None:
        joined.append(cluster.add_node(num_cpus=1, resources={"late": 2}))

    sweep = site.sweep(12)
    # Only the head has one of these; it is looked for there and on those that join.
    early = cluster.add_node(num_cpus=1, resources={"late": 1})
    listener = Beginning(1, join, site.hold, together=2)
    try:
        result = site.drive(
            sweep,
            RayExecutor(address=cluster.address),
            Resources(cpus=0, others={"late": 1}),
            listener,
        )
    finally:
        for node in (early, *joined):
            cluster.remove_node(node)
    assert result.code == 0
    assert listener.most >= 2


def test_agents_find_what_a_runtime_env_brings(site: Site, cluster: Any) -> None:
    (site.base / "env.yaml").write_text("env_vars: {CUDA_VISIBLE_DEVICES: brought}\n")
    place = RayExecutor(address=cluster.address, runtime_env=str(site.base / "env.yaml"))
    result = site.drive(site.sweep(2), place, Resources(cpus=0.5), Silent())
    assert result.code == 0
    assert {devices for _, _, devices, _ in site.ended} == {"brought"}


def test_what_no_node_has_is_refused_before_anything_waits(site: Site, cluster: Any) -> None:
    place = RayExecutor(address=cluster.address)
    try:
        with pytest.raises(ConfigError) as refusal:
            place.room(Resources(gpus=8))
    finally:
        place.close()
    text = str(refusal.value)
    assert "each is to have 1 cpus, 8 gpus" in text
    assert "has 2 cpus, 1 gpus" in text
    assert "2 slot" in text


def test_where_no_cluster_is_it_says_so_within_seconds() -> None:
    began = time.monotonic()
    with pytest.raises(ConfigError, match=r"--on ray\(address='127.0.0.1:9'\): nobody answers"):
        RayExecutor(address="127.0.0.1:9").room(Resources())
    assert time.monotonic() - began < 20  # Ray by itself tries it for longer


@pytest.mark.parametrize("address", ["ray://127.0.0.1:10001", "http://127.0.0.1:8265"])
def test_an_address_of_something_else_is_refused_with_the_way_to_go(address: str) -> None:
    with pytest.raises(ConfigError, match=r"no address of a cluster's head; write HOST:6379; wh.*"):
        RayExecutor(address=address).room(Resources())


def test_agents_on_another_machine_reach_the_store_through_the_driver(
    site: Site, cluster: Any
) -> None:
    # A node whose machine has another name, and with it another home.
    home = site.base / "home"
    home.mkdir()
    host, port = cluster.address.rsplit(":", 1)
    start = (
        f"hostname elsewhere; exec {sys.executable} -m ray.scripts.scripts start --block "
        f"--address={host}:{port} --num-cpus=2 --resources='{{\"far\": 2}}' "
        "--object-store-memory=80000000 --disable-usage-stats"
    )
    node = subprocess.Popen(
        ["unshare", "-u", "sh", "-c", start], env=os.environ | {"HOME": str(home)},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    try:
        cluster.wait_for_nodes()
        place = RayExecutor(address=cluster.address)

        def is_there() -> bool:
            try:
                return place.room(Resources(others={"far": 1})) == 2
            except ConfigError:
                return False

        until(is_there)
        place.close()
        sweep = site.sweep(4)
        listener = Silent()
        result = site.drive(
            sweep, RayExecutor(address=cluster.address), Resources(others={"far": 1}), listener
        )
    finally:
        for child in psutil.Process(node.pid).children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                child.kill()
        node.kill()
        node.wait()
    assert (result.code, listener.notes) == (0, [])
    assert {host for *_, host in site.ended} == {"elsewhere"}
    assert [trial.metrics["loss"].last for trial in result.history.trials] == [1.0] * 4
    assert list((home / ".sonde" / "trials" / sweep).iterdir())


def test_a_driver_that_is_killed_leaves_a_sweep_that_resume_ends(site: Site, cluster: Any) -> None:
    sonde = [sys.executable, "-m", "sonde"]
    env = os.environ | {"RAY_ADDRESS": cluster.address}
    site.script(pause=0.5)
    words = ["run", "--on", "ray", "-j", "4", "--hyperparam", "x=0:11", "--metric", "loss",
             "--progress", "plain", "--name", "mine", "--cpus-per-trial", "0.5",
             "sh", "train.sh", "{x}"]  # fmt: skip
    folder = site.base / "project"
    url = site.store.url
    driver = subprocess.Popen(
        [*sonde, words[0], "--store", url, *words[1:]], cwd=folder, env=env,
        stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    until(lambda: len(site.ended) >= 2)
    driver.send_signal(signal.SIGKILL)
    driver.communicate()
    record = site.store.find_sweep("mine")
    done = subprocess.run(
        [*sonde, "resume", "--store", url, "--on", "ray", "-j", "4", "--cpus-per-trial", "0.5",
         "mine"], cwd=folder, env=env, capture_output=True, text=True, timeout=200, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    trials = site.store.changes(record.id).trials
    assert Counter(trial.state for trial in trials) == {State.DONE: 12}
    site.check_ended(12, [trial for trial in trials if trial.attempts > 1])


FUNCTION = """\
import os
import sonde

def train(x):
    sonde.log(loss=x)
    return (x - 2) ** 2

sweep = sonde.sweep(
    train, {"x": list(range(6))}, minimize="value", name="f", method="grid", store="elsewhere.db"
)
sweep.run(on="ray", cpus_per_trial=0.5, progress=False)
print(sweep.best.params["x"], len(sweep.trials))
"""


def test_functions_run_there_with_on_ray_alone(site: Site, cluster: Any) -> None:
    (site.base / "tune.py").write_text(FUNCTION)
    env = os.environ | {"RAY_ADDRESS": cluster.address}
    done = subprocess.run(
        [sys.executable, "tune.py"], cwd=site.base, env=env, capture_output=True, text=True,
        timeout=200, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, "2 6\n"), done.stderr


POPULATION = """\
import sonde


def train(step):
    kept = sonde.checkpoint() / "far"
    far = float(kept.read_text()) + step if kept.exists() else step
    kept.write_text(str(far))
    return -far


sweep = sonde.sweep(
    train, {"step": sonde.Float(1, 2)}, minimize="value", name="p", method="pbt(population=3)"
)
sweep.run(trials=12, on="ray", cpus_per_trial=0.5, workers=2, progress=False)
for trial in sweep.trials:
    far = sum(leg.params["step"] for leg in sweep.lineage(trial.number))
    assert abs(far + trial.value) < 1e-9, trial
print(len(sweep.trials), max(len(sweep.lineage(trial.number)) for trial in sweep.trials) > 2)
"""


def test_a_population_goes_on_from_checkpoints_there(site: Site, cluster: Any) -> None:
    (site.base / "population.py").write_text(POPULATION)
    env = os.environ | {"RAY_ADDRESS": cluster.address}
    done = subprocess.run(
        [sys.executable, "population.py"], cwd=site.base, env=env, capture_output=True, text=True,
        timeout=200, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, "12 True\n"), done.stderr


CALLS = """\
import sonde.ray as ray

@ray.remote([dict, int], [float])
def train_cnn(hyperparameters, epochs):
    if hyperparameters["learning_rate"] == 3:
        raise ValueError("diverged")
    return hyperparameters["learning_rate"] * epochs

data = ray.put([1] * 1000)

@ray.remote(num_cpus=0.5)
def total(params, data):
    return params["x"] + sum(data)

refs = [train_cnn({"learning_rate": lr}, 10) for lr in range(6)]
ready, rest = ray.wait(refs, num_returns=6)
try:
    ray.get(refs[3])
except ValueError:
    print(sum(ray.get(ref) for n, ref in enumerate(refs) if n != 3), ray.get(total({"x": 1}, data)))
"""


def test_programs_written_for_ray_run_there_as_trials(site: Site, cluster: Any) -> None:
    (site.base / "driver.py").write_text(CALLS)
    done = subprocess.run(
        [sys.executable, "-m", "sonde.ray", "--on", "ray", "--address", cluster.address,
         "driver.py"], cwd=site.base, capture_output=True, text=True, timeout=200, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, "120 1001\n"), done.stderr
    assert "Traceback" not in done.stderr
    first, second = site.store.list_sweeps()
    assert Counter(t.state for t in site.store.changes(first.id).trials) == {
        State.DONE: 5, State.FAILED: 1,
    }  # fmt: skip
    assert second.trials == 1


def test_a_sweep_that_is_cancelled_ends_its_trials_there_at_once(site: Site, cluster: Any) -> None:
    sweep = site.sweep(8, pause=200)
    began: list[float] = []

    def cancel() -> None:
        began.append(time.monotonic())
        site.store.update_sweep(sweep, utc_now(), control=Control.CANCELLED)

    listener = Beginning(2, cancel)
    place = RayExecutor(address=cluster.address)
    result = site.drive(sweep, place, Resources(cpus=0.5), listener)
    assert time.monotonic() - began[0] < 60
    assert result.code == 1
    assert {trial.state for trial in result.history.trials} == {State.CANCELLED}
    assert site.ended == []


def test_the_seeds_program_runs_there_with_its_import_changed(site: Site, cluster: Any) -> None:
    (site.base / "driver.py").write_text(DRIVER)
    env = os.environ | {"RAY_ADDRESS": cluster.address, "SONDE_ON": "ray"}
    done = subprocess.run(
        [sys.executable, "driver.py"], cwd=site.base, env=env, capture_output=True, text=True,
        timeout=200, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (record,) = site.store.list_sweeps()
    trials = site.store.changes(record.id).trials
    assert Counter(trial.state for trial in trials) == {State.DONE: 100}
    values = [trial.metrics["value"].last for trial in trials]
    assert max(values) == float(done.stdout.split()[1])
    assert min(values) < 0.25  # ended early, inside the trial


def test_ctrl_c_lets_trials_end_and_the_cluster_is_clean_afterwards(
    site: Site, cluster: Any
) -> None:
    env = os.environ | {"RAY_ADDRESS": cluster.address}
    site.script(pause=1)
    words = ["run", "--on", "ray", "-j", "2", "--hyperparam", "x=0:60", "--metric", "loss",
             "--cpus-per-trial", "0.5", "--progress", "plain", "sh", "train.sh", "{x}"]  # fmt: skip
    driver = subprocess.Popen(
        [sys.executable, "-m", "sonde", words[0], "--store", site.store.url, *words[1:]],
        cwd=site.base / "project", env=env, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    until(lambda: site.ended)
    driver.send_signal(signal.SIGINT)
    _, said = driver.communicate(timeout=200)
    assert driver.returncode == 3, said
    assert "running trials may finish" in said
    (record,) = site.store.list_sweeps()
    states = Counter(trial.state for trial in site.store.changes(record.id).trials)
    assert set(states) <= {State.DONE, State.WAITING}
    until(lambda: not site.agents())  # those that had not begun leave with what held them
