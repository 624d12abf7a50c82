"""One script of many modules, made when it is asked for: no build step, and nothing to install.

A page of seventy modules is seventy requests, and each of them is compressed without what the
others taught: joined they are two fifths smaller. Comments and indentation stay behind, names
stay as they are. A source map leads a browser's console back to the lines that people wrote.

Each module becomes a function that is called at once and gives what it exports, after those that
it imports. So no name of one meets that of another. What is not understood is refused: imports in
a circle, imports that wait (`import()`), everything at once (`import *`).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from posixpath import dirname, join, normpath

from sonde.web.pieces import Kind, pieces

__all__ = ["Joined", "joined"]

# At the start of a line or, where others have taken the line breaks out, behind a statement.
_START = r"(?:(?<=[\n;}])|\A)"
_IMPORT = re.compile(
    _START
    + r"import\s*(?:(?P<names>\{[^}]*\})|(?P<whole>\w+))\s*from\s*[\"'](?P<path>[^\"']+)[\"'];?"
)
_EXPORT_LIST = re.compile(
    _START + r"export\s*\{(?P<names>[^}]*)\}(?:\s*from\s*[\"'](?P<path>[^\"']+)[\"'])?;?"
)
_EXPORT_DEFAULT = re.compile(_START + r"export\s+default\s+")
_EXPORT = re.compile(
    _START + r"export\s+(?=(?:const|(?:async\s+)?function|class)\s+(?P<name>[\w$]+))"
)
_UNKNOWN = re.compile(_START + r"(?:import|export)\b[^\n]*|\bimport\s*\(")
_AS = re.compile(r"\s+as\s+")
_KEPT = "\0"  # a line break of a template, which says something
_INDENT = re.compile(r"\n[ \t]+")
_DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """A script, and where its lines came from.

    Attributes:
        sources: The modules in it, by their paths in the folder, each behind those it imports.
        lines: For each line of the script the place of its module in `sources`, and the line
            there, both from 0.
    """

    text: str
    sources: Sequence[str]
    lines: Sequence[tuple[int, int]]

    def source_map(self) -> dict[str, object]:
        """Return the map for a browser: the third version of the format, by lines."""
        mappings = []
        source = line = 0
        for now_source, now_line in self.lines:
            # Column, module, line, column there: each against the entry before.
            fields = (0, now_source - source, now_line - line, 0)
            mappings.append("".join(map(_vlq, fields)))
            source, line = now_source, now_line
        return {
            "version": 3,
            "sources": list(self.sources),
            "names": [],
            "mappings": ";".join(mappings),
        }


@dataclass(frozen=True, slots=True)
class _Module:
    path: str
    imports: list[str]
    exports: dict[str, str]  # by the name outside: an expression
    lines: list[tuple[str, int]]  # those that are not empty, and where they stood


def joined(folder: Path, entry: str) -> Joined:
    """Join a module with all that it needs.

    Args:
        folder: Where the modules lie, in folders of their own or not.
        entry: A module's path in it.

    Raises:
        ValueError: If a module cannot be joined; with its path, and what to change.
    """
    modules: dict[str, _Module] = {}
    _visit(folder, entry, modules, [])
    text: list[str] = []
    lines: list[tuple[int, int]] = []
    places = {path: place for place, path in enumerate(modules)}
    for path, module in modules.items():
        place = places[path]
        own = [line for line, _ in module.lines] or [""]
        own[0] = f"const ${place}=(()=>{{{own[0]}"
        exports = ",".join(
            name if name == value else f"{name}:{value}" for name, value in module.exports.items()
        )
        own.append(f"return{{{exports}}}}})();")
        text += own
        came = [line for _, line in module.lines] or [0]
        lines += [(place, line) for line in [*came, came[-1]]]
    # A module is known by its place only once all are known.
    whole = re.sub(r"\$\$<([^>]+)>", lambda found: f"${places[found[1]]}", "\n".join(text))
    return Joined(text=whole + "\n", sources=list(modules), lines=lines)


def _visit(folder: Path, path: str, modules: dict[str, _Module], above: list[str]) -> None:
    if path in modules:
        return
    if path in above:
        circle = " -> ".join([*above[above.index(path) :], path])
        raise ValueError(f"{path}: it imports itself, by {circle}; move what both need")
    module = _read(path, (folder / path).read_text(encoding="utf-8"))
    for needed in module.imports:
        _visit(folder, needed, modules, [*above, path])
    modules[path] = module


def _read(path: str, source: str) -> _Module:
    """Take a module's comments and indentation out, and turn its imports and exports around."""
    imports: list[str] = []
    exports: dict[str, str] = {}

    def other(target: str) -> str:
        name = normpath(join(dirname(path), target))
        imports.append(name)
        return f"$$<{name}>"

    def bring(found: re.Match[str]) -> str:
        names = found["names"] or f"{{default:{found['whole']}}}"
        lost = "\n" * (found[0].count("\n") - names.count("\n"))
        return f"const{_AS.sub(':', names)}={other(found['path'])};{lost}"

    def send(found: re.Match[str]) -> str:
        whence = found["path"] and other(found["path"])
        for one in found["names"].split(","):
            inner, _, outer = (part.strip() for part in one.partition(" as "))
            if inner:
                exports[outer or inner] = f"{whence}.{inner}" if whence else inner
        return "\n" * found[0].count("\n")

    def send_default(_: re.Match[str]) -> str:
        exports["default"] = "$default"
        return "const $default="

    def send_one(found: re.Match[str]) -> str:
        exports[found["name"]] = found["name"]
        return ""

    bare = []
    for kind, text in pieces(source):
        if kind is Kind.COMMENT:
            bare.append("\n" * text.count("\n"))
        elif kind is Kind.TEMPLATE:
            bare.append(text.replace("\n", _KEPT))
        else:
            code = _EXPORT_LIST.sub(send, _IMPORT.sub(bring, text))
            code = _EXPORT.sub(send_one, _EXPORT_DEFAULT.sub(send_default, code))
            if unknown := _UNKNOWN.search(code):
                raise ValueError(
                    f"{path}: `{unknown[0].strip()}` is not understood; say it otherwise"
                )
            bare.append(_INDENT.sub("\n", code))
    lines: list[tuple[str, int]] = []
    number = 0
    for line in "".join(bare).split("\n"):
        if line.strip(" \t"):
            lines += [(part, number + i) for i, part in enumerate(line.split(_KEPT))]
        number += 1 + line.count(_KEPT)
    return _Module(path, imports, exports, lines)


def _vlq(value: int) -> str:
    """A number as source maps write it: digits of five bits, the least first, the sign lowest."""
    left = abs(value) << 1 | (value < 0)
    text = ""
    while True:
        digit, left = left & 31, left >> 5
        text += _DIGITS[digit | (32 if left else 0)]
        if not left:
            return text
