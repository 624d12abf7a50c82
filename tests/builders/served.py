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
    with serving(create_app(store, **options)) as url, httpx.Client(base_url=url) as client:
        yield client
