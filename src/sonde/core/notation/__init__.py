"""What people write, turned into parameters: StudioML's ranges and sonde's short forms."""

from collections.abc import Iterable

from sonde.core.notation.parsed import Parsed
from sonde.core.notation.short import is_short_form, parse_short
from sonde.core.notation.studioml import parse_hyperparam
from sonde.errors import ConfigError, ConfigErrors

__all__ = ["Parsed", "is_short_form", "parse_all", "parse_hyperparam", "parse_short"]


def parse_all(
    hyperparams: Iterable[str], shorts: Iterable[str] = (), *, flag: str = "--hyperparam"
) -> tuple[Parsed, ...]:
    """Read all parameters of one command, in their order.

    Args:
        hyperparams: What stood behind each `--hyperparam`.
        shorts: The words of the command line that `is_short_form` has picked out.
        flag: How the user wrote the flag.

    Raises:
        ConfigError: Every fault at once, names that were given twice included.
    """
    parsed: dict[str, Parsed] = {}
    faults: list[ConfigError] = []
    written = [(flag, text, parse_hyperparam) for text in hyperparams]
    written += [("argument", text, parse_short) for text in shorts]
    for where, text, parse in written:
        try:
            one = parse(text, flag=where)
        except ConfigError as fault:
            faults.append(fault)
            continue
        if one.name in parsed:
            faults.append(
                ConfigError(f"{where} {text}", f"{one.name} is given twice", "keep one of them")
            )
        else:
            parsed[one.name] = one
    if len(faults) == 1:
        raise faults[0]
    if faults:
        raise ConfigErrors(faults)
    return tuple(parsed.values())
