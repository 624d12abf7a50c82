"""Short forms of a parameter: a range with two dots, a list, or a distribution by name.

    lr=1e-5..1e-1:log    any float between, on a logarithmic scale
    layers=1..8          any int from 1 to 8, both included, when both ends are written as ints
    x=0..1:0.1           0, 0.1, ... 1
    opt=adam,sgd         one of these
    n=5                  always this
    lr=1e-5..1e-1:log:guess=3e-4   with a value that is believed to be good, behind any form
    lr=loguniform(1e-5, 1e-1)   and the other names of `DISTRIBUTIONS`, arguments also by name

Where a name is used differently elsewhere: `randint` includes its upper end, and the bounds of
`loguniform`, `qloguniform` and `logint` are values, never exponents.
"""

import difflib
import re
from collections.abc import Callable
from typing import NoReturn

from sonde.core.distributions import (
    Distribution,
    Float,
    Int,
    LogNormal,
    Normal,
    QLogUniform,
    QUniform,
)
from sonde.core.notation.guess import guessing, split_guess
from sonde.core.notation.literals import Number, listed, read_number, read_value, split_items
from sonde.core.notation.parsed import NAME, Parsed, at, split_name
from sonde.errors import ConfigError

__all__ = ["DISTRIBUTIONS", "is_short_form", "is_short_range", "parse_short", "refuse_almost"]

_EXAMPLE = "lr=1e-5..1e-1:log"
_CALL = re.compile(r"([^\W\d]\w*)\s*\((.*)\)", re.DOTALL)
_PLAIN_ITEM = re.compile(r"[\w.+\-]+|'[^']*'|\"[^\"]*\"")
_STUDIO_FIELD = re.compile(r"[lu]?\d+|\d+[lu]", re.ASCII)


def _log_float(low: float, high: float) -> Distribution:
    return Float(low, high, log=True)


def _log_int(low: int, high: int) -> Distribution:
    return Int(low, high, log=True)


# Name -> its arguments, whether they must be ints, and what makes it. `choice` is read apart.
_Form = tuple[tuple[str, ...], bool, Callable[..., Distribution]]
_FORMS: dict[str, _Form] = {
    "uniform": (("low", "high"), False, Float),
    "loguniform": (("low", "high"), False, _log_float),
    "int": (("low", "high"), True, Int),
    "randint": (("low", "high"), True, Int),
    "logint": (("low", "high"), True, _log_int),
    "normal": (("mu", "sigma"), False, Normal),
    "lognormal": (("mu", "sigma"), False, LogNormal),
    "quniform": (("low", "high", "q"), False, QUniform),
    "qloguniform": (("low", "high", "q"), False, QLogUniform),
}
DISTRIBUTIONS: tuple[str, ...] = ("choice", *_FORMS)


def parse_short(text: str, *, flag: str = "argument") -> Parsed:
    """Read one parameter in a short form.

    Args:
        text: `NAME=FORM`.
        flag: What the text stood behind, for errors.

    Raises:
        ConfigError: Its place names the flag and the text.
    """
    place = f"{flag} {text}"
    plain, guess = split_guess(text)
    return guessing(_parsed(plain, place), guess, place)


def _parsed(text: str, place: str) -> Parsed:
    name, written = split_name(text, place, _EXAMPLE)
    call = _CALL.fullmatch(written)
    if call:
        with at(place):
            distribution = _call(call[1], call[2], place)
        return Parsed(name=name, distribution=distribution, reading=" ".join(written.split()))
    if is_short_range(written):
        return _range(name, written, place)
    items = split_items(written, place)
    fields = [field.strip() for field in written.split(":")]
    if len(items) == 1 and len(fields) > 1 and _reads_as_grid(fields):
        ends = f"{fields[0] or 0}..{fields[-1]}"
        # `l5` asks for points evenly spread over magnitudes.
        ends += ":log" if any("l" in field for field in fields) else ""
        raise ConfigError(
            place,
            f"{written} is a range in StudioML's form, which stands behind --hyperparam",
            f"write --hyperparam {name}={written} for its points, or {name}={ends} for all between",
        )
    values = [read_value(item, place) for item in items]
    with at(place):
        distribution = listed(values)
    one = f"the one value {values[0]!r}"
    reading = one if len(values) == 1 else f"{len(values)} values, as listed"
    return Parsed(name=name, distribution=distribution, reading=reading)


def is_short_form(arg: str) -> bool:
    """Tell whether a word of the command line is a parameter rather than the script's argument.

    True only for what can hardly be anything else: `lr=1e-5..1e-1:log`, `opt=adam,sgd`,
    `lr=loguniform(1e-5, 1e-1)`. A single value (`n=5`), whatever begins with a dash, lists with
    blanks, slashes or brackets in them, and paths are the script's.
    """
    name, equals, written = arg.partition("=")
    if not equals or not NAME.fullmatch(name):
        return False
    try:
        written, _ = split_guess(written)
    except ConfigError:
        return False
    call = _CALL.fullmatch(written)
    if call:
        return call[1] in DISTRIBUTIONS
    if is_short_range(written):
        return True
    try:
        items = split_items(written, arg)
    except ConfigError:
        return False
    raw = written.split(",") if '"' not in written and "'" not in written else items
    return len(items) > 1 and all(_PLAIN_ITEM.fullmatch(item) for item in raw)


