r"""StudioML's rule: a name gets the value where a newline follows before any `=`.

Its pattern is `\bNAME\b(?=[^=]*\n)` (studio/runner.py, `create_experiments`): `print(lr)` changes,
`lr = 0.01` and `SGD(lr=lr, momentum=0.9)` do not. It knows nothing of any language, so it works
on every text, and also changes comments, strings and attributes.

Departures, on purpose: names are taken literally (`no.layers` does not match `noXlayers`); all of
them are replaced in one pass, so that no value is taken for another parameter's name; and the end
of the text counts as a newline, so that a last line without one is not passed over.
"""

import ast
import re
import warnings
from collections.abc import Mapping

from sonde.core.distributions import Value
from sonde.core.substitute.result import Place, Substitution
from sonde.errors import ConfigError

__all__ = ["by_regex", "refuse_broken"]


def by_regex(source: str, values: Mapping[str, Value]) -> Substitution:
    """Put `values` into `source` by StudioML's rule; strings as quoted literals, else as `str`."""
    if not values:
        return Substitution(source=source, text=source, counts={}, places=(), notes={})
    # Longest first: of `no` and `no-layers` the one that covers more of the text is meant.
    names = "|".join(re.escape(name) for name in sorted(values, key=len, reverse=True))
    pattern = re.compile(rf"\b(?:{names})\b(?=[^=]*(?:\n|\Z))")
    counts = dict.fromkeys(values, 0)
    places: list[Place] = []
    line, line_start = 1, 0
    parts, end = [], 0
    for match in pattern.finditer(source):
        name, start = match[0], match.start()
        line += source.count("\n", line_start, start)
        line_start = max(line_start, source.rfind("\n", line_start, start) + 1)
        value = values[name]
        after = repr(value) if isinstance(value, str) else str(value)
        column = start - line_start + 1
        places.append(
            Place(line=line, column=column, name=name, how="read", before=name, after=after)
        )
        counts[name] += 1
        parts += [source[end:start], after]
        end = match.end()
    parts.append(source[end:])
    notes = {
        name: f"{name} occurs, but an '=' follows each time before the line ends"
        for name, count in counts.items()
        if not count and re.search(rf"\b{re.escape(name)}\b", source)
    }
    return Substitution(
        source=source, text="".join(parts), counts=counts, places=tuple(places), notes=notes
    )


def refuse_broken(done: Substitution, *, script: str) -> None:
    """Refuse what was Python and no longer is: `def f(lr):` has become `def f(0.5):`.

    Args:
        done: Of a Python script; one that was no Python to begin with passes.
        script: Its name, for the error.

    Raises:
        ConfigError: With the line.
    """
    fault = _fault(done.text)
    if fault is None or _fault(done.source) is not None:
        return
    number = fault.lineno or 1
    line = done.text.splitlines()[number - 1].strip()
    raise ConfigError(
        "--substitute=regex",
        f"line {number} of {script} would be no Python: {line}",
        "use --substitute syntax, or write that line otherwise",
    )


def _fault(text: str) -> SyntaxError | None:
    with warnings.catch_warnings():  # what else may be odd about the script is its own business
        warnings.simplefilter("ignore")
        try:
            ast.parse(text)
        except SyntaxError as error:
            return error
        except ValueError:  # a null byte, to some versions of Python
            return None
    return None
