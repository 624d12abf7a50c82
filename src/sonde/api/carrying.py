"""The user's own modules on their way to a store, for a function that imports them elsewhere."""

import os
import warnings
from hashlib import sha256
from pathlib import Path

from sonde.agent.chosen import IGNORE_FILE, chosen
from sonde.agent.parcel import LIMIT, pack
from sonde.api.shipping import code_folder
from sonde.store import is_shared
from sonde.store.protocol import Store

__all__ = ["carry"]

_MOST = 20_000  # files
_LARGEST = 5 * LIMIT  # bytes of all files, before they are packed


def carry(store: Store, known: str | None) -> str | None:
    """Send a store the folder of the program; return the key that agents find it under.

    None, with a warning, where it is too much: then modules must be importable on each machine.

    Args:
        store: Nothing is sent to a store of this machine.
        known: The key of what was sent before.
    """
    folder = code_folder()
    if not is_shared(store.url) or folder in {Path("/"), Path.home()}:
        return None
    paths = chosen(folder)
    data = b""
    is_too_much = len(paths) > _MOST or sum(_size(folder / path) for path in paths) > _LARGEST
    if not is_too_much:
        data = pack(folder, paths)
    if is_too_much or len(data) > LIMIT:
        warnings.warn(
            f"{folder} is too large to travel with the function; name in {IGNORE_FILE} what it "
            "does not import, or have its modules on every machine",
            stacklevel=2,
        )
        return None
    key = sha256(data).hexdigest()
    return key if key == known else store.put_blob(data)


def _size(path: Path) -> int:
    try:
        return os.lstat(path).st_size
    except OSError:
        return 0
