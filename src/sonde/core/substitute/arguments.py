"""Values put into a script's arguments, and whether a script takes them from its environment."""

import re
from collections.abc import Mapping, Sequence

from sonde.core.distributions import Value

__all__ = ["fill_template", "reads_parameters"]

_READS = re.compile(
    r"\bSONDE_PARAM|\bsonde\.(?:config|init|wandb)\b"
    r"|\bfrom\s+sonde\s+import\b[^\n]*\b(?:config|init|wandb)\b"
)


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
