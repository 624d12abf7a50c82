"""`sonde importance`."""

import json

from cli_said import Sonde
from cli_stores import add_sweep, add_trial
from sonde.core.trial import State
from sonde.store.protocol import Store


def test_it_shows_each_parameter_with_its_share_and_how_sure_that_is(
    cli: Sonde, store: Store
) -> None:
    record = add_sweep(store)
    for number in range(20):
        lr = 10 ** -(5 * number / 19)
        params = {"lr": lr, "opt": ["adam", "sgd"][number % 2]}
        add_trial(store, record.id, params, [float(number)], State.DONE)
    said = cli("importance", record.name)
    first = said.out.splitlines()[1]
    assert first.split()[0] == "lr"
    assert "#####" in first
    assert "-1.00" in first
    assert "is interactions and noise" in said.out
    rows = json.loads(cli("importance", record.name, "--format", "json").out)
    assert [row["name"] for row in rows] == ["lr", "opt"]
    assert rows[0]["share"] > 0.8
    assert rows[0]["interval"][0] <= rows[0]["share"] <= rows[0]["interval"][1]
    assert rows[1]["correlation"] is None
    assert cli("importance", record.name, "--format", "csv").out.startswith("name,share,")


def test_with_few_results_it_says_so(cli: Sonde, store: Store) -> None:
    record = add_sweep(store)
    assert "fewer than 4 trials are done" in cli("importance", record.name).err
