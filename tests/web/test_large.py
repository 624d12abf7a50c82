"""Ten and a hundred thousand trials: all of them there, and as quick to use as ten."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from browsing import Look
from many_trials import many
from sonde.controller import utc_now
from sonde.core.decision import Decision, NewTrial
from sonde.core.trial import Outcome, State
from sonde.server.app import create_app
from sonde.server.serving import serving
from sonde.store.memory import MemoryStore
from sonde.store.protocol import Ask


@pytest.fixture(scope="module", params=[10_000, 100_000])
def large(request: pytest.FixtureRequest) -> Iterator[tuple[str, MemoryStore, int]]:
    store = MemoryStore()
    many(store, request.param)
    with serving(create_app(store)) as url:
        yield url, store, request.param


def first(page: Page) -> int:
    row = page.get_by_role("table", name="Trials").locator("tbody tr[aria-rowindex]").first
    return int(row.locator("td").nth(2).inner_text())


def test_all_trials_are_there_sorted_filtered_and_live(
    look: Look, large: tuple[str, MemoryStore, int]
) -> None:
    url, store, count = large
    sweep = store.list_sweeps()[0].id
    trials = store.changes(sweep).trials
    with look(url) as page:
        page.set_default_timeout(60_000)
        page.goto("/?sweep=many")
        table = page.get_by_role("table", name="Trials")
        expect(table).to_have_attribute("aria-rowcount", f"{count + 1}", timeout=60_000)
        # Only what is in sight is in the page.
        assert table.locator("tbody tr").count() < 80
        page.get_by_role("columnheader", name="dropout").get_by_role("button").click()
        expect(page.locator("th[aria-sort]")).to_contain_text("dropout")
        assert first(page) == min(trials, key=lambda t: (t.params["dropout"], t.number)).number
        page.get_by_role("region", name="Trials").focus()
        page.keyboard.press("End")
        expect(page.locator("tr.is-at")).to_have_attribute("aria-rowindex", f"{count + 1}")
        page.get_by_role("searchbox").fill("failed")
        failed = sum(trial.state is State.FAILED for trial in trials)
        expect(page.get_by_text(f"{failed:,} of {count:,} trials")).to_be_visible()
        page.get_by_role("searchbox").fill("")
        # One more trial comes as one more row, and is the best.
        revision = store.get_sweep(sweep).revision
        decision = Decision(against=revision, add=[NewTrial(params=trials[0].params)])
        _, (lease,) = store.commit(sweep, decision, utc_now(), Ask(agent="me"))
        outcome = Outcome(state=State.DONE, values={"val_loss": -1.0})
        store.finish(lease, outcome, utc_now())
        expect(page.get_by_role("link", name=f"Best: #{count}")).to_be_visible()
        expect(table).to_have_attribute("aria-rowcount", f"{count + 2}")
