"""A sweep of which 40 trials a second end: the page keeps up, and drops none."""

import time
from threading import Thread

from playwright.sync_api import Page, expect

from browsing import Look
from cli_stores import add_sweep
from sonde.controller import utc_now
from sonde.core.decision import Decision, NewTrial
from sonde.core.trial import Outcome, State
from sonde.store.memory import MemoryStore
from sonde.store.protocol import Ask

RATE, COUNT = 40, 160
# Turns of the page's own thread, and the longest that one of them had to wait.
WATCH = """() => {
    window.turns = { longest: 0, last: performance.now() };
    setInterval(() => {
        const now = performance.now();
        turns.longest = Math.max(turns.longest, now - turns.last);
        turns.last = now;
    }, 10);
}"""


def write(store: MemoryStore, sweep: str, first: int) -> None:
    """Add the trials of a second and end them, each with a result of its own."""
    begin = time.monotonic()
    for i in range(first, first + RATE):
        time.sleep(max(0.0, begin + (i - first) / RATE - time.monotonic()))
        decision = Decision(
            against=store.get_sweep(sweep).revision,
            add=[NewTrial(params={"lr": (i + 1) / (COUNT + 1), "opt": "adam"})],
        )
        _, (lease,) = store.commit(sweep, decision, utc_now(), Ask(agent="me"))
        store.finish(lease, Outcome(state=State.DONE, values={"loss": COUNT - i}), utc_now())


def shown(page: Page) -> int:
    count = page.get_by_role("table", name="Trials").get_attribute("aria-rowcount")
    return int(count or 1) - 1


def test_rows_keep_up_with_forty_trials_a_second_and_none_is_dropped(
    look: Look, url: str, store: MemoryStore
) -> None:
    sweep = add_sweep(store).id
    with look(url) as page:
        page.goto("/?sweep=digits&sort=number")
        expect(page.get_by_text("No trial yet.")).to_be_visible()
        table = page.get_by_role("table", name="Trials")
        page.evaluate(WATCH)
        seen = []
        for first in range(0, COUNT, RATE):
            writer = Thread(target=write, args=(store, sweep, first))
            writer.start()
            expect(table).to_be_visible()
            while writer.is_alive():
                page.wait_for_timeout(200)
                seen.append(shown(page))
            # It follows, and does not wait for the end. How fast is the machine's affair.
            expect(table).to_have_attribute("aria-rowcount", f"{first + RATE + 1}")
        assert seen == sorted(seen)
        expect(page.get_by_role("link", name=f"Best: #{COUNT - 1}")).to_be_visible()
        # Every trial has its row, in order, with its own value.
        page.get_by_role("region", name="Trials").focus()
        page.keyboard.press("End")
        expect(page.locator("tr.is-at")).to_have_attribute("aria-rowindex", f"{COUNT + 1}")
        last = page.locator("tr.is-at").locator("td")
        assert last.nth(2).inner_text() == f"{COUNT - 1}"
        columns = page.evaluate(
            "async () => (await (await fetch('api/v1/sweeps/digits/trials?limit=1000')).json())"
        )
        assert len(columns["trials"]) == COUNT
        assert page.evaluate("() => turns.longest") < 5000
