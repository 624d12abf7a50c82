"""The checkpoint of another trial, for one that goes on from it: all of it, or nothing.

It is copied beside the place where it belongs and then renamed, so that a trial whose agent was
killed meanwhile begins anew with the whole. What another trial left is not changed any more: it
has ended. A further attempt goes on from what the one before it saved, as always.
"""

import shutil
from collections.abc import Iterator
from uuid import uuid4

from sonde.agent.copying import copy_tree
from sonde.agent.folder import TrialFolder
from sonde.core.lineage import lineage_of
from sonde.core.search import BREEDERS, parse_wanted
from sonde.core.sweep import Sweep
from sonde.core.trial import Lease
from sonde.errors import ConfigError
from sonde.store import is_served

__all__ = ["check_reach", "inherit", "parent_of"]


def parent_of(lease: Lease) -> int | None:
    """Return the number of the trial that one goes on from."""
    lineage = lineage_of(lease.origin)
    return None if lineage is None else lineage.parent


def inherit(folder: TrialFolder, lease: Lease) -> Iterator[None]:
    """Give a trial the checkpoint that it goes on from, if it does; yields now and then.

    Raises:
        ConfigError: If that is not on this machine, or the other trial left none: a training
            that goes on from nothing would look like one that got no further.
        OSError: If it cannot be copied.
    """
    parent, target = parent_of(lease), folder.checkpoint
    if parent is None or target.exists():
        return
    source = TrialFolder(folder.root, folder.sweep, parent, 1).checkpoint
    if not source.is_dir():
        raise ConfigError(
            f"trial {lease.number}",
            f"it goes on from trial {parent}, whose checkpoint is not here ({source})",
            "start agents where they share the project folder",
        )
    if not any(source.iterdir()):
        raise ConfigError(
            f"trial {lease.number}",
            f"it goes on from trial {parent}, which left no checkpoint in {source}",
            "let the script save one in $SONDE_CHECKPOINT_DIR before it ends",
        )
    for left in target.parent.glob(f"{target.name}.*.part"):
        shutil.rmtree(left, ignore_errors=True)  # of an attempt that was killed
    draft = target.with_name(f"{target.name}.{uuid4().hex[:8]}.part")
    yield from copy_tree(source, draft)
    draft.rename(target)


def check_reach(sweep: Sweep, url: str) -> None:
    """Refuse to run trials where those that they go on from cannot be reached.

    Raises:
        ConfigError: If that is so.
    """
    if is_served(url) and parse_wanted(sweep.method).name in BREEDERS:
        raise ConfigError(
            f"method {sweep.method}",
            f"its trials go on from each other's checkpoints, which {url} does not send",
            "start agents where they share the project folder, with the store's own address",
        )
