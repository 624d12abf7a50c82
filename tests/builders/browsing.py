"""Looking at the dashboard in a real browser: pages that complain when anything goes wrong."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from playwright.sync_api import Browser, Page, Playwright, expect

__all__ = ["Look", "launched", "looking"]

_WAIT_MS = 60_000  # a browser is slow on a machine that has other work
expect.set_options(timeout=_WAIT_MS)  # it has 5 s of its own, whatever the page has

Look = Callable[..., AbstractContextManager[Page]]
"""What the fixture `look` gives: `looking` with the browser."""

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def launched(playwright: Playwright) -> Browser:
    """Start the machine's own Chromium."""
    path = next(filter(None, map(shutil.which, _NAMES)), None)
    if path is None:
        raise AssertionError(
            "there is no Chromium; Debian, Ubuntu: sudo apt-get install chromium; "
            "elsewhere any Chrome that is on the PATH"
        )
    # Chromium has no sandbox for root, as whom containers run.
    alone = ["--no-sandbox"] if os.geteuid() == 0 else []
    # Containers give little shared memory; the disk will do.
    alone.append("--disable-dev-shm-usage")
    return playwright.chromium.launch(executable_path=path, args=alone)


@contextmanager
def looking(
    browser: Browser,
    url: str,
    *,
    width: int = 1440,
    height: int = 900,
    theme: str = "light",
    ignoring: str = "ERR_CONNECTION_REFUSED",
) -> Iterator[Page]:
    """Give a page at `url`; fails if a script failed or the page's policy was broken.

    Args:
        browser: What shows it.
        url: Of the server.
        width: Of the window, in CSS pixels.
        height: Of the window.
        theme: What the system prefers: `light` or `dark`.
        ignoring: A part of messages that are to be expected.
    """
    context = browser.new_context(
        base_url=url,
        viewport={"width": width, "height": height},
        color_scheme="dark" if theme == "dark" else "light",
        reduced_motion="reduce",
    )
    context.set_default_timeout(_WAIT_MS)
    faults: list[str] = []
    try:
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda m: faults.append(m.text) if m.type == "error" else None)
        yield page
        told = [fault for fault in faults if ignoring not in fault]
        assert not told, told
    finally:
        context.close()
