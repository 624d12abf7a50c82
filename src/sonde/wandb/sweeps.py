"""`wandb.sweep`: a sweep from a dict or a file, in the store of this folder."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from sonde.api.creation import create
from sonde.api.places import opened
from sonde.controller import utc_now
from sonde.core.notation.document import document_of
from sonde.errors import ConfigError
from sonde.store.earlier import sources_of, with_lessons
from sonde.store.names import free_name
from sonde.store.protocol import Store, SweepRecord
from sonde.sweep_file import Declared, declared, read_file
from sonde.wandb.telling import say

__all__ = ["make", "sweep"]


def sweep(
    sweep: Mapping[str, Any] | str | Path | Callable[[], Mapping[str, Any]],
    entity: str | None = None,
    project: str | None = None,
    prior_runs: Sequence[str] | None = None,
) -> str:
    """Make a sweep and return its id.

    Args:
        sweep: The dict that W&B takes (docs/sweep-files.md has its keys), a function that
            returns it, or the path of a file.
        entity: W&B's account; there is none here.
        project: What it belongs to, for people.
        prior_runs: Earlier sweeps to learn from, by id or name.

    Raises:
        ConfigError: If something of it is wrong; all of it at once, and nothing is made.
    """
    if isinstance(sweep, str | Path):
        path = Path(sweep).expanduser()
        found = declared(
            read_file(path, str(sweep)), beside=path.parent, project=project, needs_program=False
        )
    else:
        given = sweep() if callable(sweep) else sweep
        if not isinstance(given, Mapping):
            raise ConfigError("wandb.sweep", f"{given!r} is no sweep", "give a dict, or a path")
        found = declared(
            document_of(given), beside=Path.cwd(), project=project, needs_program=False
        )
    for note in found.notes:
        say(note)
    store = opened(None)
    try:
        record = make(store, found, prior_runs or ())
    finally:
        store.close()
    say(f"made sweep {record.id} ({record.name}), {record.sweep.method} search; see it with "
        f"sonde trials {record.id}")  # fmt: skip
    return record.id


def make(store: Store, found: Declared, earlier: Sequence[str] = ()) -> SweepRecord:
    """Make a sweep in a store; a name that is taken is counted on.

    Raises:
        ConfigError: If the store forgets it with the call that made it.
    """
    if store.url == "memory:":
        raise ConfigError(
            "SONDE_STORE=memory:", "an agent would not find the sweep there", "name a file"
        )
    definition = found.sweep
    if definition.name is not None:
        taken = [record.name for record in store.list_sweeps()]
        definition = replace(definition, name=free_name(definition.name, taken))
    # W&B names runs; what they belong to, before a slash, is the sweep.
    names = [name.partition("/")[0] for name in earlier]
    sources = [(store, source.id) for source in sources_of(store, names)]
    definition = with_lessons(store, definition, sources, flag="prior_runs")
    record = create(store, definition, None)
    if found.description:
        record = store.update_sweep(record.id, utc_now(), notes=found.description)
    return record
