"""The code of a sweep, for agents that do not have it.

A sweep that was made through a server brought its code along, as a blob. One that was made on
this machine has its snapshot here, which is packed when the first agent asks.
"""

from sonde.agent.folder import source_folder
from sonde.agent.parcel import pack
from sonde.agent.place import root_of
from sonde.core.sweep import Command
from sonde.errors import NotFoundError
from sonde.store.protocol import Store

__all__ = ["code_of"]


def code_of(store: Store, sweep: str) -> bytes:
    """Return the code of a sweep, packed.

    Raises:
        NotFoundError: If there is no such sweep, or it has none.
    """
    record = store.get_sweep(sweep)
    work = record.sweep.work
    key = work.code if isinstance(work, Command) and work.code else record.facts.get("code")
    if isinstance(key, str):
        return store.get_blob(key)
    snapshot = source_folder(root_of(store.url), record.id)
    if not snapshot.is_dir():
        raise NotFoundError(f"sweep {record.name} carries no code")
    return pack(snapshot)
