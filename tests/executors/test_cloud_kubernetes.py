"""The manifest of agents on Kubernetes; tests/engines holds it against its schemas."""

import json

import pytest

from sonde.errors import ConfigError
from sonde.executors.cloud.kubernetes import job
from sonde.executors.resources import Resources

URL = "http://store.example:7733"


def test_the_token_is_that_of_a_secret_and_stands_nowhere(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SONDE_TOKEN", "swordfish")
    made = job(URL, "x", image="img:1", secret="mine")
    (env,) = made["spec"]["template"]["spec"]["containers"][0]["env"]
    assert env["valueFrom"] == {"secretKeyRef": {"name": "mine", "key": "token"}}
    assert "swordfish" not in json.dumps(made)


def test_each_pod_is_one_agent_of_that_sweep_with_what_a_trial_is_to_have() -> None:
    each = Resources(cpus=2, gpus=1, memory=8 * 2**30)
    made = job(URL, "digits", image="img:1", agents=3, each=each, idle_s=600)
    spec = made["spec"]
    assert (spec["parallelism"], spec["completions"]) == (3, 3)
    (container,) = spec["template"]["spec"]["containers"]
    words = ["sonde", "agent", "--store", URL, "digits", "--idle-timeout", "600"]
    assert container["command"] == words
    assert container["resources"] == {
        "requests": {"cpu": "2", "memory": "8192Mi", "nvidia.com/gpu": "1"},
        "limits": {"memory": "8192Mi", "nvidia.com/gpu": "1"},
    }


@pytest.mark.parametrize(
    ("store", "each", "message"),
    [
        ("sqlite:////a/b.db", Resources(), "pods do not see a file of this machine"),
        (URL, Resources(gpus=0.5), "--gpus 0.5: Kubernetes gives whole GPUs only"),
    ],
)
def test_what_cannot_work_is_refused(store: str, each: Resources, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        job(store, "x", image="img:1", each=each)
