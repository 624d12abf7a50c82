"""`python -m sonde.server.lent OPTIONS`: a store, lent to the agents of one driver.

Agents on other machines need a store that they reach. Whoever starts them starts this beside
itself: a server with one token that nobody else knows, gone when its parent is. Its first line
on stdout says where it is: `{"url": ..., "token": ...}`.
"""

import json
import os
import sys
import tempfile
import threading
from pathlib import Path

from sonde.errors import SondeError
from sonde.server.app import create_app
from sonde.server.roles import Role
from sonde.server.serving import Address, serving
from sonde.server.tokens import Tokens
from sonde.store import open_store

__all__ = ["main"]


def main(argv: list[str]) -> int:
    """Serve until the parent's pipe is closed; return the exit status."""
    given = json.loads(argv[0])
    try:
        store = open_store(given["store"])
        with tempfile.TemporaryDirectory(prefix="sonde-lent-") as folder:
            tokens = Tokens(Path(folder) / "tokens")
            token = tokens.add("agents", Role.AGENT)
            hosts = frozenset({given["host"], *given["names"]})
            app = create_app(store, hosts=hosts, tokens=tokens, is_local=False)
            with serving(app, Address(host=given["host"])) as url:
                print(json.dumps({"url": url, "token": token}), flush=True)
                _wait(given["parent_fd"])
        store.close()
    except SondeError as error:
        print(f"lent: {error}", file=sys.stderr)
        return error.exit_code
    return 0


def _wait(fd: int) -> None:
    """Return when the other end of a pipe is closed."""
    closed = threading.Event()

    def read() -> None:
        while os.read(fd, 1):
            pass
        closed.set()

    threading.Thread(target=read, daemon=True).start()
    closed.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
