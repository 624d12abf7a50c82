"""A write that is sent again is done once and answered alike, whatever became of the server."""

import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from cli_stores import BEGIN, GOAL, SPACE, add_sweep
from served import served
from sonde.controller import utc_now
from sonde.core.decision import Decision, NewTrial
from sonde.core.sweep import Sweep
from sonde.core.trial import Lease, Outcome, State
from sonde.server.answered import Answered
from sonde.server.app import API
from sonde.store import open_store, wire
from sonde.store.protocol import Ask, Store

PARAMS = {"lr": 0.1, "opt": "adam"}
DONE = Outcome(state=State.DONE, values={"loss": 0.5})


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Store]:
    with closing(open_store(str(tmp_path / "sonde.db"))) as store:
        yield store


def send(client: httpx.Client, name: str, call: Any, key: str) -> bytes:
    """Send a message under a key; return the answer."""
    headers = {"idempotency-key": key}
    answer = client.post(f"{API}/store/{name}", content=wire.encode(call), headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.content


def calls(store: Store) -> dict[str, Any]:
    """A write of each kind, in an order in which they can be done."""
    sweep = add_sweep(store).id
    trials = [NewTrial(params=PARAMS)] * 3
    ask = Ask(agent="a", lease_s=1e9)
    lease = Lease(sweep=sweep, number=0, attempt=1, agent="a", until=BEGIN, params={})
    return {
        "create_sweep": wire.Create(
            definition=wire.text_of(Sweep(space=SPACE, goals=(GOAL,))), now=BEGIN, facts={"a": 1}
        ),
        "commit": wire.Commit(
            sweep=sweep, decision=Decision(against=0, add=trials), now=BEGIN, ask=ask
        ),
        "lease": wire.LeaseTrials(sweep=sweep, ask=ask, now=BEGIN),
        "finish": wire.Finish(lease=lease, outcome=DONE, now=BEGIN, ask=ask),
        "update_sweep": wire.Update(sweep=sweep, now=BEGIN, notes="x"),
    }


def test_every_write_is_answered_alike_by_a_server_that_was_started_again(kept: Store) -> None:
    wanted, answers = calls(kept), {}
    with served(kept) as client:
        for name, call in wanted.items():
            answers[name] = send(client, name, call, name)
    stamp = [(one.id, one.version) for one in kept.list_sweeps()]
    for _ in range(2):
        with served(kept) as client:
            for name, call in wanted.items():
                assert send(client, name, call, name) == answers[name], name
    assert [(one.id, one.version) for one in kept.list_sweeps()] == stamp


def test_a_trial_of_ones_own_is_added_once_though_the_server_was_started_again(
    kept: Store,
) -> None:
    sweep = add_sweep(kept).id
    said = []
    for _ in range(3):
        with served(kept) as client:
            said += [
                client.post(
                    f"{API}/sweeps/{sweep}/trials",
                    json={"params": PARAMS},
                    headers={"idempotency-key": "mine"},
                )
                for _ in range(2)
            ]
    assert {(one.status_code, one.text) for one in said} == {(201, said[0].text)}
    assert said[0].headers["content-type"] == said[-1].headers["content-type"]
    assert kept.get_sweep(sweep).trials == 1


def test_what_was_added_before_a_server_was_killed_is_found_by_who_asks_again(
    kept: Store, tmp_path: Path
) -> None:
    create = calls(kept)["create_sweep"]
    sweep = kept.list_sweeps()[0].id
    answered = Answered(tmp_path / "sonde.db.answers", 600.0)
    answered.add(["", "make"])  # begun, and then it was killed
    answered.add(["", "trials mine"])
    answered.close()
    made = kept.create_sweep(Sweep(space=SPACE, goals=(GOAL,)), utc_now(), {"a": 1})
    decision = Decision(against=0, add=[NewTrial(params=PARAMS, origin="user")])
    kept.commit(sweep, decision, utc_now())
    with served(kept) as client:
        found = wire.decode(send(client, "create_sweep", create, "make"), wire.WireRecord)
        assert found.id == made.id
        path, headers = f"{API}/sweeps/{sweep}/trials", {"idempotency-key": "mine"}
        answer = client.post(path, json={"params": PARAMS}, headers=headers)
        assert answer.json()["number"] == 0
        # Under another key it is another one.
        assert client.post(path, json={"params": PARAMS}).json()["number"] == 1
    assert len(kept.list_sweeps()) == 2


def test_what_was_begun_and_never_done_is_done_when_it_is_asked_for_again(
    kept: Store, tmp_path: Path
) -> None:
    create = calls(kept)["create_sweep"]
    answered = Answered(tmp_path / "sonde.db.answers", 600.0)
    answered.add(["", "make"])
    answered.close()
    with served(kept) as client:
        first, second = (send(client, "create_sweep", create, "make") for _ in range(2))
    assert first == second
    assert len(kept.list_sweeps()) == 2


def test_two_who_send_the_same_at_once_get_one_answer(kept: Store) -> None:
    create, answers = calls(kept)["create_sweep"], []
    with served(kept) as client:
        threads = [
            threading.Thread(
                target=lambda: answers.append(send(client, "create_sweep", create, "make"))
            )
            for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(set(answers)) == 1
    assert len(kept.list_sweeps()) == 2


@pytest.mark.parametrize("cut", [1, 7, 9, 20])
def test_a_record_that_was_cut_off_is_passed_over_and_those_before_it_are_there(
    tmp_path: Path, cut: int
) -> None:
    path = tmp_path / "answers"
    for number in range(3):
        answered = Answered(path, 600.0)
        answered.add(["me", f"key {number}", 200, "text/plain", b"\xff" * 10])
        answered.close()
        with path.open("r+b") as file:
            if number == 1:
                file.truncate(path.stat().st_size - cut)
    keys = [value[1] for _, value in Answered(path, 600.0).read()]
    assert keys == ["key 0", "key 2"]


def test_answers_are_forgotten_in_time_and_the_files_stay_small(tmp_path: Path) -> None:
    answered = Answered(tmp_path / "answers", 0.0)
    for number in range(50):
        answered.add(["me", str(number), 200, "text/plain", b"x" * 1000])
    assert list(answered.read()) == []
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) < 5000
    answered.close()


def test_an_answer_that_is_compressed_reads_alike_each_time(kept: Store) -> None:
    sweep = add_sweep(kept).id
    body = {"params": {"x" * 3000: 1}}
    with served(kept) as client:
        url = f"{API}/sweeps/{sweep}/trials"
        first, *others = (
            client.post(url, json=body, headers={"idempotency-key": "k"}) for _ in range(3)
        )
    assert first.headers["content-encoding"] == "gzip"
    assert first.status_code == 422
    assert [(one.status_code, one.text) for one in others] == [(422, first.text)] * 2
