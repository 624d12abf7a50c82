"""What a substitution gives back: the new text, every place that changed, and what was missed."""

import difflib
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from sonde.core.distributions import Value
from sonde.errors import ConfigError, ConfigErrors

__all__ = ["How", "Place", "Substitution", "literal", "missing", "names_in_text"]

How = Literal["read", "assignment"]

_SHOWN = 12  # names listed in an error
_IN_TEXT = re.compile(
    r"^[ \t]*(?:export[ \t]+)?([^\W\d]\w*)[ \t]*=(?!=)[ \t]*(.+?)\s*$", re.MULTILINE
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One change.

    Attributes:
        line: Counted from 1.
        column: Counted from 1, in characters.
        name: The parameter.
        how: Whether a read of the name was replaced, or what is assigned to it.
        before: The text that stood there; empty where text was added.
        after: The text that stands there now.
    """

    line: int
    column: int
    name: str
    how: How
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Substitution:
    """Source text with values put in for names.

    Attributes:
        source: The text before.
        text: The text after; equal to `source` outside of `places`, byte for byte.
        counts: For every name that was asked for, how many places got its value.
        places: In the order of the text.
        notes: For names without a place, what stands in the way, where that is known.
    """

    source: str
    text: str
    counts: Mapping[str, int]
    places: tuple[Place, ...]
    notes: Mapping[str, str]

    @property
    def missed(self) -> tuple[str, ...]:
        """The names that got no place."""
        return tuple(name for name, count in self.counts.items() if not count)

    def unified_diff(self, name: str) -> str:
        """Return the change as `diff -u` shows it; `name` is the file's name in its head."""
        before, after = (_lines(text) for text in (self.source, self.text))
        return "".join(
            line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
            for line in difflib.unified_diff(before, after, f"a/{name}", f"b/{name}")
        )


def missing(
    substitution: Substitution,
    names: Sequence[str],
    assigned: Mapping[str, str],
    *,
    script: str,
    flag: str = "--hyperparam",
) -> ConfigError:
    """Return the error for names that got no place.

    Args:
        substitution: What was tried.
        names: Those without a place, `substitution.missed`; at least one.
        assigned: What `candidates` found in the script.
        script: How the user called the script.
        flag: The flag by which the names were given.
    """
    faults = [
        ConfigError(
            f"{flag} {name}",
            substitution.notes.get(name, f"{name} occurs nowhere in {script}"),
            _remedy(name, assigned, script),
        )
        for name in names
    ]
    return faults[0] if len(faults) == 1 else ConfigErrors(faults)


def literal(value: Value, *, ascii_only: bool = False) -> str:
    """Return Python source that makes `value`."""
    if isinstance(value, float) and not math.isfinite(value):
        return f"float('{value}')"
    return ascii(value) if ascii_only else repr(value)


def names_in_text(source: str) -> dict[str, str]:
    """Return what `NAME = VALUE` lines assign, in any language; the first of each name counts."""
    found: dict[str, str] = {}
    for match in _IN_TEXT.finditer(source):
        found.setdefault(match[1], shortened(match[2]))
    return found


def shortened(text: str, most: int = 40) -> str:
    """Return `text` on one line of at most `most` characters."""
    text = " ".join(text.split())
    return text if len(text) <= most else f"{text[: most - 3]}..."


def _remedy(name: str, assigned: Mapping[str, str], script: str) -> str:
    if name in assigned:
        return f"read {name} in {script}, or pass it as an argument: --{name}={{{name}}}"
    near = _close(name, assigned)
    way = f"pass it as an option: {script} --{name}={{{name}}}"
    way = f"did you mean {near}? Or {way}" if near else way
    if not assigned:
        return f"{way} ({script} assigns no names)"
    listed = ", ".join(f"{n} = {v}" for n, v in list(assigned.items())[:_SHOWN])
    rest = f" and {len(assigned) - _SHOWN} more" if len(assigned) > _SHOWN else ""
    return f"{way} (names assigned there: {listed}{rest})"


def _close(name: str, known: Iterable[str]) -> str:
    folded = {one.casefold(): one for one in known}
    return " or ".join(folded[n] for n in difflib.get_close_matches(name.casefold(), folded, 2))


def _lines(text: str) -> list[str]:
    # Not splitlines(): it also cuts at form feeds and Unicode separators, which diff does not.
    return re.findall(r"[^\n]*\n|[^\n]+", text)
