"""Steering from the page; what destroys asks first."""

from playwright.sync_api import Page, expect

from browsing import Look
from cli_stores import add_sweep, add_trial
from sonde.core.sweep import Control
from sonde.core.trial import Verdict
from sonde.store.memory import MemoryStore

PARAMS = {"lr": 0.1, "opt": "adam"}


def steered(page: Page, button: str, *, answer: str | None = None) -> None:
    page.get_by_role("group", name="Steer digits").get_by_role("button", name=button).click()
    if answer is not None:
        page.get_by_role("dialog").get_by_role("button", name=answer).click()


def test_pause_and_resume_take_effect_at_once(look: Look, url: str, store: MemoryStore) -> None:
    sweep = add_sweep(store).id
    with look(url) as page:
        page.goto("/?sweep=digits")
        steered(page, "Pause")
        expect(page.get_by_text("paused", exact=True)).to_be_visible()
        assert store.get_sweep(sweep).control is Control.PAUSED
        expect(page.get_by_text("sonde resume")).to_be_visible()
        steered(page, "Resume")
        expect(page.get_by_role("button", name="Pause")).to_be_visible()
        assert store.get_sweep(sweep).control is Control.RUNNING


def test_cancel_asks_first_and_says_what_is_lost(look: Look, url: str, store: MemoryStore) -> None:
    sweep = add_sweep(store).id
    add_trial(store, sweep, PARAMS, [0.5], state=None)
    with look(url) as page:
        page.goto("/?sweep=digits")
        steered(page, "Cancel")
        expect(page.get_by_role("dialog")).to_contain_text("1 running trial will be ended now")
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_be_hidden()
        assert store.get_sweep(sweep).control is Control.RUNNING
        steered(page, "Cancel", answer="Leave it")
        assert store.get_sweep(sweep).control is Control.RUNNING
        steered(page, "Cancel", answer="Cancel it")
        expect(page.get_by_text("cancelling", exact=True)).to_be_visible()
        assert store.get_sweep(sweep).control is Control.CANCELLED
        assert store.changes(sweep).trials[0].asked is Verdict.CANCEL
        expect(page.get_by_role("group", name="Steer digits")).to_be_hidden()


def test_stop_leaves_running_trials_to_finish(look: Look, url: str, store: MemoryStore) -> None:
    sweep = add_sweep(store).id
    add_trial(store, sweep, PARAMS, [0.5], state=None)
    with look(url) as page:
        page.goto("/?sweep=digits")
        steered(page, "Stop", answer="Stop it")
        expect(page.get_by_text("stopping", exact=True)).to_be_visible()
        assert store.changes(sweep).trials[0].asked is Verdict.GO_ON


def test_what_cannot_be_done_any_more_is_said(look: Look, url: str, store: MemoryStore) -> None:
    sweep = add_sweep(store).id
    with look(url, ignoring="409") as page:
        page.goto("/?sweep=digits")
        expect(page.get_by_role("button", name="Pause")).to_be_visible()
        page.route("**/live*", lambda route: route.abort())
        page.evaluate("() => 0")
        # Somebody else was quicker; this page has not heard of it yet.
        from datetime import UTC, datetime

        page.get_by_role("button", name="Cancel").click()
        store.update_sweep(sweep, datetime.now(UTC), control=Control.CANCELLED)
        page.get_by_role("dialog").get_by_role("button", name="Cancel it").click()
        expect(
            page.get_by_role("status").filter(has_text="there is nothing to cancel")
        ).to_be_visible()


def test_how_many_run_at_once_is_changed_and_taken_back(
    look: Look, url: str, store: MemoryStore
) -> None:
    sweep = add_sweep(store).id
    add_trial(store, sweep, PARAMS, [0.5], state=None)
    with look(url) as page:
        page.goto("/?sweep=digits")
        steered(page, "Workers")
        dialog = page.get_by_role("dialog")
        expect(dialog).to_contain_text("1 trial runs now")
        field = dialog.get_by_label("Trials at once, at most")
        field.fill("0")
        dialog.get_by_role("button", name="Save").click()
        expect(dialog.get_by_role("alert")).to_contain_text("a whole number from 1 on, or nothing")
        field.fill("3")
        dialog.get_by_role("button", name="Save").click()
        expect(page.get_by_text("3 at once at most", exact=True)).to_be_visible()
        assert store.get_sweep(sweep).budget.workers == 3
        page.get_by_role("button", name="Undo").click()
        expect(page.get_by_text("3 at once at most", exact=True)).to_be_hidden()
        assert store.get_sweep(sweep).budget.workers is None
