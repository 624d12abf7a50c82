"""JavaScript cut into code, comments and templates; no more of its grammar than that takes.

Comments can be told from what only looks like one if it is known where texts, templates and
patterns (`/a+/`) begin and end. Texts and patterns are left within the code. A slash begins a
pattern unless what stands before it ends a value; a `}` is taken to end one, so a statement that
begins with a pattern right behind a block is not understood.
"""

import re
from collections.abc import Iterator
from enum import Enum

__all__ = ["Kind", "pieces"]


class Kind(Enum):
    """What a piece is."""

    CODE = "code"
    COMMENT = "comment"
    TEMPLATE = "template"  # a part of one, with its ` or ${ or } at both ends


_STOP = re.compile(r"[\"'`/{}]")
_TEXT = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'", re.DOTALL)
_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
_PATTERN = re.compile(r"/(?:[^/\\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+/[a-z]*")
_LITERAL = re.compile(r"(?:[^`\\$]|\\.|\$(?!\{))*(`|\$\{)", re.DOTALL)
_LAST_WORD = re.compile(r"[\w$]+$")
_BEFORE_A_VALUE = {
    "await", "case", "delete", "do", "else", "in", "instanceof", "new", "of", "return", "throw",
    "typeof", "void", "yield",
}  # fmt: skip


def pieces(source: str) -> Iterator[tuple[Kind, str]]:
    """Yield the pieces of a module, which make up its text when they are put together.

    Raises:
        ValueError: If a text, template or comment has no end.
    """
    depths: list[int] = []  # of braces, in each template that is open
    begin = at = 0
    is_value = False  # whether what stands before `begin` ends one
    while stop := _STOP.search(source, at):
        at = stop.start()
        mark = source[at]
        if mark == "`" or (mark == "}" and depths and depths[-1] == 0):
            yield from _code(source, begin, at)
            if mark == "}":
                depths.pop()
            literal = _found(_LITERAL, source, at + 1)
            if literal[1] == "${":
                depths.append(0)
            is_value = literal[1] == "`"
            yield Kind.TEMPLATE, mark + literal[0]
            begin = at = literal.end()
        elif mark in "{}":
            if depths:
                depths[-1] += 1 if mark == "{" else -1
            at += 1
        elif mark == "/" and source[at + 1 : at + 2] in {"/", "*"}:
            yield from _code(source, begin, at)
            is_value = _ends_a_value(source[begin:at], is_value)
            comment = _found(_COMMENT, source, at)
            yield Kind.COMMENT, comment[0]
            begin = at = comment.end()
        elif mark == "/":
            is_pattern = not _ends_a_value(source[begin:at], is_value)
            at = _found(_PATTERN, source, at).end() if is_pattern else at + 1
        else:
            at = _found(_TEXT, source, at).end()
    yield from _code(source, begin, len(source))


def _code(source: str, begin: int, end: int) -> Iterator[tuple[Kind, str]]:
    if begin < end:
        yield Kind.CODE, source[begin:end]


def _found(what: re.Pattern[str], source: str, at: int) -> re.Match[str]:
    found = what.match(source, at)
    if found is None:
        raise ValueError(f"line {source.count(chr(10), 0, at) + 1}: something here has no end")
    return found


def _ends_a_value(code: str, is_value: bool) -> bool:
    """Whether a slash behind some code divides; `is_value` tells it of what stands before that."""
    bare = code.rstrip()
    if not bare:
        return is_value
    word = _LAST_WORD.search(bare)
    return word[0] not in _BEFORE_A_VALUE if word else bare[-1] in ")]}\"'"
