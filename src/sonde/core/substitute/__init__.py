"""Source text with values put in for names.

`by_syntax` follows the rules of Python, `by_regex` StudioML's pattern over any text;
`fill_template` serves scripts that take arguments. All are pure functions over text.
"""

from sonde.core.substitute.arguments import fill_template, mistyped, reads_parameters
from sonde.core.substitute.regex import by_regex, refuse_broken
from sonde.core.substitute.result import Place, Substitution, missing
from sonde.core.substitute.syntax import by_syntax, candidates

__all__ = [
    "Place",
    "Substitution",
    "by_regex",
    "by_syntax",
    "candidates",
    "fill_template",
    "missing",
    "mistyped",
    "reads_parameters",
    "refuse_broken",
]
