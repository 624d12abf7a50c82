"""`import sonde.ray as ray`: calls of functions as trials, by processes of this machine."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import sonde.ray as ray
from seeds_program import DRIVER
from sonde.core.trial import State
from sonde.errors import ConfigError
from sonde.ray.exceptions import GetTimeoutError, RayTaskError
from sonde.ray.remote import settings
from sonde.store import open_store
from sonde.store.protocol import Store
from sonde.testing.executors import until


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("ray")


@pytest.fixture(scope="module")
def url(base: Path) -> str:
    return f"sqlite:///{base / '.sonde' / 'sonde.db'}"


@pytest.fixture(scope="module")
def store(url: str) -> Iterator[Store]:
    store = open_store(url)
    yield store
    store.close()


@pytest.fixture(scope="module", autouse=True)
def _settings(url: str) -> Iterator[None]:
    ray.init(num_cpus=2, store=url)
    yield
    ray.shutdown()
    settings.clear()


def program(base: Path, text: str, *words: str) -> subprocess.CompletedProcess[str]:
    (base / "driver.py").write_text(text)
    return subprocess.run(
        [sys.executable, *words, "driver.py"], cwd=base, capture_output=True, text=True,
        timeout=100, check=False,
    )  # fmt: skip


@ray.remote
def _trained(params: dict[str, Any], epochs: int = 1) -> Any:
    if params.get("fails"):
        raise KeyError("there is no such layer")
    if params.get("dies"):
        os._exit(3)
    while "gate" in params and not Path(params["gate"]).exists():
        time.sleep(0.02)
    return params["lr"] * epochs


def test_the_seeds_program_runs_with_its_import_changed(tmp_path: Path) -> None:
    done = program(tmp_path, DRIVER)
    assert done.returncode == 0, done.stderr
    submitting_s, best = map(float, done.stdout.split())
    assert submitting_s < 1
    store = open_store(str(tmp_path / ".sonde" / "sonde.db"))
    (record,) = store.list_sweeps()
    trials = store.changes(record.id).trials
    store.close()
    assert (record.state, len(trials)) == ("done", 100)
    assert {frozenset(trial.params) for trial in trials} == {
        frozenset({"learning_rate", "batch_size", "dropout", "stddev", "epochs"})
    }
    assert all(record.sweep.space.admits(trial.params) for trial in trials)
    assert record.sweep.space["learning_rate"].distribution.is_log
    assert max(trial.metrics["value"].last for trial in trials) == best
    stopped_early = [trial for trial in trials if trial.metrics["value"].last < 0.25]
    assert stopped_early


@pytest.mark.parametrize(
    "decorate",
    [
        ray.remote,
        ray.remote([dict], [float]),
        ray.remote(num_cpus=1, max_calls=0),
        lambda function: ray.remote(function).options(num_cpus=0.5),
    ],
    ids=["bare", "types", "options", "options later"],
)
def test_all_ways_of_writing_it_mean_the_same(decorate: Callable[[Any], Any]) -> None:
    @decorate
    def double(params: dict[str, float]) -> float:
        return params["x"] * 2

    assert double.__name__ == "double"
    assert ray.get([double({"x": 2}), double.remote({"x": 3})]) == [4, 6]


def test_a_call_that_raises_loses_no_other_and_raises_where_it_is_asked_for(store: Store) -> None:
    refs = [_trained.remote({"lr": 0.1, "fails": number == 1}) for number in range(4)]
    ready, rest = ray.wait(refs, num_returns=4)
    assert (len(ready), rest) == (4, [])
    assert ray.get([refs[0], refs[2], refs[3]]) == [0.1] * 3
    with pytest.raises(KeyError, match="there is no such layer") as raised:
        ray.get(refs)
    assert isinstance(raised.value, RayTaskError)
    assert "test_calls.py" in str(raised.value)
    sweep, _, number = str(refs[1].trial).rpartition("/")
    trial = store.changes(store.find_sweep(sweep).id).trials[int(number)]
    assert trial.state is State.FAILED
    assert trial.error == "KeyError: 'there is no such layer'"


def test_a_process_that_dies_fails_its_call_alone() -> None:
    dying, other = _trained({"lr": 1, "dies": True}), _trained({"lr": 1})
    with pytest.raises(RayTaskError, match="exit status 3"):
        ray.get(dying)
    assert ray.get(other) == 1


def test_wait_gives_what_is_ready_and_get_waits_no_longer_than_it_is_told(tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    slow, quick = _trained({"lr": 1, "gate": str(gate)}), _trained({"lr": 2})
    assert ray.wait([slow, quick]) == ([quick], [slow])
    assert ray.wait([slow], timeout=0.01) == ([], [slow])
    with pytest.raises(GetTimeoutError, match=r"1 of 1 calls have no result after 0\.01 s"):
        ray.get(slow, timeout=0.01)
    gate.touch()
    assert ray.get(slow) == 1


def test_what_is_put_and_what_is_no_number_arrives_as_it_was() -> None:
    data = np.arange(6.0).reshape(2, 3)

    @ray.remote
    def look(params: dict[str, Any], given: Any) -> Any:
        return params, given

    ref = ray.put(data)
    assert ray.get(ref) is data
    config = {"layers": [1, 2], "name": None, "lr": 1e-5, "deep": {"er": (1, 2)}, "yes": True}
    params, given = ray.get(look(config, ref))
    assert params == config
    assert type(params["deep"]["er"]) is tuple
    np.testing.assert_array_equal(given, data)


def test_a_call_may_be_given_the_result_of_another() -> None:
    @ray.remote
    def add(one: float, other: float) -> float:
        return one + other

    first = add(1, 2)
    assert ray.get(add(add(first, 3), first)) == 9
    failed = _trained({"fails": True})
    with pytest.raises(KeyError):
        ray.get(add(1, failed))


def test_several_results_have_a_reference_each() -> None:
    @ray.remote([dict], [float, str])
    def both(params: dict[str, float]) -> tuple[float, str]:
        return params["x"], "text"

    number, text = both({"x": 1.5})
    assert ray.get([text, number]) == ["text", 1.5]


def test_what_a_function_logs_is_the_trials_curve(store: Store) -> None:
    @ray.remote(goal="loss:min")
    def train(params: dict[str, float]) -> dict[str, float]:
        import sonde

        for epoch in range(3):
            sonde.log(loss=params["x"] / (epoch + 1))
        return {"accuracy": 0.5}

    ref = train({"x": 6.0})
    assert ray.get(ref) == {"accuracy": 0.5}
    record = store.find_sweep(ref.trial.rpartition("/")[0])
    curves = store.curves(record.id)[0]
    assert list(curves["loss"].values) == [6.0, 3.0, 2.0]
    assert list(curves["accuracy"].values) == [0.5]
    assert record.sweep.goals[0].is_min


def test_a_call_within_a_call_runs_there() -> None:
    @ray.remote
    def outer(x: int) -> Any:
        return ray.get(_trained({"lr": x}, epochs=3))

    assert ray.get(outer(2)) == 6


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ray.remote(num_gpu=1), "@remote(num_gpu=...): there is no such option; there are"),
        (lambda: ray.remote(dict), "@remote class dict: a trial is a call of a function"),
        (lambda: ray.remote([dict]), "@remote: those are no lists of types"),
        (lambda: ray.remote(on="nowhere")(len)([1]), "on= nowhere: there is no such place"),
        (lambda: ray.remote(num_cpus="x")(len)([1]), "num_cpus=x: that is no number"),
        (lambda: ray.wait([], num_returns=1), "wait(num_returns=1): there are 0 references"),
    ],
)
def test_what_cannot_be_is_refused_where_it_is_written(
    make: Callable[[], Any], message: str
) -> None:
    with pytest.raises(ConfigError, match=re.escape(message)):
        make()


def test_what_cannot_be_called_so_is_refused_at_once() -> None:
    with pytest.raises(TypeError, match="missing a required argument: 'params'"):
        _trained()


def test_what_this_machine_has_not_fails_the_calls_and_says_why() -> None:
    greedy = _trained.options(num_cpus=10_000)
    with pytest.raises(ConfigError, match="each is to have 10000 cpus, and this machine has"):
        ray.get(greedy({"lr": 1}))


KILLED = """\
import os, sys, time
import sonde.ray as ray
@ray.remote
def train(params):
    time.sleep(0.2)
    return params["x"]
refs = [train({"x": n}) for n in range(12)]
ray.wait(refs, num_returns=2)
print("go", flush=True)
time.sleep(60)
"""


def test_a_program_that_is_killed_leaves_calls_that_resume_runs(tmp_path: Path) -> None:
    (tmp_path / "driver.py").write_text(KILLED)
    with subprocess.Popen(
        [sys.executable, "driver.py"], cwd=tmp_path, stdout=subprocess.PIPE, text=True
    ) as killed:
        assert killed.stdout is not None
        assert killed.stdout.readline() == "go\n"
        killed.send_signal(signal.SIGKILL)
    store = open_store(str(tmp_path / ".sonde" / "sonde.db"))
    (record,) = store.list_sweeps()
    until(lambda: not store.get_sweep(record.id).counts.get(State.RUNNING))
    done = subprocess.run(
        [sys.executable, "-m", "sonde", "resume", record.name, "-j", "2"], cwd=tmp_path,
        capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    trials = store.changes(record.id).trials
    store.close()
    assert [trial.metrics["value"].last for trial in trials] == [float(n) for n in range(12)]
