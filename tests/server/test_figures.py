"""`/figures`: the data behind a figure, over HTTP."""

import json
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from cli_stores import GOAL, add_sweep, add_trial
from sonde.analysis.figures import KINDS, Asked
from sonde.analysis.figures.stored import figure_from
from sonde.analysis.pictures import Picture
from sonde.core.metric import Goal
from sonde.core.trial import State
from sonde.server import drawing
from sonde.store.memory import MemoryStore


@pytest.fixture
def path(store: MemoryStore) -> str:
    record = add_sweep(store, goals=(GOAL, Goal(metric="size")))
    for n in range(8):
        state = State.FAILED if n == 5 else State.DONE
        params = {"lr": 10.0**-n if n < 5 else 0.5, "opt": ["adam", "sgd"][n % 2]}
        add_trial(store, record.id, params, [1.0, 0.1 * n], state, after=10 * n, size=n)
    return "/api/v1/sweeps/digits/figures"


def get(client: httpx.Client, path: str, **params: Any) -> dict[str, Any]:
    answer = client.get(path, params=params)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_there_is_a_figure_of_every_kind(client: httpx.Client, path: str) -> None:
    for kind in KINDS:
        assert get(client, f"{path}/{kind}")["kind"] == kind


@pytest.mark.parametrize("sweeps", [("digits",), ("digits", "second")])
def test_whoever_draws_a_figure_has_the_same_numbers(
    client: httpx.Client, store: MemoryStore, path: str, sweeps: tuple[str, ...]
) -> None:
    other = add_sweep(store, name="second", goals=(GOAL, Goal(metric="size")))
    for n in range(6):
        params = {"lr": 10.0**-n, "opt": "sgd"}
        add_trial(store, other.id, params, [1.0, 0.2 * n], after=10 * n, size=n)
    for kind in KINDS:
        answer = client.get(f"{path}/{kind}", params={"with": sweeps[1:]})
        while answer.status_code == 202:
            answer = client.get(f"{path}/{kind}", params={"with": sweeps[1:]})
        drawn = Picture(figure_from(store, sweeps, Asked(kind=kind), datetime.now(UTC)))
        assert answer.json() == json.loads(drawn.render("json"))
        page = drawn.render("html").decode()
        held = page.partition('id="data">')[2].partition("</script>")[0]
        assert answer.json() == json.loads(held)


def test_parameters_choose_what_is_drawn(
    client: httpx.Client, store: MemoryStore, path: str
) -> None:
    add_sweep(store, name="other")
    figure = get(
        client, f"{path}/slice", param=["opt"], metric="size", filter="done lr<0.6", points=3
    )
    assert [column["axis"]["name"] for column in figure["columns"]] == ["opt"]
    assert figure["goal"]["name"] == "size"
    assert figure["source"]["states"] == {"done": 6}
    assert figure["points"]["omitted"] == {"thinned": 3}
    history = get(client, f"{path}/history", over="time", **{"with": "other"})
    assert [run["source"]["name"] for run in history["runs"]] == ["digits", "other"]
    brushed = get(client, f"{path}/history", brush=["p.lr:0.4..0.6", "p.opt:0..0"])
    assert brushed["runs"][0]["points"]["trial"] == [6]


def test_a_figure_that_one_has_is_not_sent_again_and_a_new_trial_makes_a_new_one(
    client: httpx.Client, store: MemoryStore, path: str
) -> None:
    first = client.get(f"{path}/edf")
    again = client.get(f"{path}/edf", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    add_trial(store, first.json()["runs"][0]["source"]["sweep"], {"lr": 0.3, "opt": "adam"}, [7.0])
    last = client.get(f"{path}/edf", headers={"if-none-match": first.headers["etag"]})
    assert last.status_code == 200
    assert last.json()["runs"][0]["results"] == 8


def test_nobody_waits_for_a_figure_that_takes_long(
    client: httpx.Client, store: MemoryStore, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drawing, "WAIT_S", 0.0)
    answer = client.get(f"{path}/importance")
    assert (answer.status_code, answer.json()) == (202, {"kind": "importance", "ready": False})
    assert answer.headers["retry-after"] == "1"
    while (answer := client.get(f"{path}/importance")).status_code == 202:
        pass
    old = answer.json()["source"]["version"]
    sweep = answer.json()["source"]["sweep"]
    add_trial(store, sweep, {"lr": 0.3, "opt": "adam"}, [7.0])
    stale = get(client, f"{path}/importance")  # the last one, until the next is made
    assert stale["source"]["version"] == old
    while get(client, f"{path}/importance")["source"]["version"] == old:
        pass


@pytest.mark.parametrize(
    ("query", "status", "says"),
    [
        ("digits/figures/pie", 422, "there is no such figure; choose from history"),
        ("digist/figures/edf", 404, "did you mean digits"),
        ("digits/figures/slice?param=lrr", 422, "did you mean lr?"),
        ("digits/figures/slice?brush=lr", 422, "brush=lr: it is no stretch of an axis"),
        ("digits/figures/slice?points=0", 422, "query.points"),
    ],
)
def test_what_cannot_be_drawn_is_a_problem(
    client: httpx.Client, path: str, query: str, status: int, says: str
) -> None:
    answer = client.get(f"/api/v1/sweeps/{query}")
    assert (answer.status_code, answer.headers["content-type"]) == (
        status,
        "application/problem+json",
    )
    assert says in answer.json()["detail"]


def test_the_table_that_is_chosen_is_a_file_to_save(client: httpx.Client, path: str) -> None:
    path = path.replace("figures", "export")
    answer = client.get(
        path, params={"filter": "done", "sort": "-size", "column": ["number", "m.size", "lr"]}
    )
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"].startswith('attachment; filename="digits.csv"')
    lines = answer.text.split("\r\n")
    assert lines[:2] == ["number,size,lr", "7,7.0,0.5"]
    brushed = client.get(path, params={"format": "json", "brush": "p.lr:0.4..0.6"}).json()
    assert [row["number"] for row in brushed] == [5, 6, 7]
    assert client.get(path, params={"format": "parquet"}).content.startswith(b"PAR1")
    refused = client.get(path, params={"column": "los"})
    assert (refused.status_code, refused.json()["remedy"]) == (422, "did you mean loss?")
