"""What a program notes of a study: a line of the sweep's notes, so that people see it too."""

import json
from collections.abc import Mapping
from typing import Any

from sonde.controller import utc_now
from sonde.errors import ConfigError, ConflictError
from sonde.store.protocol import Store

__all__ = ["attributes_in", "set_attribute"]

_LINE = "user_attrs = "


def attributes_in(notes: str) -> dict[str, Any]:
    """Return what the notes of a sweep say of its study."""
    for line in notes.splitlines():
        if line.startswith(_LINE):
            try:
                found = json.loads(line.removeprefix(_LINE))
            except ValueError:  # somebody has edited it
                continue
            if isinstance(found, Mapping):
                return dict(found)
    return {}


def set_attribute(store: Store, sweep: str, key: str, value: Any) -> None:
    """Note something; what else stands in the notes stays.

    Raises:
        ConfigError: If it is nothing that JSON has.
    """
    try:
        json.dumps(value)
    except (TypeError, ValueError) as error:
        raise ConfigError(
            f"set_user_attr({key!r})", f"{error}", "use numbers, texts, lists and dictionaries"
        ) from error
    while True:
        record = store.get_sweep(sweep)
        line = _LINE + json.dumps(attributes_in(record.notes) | {key: value})
        others = [each for each in record.notes.splitlines() if not each.startswith(_LINE)]
        try:
            # The budget as it is, for its revision: two that note something take turns.
            store.update_sweep(
                sweep, utc_now(), notes="\n".join([*others, line]), budget=record.budget,
                against=record.revision,
            )  # fmt: skip
        except ConflictError:
            continue
        return
