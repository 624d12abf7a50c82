"""A server that wants tokens: the page asks for one, and offers what it allows."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from browsing import Look
from cli_stores import add_sweep
from sonde.server.app import create_app
from sonde.server.roles import Role
from sonde.server.serving import serving
from sonde.server.tokens import Tokens
from sonde.store.memory import MemoryStore


@pytest.fixture
def tokens(tmp_path: Path) -> Tokens:
    return Tokens(tmp_path / "tokens.json")


@pytest.fixture
def guarded(look: Look, store: MemoryStore, tokens: Tokens) -> Iterator[Page]:
    """A page of a server that others can reach."""
    tokens.add("somebody", Role.ADMIN)
    add_sweep(store)
    app = create_app(store, tokens=tokens, is_local=False)
    with serving(app) as url, look(url, ignoring="401") as page:
        page.goto("/?sweep=digits")
        yield page


def enter(page: Page, token: str) -> None:
    page.get_by_label("Token").fill(token)
    page.get_by_role("button", name="Enter").click()


def test_without_a_token_nothing_is_shown_but_how_to_get_one(guarded: Page) -> None:
    expect(guarded.get_by_role("heading", name="This server asks for a token")).to_be_visible()
    expect(guarded.get_by_text("sonde token add")).to_be_visible()
    enter(guarded, "wrong")
    expect(guarded.get_by_role("alert")).to_have_text("This server does not know that token.")


def test_a_viewer_reads_and_is_offered_nothing_else(guarded: Page, tokens: Tokens) -> None:
    enter(guarded, tokens.add("anne", Role.VIEWER))
    expect(guarded.get_by_role("heading", name="digits")).to_be_visible()
    expect(guarded.get_by_text("read only")).to_be_visible()
    for name in ("Cancel", "Add a trial", "Budget"):
        expect(guarded.get_by_role("button", name=name)).to_be_hidden()
    guarded.get_by_role("link", name="Config").click()
    expect(guarded.get_by_role("heading", name="How it is searched")).to_be_visible()
    expect(guarded.get_by_role("button", name="Edit")).to_be_hidden()
    guarded.get_by_role("link", name="Notes").click()
    expect(guarded.get_by_text("There are none.")).to_be_visible()
    guarded.reload()
    expect(guarded.get_by_role("heading", name="digits")).to_be_visible()


def test_an_admin_steers(guarded: Page, tokens: Tokens) -> None:
    enter(guarded, tokens.add("anne", Role.ADMIN))
    guarded.get_by_role("button", name="Pause").click()
    expect(guarded.get_by_text("paused", exact=True)).to_be_visible()
