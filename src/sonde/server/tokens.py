"""Tokens: who may do what on a server, in a file beside the store.

A token is 32 random bytes, shown once, when it is made. The file keeps its SHA-256: who
reads it can use none of them. (A slow hash would protect passwords that can be guessed; these
cannot.) The server reads the file again when it changes, so a token that is revoked is refused
from the next request on.
"""

import json
import os
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from sonde.agent.place import beside
from sonde.errors import ConfigError, NotFoundError
from sonde.server.roles import Caller, Role

__all__ = ["Token", "Tokens", "tokens_of"]

_LONGEST_NAME = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """What is kept of a token.

    Attributes:
        digest: SHA-256 of it, hex.
    """

    name: str
    role: Role
    digest: str
    created: datetime


class Tokens:
    """The tokens of one store."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._mark: tuple[int, int, int] | None = None
        self._by_digest: dict[str, Token] = {}

    def all(self) -> Sequence[Token]:
        """Return them, oldest first.

        Raises:
            ConfigError: If the file is damaged.
        """
        return list(self._read().values())

    def caller(self, token: str) -> Caller | None:
        """Return who shows a token, None if it is none of ours."""
        found = self._read().get(sha256(token.encode(errors="replace")).hexdigest())
        return None if found is None else Caller(found.name, found.role)

    def add(self, name: str, role: Role) -> str:
        """Make a token; return it, for the only time.

        Raises:
            ConfigError: If the name is taken or none.
        """
        if not name.isprintable() or not 0 < len(name.strip()) <= _LONGEST_NAME:
            raise ConfigError(
                f"token {name!r:.40}", "that is no name", "use a few letters, such as laptop"
            )
        with self._writing() as tokens:
            if any(token.name == name for token in tokens.values()):
                raise ConfigError(
                    f"token {name}",
                    "there is one of that name",
                    f"choose another, or revoke it: sonde token revoke {name}",
                )
            text = f"sonde_{secrets.token_urlsafe(32)}"
            digest = sha256(text.encode()).hexdigest()
            tokens[digest] = Token(name=name, role=role, digest=digest, created=datetime.now(UTC))
        return text

    def revoke(self, name: str) -> None:
        """Forget a token.

        Raises:
            NotFoundError: If there is none of that name.
        """
        if name not in (names := [token.name for token in self.all()]):
            known = ", ".join(names) or "none"
            raise NotFoundError(f"there is no token {name}; there are: {known}")
        with self._writing() as tokens:
            for token in list(tokens.values()):
                if token.name == name:
                    del tokens[token.digest]

    def _read(self) -> dict[str, Token]:
        try:
            status = self.path.stat()
        except FileNotFoundError:
            self._mark, self._by_digest = None, {}
            return self._by_digest
        mark = (status.st_ino, status.st_mtime_ns, status.st_size)
        if mark != self._mark:
            try:
                found = [_token(entry) for entry in json.loads(self.path.read_text("utf-8"))]
            except (ValueError, LookupError, TypeError) as error:
                raise ConfigError(
                    str(self.path),
                    "it holds no tokens as sonde writes them",
                    "remove it, and make them anew: sonde token add",
                ) from error
            self._by_digest = {token.digest: token for token in found}
            self._mark = mark
        return self._by_digest

    @contextmanager
    def _writing(self) -> Iterator[dict[str, Token]]:
        """Give the tokens to be changed; whole or not at all, one writer at a time."""
        import fcntl

        self.path.parent.mkdir(exist_ok=True)
        with open(f"{self.path}.lock", "w", encoding="utf-8") as lock:  # noqa: PTH123
            fcntl.flock(lock, fcntl.LOCK_EX)
            tokens = dict(self._read())
            yield tokens
            draft = Path(f"{self.path}.{os.getpid()}.tmp")
            entries = [
                {
                    "name": token.name,
                    "role": token.role.word,
                    "sha256": token.digest,
                    "created": token.created.isoformat(),
                }
                for token in tokens.values()
            ]
            fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(fd, "w", encoding="utf-8") as target:
                json.dump(entries, target, indent=1)
            draft.replace(self.path)


def tokens_of(url: str) -> Tokens:
    """Return the tokens of a store: in `NAME.db.tokens`, beside its file, or in `.sonde`.

    Raises:
        ConfigError: If nothing of the store lasts.
    """
    path = beside(url, "tokens")
    if path is None:
        raise ConfigError(
            f"--store {url}", "tokens are kept beside a store, and this one does not last",
            "serve a SQLite store, or one in a database",
        )  # fmt: skip
    return Tokens(path)


def _token(entry: dict[str, str]) -> Token:
    return Token(
        name=entry["name"],
        role=Role[entry["role"].upper()],
        digest=entry["sha256"],
        created=datetime.fromisoformat(entry["created"]),
    )
