"""The door: who is it, and may they. Tokens, and patience with wrong ones.

Without any token, everyone on this machine is an admin: they could open the store's file as
well. With one, everybody needs one. Pages (what is not under `/api/`) hold no data and are
open to all, so that a browser can ask for a token at all; it keeps it in a cookie.
"""

import time
from collections import OrderedDict, deque
from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie

from starlette.types import Scope

from sonde.errors import ConfigError
from sonde.server.answers import Problem, problem_of
from sonde.server.roles import Caller, Role
from sonde.server.tokens import Tokens

__all__ = ["COOKIE", "Door"]

COOKIE = "sonde-token"
_READING = {"GET", "HEAD", "OPTIONS"}
_FAILURES, _WITHIN_S = 10, 60.0  # wrong tokens from one address, before others wait as well
_ADDRESSES = 10_000  # remembered
_EVERYONE = Caller("", Role.ADMIN)


class Door:
    """Lets callers in.

    Args:
        tokens: Who there is; None: everyone is let in.
        is_local: Whether everyone is let in while there is no token at all.
        api: What the paths begin with that need a token.
        own: Paths below it that look at the role themselves.
        open_paths: Paths that need none.
    """

    def __init__(
        self,
        tokens: Tokens | None,
        *,
        is_local: bool,
        api: str,
        own: str,
        open_paths: frozenset[str] = frozenset(),
    ) -> None:
        self._tokens, self._is_local = tokens, is_local
        self._api, self._own, self._open_paths = f"{api}/", own, open_paths
        self._failures: OrderedDict[str, deque[float]] = OrderedDict()
        self._known: set[tuple[str, str]] = set()  # an address, and a name that was right there

    def enter(self, scope: Scope, headers: Mapping[str, str]) -> Caller | Problem:
        """Return who it is, or what is to be answered."""
        try:
            return self._enter(scope, headers)
        except ConfigError as error:  # the file is damaged: nobody gets in
            return problem_of(error)

    def _enter(self, scope: Scope, headers: Mapping[str, str]) -> Caller | Problem:
        tokens = self._tokens
        if tokens is None or (self._is_local and not tokens.all()):
            return _EVERYONE
        path, is_reading = scope["path"], scope.get("method") in _READING
        is_open = path in self._open_paths or (is_reading and not path.startswith(self._api))
        token = _token(headers)
        if token is None:
            return Caller("", Role.VIEWER) if is_open else _refused("a token is needed here")
        address = scope["client"][0] if scope.get("client") else ""
        caller = tokens.caller(token)
        wait_s = self._wait_s(address)
        if wait_s and (caller is None or (address, caller.name) not in self._known):
            answer = Problem(429, "TooMany", "too many wrong tokens came from there; wait a little")
            answer.headers["retry-after"] = str(int(wait_s) + 1)
            return answer
        if caller is None:
            self._note_failure(address)
            return Caller("", Role.VIEWER) if is_open else _refused("the token is not known here")
        if len(self._known) > _ADDRESSES:
            self._known.clear()
        self._known.add((address, caller.name))
        needed = Role.VIEWER if is_reading or path.startswith(self._own) else Role.ADMIN
        if caller.role < needed and not is_open:
            return Problem(
                403,
                "Forbidden",
                f"a token of the role {caller.role.word} may not do this; it takes {needed.word}",
            )
        return caller

    def _wait_s(self, address: str) -> float:
        failures = self._failures.get(address)
        if failures is None or len(failures) < _FAILURES:
            return 0.0
        return max(0.0, failures[0] + _WITHIN_S - time.monotonic())

    def _note_failure(self, address: str) -> None:
        failures = self._failures.pop(address, None) or deque(maxlen=_FAILURES)
        failures.append(time.monotonic())
        self._failures[address] = failures
        if len(self._failures) > _ADDRESSES:
            self._failures.popitem(last=False)


def _refused(detail: str) -> Problem:
    answer = Problem(401, "Unauthorized", f"{detail}; `sonde token add` makes one")
    answer.headers["www-authenticate"] = "Bearer"
    return answer


def _token(headers: Mapping[str, str]) -> str | None:
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token.strip():
        return token.strip()
    try:
        found = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        return None
    return None if found is None else found.value
