"""The grammar of expressions: text becomes a tree of Python functions, without eval.

    or · and · not · == != < <= > >= in, not in (chained as in Python) · + - · * / // % ·
    unary - + · ** · numbers, text in quotes, True, False, None (also true, false, null),
    names, f(x, ...), (x, ...), [x, ...]

A name has letters, digits, `_` and dots; one with other characters stands in
backquotes, as in `` `weight-decay` > 0 ``. `lambda` and `class` are names like others.
What the operations do stands in `sonde.core.operations`.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn, TypeAlias

from sonde.core import operations
from sonde.core.distributions.values import Value
from sonde.errors import ConfigError

__all__ = ["Run", "parse"]

Run: TypeAlias = Callable[[Mapping[str, Value]], Any]
"""Evaluates a part of an expression on an assignment."""

_LONGEST, _DEEPEST = 2000, 50

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<number>(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)
    | (?P<name>[^\W\d]\w*(?:\.[^\W\d]\w*)*)
    | `(?P<quoted>[^`]+)`
    | (?P<text>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")
    | (?P<sign>\*\*|//|==|!=|<=|>=|[-+*/%<>()\[\],])
    )""",
    re.VERBOSE,
)
_CONSTANTS = {
    "True": True, "False": False, "None": None, "true": True, "false": False, "null": None,
}  # fmt: skip
_WORDS = {"and", "or", "not", "in"}
_MEANT = {
    "=": "write == to compare",
    "&": "write and",
    "|": "write or",
    "!": "write not",
    "^": "write ** for a power",
    "{": "list values in brackets: (1, 2)",
    "'": "close the quote",
    '"': "close the quote",
    "`": "close the backquote",
}
_ALLOWED = "use names, numbers, text in quotes, comparisons, and or not in, + - * / // % **"


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str  # number, name, text, sign, word, end
    text: str
    column: int  # from 1


def parse(text: str) -> tuple[Run, frozenset[str]]:
    """Return what evaluates an expression, and the names it depends on.

    Raises:
        ConfigError: With the column at which the text stops making sense.
    """
    parser = _Parser(text)
    run = parser.disjunction()
    if parser.next.kind != "end":
        parser.refuse(f"{parser.next.text!r} is not expected here")
    return run, frozenset(parser.names)


