"""A sweep's definition over HTTP: its versions, and edits of it while it runs."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from cli_stores import add_sweep, add_trial
from served import served
from sonde.core.edit import Edit
from sonde.editing import edit, history_of
from sonde.server.definition import EditedShape, VersionShape
from sonde.server.roles import Role
from sonde.server.tokens import Tokens
from sonde.store.http import HttpStore
from sonde.store.memory import MemoryStore


def test_an_edit_is_tried_then_made_and_becomes_a_version(
    client: httpx.Client, store: MemoryStore
) -> None:
    record = add_sweep(store)
    add_trial(store, record.id, {"lr": 0.1, "opt": "adam"})
    path = f"/api/v1/sweeps/{record.name}"
    lr = {"distribution": "log_uniform_values", "min": 0.01, "max": 0.2}
    body: dict[str, Any] = {
        "parameters": {"lr": lr, "opt": ["adam", "sgd", "lion"], "beta": {"min": 0.0, "max": 1.0}},
        "backfill": {"beta": 0.9},
        "trials": 50,
        "why": "lion looks good",
    }
    tried = client.post(f"{path}/definition", json=body | {"dry_run": True})
    assert tried.status_code == 200, tried.text
    EditedShape.model_validate(tried.json(), extra="forbid")
    assert (tried.json()["made"], tried.json()["version"]) == (False, 2)
    assert len(client.get(f"{path}/versions").json()) == 1
    made = client.post(f"{path}/definition", json=body | {"version": 1})
    assert made.json() == tried.json() | {"made": True}
    kinds = {change["what"]: change["kind"] for change in made.json()["changes"]}
    assert kinds["parameters.opt"] == "widened"
    assert kinds["parameters.beta"] == "added"
    assert made.json()["trials"]["counting"] == 1
    first, second = client.get(f"{path}/versions").json()
    VersionShape.model_validate(second, extra="forbid")
    assert (first["version"], first["changes"]) == (1, [])
    assert (second["first_trial"], second["why"]) == (1, "lion looks good")
    assert second["changes"] == made.json()["changes"]
    assert second["definition"]["space"]["parameters"]["lr"] == lr
    again = client.post(f"{path}/definition", json=body)
    assert (again.json()["made"], again.json()["changes"]) == (False, [])


def test_an_edit_for_an_older_version_is_refused(client: httpx.Client, store: MemoryStore) -> None:
    record = add_sweep(store)
    add_trial(store, record.id, {"lr": 0.1, "opt": "adam"})
    path = f"/api/v1/sweeps/{record.id}/definition"
    assert client.post(path, json={"method": "quasirandom"}).json()["version"] == 2
    late = client.post(path, json={"method": "tpe", "version": 1})
    assert (late.status_code, late.json()["type"]) == (409, "ConflictError")
    assert store.get_sweep(record.id).sweep.method == "quasirandom"


def test_all_faults_come_with_their_places(client: httpx.Client, store: MemoryStore) -> None:
    record = add_sweep(store)
    path = f"/api/v1/sweeps/{record.id}/definition"
    body = {"parameters": {"lr": {"min": 3, "max": 1}, "opt": []}, "remove": ["nothing"]}
    answer = client.post(path, json=body)
    assert answer.status_code == 422
    places = [fault["where"] for fault in answer.json()["faults"]]
    assert len(places) == 3
    assert places[0].startswith("parameters.lr")
    assert client.post(path, json={"paramters": {}}).status_code == 422
    assert len(store.versions(record.id)) == 1


@pytest.mark.parametrize(
    "body",
    [
        '{"parameters": {"lr": {"min": 1' + "0" * 400 + ', "max": 1e999}}}',
        '{"parameters": {"lr": {"min": 0, "max": 1' + "0" * 400 + "}}}",
        '{"parameters": {"lr": {"values": {"a": 1}}}}',
        '{"parameters": {"lr": {"distribution": "normal", "mu": {}, "sigma": []}}}',
        '{"parameters": {"lr": [' + "[" * 3000 + "]" * 3000 + "]}}",
        '{"parameters": {"": 1, "\\ud800": 2}}',
        '{"where": ["lr ** lr ** 99999999 > 1", "", "(" ]}',
        '{"backfill": {"lr": [1' + "0" * 400 + "]}}",
        '{"backfill": {"lr": 1' + "0" * 400 + "}}",
        '{"time_s": 1e999}',
    ],
)
def test_what_makes_no_sense_is_refused_and_is_no_fault_of_the_server(
    client: httpx.Client, store: MemoryStore, body: str
) -> None:
    record = add_sweep(store)
    headers = {"content-type": "application/json"}
    answer = client.post(
        f"/api/v1/sweeps/{record.id}/definition", content=body.encode(), headers=headers
    )
    assert 400 <= answer.status_code < 500, answer.text
    assert len(store.versions(record.id)) == 1


def test_a_sweep_on_a_server_is_edited_as_one_in_a_file(
    client: httpx.Client, store: MemoryStore
) -> None:
    record = add_sweep(store)
    add_trial(store, record.id, {"lr": 0.1, "opt": "adam"})
    there = HttpStore(str(client.base_url))
    wish = Edit(parameters={"lr": "0.2..0.4:log", "beta": [1, 2]}, method="tpe")
    found = edit(there, record.id, wish.apply, datetime.now(UTC), why="w")
    assert (found.is_made, found.effect.outside) == (True, 1)
    assert there.get_sweep(record.id) == store.get_sweep(record.id)
    assert [step.to_json() for step in history_of(there, record.id)] == [
        step.to_json() for step in history_of(store, record.id)
    ]
    there.close()


def test_only_an_admin_edits(tmp_path: Path) -> None:
    tokens = Tokens(tmp_path / "tokens")
    store = MemoryStore()
    record = add_sweep(store)
    token = {"authorization": f"Bearer {tokens.add('node7', Role.AGENT)}"}
    with served(store, tokens=tokens) as client:
        path = f"/api/v1/sweeps/{record.id}"
        answer = client.post(f"{path}/definition", json={"method": "tpe"}, headers=token)
        assert answer.status_code == 403
        assert client.get(f"{path}/versions", headers=token).status_code == 200
    assert store.get_sweep(record.id).sweep.method == "random"
