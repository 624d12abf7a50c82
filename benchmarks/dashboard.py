"""What the dashboard costs, in the browser and in the server, at 10,000 and 100,000 trials.

python benchmarks/dashboard.py [--trials 10000 100000]

Main-thread CPU seconds of a headless Chromium (`Performance.getMetrics` in thread ticks), the
heap, and CPU seconds of the server. The page is the whole view: history, parallel coordinates
over 10 axes, the table.
"""

import argparse
import gzip
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import CDPSession, Page, expect, sync_playwright

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "builders"))

from browsing import launched
from many_trials import many
from sonde.server.app import create_app
from sonde.server.desk import Desk
from sonde.server.pages import WEB
from sonde.server.serving import serving
from sonde.store.memory import MemoryStore


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--trials", type=int, nargs="+", default=[10_000, 100_000])
    counts = parser.parse_args().trials
    files = list(WEB.rglob("*.js"))
    size = sum(len(gzip.compress(path.read_bytes(), 9)) for path in files)
    print(f"JavaScript: {size / 1000:.1f} kB gzipped, {len(files)} files")
    with sync_playwright() as playwright:
        browser = launched(playwright)
        for count in counts:
            store = MemoryStore()
            key = many(store, count)
            _server(store, key)
            with serving(create_app(store)) as url:
                page = browser.new_page(viewport={"width": 1440, "height": 900})
                _browser(page, url, count)
                page.close()
        browser.close()


def _server(store: MemoryStore, key: str) -> None:
    desk = Desk(store)
    took = {}
    for name in ("first", "again"):
        begin = time.process_time()
        with desk.columns(key) as columns:
            size = len(columns.block())
        took[name] = time.process_time() - begin
    desk.close()
    print(
        f"server: columns {took['first'] * 1e3:.0f} ms CPU at first, {took['again'] * 1e3:.0f} ms "
        f"from then on, {size / 1e6:.1f} MB"
    )


def _browser(page: Page, url: str, count: int) -> None:
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})
    page.goto(f"{url}/?sweep=many&sort=number")
    expect(page.get_by_role("table", name="Trials")).to_be_visible(timeout=60_000)
    page.wait_for_timeout(1500)
    print(f"{count:,} trials: full view {_busy(session):.2f} s", end="")

    def sort(name: str) -> Callable[[], None]:
        return lambda: page.get_by_role("columnheader", name=name).get_by_role("button").click()

    sorts = [_cost(page, session, sort(name)) for name in ("lr", "dropout", "val_loss", "units")]
    print(f"; sort {statistics.median(sorts) * 1e3:.0f} ms (most {max(sorts) * 1e3:.0f})", end="")
    grip = page.locator("svg.axes .grip").first
    grip.scroll_into_view_if_needed()
    box = grip.bounding_box()
    assert box is not None
    x = box["x"] + box["width"] / 2
    page.mouse.move(x, box["y"] + 20)
    page.mouse.down()
    steps = [
        _cost(page, session, lambda i=i: page.mouse.move(x, box["y"] + 20 + 20 * i))  # type: ignore[misc]
        for i in range(1, 11)
    ]
    page.mouse.up()
    print(
        f"; brush step {statistics.median(steps) * 1e3:.0f} ms (most {max(steps) * 1e3:.0f})",
        end="",
    )
    session.send("HeapProfiler.collectGarbage")
    metrics = _metrics(session)
    print(f"; heap {metrics['JSHeapUsedSize'] / 1e6:.0f} MB")


def _cost(page: Page, session: CDPSession, act: Callable[[], None]) -> float:
    before = _busy(session)
    act()
    page.wait_for_timeout(400)
    return _busy(session) - before


def _metrics(session: CDPSession) -> dict[str, float]:
    found = session.send("Performance.getMetrics")["metrics"]
    return {one["name"]: one["value"] for one in found}


def _busy(session: CDPSession) -> float:
    return _metrics(session)["TaskDuration"]


if __name__ == "__main__":
    main()
