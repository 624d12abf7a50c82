"""StudioML's ranges: what stands behind `--hyperparam` and `-hp`.

    lr=0.1               one value
    lr=0.1,0.2  opt=adam,sgd    the values themselves, in this order
    n=0:3  n=:3          from 0 to 3 in steps of 1
    lr=1e-5:10:0.1       10 values, evenly spaced, when 10 is whole and exceeds the distance
    lr=0.01:0.01:0.1     otherwise the middle is a step
    lr=1e-5:u10:0.1      always 10 values, evenly spaced (also 10u)
    lr=1e-5:l5:0.1       5 values, evenly spaced on a logarithmic scale (also 5l)

The points are those of StudioML's own parser (studio/hyperparameter.py, `_parse_grid`) wherever
that is sane. Departures, all on purpose: int literals make ints; points are computed exactly and
rounded once (0.06, not 0.060000000000000005); no point lies beyond the end; both ends of `l` are
exact; `u` works; duplicates are dropped; text is a value; an empty or malformed range is refused.

The forms of `sonde.core.notation.short` are understood behind the same flag.
"""

import re
from decimal import Context, Decimal, localcontext
from fractions import Fraction

from sonde.core.distributions import Choice, Value
from sonde.core.notation import short
from sonde.core.notation.guess import guessing, split_guess
from sonde.core.notation.literals import Number, listed, read_number, read_value, split_items
from sonde.core.notation.parsed import Parsed, at, split_name
from sonde.errors import ConfigError

__all__ = ["parse_hyperparam"]

_COUNTED = re.compile(r"(?:([lu])(\d+)|(\d+)([lu]))", re.ASCII)
_DOTTED = re.compile(r"[\w+-][\w.+-]*?\.\.[\w+-][\w.:+-]*")  # a range, and no path such as a/../b
_MOST = 100_000  # values of one grid; more is a slip of the step
_EXAMPLE = "lr=0.01:0.01:0.1"


def parse_hyperparam(text: str, *, flag: str = "--hyperparam") -> Parsed:
    """Read one `NAME=RANGE`.

    Args:
        text: What was written behind the flag.
        flag: How the user wrote the flag, for errors.

    Raises:
        ConfigError: Its place names the flag and the text.
    """
    place = f"{flag} {text}"
    plain, guess = split_guess(text)
    name, written = split_name(plain, place, _EXAMPLE)
    if short.is_short_range(written):
        return short.parse_short(text, flag=flag)
    return guessing(_read(name, written, place), guess, place)


def _read(name: str, written: str, place: str) -> Parsed:
    items = split_items(written, place)
    if len(items) > 1:
        return _listed(name, items, place)
    if ":" in written and written[0] not in "'\"":
        return _grid(name, written, place)
    value = read_value(written, place)
    if _DOTTED.fullmatch(written):
        low, _, high = written.partition("..")
        ends = [end for end in (low, high.partition(":")[0]) if read_number(end, place) is None]
        verb = "are no numbers" if len(ends) > 1 else "is no number"
        raise ConfigError(
            place,
            f"{' and '.join(ends) or written} {verb}",
            f"write a range such as 1e-5..1e-1, or quote it ('{written}') for text",
        )
    parts = [part.strip() for part in written.split(";")]
    if len(parts) > 1 and value == written and all(read_number(p, place) or not p for p in parts):
        commas = ",".join(part for part in parts if part)
        raise ConfigError(
            place, "a ; between numbers", f"write {commas}, or quote it ('{written}') for text"
        )
    return _parsed(name, [value], f"the one value {value!r}", place)


def _listed(name: str, items: list[str], place: str) -> Parsed:
    values: list[Value] = []
    for item in items:
        fields = item.split(":")
        if len(fields) > 1 and all(read_number(f, place) or not f.strip() for f in fields):
            raise ConfigError(
                place,
                f"{item} is a range inside a list",
                f"list its values, or quote it ('{item}') if text is meant",
            )
        values.append(read_value(item, place))
    return _parsed(name, values, "{values}, as listed", place)


def _grid(name: str, written: str, place: str) -> Parsed:
    fields = [field.strip() for field in written.split(":")]
    if len(fields) > 3:
        raise ConfigError(
            place,
            f"{len(fields)} fields between colons",
            "write low:high, low:step:high, low:count:high, low:l5:high or low:u5:high",
        )
    # StudioML reads whatever is no number as a start of 0; only the empty start is meant so.
    low = _end(fields[0], "start", place) if fields[0] else Number(value=0, exact=Fraction(0))
    high = _end(fields[-1], "end", place)
    if len(fields) == 2:
        return _stepped(name, low, Number(value=1, exact=Fraction(1)), high, place)
    middle = fields[1]
    counted = _COUNTED.fullmatch(middle)
    if counted:
        kind = counted[1] or counted[4]
        count = int((counted[2] or counted[3])[:20])
        spaced = _logarithmic if kind == "l" else _even
        return spaced(name, low, count, high, place)
    if re.fullmatch(r"[lu].*|.*[lu]", middle):
        raise ConfigError(
            place,
            f"{middle} is not a count of values",
            f"write a whole number with the letter, such as {fields[0] or 0}:l5:{fields[-1]}",
        )
    step = _end(middle, "step or count", place)
    distance = abs(_exact(high) - _exact(low))
    if _exact(step).denominator == 1 and _exact(step) > distance:
        return _even(name, low, int(_exact(step)), high, place)
    return _stepped(name, low, step, high, place)


