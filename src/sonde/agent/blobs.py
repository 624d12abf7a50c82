"""Values that are too much for a trial's parameters: blobs of the store, by name.

A parameter whose value is `blob:` and the key of a blob stands for its bytes. The agent leaves them
in a folder beside the trials, `SONDE_BLOBS`, before a trial that has such values begins.
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sonde.store.protocol import Store

__all__ = ["BLOB", "FOLDER", "fetch"]

BLOB = "blob:"
FOLDER = "SONDE_BLOBS"
_KEY = re.compile(r"[0-9a-f]{64}")


def fetch(store: Store, params: Mapping[str, Any], folder: Path) -> dict[str, str]:
    """Leave a trial's blobs in a folder; return the variable that says where, if it has any.

    Raises:
        StoreError: If the store does not give them.
    """
    texts = [v.removeprefix(BLOB) for v in params.values() if str(v).startswith(BLOB)]
    keys = [key for key in texts if _KEY.fullmatch(key)]
    if not keys:
        return {}
    folder.mkdir(parents=True, exist_ok=True)
    for key in keys:
        target = folder / key
        if not target.exists():
            draft = target.with_name(f"{key}.{os.getpid()}.tmp")
            draft.write_bytes(store.get_blob(key))
            draft.replace(target)
    return {FOLDER: str(folder)}
