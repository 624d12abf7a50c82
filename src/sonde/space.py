"""What is searched, as people write it: `Float`, `Int`, `Choice` and `Space`.

sonde.Space(lr=sonde.Float(1e-5, 1e-1, log=True), batch=[16, 32, 64], epochs=30,
            momentum=sonde.Float(0, 0.99, when="opt == 'sgd'"), opt=["adam", "sgd"],
            where="batch * epochs <= 1000")
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sonde.core import space as core
from sonde.core.distributions import Choice, Float, Int
from sonde.errors import ConfigError

__all__ = ["Choice", "Float", "Int", "Space"]


class Space(core.Space):
    """The parameters of a sweep and the relations between them.

    A value may be a distribution (`Float`, `Int`, `Choice`), a list to choose from, text in the
    short form of the command line (`"1e-5..1e-1:log"`, `"loguniform(1e-5, 1e-1)"`), a dict in
    the words of a W&B sweep, or anything else, which then is the same in every trial.

    Args:
        parameters: Name to value, for names that are no Python names, or for a ready mapping.
        where: Relations that every trial satisfies, such as `"layers * batch <= 256"`.
        named: More parameters, after the first ones.

    Raises:
        ConfigErrors: Naming all that is wrong.
    """

    __slots__ = ()

    def __init__(
        self,
        parameters: Mapping[str, Any] | None = None,
        /,
        *,
        where: str | Sequence[str] | None = None,
        **named: Any,
    ) -> None:
        given = dict(parameters or {})
        twice = given.keys() & named.keys()
        if twice:
            name = min(twice)
            raise ConfigError(f"parameters.{name}", "it is declared twice", "leave one out")
        space = core.space_of({**given, **named}, where)
        super().__init__(space.parameters, space.where)
