"""`:guess=VALUE`: what the user believes to be good, behind any way to write a parameter.

lr=1e-5..1e-1:log:guess=3e-4    opt=adam,sgd:guess=sgd    x=0:0.1:1:guess=0.3
"""

from dataclasses import replace
from typing import Any

from sonde.core.distributions import Choice, Float, Int
from sonde.core.distributions.values import is_number, text_of
from sonde.core.notation.literals import read_value, unquoted
from sonde.core.notation.parsed import Parsed, at
from sonde.errors import ConfigError

__all__ = ["guessing", "split_guess"]

_MARK = ":guess="


def split_guess(text: str) -> tuple[str, str | None]:
    """Return the text without its guess, and the guess as written; None where there is none.

    Raises:
        ConfigError: A quote is not closed.
    """
    if _MARK not in text:
        return text, None
    for place, mark in unquoted(text, text):
        if mark == ":" and text.startswith(_MARK, place):
            written, colon, rest = text[place + len(_MARK) :].partition(":")
            return text[:place] + colon + rest, written
    return text, None


def guessing(parsed: Parsed, written: str | None, place: str) -> Parsed:
    """Return a parameter with its guess.

    Raises:
        ConfigError: If it is none of the parameter's values, or there is nothing to guess.
    """
    if written is None:
        return parsed
    distribution = parsed.distribution
    guess: Any = read_value(written, place)
    if not isinstance(distribution, (Float, Int, Choice)):
        raise ConfigError(place, f"{distribution.describe()} takes no guess", "leave it out")
    text = written.strip()
    if is_number(guess) and not distribution.contains(guess) and distribution.contains(text):
        guess = text  # a choice that reads as a number
    with at(place):
        found = replace(distribution, guess=guess)
    return replace(parsed, distribution=found, reading=f"{parsed.reading}, guess {text_of(guess)}")
