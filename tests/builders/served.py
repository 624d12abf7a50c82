"""A live server for tests: its URL, and a client that speaks to it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from sonde.server.app import create_app
from sonde.server.serving import serving
from sonde.store.protocol import Store


@contextmanager
def served(store: Store, **options: Any) -> Iterator[httpx.Client]:
    """Serve a store on a free port; gives a client whose `base_url` is the server's."""
    app = create_app(store, **options)
    with serving(app) as url, httpx.Client(base_url=url, timeout=60) as client:
        yield client
