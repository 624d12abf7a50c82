"""What a command line said."""

import json
from dataclasses import dataclass
from typing import Any, Protocol

__all__ = ["Said", "Sonde"]


@dataclass(frozen=True)
class Said:
    """What a command line said, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The result, which must be strict JSON."""

        def refuse(word: str) -> None:
            raise ValueError(f"{word} is not JSON")

        return json.loads(self.out, parse_constant=refuse)

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()


class Sonde(Protocol):
    """Runs a command line."""

    def __call__(self, *argv: str, code: int = 0) -> Said: ...
