"""Who does not see well, has no mouse, or has a small screen, can use all of it too."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from browsing import Look, looking

AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text(encoding="utf-8")
PAGES = {
    "sweeps": "/",
    "sweep": "/?sweep=mixed",
    "two goals": "/?sweep=two&filter=done",
    "live": "/?sweep=live",
    "trial": "/?sweep=mixed&trial=4",
    "trials": "/?sweep=mixed&tab=trials&sel=0,1&pin=p.opt",
    "importance": "/?sweep=mixed&tab=analysis",
    "slice": "/?sweep=mixed&tab=analysis&kind=slice",
    "pair": "/?sweep=mixed&tab=analysis&kind=pair",
    "distribution": "/?sweep=mixed&tab=analysis&kind=edf",
    "matrix": "/?sweep=mixed&tab=analysis&kind=matrix",
    "front": "/?sweep=two&tab=analysis&kind=pareto",
    "timeline": "/?sweep=mixed&tab=analysis&kind=timeline",
    "compare": "/?sweep=mixed&tab=compare&sel=0,1,4",
    "config": "/?sweep=mixed&tab=config",
    "agents": "/?sweep=live&tab=agents",
    "notes": "/?sweep=mixed&tab=notes",
    "nothing fits": "/?sweep=mixed&filter=lr>5",
}


def settled(page: Page, path: str) -> None:
    page.goto(path)
    expect(page.locator("main .panel, main table").first).to_be_visible()
    page.wait_for_load_state("load")


def violations(page: Page) -> list[str]:
    page.evaluate(f"() => {{ {AXE} }}")
    found: Any = page.evaluate("() => axe.run().then((found) => found.violations)")
    return [
        f"{one['id']}: {one['help']}: {[node['html'][:200] for node in one['nodes']][:3]}"
        for one in found
    ]


@pytest.fixture(scope="module", params=["light", "dark"])
def dressed(request: pytest.FixtureRequest, browser: Browser, real_url: str) -> Iterator[Page]:
    """A page of each theme for all tests: its scripts are fetched once."""
    with looking(browser, real_url, theme=request.param) as page:
        yield page


@pytest.fixture(scope="module")
def phone(browser: Browser, real_url: str) -> Iterator[Page]:
    with looking(browser, real_url, width=390, height=844) as page:
        yield page


@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing(dressed: Page, name: str) -> None:
    settled(dressed, PAGES[name])
    for summary in dressed.locator("summary").all():
        summary.click()
    for button in dressed.locator(".fold-button").all():
        button.click()
    assert violations(dressed) == []


def test_axe_finds_nothing_in_what_asks_and_in_what_is_empty(look: Look, url: str) -> None:
    with look(url) as page:
        settled(page, "/")
        assert violations(page) == []


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/?sweep=live&tab=config", "Edit"),
        ("/?sweep=live&tab=config", "Add a trial"),
        ("/?sweep=live&tab=config", "Budget"),
        ("/?sweep=live&tab=config", "Workers"),
        ("/?sweep=live&tab=config", "Stop"),
        ("/?sweep=live&trial=0", "Clone and edit"),
        ("/?sweep=live&trial=0", "Cancel"),
    ],
)
def test_axe_finds_nothing_in_what_is_filled_in(dressed: Page, path: str, name: str) -> None:
    settled(dressed, path)
    dressed.get_by_role("button", name=name, exact=True).click()
    dialog = dressed.get_by_role("dialog")
    expect(dialog).to_be_visible()
    for summary in dialog.locator("summary").all():
        summary.click()
    assert violations(dressed) == []


@pytest.mark.parametrize("name", PAGES)
def test_nothing_is_wider_than_a_phone(phone: Page, name: str) -> None:
    settled(phone, PAGES[name])
    assert phone.evaluate("document.documentElement.scrollWidth") == 390


def test_the_table_is_gone_through_and_a_trial_opened_by_keys(page: Page) -> None:
    page.goto("/?sweep=mixed&sort=number")
    page.get_by_role("region", name="Trials").focus()
    for key in ("ArrowDown", "ArrowDown", "End", "k", "k", "j"):
        page.keyboard.press(key)
    expect(page.locator("tr.is-at")).to_have_attribute("aria-rowindex", "6")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="mixed #4")).to_be_visible()


def test_slash_goes_to_the_filter(page: Page) -> None:
    page.goto("/?sweep=mixed")
    expect(page.get_by_role("searchbox")).to_be_visible()
    page.keyboard.press("/")
    page.keyboard.type("failed")
    expect(page.get_by_text("2 of 6 trials")).to_be_visible()


def test_every_control_is_reached_by_tab(page: Page) -> None:
    page.goto("/?sweep=live")
    expect(page.get_by_role("table", name="Trials")).to_be_visible()
    wanted = set(
        page.locator("a:visible, button:visible, input:visible, select:visible").all_inner_texts()
    )
    reached = set()
    for _ in range(80):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.innerText ?? ''"))
    assert wanted <= reached


def test_the_theme_follows_the_system_until_one_chooses(look: Look, real_url: str) -> None:
    with look(real_url, theme="dark") as page:
        page.goto("/")
        expect(page.locator("html")).to_have_attribute("data-theme", "dark")
        page.get_by_role("button", name="Light").click()
        expect(page.locator("html")).to_have_attribute("data-theme", "light")
        page.reload()
        expect(page.locator("html")).to_have_attribute("data-theme", "light")


def test_charts_say_in_words_what_they_show(page: Page) -> None:
    page.goto("/?sweep=mixed")
    expect(
        page.get_by_role("img", name="loss of 6 trials; the best so far is 0.43333")
    ).to_be_visible()
    expect(
        page.get_by_role("img", name="Parallel coordinates: 6 trials over lr, opt")
    ).to_be_visible()
    expect(page.get_by_role("img", name="loss by step of 6 trials")).to_be_visible()
