"""Where things lie on this machine that belong to a store: its `.sonde` folder."""

from pathlib import Path
from zlib import crc32

from sonde.agent.folder import TrialFolder
from sonde.core.trial import Trial
from sonde.store import is_database

__all__ = ["beside", "folder_of", "root_of"]


def root_of(url: str) -> Path:
    """Return the `.sonde` folder of a store: the one it lies in, or one beside it."""
    scheme, _, rest = url.partition("://")
    if scheme != "sqlite":
        return Path.cwd() / ".sonde"
    folder = Path(rest.removeprefix("/")).parent
    return folder if folder.name == ".sonde" else folder / ".sonde"


def beside(url: str, suffix: str) -> Path | None:
    """Return the path of a file that goes with a store; None: nothing of the store lasts.

    It lies beside a store's file, or, of one in a database, in this machine's `.sonde` folder.
    """
    kind, _, rest = url.partition(":///")
    if kind == "sqlite":
        return Path(f"/{rest.lstrip('/')}.{suffix}")
    if is_database(url):
        return root_of(url) / f"{url.partition(':')[0]}-{crc32(url.encode()):08x}.{suffix}"
    return None


def folder_of(url: str, sweep: str, trial: Trial, attempt: int | None = None) -> TrialFolder:
    """Return the folder of an attempt at a trial, by default of the last."""
    return TrialFolder(root_of(url), sweep, trial.number, attempt or max(trial.attempts, 1))
