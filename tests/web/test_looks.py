"""How pages look: on a phone nothing is wider than the window, charts are drawn, keys do things."""

import pytest
from playwright.sync_api import Locator, Page, ViewportSize, expect

from browsing import Look
from cli_stores import add_sweep, add_trial
from sonde.store.memory import MemoryStore

PHONE = ViewportSize(width=390, height=844)
# Things that are cut off at the right of the window, but within what scrolls sideways.
BEYOND = """() => [...document.querySelectorAll("main *")]
  .filter((e) => e.getBoundingClientRect().right > innerWidth + 1
    && !e.closest(".scroll, .grid-frame, .typed, pre, .sr, svg"))
  .map((e) => e.outerHTML.slice(0, 80))"""
INKED = """(canvas) => {
  const seen = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
  return seen.some((value) => value > 0);
}"""


@pytest.mark.parametrize(
    ("query", "ready"),
    [
        ("", "Sweeps"),
        ("?sweep=mixed", "What matters for loss"),
        ("?sweep=mixed&tab=trials", "Trials"),
        ("?sweep=mixed&tab=analysis&kind=matrix", "Each against each"),
        ("?sweep=mixed&tab=config", "What it was made from"),
        ("?sweep=mixed&tab=agents", "Agents"),
        ("?sweep=mixed&tab=notes", "Tags"),
        ("?sweep=mixed&tab=compare&sel=0,1", "Compare 2 trials"),
        ("?sweep=mixed&trial=0", "Run it again"),
    ],
)
def test_on_a_phone_nothing_stands_beyond_the_window(page: Page, query: str, ready: str) -> None:
    page.set_viewport_size(PHONE)
    page.goto(f"/{query}")
    expect(page.get_by_role("heading", name=ready, exact=True)).to_be_visible()
    assert page.evaluate(BEYOND) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_an_empty_store_says_all_of_what_to_type_on_a_phone(look: Look, url: str) -> None:
    with look(url, **PHONE) as page:
        page.goto("/")
        expect(page.get_by_role("heading", name="No sweeps yet")).to_be_visible()
        assert page.evaluate(BEYOND) == []


def test_a_matrix_that_is_wider_than_a_phone_is_drawn(page: Page) -> None:
    page.set_viewport_size(PHONE)
    page.goto("/?sweep=mixed&tab=analysis&kind=matrix")
    canvas = page.locator("canvas[role=img]")
    expect(canvas).to_be_visible()
    assert canvas.evaluate(INKED)


def test_the_choice_of_columns_stands_within_a_phone(page: Page) -> None:
    page.set_viewport_size(PHONE)
    page.goto("/?sweep=mixed&tab=trials")
    page.get_by_text("Columns").click()
    box = page.locator(".menu-list:visible").bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= PHONE["width"]


def test_what_the_filter_leaves_out_is_not_said_to_be_missing(page: Page) -> None:
    page.goto("/?sweep=mixed&filter=lr<0")
    expect(page.get_by_text("No trial that is shown has reported loss.")).to_be_visible()
    expect(page.get_by_text("No trial that is shown has begun.")).to_be_visible()


def test_a_small_number_is_offered_without_its_zeros(
    look: Look, url: str, store: MemoryStore
) -> None:
    sweep = add_sweep(store).id
    add_trial(store, sweep, {"lr": 1.5764e-6, "opt": "adam"}, [0.5])
    with look(url) as page:
        page.goto("/?sweep=digits&trial=0")
        page.get_by_role("button", name="Clone and edit").click()
        expect(field(page, "lr")).to_have_value("1.5764e-6")


def field(page: Page, name: str) -> Locator:
    return page.get_by_role("dialog").get_by_label(name)


def test_keys_lead_about_and_question_mark_tells_them(page: Page) -> None:
    page.goto("/?sweep=mixed&tab=trials&sel=0,1")
    expect(page.get_by_role("link", name="Compare", exact=True).first).to_be_visible()
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.type("?t")  # in a field they are letters
    expect(page.get_by_role("searchbox")).to_have_value("?t")
    page.get_by_role("searchbox").fill("")
    page.get_by_role("searchbox").blur()
    page.keyboard.press("t")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.keyboard.press("?")
    keys = page.get_by_role("dialog", name="Keys")
    expect(keys).to_contain_text("compare the chosen trials")
    page.keyboard.press("c")  # nothing happens behind a dialog
    keys.get_by_role("button", name="Close").click()
    expect(keys).to_be_hidden()
    assert "tab=trials" in page.url
    page.keyboard.press("c")
    expect(page.get_by_role("heading", name="Compare 2 trials")).to_be_visible()
    page.keyboard.press("g")
    page.keyboard.press("s")
    expect(page.get_by_role("heading", name="Sweeps")).to_be_visible()


def test_a_sweep_is_paused_and_resumed_by_p(look: Look, url: str, store: MemoryStore) -> None:
    add_sweep(store)
    with look(url) as page:
        page.goto("/?sweep=digits")
        expect(page.get_by_role("button", name="Pause")).to_be_visible()
        page.keyboard.press("p")
        expect(page.get_by_role("button", name="Resume")).to_be_visible()
        page.keyboard.press("p")
        expect(page.get_by_role("button", name="Pause")).to_be_visible()


def test_of_menus_one_is_open_and_escape_closes_it(page: Page) -> None:
    page.goto("/?sweep=mixed&tab=trials")
    columns, export = (page.locator("summary", has_text=text) for text in ("Columns", "Export"))
    columns.click()
    expect(page.get_by_role("button", name="The usual")).to_be_visible()
    export.click()
    expect(page.get_by_role("button", name="LaTeX")).to_be_visible()
    expect(page.get_by_role("button", name="The usual")).to_be_hidden()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="LaTeX")).to_be_hidden()
    expect(export).to_be_focused()
    columns.click()
    page.get_by_role("heading", name="mixed").click()
    expect(page.get_by_role("button", name="The usual")).to_be_hidden()
