"""Steering sweeps and trials from the dashboard."""

import httpx
import pytest

from cli_stores import add_sweep, add_trial
from sonde.core.sweep import Control
from sonde.core.trial import State, Verdict
from sonde.store.memory import MemoryStore

PARAMS = {"lr": 0.1, "opt": "adam"}
ROOT = "/api/v1/view"
SWEEP = f"{ROOT}/sweep?sweep=digits"
TRIAL = f"{ROOT}/trial?sweep=digits"


@pytest.mark.parametrize(
    ("action", "control"),
    [("pause", Control.PAUSED), ("stop", Control.STOPPED), ("cancel", Control.CANCELLED)],
)
def test_a_sweep_is_paused_stopped_and_cancelled(
    client: httpx.Client, store: MemoryStore, action: str, control: Control
) -> None:
    sweep = add_sweep(store).id
    assert client.post(f"{SWEEP}&action={action}").json()["control"] == control
    record = store.get_sweep(sweep)
    assert record.control is control
    assert "in the dashboard" in record.reason


def test_a_paused_sweep_is_resumed_and_an_ended_one_is_not(
    client: httpx.Client, store: MemoryStore
) -> None:
    sweep = add_sweep(store).id
    client.post(f"{SWEEP}&action=pause")
    assert client.post(f"{SWEEP}&action=resume").json()["control"] == "running"
    client.post(f"{SWEEP}&action=cancel")
    refused = client.post(f"{SWEEP}&action=resume")
    assert refused.status_code == 409
    assert refused.json()["detail"] == "there is nothing to resume: digits is cancelled"
    assert store.get_sweep(sweep).control is Control.CANCELLED


def test_what_can_be_done_is_what_the_page_offers(client: httpx.Client, store: MemoryStore) -> None:
    add_sweep(store)
    for _ in range(4):
        offered = client.get(SWEEP).json()["actions"]
        for action in {"pause", "resume", "stop", "cancel"} - set(offered):
            assert client.post(f"{SWEEP}&action={action}").status_code == 409
        if not offered:
            break
        assert client.post(f"{SWEEP}&action={offered[-1]}").status_code == 200
    assert offered == []


def test_a_running_trial_is_asked_to_stop_or_to_cancel(
    client: httpx.Client, store: MemoryStore
) -> None:
    sweep = add_sweep(store).id
    for action, verdict in (("stop", Verdict.STOP), ("cancel", Verdict.CANCEL)):
        number = add_trial(store, sweep, PARAMS, [0.5], state=None)
        assert client.post(f"{TRIAL}&number={number}&action={action}").status_code == 200
        assert store.changes(sweep).trials[number].asked is verdict


def test_a_trial_that_has_ended_stays_as_it_is(client: httpx.Client, store: MemoryStore) -> None:
    sweep = add_sweep(store).id
    number = add_trial(store, sweep, PARAMS, [0.5])
    assert client.post(f"{TRIAL}&number={number}&action=stop").status_code == 200
    assert store.changes(sweep).trials[number].state is State.DONE


def test_what_is_not_there_is_a_404_and_what_cannot_be_done_a_422(
    client: httpx.Client, store: MemoryStore
) -> None:
    add_sweep(store)
    assert client.post(f"{TRIAL}&number=7&action=stop").status_code == 404
    assert client.post(f"{ROOT}/sweep?sweep=nothing&action=stop").status_code == 404
    assert client.post(f"{SWEEP}&action=explode").status_code == 422


def test_a_page_of_another_site_steers_nothing(client: httpx.Client, store: MemoryStore) -> None:
    sweep = add_sweep(store).id
    answer = client.post(f"{SWEEP}&action=cancel", headers={"origin": "https://evil.example"})
    assert answer.status_code == 403
    assert store.get_sweep(sweep).control is Control.RUNNING
