"""The names that StudioML's scripts use: `from sonde.studio import fs_tracker`.

The paths lie in the directory of the trial where sonde runs the script, and in
`.sonde/local` of the working directory where it runs by itself, so that one script does for
both.
"""

import os
from pathlib import Path

from sonde.errors import ConfigError

__all__ = ["fs_tracker"]


class fs_tracker:  # noqa: N801 - StudioML's name of a module, used as a namespace
    """Where a script puts its files. All directories exist when their path is returned."""

    @staticmethod
    def get_tensorboard_dir() -> str:
        """Return the directory for event files; the metrics of a trial are found in it."""
        return _made(_base() / "tb")

    @staticmethod
    def get_model_directory() -> str:
        """Return the directory for weights: in a trial, the one that its next attempt sees too."""
        kept = os.environ.get("SONDE_CHECKPOINT_DIR")
        return _made(Path(kept) if kept else _base() / "model")

    @staticmethod
    def get_artifact(tag: str) -> str:
        """Return the directory of that name among the trial's artifacts.

        Raises:
            ConfigError: The tag is empty or leads out of the directory of artifacts.
        """
        parts = Path(tag).parts
        if not parts or ".." in parts or Path(tag).is_absolute():
            found = f"{tag!r} is not the name of a directory"
            raise ConfigError("get_artifact", found, "use a name such as 'output'")
        return _made(_base() / "artifacts" / tag)


def _base() -> Path:
    trial = os.environ.get("SONDE_TRIAL_DIR")
    return Path(trial) if trial else Path.cwd() / ".sonde" / "local"


def _made(directory: Path) -> str:
    """Return the path as text, which is what StudioML returns and scripts add to."""
    directory.mkdir(parents=True, exist_ok=True)
    return str(directory.absolute())
