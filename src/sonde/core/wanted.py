"""What somebody chose by name: `tpe`, `asha(eta=4)`, `optuna:TPESampler(multivariate=true)`.

Search methods, stopping rules and places are written so. The options are literals of JSON or
Python, read from the syntax tree and never evaluated.
"""

import ast
import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sonde.errors import ConfigError

__all__ = ["METHOD", "PLACE", "RULE", "Sort", "Wanted", "called", "parse_wanted", "written"]

_FORM = re.compile(
    r"\s*(?P<name>[A-Za-z][\w.-]*)(?P<member>:[A-Za-z]\w*)?\s*(?P<options>\(.*\))?\s*", re.DOTALL
)
_WORDS = {"true": True, "false": False, "null": None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sort:
    """What is chosen, in the words of errors.

    Attributes:
        flag: How people ask for it: `--method`, `method=`.
        noun: What it is.
    """

    flag: str
    noun: str
    example: str

    def where(self, text: str) -> str:
        """Return the place of an error."""
        return f"{self.flag} {text}"


METHOD = Sort(
    flag="method",
    noun="search method",
    example="write for instance tpe, or optuna:TPESampler(multivariate=true)",
)
RULE = Sort(
    flag="stop",
    noun="stopping rule",
    example="write for instance median, or asha(eta=4, min_steps=3)",
)
PLACE = Sort(flag="--on", noun="place", example="write for instance local")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A method, a rule or a place by name, with its options.

    Attributes:
        member: What follows a colon: one of several that go by the name.
    """

    name: str
    member: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.name if self.member is None else f"{self.name}:{self.member}"


def parse_wanted(text: str, sort: Sort = METHOD) -> Wanted:
    """Read what somebody wrote.

    Raises:
        ConfigError: If it is no name, or an option is no literal.
    """
    where, example = sort.where(text), sort.example
    found = _FORM.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        raise ConfigError(where, f"that is no name of a {sort.noun}", example)
    options = found["options"] or "()"
    try:
        call = ast.parse(f"f{options}", mode="eval").body
    except (SyntaxError, ValueError):  # ValueError: a null byte
        raise ConfigError(where, f"{options} are no options", example) from None
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name):
        raise ConfigError(where, f"{options} are no options", example)
    if call.args:
        written = ast.unparse(call.args[0])
        raise ConfigError(where, f"{written} has no key", f"write key={written}")
    read: dict[str, Any] = {}
    for keyword in call.keywords:
        if keyword.arg is None:
            raise ConfigError(where, "** is no option", "write each one as key=value")
        if keyword.arg in read:
            raise ConfigError(where, f"{keyword.arg} is given twice", "keep one of them")
        read[keyword.arg] = _literal(keyword.value, where, keyword.arg)
    member = found["member"]
    return Wanted(name=found["name"], member=member and member[1:], options=read)


def called(make: Callable[..., Any], wanted: Wanted, text: str, sort: Sort = METHOD) -> Any:
    """Make a method or a rule with its options; a member is the first argument.

    Raises:
        ConfigError: If it has no such options.
    """
    where = sort.where(text)
    given = () if wanted.member is None else (wanted.member,)
    signature = inspect.signature(make)
    named = [p for p in signature.parameters.values() if p.kind is p.KEYWORD_ONLY]
    is_open = any(p.kind is p.VAR_KEYWORD for p in signature.parameters.values())
    known = ", ".join(p.name for p in named)
    for key in wanted.options:
        if not is_open and key not in {p.name for p in named}:
            raise ConfigError(
                where,
                f"{wanted.name} has no option {key}",
                f"it has {known}" if known else f"write {wanted.name}: it has no options",
            )
    try:
        signature.bind(*given, **wanted.options)
    except TypeError as error:
        if wanted.member is not None:
            raise ConfigError(
                where, f"{wanted.name} has nothing behind a colon", f"use {wanted.name}"
            ) from error
        raise ConfigError(
            where, f"{wanted.name} by itself will not do: {error}", sort.example
        ) from error
    return make(*given, **wanted.options)


def written(name: str, options: Mapping[str, Any]) -> str:
    """Return the text that `parse_wanted` reads as this: `asha(eta=4, min_steps=3)`."""
    inside = ", ".join(f"{key}={value!r}" for key, value in options.items())
    return f"{name}({inside})" if inside else name


def _literal(node: ast.expr, where: str, key: str) -> Any:
    if isinstance(node, ast.Constant) and isinstance(
        node.value, (str, int, float, bool, type(None))
    ):
        return node.value
    if isinstance(node, ast.Name) and node.id in _WORDS:
        return _WORDS[node.id]
    if isinstance(node, (ast.List, ast.Tuple)):
        items = [_literal(item, where, key) for item in node.elts]
        return items if isinstance(node, ast.List) else tuple(items)
    if isinstance(node, ast.Dict) and all(part is not None for part in node.keys):
        keys = [_literal(part, where, key) for part in node.keys if part is not None]
        if all(isinstance(part, str) for part in keys):
            return dict(
                zip(keys, (_literal(part, where, key) for part in node.values), strict=True)
            )
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.UAdd)):
        number = _literal(node.operand, where, key)
        if isinstance(number, (int, float)) and not isinstance(number, bool):
            return -number if isinstance(node.op, ast.USub) else number
    written = ast.unparse(node)
    remedy = f'quote it: {key}="{written}"' if isinstance(node, ast.Name) else _LITERALS
    raise ConfigError(where, f"{key}={written} is no plain value", remedy)


_LITERALS = "use numbers, text in quotes, true, false, null, or lists and dicts of these"
