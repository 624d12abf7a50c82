"""Server-sent events: each change is heard, once, also by those who were away."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from cli_stores import add_sweep, add_trial
from sonde.store.memory import MemoryStore

PARAMS = {"lr": 0.1, "opt": "adam"}
Events = Iterator[tuple[str, str, dict[str, Any]]]


@contextmanager
def listening(client: httpx.Client, query: str = "", last: str = "") -> Iterator[Events]:
    headers = {"last-event-id": last} if last else {}
    with client.stream("GET", f"/api/v1/view/live{query}", headers=headers, timeout=100) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers["cache-control"] == "no-store"
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
            yield key, name, json.loads(value)


def test_a_change_is_heard_with_how_the_sweep_stands(
    client: httpx.Client, store: MemoryStore
) -> None:
    sweep = add_sweep(store).id
    with listening(client) as heard:
        _, name, view = next(heard)
        assert (name, view["name"], view["trials"], view["best"]) == ("sweep", "digits", 0, None)
        add_trial(store, sweep, PARAMS, [0.5])
        while view["counts"]["done"] == 0:
            _, _, view = next(heard)
        assert view["best"]["values"] == {"loss": 0.5}


def test_who_was_away_hears_what_changed_meanwhile_and_nothing_else(
    client: httpx.Client, store: MemoryStore
) -> None:
    add_sweep(store, name="still")
    moving = add_sweep(store, name="moving").id
    with listening(client) as heard:
        last = max(next(heard)[0], next(heard)[0])
    add_trial(store, moving, PARAMS, [0.5])
    with listening(client, last=last) as heard:
        key, _, view = next(heard)
        assert view["name"] == "moving"
        assert key > last


def test_who_comes_from_another_run_of_the_server_hears_all(
    client: httpx.Client, store: MemoryStore
) -> None:
    add_sweep(store, name="one")
    add_sweep(store, name="two")
    with listening(client, last="0badcafe.77") as heard:
        assert {next(heard)[2]["name"], next(heard)[2]["name"]} == {"one", "two"}


def test_one_sweep_is_listened_to_without_the_others(
    client: httpx.Client, store: MemoryStore
) -> None:
    other, mine = add_sweep(store, name="other").id, add_sweep(store, name="mine").id
    with listening(client, "?sweep=mine") as heard:
        assert next(heard)[2]["name"] == "mine"
        add_trial(store, other, PARAMS, [0.5])
        add_trial(store, mine, PARAMS, [0.5])
        assert next(heard)[2]["name"] == "mine"


def test_a_sweep_that_is_not_there_is_a_404(client: httpx.Client) -> None:
    assert client.get("/api/v1/view/live?sweep=nothing").status_code == 404
