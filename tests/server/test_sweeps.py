"""`/sweeps`: what programs read of sweeps and trials."""

import math

import httpx
import pytest

from cli_stores import add_sweep, add_trial
from sonde.core.trial import State
from sonde.server.shapes import SweepShape, TrialPage, TrialShape
from sonde.store.memory import MemoryStore


def test_sweeps_are_listed_as_sonde_ls_prints_them(
    client: httpx.Client, store: MemoryStore
) -> None:
    assert client.get("/api/v1/sweeps").json() == []
    record = add_sweep(store, name="digits", project="vision")
    add_trial(store, record.id, {"lr": 0.1, "opt": "adam"}, [0.5, 0.25])
    (row,) = client.get("/api/v1/sweeps").json()
    assert (row["id"], row["name"], row["best"]["value"]) == (record.id, "digits", 0.25)
    assert client.get("/api/v1/sweeps", params={"project": "other"}).json() == []
    SweepShape.model_validate(row, extra="forbid")


@pytest.mark.parametrize("key", ["digits", "dig"])
def test_a_sweep_is_found_by_name_and_by_a_beginning(
    client: httpx.Client, store: MemoryStore, key: str
) -> None:
    record = add_sweep(store, name="digits")
    for text in (key, record.id, record.id[:6]):
        assert client.get(f"/api/v1/sweeps/{text}").json()["id"] == record.id


def test_what_changed_between_two_requests_is_seen(
    client: httpx.Client, store: MemoryStore
) -> None:
    record = add_sweep(store)
    path = f"/api/v1/sweeps/{record.id}/trials"
    assert client.get(path).json()["trials"] == []
    add_trial(store, record.id, {"lr": 0.1, "opt": "adam"}, [0.5], state=None)
    first = client.get(path).json()
    assert [trial["state"] for trial in first["trials"]] == ["running"]
    add_trial(store, record.id, {"lr": 0.2, "opt": "adam"}, [0.4])
    second = client.get(path).json()
    assert [trial["state"] for trial in second["trials"]] == ["running", "done"]
    assert second["version"] > first["version"]
    TrialPage.model_validate(second, extra="forbid")


def test_trials_come_in_pages_and_by_state(client: httpx.Client, store: MemoryStore) -> None:
    record = add_sweep(store)
    for number in range(5):
        state = State.FAILED if number % 2 else State.DONE
        add_trial(store, record.id, {"lr": number / 8, "opt": "adam"}, [0.5], state=state)
    path = f"/api/v1/sweeps/{record.id}/trials"
    seen, first = [], 0
    while first is not None:
        page = client.get(path, params={"first": first, "limit": 2}).json()
        seen += [trial["number"] for trial in page["trials"]]
        first = page["next"]
    assert seen == [0, 1, 2, 3, 4]
    failed = client.get(path, params={"state": "failed"}).json()
    assert [trial["number"] for trial in failed["trials"]] == [1, 3]
    assert failed["next"] is None


def test_numbers_that_json_lacks_are_strings(client: httpx.Client, store: MemoryStore) -> None:
    record = add_sweep(store)
    add_trial(store, record.id, {"lr": math.inf, "opt": "adam"}, [math.nan, -math.inf])
    trial = client.get(f"/api/v1/sweeps/{record.id}/trials/0").json()
    assert (trial["params"]["lr"], trial["metrics"]["loss"]["last"]) == ("Infinity", "-Infinity")
    TrialShape.model_validate({k: v for k, v in trial.items() if k != "facts"}, extra="forbid")


def test_a_sweep_whose_definition_changed_is_judged_by_the_new_one(
    client: httpx.Client, store: MemoryStore
) -> None:
    from dataclasses import replace

    record = add_sweep(store, method="random")
    path = f"/api/v1/sweeps/{record.id}"
    assert client.get(path).json()["method"] == "random"
    changed = replace(record.sweep, method="quasirandom")
    store.update_sweep(record.id, record.created, definition=changed)
    assert client.get(path).json()["method"] == "quasirandom"


@pytest.mark.parametrize(
    ("path", "status", "kind", "says"),
    [
        ("/api/v1/sweeps/digist", 404, "NotFoundError", "did you mean digits"),
        ("/api/v1/sweeps/digits/trials/7", 404, "NotFoundError", "digits has no trial 7"),
        ("/api/v1/sweeps/digits/trials/x", 422, "ConfigErrors", "path.number"),
        ("/api/v1/sweeps/digits/trials?limit=0", 422, "ConfigErrors", "query.limit"),
        ("/api/v1/nothing", 404, "HTTPError", "Not Found"),
    ],
)
def test_what_cannot_be_answered_is_a_problem_with_its_reason(
    client: httpx.Client, store: MemoryStore, path: str, status: int, kind: str, says: str
) -> None:
    add_sweep(store, name="digits")
    answer = client.get(path)
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert (answer.status_code, problem["status"], problem["type"]) == (status, status, kind)
    assert says in problem["detail"]
