"""One thread for linear algebra while a search method thinks.

The matrices of a search are small: a pool of threads makes them three to ten times dearer and
takes the cores away from the trials. The limit holds for the time of a proposal only, since
the process may be the user's own.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from threadpoolctl import ThreadpoolController

__all__ = ["SingleThread"]


class SingleThread:
    """A limit that can be put on again and again; finding the libraries is done once."""

    def __init__(self) -> None:
        self._pools: ThreadpoolController | None = None

    @contextmanager
    def on(self) -> Iterator[None]:
        """Keep linear algebra to one thread; nothing is done before SciPy is in use."""
        if "scipy.linalg" not in sys.modules:
            yield
            return
        if self._pools is None:
            from threadpoolctl import ThreadpoolController

            self._pools = ThreadpoolController()
        with self._pools.limit(limits=1, user_api="blas"):
            yield
