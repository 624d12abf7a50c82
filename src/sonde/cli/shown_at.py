"""Where the dashboard of a store is shown already, so that a second one can say so."""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["announced", "shown_at"]


@contextmanager
def announced(root: Path, url: str) -> Iterator[None]:
    """Let other commands know, for the time of a block, where the dashboard is."""
    path = _mark(root)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("a+")
    except OSError:  # a store that can only be read can still be looked at
        yield
        return
    with file:
        try:
            # The first one is named; the system lets go of it however a process ends.
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield
            return
        file.truncate(0)
        file.write(json.dumps({"url": url, "pid": os.getpid()}))
        file.flush()
        yield


def shown_at(root: Path) -> str | None:
    """Return the address of a dashboard that runs on this machine; None: there is none."""
    try:
        with _mark(root).open("r") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                url: str = json.loads(file.read())["url"]
                return url
    except (OSError, ValueError):
        return None
    return None


def _mark(root: Path) -> Path:
    return root / "ui.json"
