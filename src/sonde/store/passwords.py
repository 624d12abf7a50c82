"""Passwords in the URLs of stores: taken out of what is shown, handed on to our own agents.

A URL is printed, logged and kept with sweeps, so a store's `url` never has its password.
Agents that this process starts find it in the environment, by the URL without it; their
trials do not.
"""

import os
import re
from urllib.parse import unquote

__all__ = ["VARIABLE", "hidden", "keep", "kept_for", "parted"]

VARIABLE = "SONDE_STORE_PASSWORDS"
"""The environment variable: JSON, passwords by URL."""

_USER = re.compile(r"([A-Za-z][\w+.-]*://[^\s/:@?#]*):([^\s/?#]*)@")
_OPTION = re.compile(r"([?&])(?:ssl)?password=([^&#\s]*)(&?)")


def parted(url: str) -> tuple[str, str | None]:
    """Return a URL without its password, and the password."""
    found = _USER.search(url)
    if found:
        return hidden(url), unquote(found[2])
    option = re.search(r"[?&]password=([^&#\s]*)", url)
    return hidden(url), unquote(option[1]) if option else None


def hidden(text: str) -> str:
    """Return a text with the passwords of URLs in it left out."""
    text = _USER.sub(r"\1@", text).replace("://@", "://")
    return _OPTION.sub(lambda m: m[1] if m[3] else "", text)


def keep(url: str, password: str) -> None:
    """Remember the password of a URL, for the agents that this process starts."""
    import json

    os.environ[VARIABLE] = json.dumps(_all() | {url: password})


def kept_for(url: str) -> str | None:
    """Return the password that whoever started this process knew for a URL."""
    return _all().get(url)


def _all() -> dict[str, str]:
    if VARIABLE not in os.environ:
        return {}
    import json

    try:
        found = json.loads(os.environ[VARIABLE])
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
