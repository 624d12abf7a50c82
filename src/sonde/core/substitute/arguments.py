"""Values put into a script's arguments, and whether a script takes them from its environment."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from difflib import get_close_matches

from sonde.core.distributions import Value

__all__ = ["fill_template", "mistyped", "reads_parameters"]

_READS = re.compile(
    r"\bSONDE_PARAM|\bsonde\.(?:config|init|wandb)\b"
    r"|\bfrom\s+sonde\s+import\b[^\n]*\b(?:config|init|wandb)\b"
)

# Not what a shell (`${lr}`) or a template language (`{{lr}}`, `{%lr}`) has.
_BRACED = re.compile(r"(?<![{$%#\\])\{([^\W\d][\w.\-]*)\}(?!\})")
_NEAR = 0.7  # of difflib's measure: `lrr` and `Lr` are near `lr`, `seed` is not


def reads_parameters(source: str) -> bool:
    """Tell whether a script evidently takes its values from its environment by itself.

    It then mentions SONDE_PARAMS, SONDE_PARAM_<NAME>, `sonde.config` or `sonde.init`.
    """
    return _READS.search(source) is not None


def fill_template(args: Sequence[str], values: Mapping[str, Value]) -> tuple[list[str], set[str]]:
    """Put values in for `{name}` in a script's arguments.

    `{{name}}` is the literal `{name}`. Braces around anything but a parameter's name are left
    alone, so JSON passes unharmed: with a parameter lr, `{"a": {"lr": {lr}}}` gets its value.

    Returns:
        The arguments, and the names that were used.
    """
    if not values:
        return list(args), set()
    names = "|".join(re.escape(name) for name in values)
    pattern = re.compile(rf"\{{\{{({names})\}}\}}|\{{({names})\}}")
    used: set[str] = set()

    def fill(match: re.Match[str]) -> str:
        if match[1] is not None:
            return f"{{{match[1]}}}"
        used.add(match[2])
        return str(values[match[2]])

    return [pattern.sub(fill, arg) for arg in args], used


def mistyped(args: Sequence[str], names: Collection[str]) -> Iterator[tuple[str, str, str]]:
    """Yield what looks like a slip for a parameter in `{}`: the argument, the name, the parameter.

    It is left as it stands: it may be the program's own, such as `{epoch}` in the name of a file.
    """
    known = {name.lower(): name for name in names}
    for arg in args:
        for name in _BRACED.findall(arg):
            near = get_close_matches(name.lower(), known, 1, _NEAR)
            if near and name not in names:
                yield arg, name, known[near[0]]
