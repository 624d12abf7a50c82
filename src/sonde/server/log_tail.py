"""The end of what a trial printed, read from its folder on this machine."""

from pathlib import Path
from typing import Any

from sonde.core.trial import Trial

__all__ = ["log_tail"]

MOST_BYTES = 64 * 1024


def log_tail(path: Path, trial: Trial, after: int | None) -> dict[str, Any]:
    """Return `text`, from byte `start` to byte `end` of the file.

    Args:
        path: The log of the trial's last attempt.
        trial: Whose it is.
        after: Only what was written after this byte; None: the end. Where more was written
            than is sent at once, it begins later.
    """
    try:
        with path.open("rb") as source:
            size = source.seek(0, 2)
            start = max(size - MOST_BYTES, 0)
            if after is not None and after <= size:
                start = max(after, start)
            source.seek(start)
            data = source.read(MOST_BYTES)
    except FileNotFoundError:
        return {"path": str(path), "missing": _why(trial), "text": "", "start": 0, "end": 0}
    except OSError as error:
        why = error.strerror or "it cannot be read"
        return {"path": str(path), "missing": why, "text": "", "start": 0, "end": 0}
    # A cut through a character: what is left of it shows as a replacement, and is no fault.
    text = data.decode("utf-8", "replace")
    return {
        "path": str(path),
        "missing": None,
        "text": text,
        "start": start,
        "end": start + len(data),
        "attempt": trial.attempts,
    }


def _why(trial: Trial) -> str:
    if not trial.attempts:
        return "it has not been started yet"
    host = trial.facts.get("host")
    if host:
        return f"it is not on this machine; the trial ran on {host}"
    return "there is none here: it ran in a program of its own, or on another machine"
