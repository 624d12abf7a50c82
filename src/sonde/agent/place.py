"""Where things lie on this machine that belong to a store: its `.sonde` folder."""

from pathlib import Path

from sonde.agent.folder import TrialFolder
from sonde.core.trial import Trial

__all__ = ["folder_of", "root_of"]


def root_of(url: str) -> Path:
    """Return the `.sonde` folder of a store: the one it lies in, or one beside it."""
    scheme, _, rest = url.partition("://")
    if scheme != "sqlite":
        return Path.cwd() / ".sonde"
    folder = Path(rest.removeprefix("/")).parent
    return folder if folder.name == ".sonde" else folder / ".sonde"


def folder_of(url: str, sweep: str, trial: Trial, attempt: int | None = None) -> TrialFolder:
    """Return the folder of an attempt at a trial, by default of the last."""
    return TrialFolder(root_of(url), sweep, trial.number, attempt or max(trial.attempts, 1))
