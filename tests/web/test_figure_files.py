"""`.html` files of `sonde plot`, opened from a folder: they need no server and nothing else."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from browsing import looking
from figured import CURVES, draw, many, snapshot_of
from sonde.analysis.figures import KINDS, json_of
from sonde.analysis.pictures import Picture
from sonde.analysis.pictures.page import script_of

Open = Callable[..., Any]

# How many pixels of the largest canvas are not empty; of a table, how many cells it has.
_PAINTED = """() => {
  const size = (canvas) => canvas.width * canvas.height;
  const [canvas] = [...document.querySelectorAll("canvas")].sort((a, b) => size(b) - size(a));
  if (!canvas) return document.querySelectorAll("td").length;
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  let painted = 0;
  for (let i = 3; i < data.length; i += 4) if (data[i]) painted++;
  return painted;
}"""


def drawn(kind: str, *names: str) -> Picture:
    """A figure of sweeps in which trials ended, failed, were stopped, diverged and run."""
    snapshots = [
        snapshot_of(many(seed), name=name, stopping="asha(min_steps=2)")
        for seed, name in enumerate(names or ("digits",))
    ]
    return Picture(draw(kind, *snapshots, curves=CURVES))


@pytest.fixture
def opened(browser: Browser, tmp_path: Path) -> Open:
    """Saves a picture and opens it from its folder; fails if anything is fetched from elsewhere."""

    @contextmanager
    def open_(picture: Picture, **window: Any) -> Iterator[Page]:
        path = picture.save(tmp_path / "figure.html")
        with looking(browser, "http://nowhere.invalid", **window) as page:
            asked: list[str] = []
            page.on("request", lambda request: asked.append(request.url))
            page.goto(path.as_uri())
            page.wait_for_selector(".figure-page h1")
            yield page
            own = (path.as_uri(), "data:")  # its icon is empty
            assert [url for url in asked if not url.startswith(own)] == []

    return open_


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_drawn_from_a_folder_without_a_server(opened: Open, kind: str) -> None:
    picture = drawn(kind)
    with opened(picture) as page:
        assert "digits" in page.inner_text("h1")
        page.wait_for_function(f"() => ({_PAINTED})() > 30")
        held = json.loads(page.text_content("#data") or "")
        assert held == json_of(picture.data)


def test_a_file_holds_the_modules_that_draw_its_kind_and_no_others() -> None:
    for kind in KINDS:
        script = script_of(kind)
        assert script.text in drawn(kind).render("html").decode()
        assert script.text.count("</script") == script.text.count("<!--") == 0
        assert f"figures/{kind.replace('-', '_')}.js" in script.sources
        assert not {"address.js", "board.js", "live.js", "session.js"} & set(script.sources)
    assert "charts/matrix.js" in script_of("scatter-matrix").sources
    assert "charts/matrix.js" not in script_of("history").sources


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_is_light_or_dark_as_the_system_is(opened: Open, theme: str) -> None:
    for kind in ("history", "correlation"):
        with opened(drawn(kind), theme=theme) as page:
            shade = page.evaluate("getComputedStyle(document.body).backgroundColor")
            assert shade == ("rgb(15, 18, 22)" if theme == "dark" else "rgb(244, 245, 247)")


def test_the_trial_under_the_pointer_is_named(opened: Open) -> None:
    with opened(drawn("history")) as page:
        box = page.locator(".plot").bounding_box()
        assert box is not None
        found = set()
        for x in range(40, int(box["width"]), 12):
            page.mouse.move(box["x"] + x, box["y"] + 12)  # those that have no place lie at the top
            found.add(page.inner_text(".under"))
        assert any(text.startswith("#") for text in found)


def test_it_fits_a_phone(opened: Open) -> None:
    for kind in ("slice", "parallel", "scatter-matrix", "correlation", "contour"):
        with opened(drawn(kind), width=390, height=844) as page:
            assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


@pytest.mark.parametrize("kind", KINDS)
def test_each_of_several_sweeps_can_be_hidden(opened: Open, kind: str) -> None:
    with opened(drawn(kind, "one", "two")) as page:
        page.wait_for_function(f"() => ({_PAINTED})() > 30")
        first = page.get_by_role("button", name="one", exact=True)
        assert first.get_attribute("aria-pressed") == "true"
        first.click()
        assert first.get_attribute("aria-pressed") == "false"
        assert page.get_by_role("button", name="two", exact=True).is_disabled(), "one stays"


def test_a_chart_of_it_is_saved_without_a_server(opened: Open) -> None:
    with opened(drawn("edf")) as page:
        page.locator(".save summary").click()
        with page.expect_download() as download:
            page.get_by_role("button", name="SVG").click()
        assert Path(download.value.path()).read_text("utf-8").startswith("<svg")
