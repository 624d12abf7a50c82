"""A browser for all tests of a process, and stores to look at."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from browsing import Look, launched, looking
from real_sweeps import RealSweeps
from sonde.server.app import create_app
from sonde.server.serving import serving
from sonde.store.memory import MemoryStore
from sonde.store.protocol import Store

Serve = Callable[[Store], str]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = launched(playwright)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealSweeps]:
    """Sweeps that agents ran; not to be changed."""
    sweeps = RealSweeps(Path(tmp_path_factory.mktemp("real")))
    yield sweeps
    sweeps.close()


@pytest.fixture(scope="session")
def real_url(real: RealSweeps) -> Iterator[str]:
    with serving(create_app(real.lab.store)) as url:
        yield url


@pytest.fixture
def page(browser: Browser, real_url: str) -> Iterator[Page]:
    """A page that looks at the real sweeps."""
    with looking(browser, real_url) as page:
        yield page


@pytest.fixture
def store() -> MemoryStore:
    """A store of the test's own, served at `url`."""
    return MemoryStore()


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Serves a store, and gives the URL."""
    with ExitStack() as open_ones:
        yield lambda store: open_ones.enter_context(serving(create_app(store)))


@pytest.fixture
def url(store: MemoryStore, serve: Serve) -> str:
    return serve(store)


@pytest.fixture
def look(browser: Browser) -> Look:
    return partial(looking, browser)
