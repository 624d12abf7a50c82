"""What programs do with sweeps and trials over HTTP."""

from datetime import UTC, datetime

import httpx
import pytest

from cli_stores import add_sweep, add_trial
from sonde.core.sweep import Control
from sonde.core.trial import State, Verdict
from sonde.server.shapes import TrialShape
from sonde.store.memory import MemoryStore
from sonde.store.protocol import Ask


@pytest.mark.parametrize(
    ("action", "control"),
    [("pause", Control.PAUSED), ("stop", Control.STOPPED), ("cancel", Control.CANCELLED)],
)
def test_a_sweep_is_controlled(
    client: httpx.Client, store: MemoryStore, action: str, control: Control
) -> None:
    record = add_sweep(store)
    answer = client.post(f"/api/v1/sweeps/{record.name}/control", json={"action": action})
    assert (answer.status_code, answer.json()["control"]) == (200, control.value)
    assert store.get_sweep(record.id).control is control
    again = client.post(f"/api/v1/sweeps/{record.name}/control", json={"action": action})
    assert (again.status_code, again.json()["type"]) == (409, "IllegalTransitionError")


def test_values_of_ones_own_run_next_once_for_each_key(
    client: httpx.Client, store: MemoryStore
) -> None:
    record = add_sweep(store)
    path, body = f"/api/v1/sweeps/{record.id}/trials", {"params": {"lr": 0.5, "opt": "sgd"}}
    for key, number in (("a", 0), ("a", 0), ("b", 1), (None, 2), ("a", 0)):
        headers = {} if key is None else {"idempotency-key": key}
        answer = client.post(path, json=body, headers=headers)
        assert (answer.status_code, answer.json()["number"]) == (201, number)
        TrialShape.model_validate(answer.json(), extra="forbid")
    trials = store.changes(record.id).trials
    assert [(dict(trial.params), trial.origin) for trial in trials] == [
        (body["params"], "user")
    ] * 3


def test_values_of_no_such_space_are_refused_with_all_faults(
    client: httpx.Client, store: MemoryStore
) -> None:
    record = add_sweep(store)
    path = f"/api/v1/sweeps/{record.id}/trials"
    for headers in ({}, {"idempotency-key": "a"}):
        answer = client.post(path, json={"params": {"lr": 7, "opt": "adm"}}, headers=headers)
        assert answer.status_code == 422
        assert len(answer.json()["faults"]) == 2
    assert store.get_sweep(record.id).trials == 0


def test_a_trial_is_asked_to_end(client: httpx.Client, store: MemoryStore) -> None:
    record = add_sweep(store)
    add_trial(store, record.id, {"lr": 0.1, "opt": "adam"}, state=None)
    path = f"/api/v1/sweeps/{record.id}/trials/0/end"
    assert client.post(path, json={"how": "stop"}).json()["state"] == "running"
    (trial,) = store.changes(record.id).trials
    assert (trial.state, trial.asked) == (State.RUNNING, Verdict.STOP)
    assert client.post(path.replace("/0/", "/1/"), json={"how": "stop"}).status_code == 404


def test_curves_are_steps_values_and_times(client: httpx.Client, store: MemoryStore) -> None:
    record = add_sweep(store)
    add_trial(store, record.id, {"lr": 0.1, "opt": "adam"}, [0.5, float("nan")], acc=1.0)
    path = f"/api/v1/sweeps/{record.id}/trials/0/curves"
    curves = client.get(path).json()
    assert (curves["loss"]["steps"], curves["loss"]["values"]) == ([0, 1], [0.5, "NaN"])
    assert set(client.get(path, params={"metric": ["acc", "no"]}).json()) == {"acc"}
    assert client.get(path.replace("/0/", "/9/")).status_code == 404


def test_how_many_trials_run_at_once_is_set_and_holds_for_agents(
    client: httpx.Client, store: MemoryStore
) -> None:
    record = add_sweep(store)
    for _ in range(3):
        add_trial(store, record.id, {"lr": 0.1, "opt": "adam"}, state=State.WAITING)
    path = f"/api/v1/sweeps/{record.name}/workers"
    assert client.put(path, json={"workers": 1}).json()["budget"]["workers"] == 1
    assert len(store.lease(record.id, Ask(agent="a", count=3), datetime.now(UTC))) == 1
    assert client.put(path, json={"workers": 0}).status_code == 422
    assert client.put(path, json={"workers": None}).json()["budget"]["workers"] is None
