"""The list of sweeps."""

from playwright.sync_api import Page, expect

from browsing import Look
from cli_stores import add_sweep, add_trial
from sonde.core.trial import State
from sonde.store.memory import MemoryStore


def row(page: Page, name: str) -> str:
    found = page.get_by_role("row").filter(has=page.get_by_role("link", name=name, exact=True))
    return found.inner_text()


def test_an_empty_store_says_what_to_type(look: Look, url: str) -> None:
    with look(url) as page:
        page.goto("/")
        expect(page.get_by_role("heading", name="No sweeps yet")).to_be_visible()
        expect(page.get_by_text("sonde run -j 4")).to_be_visible()


def test_a_sweep_appears_and_advances_by_itself(look: Look, url: str, store: MemoryStore) -> None:
    with look(url) as page:
        page.goto("/")
        expect(page.get_by_role("heading", name="No sweeps yet")).to_be_visible()
        sweep = add_sweep(store).id
        expect(page.get_by_role("link", name="digits")).to_be_visible()
        expect(page.get_by_text("0 of 10", exact=True)).to_be_visible()
        add_trial(store, sweep, {"lr": 0.1, "opt": "adam"}, [0.5, 0.25])
        expect(page.get_by_text("1 of 10", exact=True)).to_be_visible()
        expect(page.get_by_role("cell", name="0.25", exact=True)).to_be_visible()


def test_each_sweep_says_its_state_progress_goal_and_best_in_words(page: Page) -> None:
    page.goto("/")
    expect(page.get_by_role("cell", name="0.43333")).to_be_visible()
    mixed = row(page, "mixed")
    assert "done" in mixed
    assert "6 of 6" in mixed
    assert "min loss" in mixed
    assert "first" in mixed, "its tag"
    assert "running" in row(page, "live")
    assert "0.2, 1" in row(page, "two"), "both goals of the best"


def test_sweeps_stand_under_their_projects(page: Page) -> None:
    page.goto("/")
    table = page.get_by_role("region", name="Sweeps of digits")
    expect(table.get_by_role("rowheader").get_by_role("link")).to_have_text(["mixed", "first"])


def test_a_failed_trial_is_told_apart_in_the_progress(
    look: Look, url: str, store: MemoryStore
) -> None:
    sweep = add_sweep(store).id
    add_trial(store, sweep, {"lr": 0.1, "opt": "adam"}, [0.5])
    add_trial(store, sweep, {"lr": 0.2, "opt": "adam"}, state=State.FAILED, error="boom")
    with look(url) as page:
        page.goto("/")
        expect(page.get_by_role("img", name="2 of 10 trials: 1 done, 1 failed")).to_be_visible()
