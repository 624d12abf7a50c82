"""`python -m sonde.agent OPTIONS`: an agent with its options as one JSON object.

This is how executors start agents; people write `sonde agent SWEEP`.
"""

import json
import signal
import sys
from contextlib import suppress
from pathlib import Path

from sonde.agent.loop import Event, Options, run
from sonde.agent.orders import SAYS
from sonde.errors import SondeError

__all__ = ["main"]


def main(argv: list[str]) -> int:
    """Run an agent; return the exit status."""
    # Whoever starts us may block signals in its processes, as Ray does; we heed them.
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT, signal.SIGTERM, signal.SIGHUP})
    given = json.loads(argv[0])
    given["root"] = Path(given["root"])
    given["gpus"] = tuple(given.get("gpus", ()))
    try:
        run(Options(**given), on_event=_say, is_alone=True)
    except SondeError as error:
        print(f"agent: {error}", file=sys.stderr)
        return error.exit_code
    return 0


def _say(event: Event) -> None:
    if event.kind == "note":
        with suppress(OSError):  # a full disk, of which the event may be telling
            print(f"{SAYS}{event.text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