def _stepped(name: str, low: Number, step: Number, high: Number, place: str) -> Parsed:
    """`low`, `low + step`, ... as far as `high`."""
    start, by, end = _exact(low), _exact(step), _exact(high)
    if by == 0:
        raise ConfigError(place, "a step of 0 goes nowhere", "write a step other than 0")
    last = (end - start) / by
    if last < 0:
        least, most = sorted((low.value, high.value))
        remedy = f"write {least}:{abs(step.value)}:{most}"
        if by > 0:
            remedy += f", or {low.value}:-{step.value}:{high.value} to go down"
        raise ConfigError(
            place,
            f"no value: steps of {step.value} do not lead from {low.value} to {high.value}",
            remedy,
        )
    size = last.numerator // last.denominator + 1
    _refuse_too_many(size, place)
    points = [start + by * i for i in range(size)]
    reading = f"{{values}}, step {step.value}, {{first}} to {{last}}"
    if points[-1] != end:
        reading += f" ({high.value} is not among them)"
    ints = low.is_int and step.is_int
    return _parsed(name, [_plain(p, ints=ints) for p in points], reading, place)


def _even(name: str, low: Number, count: int, high: Number, place: str) -> Parsed:
    """`count` values from `low` to `high`, both included; one value is `low`."""
    _refuse_count(count, place)
    start, end = _exact(low), _exact(high)
    points = [start + (end - start) * i / max(count - 1, 1) for i in range(count)]
    return _counted(name, points, low, high, "{values} (count), {first} to {last}", place)


def _logarithmic(name: str, low: Number, count: int, high: Number, place: str) -> Parsed:
    """`count` values from `low` to `high`, each the same multiple of the one before."""
    _refuse_count(count, place)
    start, end = _exact(low), _exact(high)
    if start <= 0 or end <= 0:
        wrong = low if start <= 0 else high
        raise ConfigError(
            place,
            f"{wrong.value} has no logarithm",
            "a logarithmic range needs both ends above 0",
        )
    # 50 digits, so that rounding to a float undoes the error: 1e-05, not 9.999999999999997e-06.
    with localcontext(Context(prec=50)):
        first, last = (Decimal(x.numerator) / x.denominator for x in (start, end))
        ratio = (last / first).ln() / max(count - 1, 1)
        points = [Fraction(_rounded(first * (ratio * i).exp())) for i in range(count)]
    points[0] = start
    if count > 1:
        points[-1] = end
    return _counted(name, points, low, high, "{values}, logarithmic, {first} to {last}", place)


def _counted(
    name: str, points: list[Fraction], low: Number, high: Number, reading: str, place: str
) -> Parsed:
    ints = low.is_int and high.is_int and all(p.denominator == 1 for p in points)
    return _parsed(name, [_plain(p, ints=ints) for p in points], reading, place)


def _parsed(name: str, values: list[Value], reading: str, place: str) -> Parsed:
    with at(place):
        distribution = listed(values)
    kept = distribution.values if isinstance(distribution, Choice) else (distribution.value,)
    how_many = "1 value" if len(kept) == 1 else f"{len(kept)} values"
    line = reading.replace("{values}", how_many)
    line = line.replace("{first}", str(kept[0])).replace("{last}", str(kept[-1]))
    dropped = len(values) - len(kept)
    if dropped:
        line += f" ({dropped} duplicate{'s' if dropped > 1 else ''} dropped)"
    return Parsed(name=name, distribution=distribution, reading=line)


def _end(text: str, what: str, place: str) -> Number:
    number = read_number(text, place) if text else None
    if number is None:
        found = f"{text} is not a number" if text else f"no {what}"
        raise ConfigError(
            place,
            found,
            f"write a number as the {what}, or quote the whole value if text is meant",
        )
    if number.exact is None:
        raise ConfigError(place, f"{text} cannot bound a range", f"write a finite {what}")
    return number


def _exact(number: Number) -> Fraction:
    """The literal's value; `_end` has refused those that have none."""
    return number.exact if number.exact is not None else Fraction(number.value)


def _plain(point: Fraction, *, ints: bool) -> int | float:
    return int(point) if ints else float(point)


def _rounded(point: Decimal) -> Decimal:
    """To 40 digits: what is left of 50 once ln and exp have taken their share, 10.000... to 10."""
    with localcontext(Context(prec=40)):
        return +point


def _refuse_count(count: int, place: str) -> None:
    if count == 0:
        raise ConfigError(place, "a count of 0 is no value", "write a count of 1 or more")
    _refuse_too_many(count, place)


def _refuse_too_many(size: int, place: str) -> None:
    if size > _MOST:
        raise ConfigError(
            place,
            f"a grid of {size} values",
            f"write at most {_MOST}, or a range without grid such as 1e-5..1e-1",
        )
