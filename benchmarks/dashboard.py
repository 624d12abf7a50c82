"""What the dashboard costs, in the browser and in the server, at 10,000 and 100,000 trials.

python benchmarks/dashboard.py [--trials 10000 100000]

Main-thread CPU seconds of a headless Chromium (`Performance.getMetrics` in thread ticks), the
heap, and CPU seconds of the server. The page is the whole view: history, parallel coordinates
over 10 axes, the table.
"""

import argparse
import math
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import CDPSession, Page, expect, sync_playwright

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "builders"))

from browsing import launched
from many_trials import many
from sonde.controller import utc_now
from sonde.core.decision import Decision, NewTrial
from sonde.core.trial import Outcome, State
from sonde.server.app import create_app
from sonde.server.desk import Desk
from sonde.server.serving import serving
from sonde.server.views import record_view, sweep_detail
from sonde.store import open_store
from sonde.store.memory import MemoryStore
from sonde.store.protocol import Ask, Store

_LIVE, _RATE = 400, 40
_ON_DISK = 10_000  # trials: to write more through single operations takes minutes
_WATCH = """() => {
    window.seen = [];
    const table = document.querySelector("table.grid");
    new MutationObserver(() => seen.push([Date.now() / 1000, Number(table.ariaRowCount)]))
        .observe(table, { attributes: true, attributeFilter: ["aria-rowcount"] });
}"""


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--trials", type=int, nargs="+", default=[10_000, 100_000])
    counts = parser.parse_args().trials
    with sync_playwright() as playwright:
        browser = launched(playwright)
        for count in counts:
            store = MemoryStore()
            key = many(store, count)
            if count <= _ON_DISK:
                with tempfile.TemporaryDirectory() as folder:
                    on_disk = open_store(str(Path(folder, "x.db")))
                    _server(on_disk, many(on_disk, count))
                    on_disk.close()
            with serving(create_app(store)) as url:
                page = browser.new_page(viewport={"width": 1440, "height": 900})
                if count == counts[0]:
                    _scripts(page, url)
                _browser(page, url, count)
                _live(page, store, key)
                page.close()
        browser.close()


def _server(store: Store, key: str) -> None:
    """Tell what the server computes for a page after a start, and again (SQLite)."""
    for is_foreseen in (False, True):
        desk = Desk(store)
        took = {}
        size = 0
        if is_foreseen:
            begin = time.process_time()
            desk.foresee()
            took["beforehand"] = time.process_time() - begin
        for name in ("first", "again"):
            begin = time.process_time()
            with desk.sweep(key) as (record, history):
                sweep_detail(record, history, utc_now(), store.url)
            took[f"head {name}"] = time.process_time() - begin
            begin = time.process_time()
            with desk.columns(key) as columns:
                size = len(columns.block())
            took[f"columns {name}"] = time.process_time() - begin
        begin = time.process_time()
        [record_view(one) for one in store.list_sweeps()]
        took["list"] = time.process_time() - begin
        desk.close()
        figures = ", ".join(f"{name} {value * 1e3:.1f} ms" for name, value in took.items())
        when = "as the server starts" if is_foreseen else "where nothing was read beforehand"
        print(f"server, CPU, SQLite, {when}: {figures}; {size / 1e6:.1f} MB")


def _browser(page: Page, url: str, count: int) -> None:
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})
    page.goto(f"{url}/?sweep=many&sort=number")
    expect(page.get_by_role("table", name="Trials")).to_be_visible(timeout=60_000)
    page.wait_for_timeout(1500)
    print(f"{count:,} trials: full view {_busy(session):.2f} s", end="")

    def sort(name: str) -> Callable[[], None]:
        # Found before it is measured: to look for it takes as long in the page as the sorting.
        box = page.get_by_role("columnheader", name=name).get_by_role("button").bounding_box()
        assert box is not None
        return lambda: page.mouse.click(box["x"] + 8, box["y"] + box["height"] / 2)

    page.get_by_role("columnheader", name="lr").scroll_into_view_if_needed()

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


def _scripts(page: Page, url: str) -> None:
    """Tell how much JavaScript there is: one script has all views."""
    page.goto(url)
    page.wait_for_timeout(1000)
    script = (
        "() => performance.getEntriesByType('resource').map((one) => [one.name, one.transferSize])"
    )
    files = [size for name, size in page.evaluate(script) if name.endswith(".js")]
    print(f"JavaScript: {sum(files) / 1000:.1f} kB sent, {len(files)} files")


def _live(page: Page, store: MemoryStore, key: str) -> None:
    """Add 40 trials a second, and tell how long it took until each was in the table."""
    page.goto(page.url.partition("?")[0] + "?sweep=many&sort=number")
    expect(page.get_by_role("table", name="Trials")).to_be_visible(timeout=60_000)
    page.wait_for_timeout(2000)
    page.evaluate(_WATCH)
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})
    busy, server = _busy(session), time.process_time()
    first = store.get_sweep(key).trials
    params = store.changes(key).trials[0].params
    added = []
    begin = time.time()
    for i in range(_LIVE):
        # The page must be looked after by the same thread: playwright's calls are one by one.
        page.wait_for_timeout(max(0.0, (begin + i / _RATE - time.time()) * 1000))
        revision = store.get_sweep(key).revision
        decision = Decision(against=revision, add=[NewTrial(params=params)])
        _, (lease,) = store.commit(key, decision, utc_now(), Ask(agent="me"))
        store.finish(lease, Outcome(state=State.DONE, values={"val_loss": 0.5}), utc_now())
        added.append(time.time())
    page.wait_for_timeout(2500)
    seen: list[list[float]] = page.evaluate("() => window.seen")
    lags = [
        min((at for at, rows in seen if rows - 1 > first + i), default=math.inf) - then
        for i, then in enumerate(added)
    ]
    took = time.time() - begin
    lags.sort()
    print(
        f"  live, {_RATE} trials/s: in the table after {statistics.median(lags):.2f} s, p95 "
        f"{lags[int(len(lags) * 0.95)]:.2f} s; page {(_busy(session) - busy) / took:.0%} of a "
        f"core, server and writer {(time.process_time() - server) / took:.0%}"
    )


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