def is_short_range(written: str) -> bool:
    """Tell whether the text behind the `=` is a range with two dots or a distribution by name."""
    try:
        written, _ = split_guess(written)
    except ConfigError:
        return False
    if _CALL.fullmatch(written):
        return True
    low, dots, rest = written.partition("..")
    high = rest.partition(":")[0]
    return bool(dots) and "," not in written and _is_number(low) and _is_number(high)


def refuse_almost(name: str, written: str) -> None:
    """Refuse text, written in Python, that is a slip of a range and not meant as text.

    That is `1..x`, `loguniform(1e-5, 1e-1`, and StudioML's `0:1:0.1`; paths, URLs, names and
    whatever else has no number beside its dots or colons is text.

    Raises:
        ConfigError: Its place names the parameter.
    """
    place, as_text = f"parameters.{name}", f"Choice([{written!r}]) if text is meant"
    fields = [field.strip() for field in written.split(":")]
    low, dots, rest = written.partition("..")
    known, bracket, _ = written.partition("(")
    if dots and "/" not in written and _is_number(low) != _is_number(rest.partition(":")[0]):
        one = rest if _is_number(low) else low
        found = f"{written} is a range of which {one or 'nothing'} is no number"
        raise ConfigError(place, found, f"write 1e-5..1e-1, or {as_text}")
    if bracket and known.strip() in DISTRIBUTIONS and not written.rstrip().endswith(")"):
        raise ConfigError(
            place, f"{written} has a ( that is not closed", f"close it, or write {as_text}"
        )
    if 2 <= len(fields) <= 3 and any(fields) and _reads_as_grid(fields):
        ends = f"{fields[0] or 0}..{fields[-1]}"
        raise ConfigError(
            place,
            f"{written} is a range in StudioML's form",
            f"write {ends}, or a list of values, or {as_text}",
        )


def _range(name: str, written: str, place: str) -> Parsed:
    ends, *options = written.split(":")
    if "..." in ends and not ends.lstrip().startswith("."):
        # In 1e-5...1e-1 the third dot would make 0.01 of the 1e-1; only who writes .1 means .9
        # by it.
        low_end, _, high_end = ends.partition("...")
        remedy = f"write two, {low_end}..{high_end}, and 0 before a decimal point"
        raise ConfigError(place, "three dots", remedy)
    low, high = (_number(end, place) for end in ends.split("..", 1))
    log, step = False, None
    for option in (option.strip() for option in options):
        number = read_number(option, place)
        if option == "log" and not log:
            log = True
        elif number is not None and step is None:
            step = number
        else:
            raise ConfigError(
                place, f"{option or 'nothing'!r} behind a ':'", "write log or a step there"
            )
    whole = low.is_int and high.is_int and (step is None or step.is_int)
    with at(place):
        distribution: Distribution
        if whole:
            by = None if step is None else int(step.value)
            distribution = Int(int(low.value), int(high.value), log=log, step=by)
        else:
            by_float = None if step is None else float(step.value)
            distribution = Float(float(low.value), float(high.value), log=log, step=by_float)
    reading = "any int from" if whole else "any float from"
    reading += f" {low.value} to {high.value}"
    reading += f", step {step.value}" if step is not None else ""
    reading += ", logarithmic" if log else ""
    return Parsed(name=name, distribution=distribution, reading=reading)


def _call(function: str, inside: str, place: str) -> Distribution:
    if function == "choice":
        return listed([read_value(item, place) for item in split_items(inside, place)])
    if function not in _FORMS:
        near = difflib.get_close_matches(function, DISTRIBUTIONS, 1)
        known = f"did you mean {near[0]}?" if near else f"known are {', '.join(DISTRIBUTIONS)}"
        raise ConfigError(
            place, f"no distribution is called {function}", f"{known}; quote it if text is meant"
        )
    wanted, ints, make = _FORMS[function]
    given: dict[str, int | float] = {}
    items = split_items(inside, place) if inside.strip() else []
    for position, item in enumerate(items):
        key, equals, value = (part.strip() for part in item.partition("="))
        if not equals:
            key, value = wanted[position] if position < len(wanted) else "", item
        if key not in wanted or key in given:
            _refuse_arguments(function, wanted, items, place)
        number = _number(value, place)
        if ints and not number.is_int:
            raise ConfigError(place, f"{value} is not an int", f"{function} takes ints")
        given[key] = number.value
    if len(given) < len(wanted):
        _refuse_arguments(function, wanted, items, place)
    return make(**given)


def _refuse_arguments(
    function: str, wanted: tuple[str, ...], items: list[str], place: str
) -> NoReturn:
    raise ConfigError(
        place,
        f"{function} with {', '.join(items) or 'nothing'} in brackets",
        f"write {function}({', '.join(wanted)})",
    )


def _number(text: str, place: str) -> Number:
    number = read_number(text, place)
    if number is None:
        raise ConfigError(place, f"{text.strip() or 'nothing'} is not a number", "write a number")
    return number


def _is_number(text: str) -> bool:
    try:
        return read_number(text, "") is not None
    except ConfigError:
        return True  # a number, if one out of range: the range will say so


def _reads_as_grid(fields: list[str]) -> bool:
    return all(not f or _is_number(f) or _STUDIO_FIELD.fullmatch(f) for f in fields)