class _Parser:
    """Recursive descent, a method a level of precedence."""

    def __init__(self, text: str) -> None:
        self._text = text
        if len(text) > _LONGEST:
            self._fail(1, f"it has {len(text)} characters", f"keep it under {_LONGEST}")
        self._tokens = iter(self._tokenize())
        self._depth = 0
        self.names: set[str] = set()
        self.next = next(self._tokens)

    def refuse(self, found: str) -> NoReturn:
        self._fail(self.next.column, found, _ALLOWED)

    def _refuse_without(self, sign: str) -> NoReturn:
        is_end = self.next.kind == "end"
        place = "at the end" if is_end else f"before {self.next.text!r}"
        self.refuse(f"{sign!r} is missing {place}")

    def _fail(self, column: int, found: str, remedy: str) -> NoReturn:
        shown = self._text if len(self._text) <= 100 else f"{self._text[:100]}..."
        raise ConfigError(shown, f"column {column}: {found}", remedy)

    def _tokenize(self) -> list[_Token]:
        tokens, place, text = [], 0, self._text.rstrip()
        while place < len(text):
            match = _TOKEN.match(text, place)
            if match is None:
                rest = text[place:].lstrip()
                column = len(text) - len(rest) + 1
                self._fail(column, f"{rest[0]!r} is not understood", _MEANT.get(rest[0], _ALLOWED))
            kind = match.lastgroup or ""
            found = match[kind]
            column = match.start(kind) + 1
            is_word = kind == "name" and found in _WORDS
            tokens.append(_Token("word" if is_word else kind, found, column))
            place = match.end()
        tokens.append(_Token("end", "the end", len(text) + 1))
        return tokens

    def _take(self) -> _Token:
        token = self.next
        self.next = next(self._tokens)
        return token

    def _is(self, *texts: str) -> bool:
        return self.next.kind in {"sign", "word"} and self.next.text in texts

    def _expect(self, sign: str) -> None:
        if not self._is(sign):
            self._refuse_without(sign)
        self._take()

    def _deeper(self, level: Callable[[], Run]) -> Run:
        self._depth += 1
        if self._depth > _DEEPEST:
            self._fail(self.next.column, f"it is nested over {_DEEPEST} deep", "simplify it")
        run = level()
        self._depth -= 1
        return run

    def disjunction(self) -> Run:
        parts = [self._conjunction()]
        while self._is("or"):
            self._take()
            parts.append(self._conjunction())
        return parts[0] if len(parts) == 1 else operations.any_of(parts)

    def _conjunction(self) -> Run:
        parts = [self._negation()]
        while self._is("and"):
            self._take()
            parts.append(self._negation())
        return parts[0] if len(parts) == 1 else operations.all_of(parts)

    def _negation(self) -> Run:
        if self._is("not"):
            self._take()
            return operations.negated(self._deeper(self._negation))
        return self._comparison()

    def _comparison(self) -> Run:
        first = self._sum()
        steps = []
        while self._is("==", "!=", "<", "<=", ">", ">=", "in", "not"):
            sign = self._take().text
            if sign == "not":
                if not self._is("in"):
                    self.refuse("'in' is missing after 'not'")
                self._take()
                sign = "not in"
            steps.append((operations.COMPARISONS[sign], self._sum()))
        return operations.compared(first, steps) if steps else first

    def _sum(self) -> Run:
        return self._left_to_right(self._product, "+", "-")

    def _product(self) -> Run:
        return self._left_to_right(self._sign, "*", "/", "//", "%")

    def _left_to_right(self, level: Callable[[], Run], *signs: str) -> Run:
        run = level()
        while self._is(*signs):
            sign = self._take().text
            run = operations.calculated(sign, [run, level()])
        return run

    def _sign(self) -> Run:
        if self._is("-", "+"):
            sign = self._take().text
            return operations.calculated(f"unary {sign}", [self._deeper(self._sign)])
        base = self._atom()
        if self._is("**"):
            self._take()
            # As in Python: to the right first, and 2**-1 needs no brackets.
            return operations.calculated("**", [base, self._deeper(self._sign)])
        return base

    def _atom(self) -> Run:
        token = self._take() if self.next.kind != "end" else self.next
        if token.kind == "number":
            return operations.constant(self._number(token))
        if token.kind == "text":
            return operations.constant(re.sub(r"\\(.)", r"\1", token.text[1:-1], flags=re.DOTALL))
        if token.kind == "name" and self._is("("):
            return self._call(token)
        if token.kind == "name" and token.text in _CONSTANTS:
            return operations.constant(_CONSTANTS[token.text])
        if token.kind in {"name", "quoted"}:
            self.names.add(token.text)
            return operations.looked_up(token.text)
        if token.kind == "sign" and token.text in {"(", "["}:
            return self._group(token.text)
        place = "at the end" if token.kind == "end" else f"before {token.text!r}"
        return self._fail(token.column, f"a value is missing {place}", _ALLOWED)

    def _number(self, token: _Token) -> int | float:
        try:
            return int(token.text) if re.fullmatch(r"[\d_]+", token.text) else float(token.text)
        except ValueError:
            self._fail(token.column, f"{token.text!r} is no number", "write for instance 1e-3")

    def _call(self, token: _Token) -> Run:
        if token.text not in operations.FUNCTIONS:
            known = ", ".join(operations.FUNCTIONS)
            self._fail(token.column, f"there is no function {token.text!r}", f"use {known}")
        self._take()
        arguments, _ = self._items(")")
        least, most = operations.FUNCTIONS[token.text][1:]
        if not least <= len(arguments) <= most:
            count = "one value" if most == 1 else "one value or more"
            self._fail(token.column, f"{token.text} got {len(arguments)}", f"give it {count}")
        return operations.calculated(token.text, arguments)

    def _group(self, opening: str) -> Run:
        items, has_comma = self._items(")" if opening == "(" else "]")
        if opening == "(" and len(items) == 1 and not has_comma:
            return items[0]
        return operations.listed(items)

    def _items(self, closing: str) -> tuple[list[Run], bool]:
        items, has_comma = [], False
        while not self._is(closing):
            items.append(self._deeper(self.disjunction))
            if self._is(closing):
                break
            if not self._is(","):
                self._refuse_without(closing)
            self._take()
            has_comma = True
        self._expect(closing)
        return items, has_comma
