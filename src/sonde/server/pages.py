"""The dashboard's files: one page, its script, its style, all from `sonde/web`.

The page's modules go out joined, as one script (`sonde.web.joined`), and its map leads back to
them: they are served as well. Only what lies in that folder when the server starts is served, by
a table of names: no path of a request ever reaches the file system. The policy allows scripts and
styles from here and from nowhere else, and none that stands within a page.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from gzip import compress
from hashlib import sha256
from pathlib import Path, PurePath

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from sonde.web import WEB, Joined, joined

__all__ = ["POLICY", "SCRIPT", "page_routes", "prepare"]

SCRIPT, MAP = "sonde.js", "sonde.js.map"
POLICY = (
    "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
_TYPES = {
    ".css": "text/css",
    ".html": "text/html",
    ".js": "text/javascript",
    ".json": "application/json",
    ".map": "application/json",
    ".svg": "image/svg+xml",
}
_HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cache-control": "no-cache",  # asked for anew each time, and answered by 304
}


_Stamp = tuple[tuple[int, int], ...]


def page_routes() -> list[BaseRoute]:
    """Return the routes of the page and of its files."""
    files = {
        path.relative_to(WEB).as_posix(): [path]
        for path in WEB.rglob("*")
        if path.suffix in _TYPES or path.name.startswith("LICENSE")
    }
    modules = [path for [path] in files.values() if path.suffix == ".js"]
    files |= {SCRIPT: modules, MAP: modules}

    async def page(request: Request) -> Response:
        return _sent("index.html", _stamp(files["index.html"])).answer(request)

    async def file(request: Request) -> Response:
        name = request.path_params["path"]
        if name not in files:
            return Response("there is no such file\n", 404)
        return _sent(name, _stamp(files[name])).answer(request)

    return [Route("/", page), Route("/web/{path:path}", file)]


def prepare() -> None:
    """Make the script now, so that the first who opens the page does not wait for it."""
    _sent(SCRIPT, _stamp(list(WEB.rglob("*.js"))))


def _stamp(paths: Iterable[Path]) -> _Stamp:
    """What changes when a file of these does."""
    return tuple((stat.st_mtime_ns, stat.st_size) for stat in map(Path.stat, paths))


@dataclass(frozen=True, slots=True)
class _Sent:
    """What is sent for a name."""

    plain: bytes
    small: bytes
    headers: dict[str, str]

    def answer(self, request: Request) -> Response:
        headers = self.headers
        known = request.headers.get("if-none-match", "").replace("W/", "").split(", ")
        if headers["etag"] in known:
            return Response(status_code=304, headers=headers)
        if "gzip" in request.headers.get("accept-encoding", ""):
            return Response(self.small, headers=headers | {"content-encoding": "gzip"})
        return Response(self.plain, headers=headers | {"content-encoding": "identity"})


@lru_cache(maxsize=200)
def _sent(name: str, stamp: _Stamp) -> _Sent:
    """Read or make what is sent for a name, once for each state of what it is made of."""
    if name == SCRIPT:
        plain = f"{_joined(stamp).text}//# sourceMappingURL={MAP}\n".encode()
    elif name == MAP:
        plain = json.dumps(_joined(stamp).source_map()).encode()
    else:
        plain = (WEB / name).read_bytes()
    kind = _TYPES.get(PurePath(name).suffix, "text/plain")
    headers = _HEADERS | {
        "etag": f'"{sha256(plain).hexdigest()[:16]}"',
        "content-type": f"{kind}; charset=utf-8",
        "vary": "accept-encoding",
    }
    return _Sent(plain, compress(plain, 9, mtime=0), headers)


@lru_cache(maxsize=1)
def _joined(_: _Stamp) -> Joined:
    return joined(WEB, "app.js")
