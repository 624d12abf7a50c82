"""What a person wrote, as a tree in which every value knows its place.

The same tree comes of the text of a file (`sonde.core.notation.yaml_text`), with lines and
columns, and of a Python dict, without. So whoever reads it can say of each fault where it is.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from sonde.core.distributions.values import frozen_value
from sonde.errors import ConfigError

__all__ = ["Node", "document_of", "in_file_order", "kind_of", "near"]

_FEW = 20  # words of which all are named


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One value.

    Attributes:
        value: In plain Python: text, a number, a bool, None, or a list or dict of these.
        path: The keys that lead to it, `parameters.lr.max`; empty for the whole.
        place: Where it stands in its file, `sweep.yaml:7:10`; empty where there is no file.
        entries: Of a mapping, by key, in the order in which they were written.
        items: Of a list.
        key_place: Where its key stands.
    """

    value: Any
    path: str = ""
    place: str = ""
    entries: Mapping[str, "Node"] | None = None
    items: tuple["Node", ...] | None = None
    key_place: str = ""

    @property
    def where(self) -> str:
        """Its place and its keys, as errors name it."""
        return ": ".join(part for part in (self.place, self.path) if part) or "sweep"

    def fault(self, found: str, remedy: str) -> ConfigError:
        """Return the error for this value."""
        return ConfigError(self.where, found, remedy)

    def key_fault(self, found: str, remedy: str) -> ConfigError:
        """Return the error for its key."""
        place = self.key_place or self.place
        return ConfigError(": ".join(p for p in (place, self.path) if p) or "sweep", found, remedy)


def document_of(value: Any, path: str = "") -> Node:
    """Return a Python value as a tree; its places are its keys.

    Raises:
        ConfigError: If there is something in it that is no JSON.
    """
    if isinstance(value, Mapping):
        entries = {}
        for key, item in value.items():
            if not isinstance(key, str):
                raise ConfigError(path or "sweep", f"the key {key!r} is no text", "quote it")
            entries[key] = document_of(item, f"{path}.{key}" if path else key)
        plain = {key: node.value for key, node in entries.items()}
        return Node(value=plain, path=path, entries=entries)
    if isinstance(value, list | tuple | range) or bool(getattr(value, "shape", None)):
        items = tuple(document_of(item, f"{path}[{i}]") for i, item in enumerate(value))
        return Node(value=[node.value for node in items], path=path, items=items)
    return Node(value=frozen_value(value, path or "sweep"), path=path)


def kind_of(node: Node) -> str:
    """Say what a value is, for people: `the text 'abc'`, `a list`, `nothing`."""
    if node.entries is not None:
        return "a group of keys"
    if node.items is not None:
        return "a list"
    if node.value is None:
        return "nothing"
    if isinstance(node.value, str):
        return f"the text {node.value!r}"
    if isinstance(node.value, bool):
        return str(node.value).lower()
    return f"the number {node.value!r}"


def near(word: str, known: Iterable[str]) -> str:
    """Return what to write instead of a word that is not known."""
    listed = list(known)
    close = get_close_matches(word, listed, n=1)
    if close:
        return f"did you mean {close[0]}?"
    return f"use {', '.join(listed)}" if len(listed) <= _FEW else "leave it out"


def in_file_order(faults: Iterable[ConfigError]) -> list[ConfigError]:
    """Return faults by line and column; those that have none come first."""
    return sorted(faults, key=_line_and_column)


def _line_and_column(fault: ConfigError) -> tuple[int, int]:
    """Return where in its file a fault is, the start where it does not say."""
    numbers = fault.where.partition(": ")[0].rsplit(":", 2)[1:]
    if len(numbers) == 2 and all(number.isdigit() for number in numbers):
        return int(numbers[0]), int(numbers[1])
    return 0, 0
