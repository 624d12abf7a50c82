"""What is said to the user of the door: on stderr, unless `WANDB_SILENT` is set."""

import os
import sys

__all__ = ["say", "warn"]

_said: set[str] = set()


def say(text: str) -> None:
    """Say one line."""
    if os.environ.get("WANDB_SILENT", "").lower() not in {"1", "true"}:
        print(f"sonde: {text}", file=sys.stderr)


def warn(text: str) -> None:
    """Say a line that has not been said before in this process."""
    if text not in _said:
        _said.add(text)
        say(text)
