"""What all tests share: builders, imported by their bare names, and hypothesis' patience."""

import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

sys.path.insert(0, str(Path(__file__).parent / "builders"))

# How long an example takes says more of the machine than of us.
settings.register_profile(
    "patient", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("patient")

# A shell that starts the tests in the background has them, and what they start, ignore Ctrl-C.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def redis_url() -> Iterator[Callable[[], str]]:
    """URLs of stores on a Redis server, another one at each call."""
    from redis_server import redis_server

    with redis_server() as server:
        yield server.url
