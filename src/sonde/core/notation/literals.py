"""Numbers, words and quoted text, as people write them on a command line.

One value is one of

- an int (`8`, `-3`, `1_000`) or a float (`0.1`, `1e-5`): the literal decides the type;
- `true`, `True`, `false`, `False`: a bool; `none`, `None`, `null`: None. Only these spellings
  (`TRUE`, `yes` and `nil` are text), and only without quotes;
- text in single or double quotes, where a backslash keeps the next character as it is;
- any other word: text.

What looks like a slip is refused rather than taken as text: `0.1.2`, `1e-`, an opening bracket.
"""

import math
import re
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from sonde.core.distributions import Choice, Constant, Value, canonical
from sonde.core.distributions.values import is_number
from sonde.errors import ConfigError

__all__ = ["Number", "listed", "read_number", "read_value", "split_items", "unquoted"]

_WORDS: dict[str, bool | None] = {
    "true": True,
    "True": True,
    "false": False,
    "False": False,
    "none": None,
    "None": None,
    "null": None,
}
_INT = re.compile(r"[+-]?\d+(?:_\d+)*", re.ASCII)
_DIGITS = r"\d+(?:_\d+)*"
_FLOAT = re.compile(
    rf"[+-]?(?:{_DIGITS}\.?(?:{_DIGITS})?|\.{_DIGITS})(?:[eE][+-]?{_DIGITS})?", re.ASCII
)
_UNBOUNDED = re.compile(r"[+-]?(?:inf(?:inity)?|nan)", re.IGNORECASE)
# Made of a number's characters only and yet none: a slip, or a date that wants quotes.
_ALMOST = re.compile(r"[+\-.]*\d[\d.eE_+\-]*", re.ASCII)
_LONGEST = 100  # characters of a number: int() itself gives up at 4300
_OPENING, _CLOSING = "([{", ")]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """A number together with the exact value of its literal, so that 0.1 stays one tenth.

    Attributes:
        value: What the user's script gets: an int for an int literal, a float otherwise.
        exact: The literal's value as a fraction; None for inf and nan, which no distribution
            takes, but which say so better as numbers than as text.
    """

    value: int | float
    exact: Fraction | None

    @property
    def is_int(self) -> bool:
        """Whether it was written as an int."""
        return isinstance(self.value, int)


def read_number(text: str, place: str) -> Number | None:
    """Return the number that `text` is, None when it is none.

    Raises:
        ConfigError: It is a number, but too long, too large or too small for a float.
    """
    text = text.strip()
    if _UNBOUNDED.fullmatch(text):
        return Number(value=float(text), exact=None)
    if not _FLOAT.fullmatch(text):
        return None
    if len(text) > _LONGEST:
        raise ConfigError(place, f"a number of {len(text)} characters", "write a shorter one")
    digits = text.replace("_", "")
    if _INT.fullmatch(text):
        return Number(value=int(digits), exact=Fraction(int(digits)))
    value = float(digits)
    if math.isinf(value) or (value == 0.0 and re.search("[1-9]", digits.lower().partition("e")[0])):
        size = "large" if value else "small"
        raise ConfigError(place, f"{text} is too {size} for a float", "write a number within range")
    return Number(value=value, exact=Fraction(digits))


def read_value(text: str, place: str) -> Value:
    """Return the value that `text` stands for; see the module's docstring.

    Raises:
        ConfigError: It is empty, or looks like a slip.
    """
    text = text.strip()
    if not text:
        raise ConfigError(place, "an empty value", "write '' if the empty text is meant")
    if text[0] in "'\"":
        return _unquote(text, place)
    if text in _WORDS:
        return _WORDS[text]
    number = read_number(text, place)
    if number is not None:
        return number.value
    if _ALMOST.fullmatch(text):
        raise ConfigError(
            place,
            f"{text} is not a number",
            f"correct it, or quote it ('{text}') if text is meant",
        )
    for mark in (*_OPENING, *_CLOSING, "'", '"'):
        if mark in text:
            raise ConfigError(
                place,
                f"{text} has a {mark} in it; a value is a number, a word or quoted text",
                f'quote it ("{text}") if text is meant' if mark == "'" else f"quote it ('{text}')",
            )
    return text


def split_items(text: str, place: str) -> list[str]:
    """Return the parts of `text` between commas that stand outside quotes and brackets.

    Raises:
        ConfigError: A quote is not closed.
    """
    cuts = [-1, *(i for i, mark in unquoted(text, place) if mark == ","), len(text)]
    return [text[start + 1 : end].strip() for start, end in pairwise(cuts)]


def listed(values: Sequence[Value]) -> Choice | Constant:
    """Return the choice among `values` in their order, duplicates dropped; one is a constant.

    1 and 1.0 are the same number; true and 1 are not. Numbers are taken to be ordered.
    """
    seen: dict[Hashable, Value] = {}
    for value in values:
        seen.setdefault(canonical(value), value)
    kept = tuple(seen.values())
    if len(kept) == 1:
        return Constant(kept[0])
    return Choice(kept, ordered=all(is_number(value) for value in kept))


def unquoted(text: str, place: str) -> Iterator[tuple[int, str]]:
    """Yield position and character of all that stands outside quotes and brackets.

    Raises:
        ConfigError: A quote is not closed.
    """
    quote, depth, escaped = "", 0, False
    for i, mark in enumerate(text):
        if quote:
            if mark == quote and not escaped:
                quote = ""
            escaped = mark == "\\" and not escaped
        elif mark in "'\"":
            quote = mark
        elif mark in _OPENING:
            depth += 1
        elif mark in _CLOSING:
            depth = max(0, depth - 1)
        elif depth == 0:
            yield i, mark
    if quote:
        raise ConfigError(place, f"a {quote} that is not closed", "close it, or leave it out")


def _unquote(text: str, place: str) -> str:
    quote, escaped = text[0], False
    kept: list[str] = []
    for i, mark in enumerate(text[1:], start=1):
        if mark == quote and not escaped:
            if i + 1 == len(text):
                return "".join(kept)
            raise ConfigError(
                place, f"{text[i + 1 :]} follows the quoted text", "put a comma between values"
            )
        if mark == "\\" and not escaped:
            escaped = True
            continue
        kept.append(mark)
        escaped = False
    raise ConfigError(place, f"a {quote} that is not closed", "close it, or leave it out")
