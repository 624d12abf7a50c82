"""A program follows a sweep over HTTP: every change, from any version on, across restarts."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from cli_stores import add_sweep, add_trial
from served import served
from sonde.store.memory import MemoryStore

PARAMS = {"lr": 0.1, "opt": "adam"}
Events = Iterator[tuple[str, str, dict[str, Any]]]


@contextmanager
def following(client: httpx.Client, query: str = "", last: str = "") -> Iterator[Events]:
    headers = {"last-event-id": last} if last else {}
    path = f"/api/v1/sweeps/digits/events{query}"
    with client.stream("GET", path, headers=headers, timeout=100) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield events(answer)


def events(answer: httpx.Response) -> Events:
    key = name = ""
    for line in answer.iter_lines():
        field, _, value = line.partition(": ")
        if field == "id":
            key = value
        elif field == "event":
            name = value
        elif field == "data":
            yield name, key, json.loads(value)


def there_is(client: httpx.Client, query: str = "", last: str = "") -> list[tuple[str, Any]]:
    """What a stream has that does not go on: names of events, and numbers of trials."""
    joined = f"?follow=false&{query}"
    with following(client, joined, last) as heard:
        return [(name, data.get("number", data.get("name"))) for name, _, data in heard]


def test_each_trial_is_told_and_then_how_the_sweep_stands(
    client: httpx.Client, store: MemoryStore
) -> None:
    sweep = add_sweep(store, name="digits").id
    add_trial(store, sweep, PARAMS, [0.5])
    with following(client) as heard:
        name, _, trial = next(heard)
        assert (name, trial["number"], trial["state"]) == ("trial", 0, "done")
        name, key, row = next(heard)
        assert (name, key, row["name"]) == ("sweep", str(store.get_sweep(sweep).version), "digits")
        add_trial(store, sweep, PARAMS, [0.25])
        told = [next(heard) for _ in range(2)]
        while told[-1][0] != "sweep" or told[-1][2]["best"]["number"] != 1:
            told.append(next(heard))
        assert ("trial", 1) in {(name, data.get("number")) for name, _, data in told}


def test_who_was_away_hears_what_changed_since_also_from_another_run_of_the_server(
    store: MemoryStore,
) -> None:
    sweep = add_sweep(store, name="digits").id
    add_trial(store, sweep, PARAMS, [0.5])
    with served(store) as client, following(client) as heard:
        next(heard)
        _, last, _ = next(heard)
    add_trial(store, sweep, PARAMS, [0.4])
    with served(store) as client:
        assert there_is(client, last=last) == [("trial", 1), ("sweep", "digits")]
        assert there_is(client, f"after={last}") == [("trial", 1), ("sweep", "digits")]
        now = str(store.get_sweep(sweep).version)
        assert there_is(client, last=now) == []


def test_a_version_that_a_page_of_trials_had_is_where_following_begins(
    client: httpx.Client, store: MemoryStore
) -> None:
    sweep = add_sweep(store, name="digits").id
    add_trial(store, sweep, PARAMS, [0.5])
    version = client.get("/api/v1/sweeps/digits/trials").json()["version"]
    add_trial(store, sweep, PARAMS, [0.4])
    assert there_is(client, f"after={version}") == [("trial", 1), ("sweep", "digits")]


def test_many_trials_come_in_the_order_of_their_numbers(
    client: httpx.Client, store: MemoryStore
) -> None:
    sweep = add_sweep(store, name="digits").id
    for _ in range(1100):
        add_trial(store, sweep, PARAMS, state=None)
    told = there_is(client)
    assert [number for name, number in told if name == "trial"] == list(range(1100))


@pytest.mark.parametrize(
    ("path", "status"), [("nothing/events", 404), ("digits/events?after=x", 422)]
)
def test_what_cannot_be_followed_is_refused(
    client: httpx.Client, store: MemoryStore, path: str, status: int
) -> None:
    add_sweep(store, name="digits")
    assert client.get(f"/api/v1/sweeps/{path}").status_code == status
