"""YAML, read so that every value keeps its line and column.

The grammar is PyYAML's, what plain words mean is not: numbers are those of YAML 1.2, so that
`1e-5` is one, `010` is ten and `1:30` is text. `yes`, `no`, `on` and `off` are still true and
false, as the files of W&B's users have them.
"""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from sonde.core.notation.document import Node
from sonde.errors import ConfigError, ConfigErrors

__all__ = ["read_yaml"]

_INT = re.compile(r"[-+]?[0-9][0-9_]*|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(
    r"[-+]?(?:\.[0-9]+|[0-9][0-9_]*(?:\.[0-9_]*)?)(?:[eE][-+]?[0-9]+)?"
    r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
)
_BOOL = re.compile(r"yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF")
_NULL = re.compile(r"~|null|Null|NULL|")
_TRUE = frozenset({"yes", "true", "on"})
_TAG = "tag:yaml.org,2002:"
_MOST_NODES = 200_000  # aliases of aliases can stand for any number
_DEEPEST = 60


def read_yaml(text: str, name: str) -> Node:
    """Return the one document of a YAML file as a tree.

    Args:
        text: Of the file.
        name: What errors call it; lines and columns are added.

    Raises:
        ConfigError: If it is no YAML, has no document or several, a key twice, or a value that
            is no JSON.
    """
    import yaml

    try:
        loader = _loader()(text)
        try:
            root = loader.get_single_node()
        finally:
            loader.dispose()
    except yaml.YAMLError as error:
        raise _syntax(error, text, name) from None
    if root is None:
        raise ConfigError(name, "there is nothing in it", "write a sweep into it")
    reader = _Reader(name, loader)
    node = reader.read(root, "", 0)
    if reader.faults:
        raise ConfigErrors(reader.faults) if len(reader.faults) > 1 else reader.faults[0]
    return node


class _Reader:
    """Turns PyYAML's nodes into ours."""

    def __init__(self, name: str, loader: Any) -> None:
        self._name, self._loader = name, loader
        self._count = 0
        self.faults: list[ConfigError] = []

    def read(self, node: Any, path: str, depth: int, key_place: str = "") -> Node:
        place = self._place(node)
        self._count += 1
        if depth > _DEEPEST or self._count > _MOST_NODES:
            raise ConfigError(place, "it is too deep, or its aliases stand for too much", "cut it")
        kind = type(node).__name__
        if kind == "ScalarNode":
            value = self._scalar(node, path)
            return Node(value=value, path=path, place=place, key_place=key_place)
        self._check_tag(node, path, "map" if kind == "MappingNode" else "seq")
        if kind == "SequenceNode":
            items = tuple(
                self.read(item, f"{path}[{i}]", depth + 1) for i, item in enumerate(node.value)
            )
            values = [item.value for item in items]
            return Node(value=values, path=path, place=place, items=items, key_place=key_place)
        entries = dict(self._entries(node, path, depth))
        plain = {key: entry.value for key, entry in entries.items()}
        return Node(value=plain, path=path, place=place, entries=entries, key_place=key_place)

    def _entries(self, node: Any, path: str, depth: int) -> Iterator[tuple[str, Node]]:
        own = {id(key) for key, _ in node.value}
        self._loader.flatten_mapping(node)  # `<<: *other`; what is merged in stands first
        seen: dict[str, str] = {}
        for key, value in node.value:
            place = self._place(key)
            if type(key).__name__ != "ScalarNode":
                self.faults.append(ConfigError(place, "a key that is no text", "write a word"))
                continue
            word = str(key.value)
            if word in seen and id(key) in own and seen[word]:
                self.faults.append(
                    ConfigError(
                        f"{place}: {_joined(path, word)}",
                        f"this key stands in line {seen[word]} already",
                        "leave one out",
                    )
                )
                continue
            seen[word] = str(key.start_mark.line + 1) if id(key) in own else ""
            yield word, self.read(value, _joined(path, word), depth + 1, place)

    def _scalar(self, node: Any, path: str) -> Any:
        tag, text = node.tag.removeprefix(_TAG), node.value
        try:
            if tag == "str":
                return text
            if tag == "null":
                return None
            if tag == "bool":
                return _boolean(text)
            if tag == "int":
                return int(text.replace("_", ""), _base(text))
            if tag == "float":
                return _float(text)
        except ValueError:
            found = f"{text!r} is no {tag}"
            self.faults.append(ConfigError(self._where(node, path), found, "leave the tag out"))
            return None
        self._check_tag(node, path, "")
        return None

    def _check_tag(self, node: Any, path: str, expected: str) -> None:
        tag = node.tag.removeprefix(_TAG)
        if tag != expected:
            self.faults.append(
                ConfigError(
                    self._where(node, path),
                    f"the tag !{tag.removeprefix('!')} means nothing here",
                    "write text, numbers, lists and keys only",
                )
            )

    def _place(self, node: Any) -> str:
        mark = node.start_mark
        return f"{self._name}:{mark.line + 1}:{mark.column + 1}"

    def _where(self, node: Any, path: str) -> str:
        return f"{self._place(node)}: {path}" if path else self._place(node)


@cache
def _loader() -> Any:
    """Return PyYAML's loader with the meaning of plain words that is ours."""
    import yaml

    class Loader(yaml.SafeLoader):
        yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - PyYAML's way

    for tag, pattern in (("int", _INT), ("float", _FLOAT)):
        Loader.add_implicit_resolver(
            _TAG + tag, re.compile(f"(?:{pattern.pattern})$"), list("+-.0123456789")
        )
    for tag, pattern, first in (
        ("bool", _BOOL, list("yYnNtTfFoO")),
        ("null", _NULL, ["~", "n", "N", ""]),
    ):
        Loader.add_implicit_resolver(_TAG + tag, re.compile(f"(?:{pattern.pattern})$"), first)
    Loader.add_implicit_resolver(_TAG + "merge", re.compile("<<$"), ["<"])
    return Loader


def _boolean(text: str) -> bool:
    if not _BOOL.fullmatch(text):
        raise ValueError(text)
    return text.lower() in _TRUE


def _base(text: str) -> int:
    return {"0o": 8, "0x": 16}.get(text[:2], 10)


def _float(text: str) -> float:
    plain = text.replace("_", "").lower()
    return float(plain.replace(".inf", "inf").replace(".nan", "nan"))


def _joined(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _syntax(error: Any, text: str, name: str) -> ConfigError:
    """Say what PyYAML could not read, and where."""
    mark = getattr(error, "problem_mark", None)
    if mark is None:
        return ConfigError(name, str(error).splitlines()[0], "save it as UTF-8 text")
    problem = getattr(error, "problem", None) or "it is no YAML"
    remedy = "check the indentation and the quotes thereabouts"
    line = text.splitlines()[mark.line] if mark.line < len(text.splitlines()) else ""
    if "\t" in line[: mark.column + 1]:
        problem, remedy = "a tab where blanks are needed", "indent with blanks"
    elif "mapping values are not allowed" in problem:
        problem = "a second ':' in one line"
        remedy = "put what follows the first one in quotes, or on a line of its own"
    elif "but found another document" in problem:
        problem, remedy = "a second document begins here", "keep one of them"
    return ConfigError(f"{name}:{mark.line + 1}:{mark.column + 1}", problem, remedy)
