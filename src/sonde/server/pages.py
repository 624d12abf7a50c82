"""The dashboard's files: one page, its modules, its style, all from `sonde/web`.

Only what lies in that folder when the server starts is served, by a table of names: no path
of a request ever reaches the file system. The policy allows scripts and styles from here
and from nowhere else, and none that stands within a page.
"""

from gzip import compress
from hashlib import sha256
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

__all__ = ["POLICY", "page_routes"]

WEB = Path(__file__).parents[1] / "web"
POLICY = (
    "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
_TYPES = {
    ".css": "text/css",
    ".html": "text/html",
    ".js": "text/javascript",
    ".json": "application/json",
    ".svg": "image/svg+xml",
}
_HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cache-control": "no-cache",  # asked for anew each time, and answered by 304
}


def page_routes() -> list[BaseRoute]:
    """Return the routes of the page and of its files."""
    files = {
        path.relative_to(WEB).as_posix(): path
        for path in WEB.rglob("*")
        if path.suffix in _TYPES or path.name.startswith("LICENSE")
    }

    kept = {name: _Kept(path) for name, path in files.items()}

    async def page(request: Request) -> Response:
        return kept["index.html"].answer(request)

    async def file(request: Request) -> Response:
        found = kept.get(request.path_params["path"])
        return Response("there is no such file\n", 404) if found is None else found.answer(request)

    return [Route("/", page), Route("/web/{path:path}", file)]


class _Kept:
    """A file as it is sent: read, hashed and compressed when it is first asked for, or changed.

    A page asks for some forty of them: to do that each time took most of what the page cost.
    """

    __slots__ = ("_headers", "_path", "_plain", "_small", "_stamp")

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp: tuple[int, int] | None = None
        self._plain = self._small = b""
        self._headers: dict[str, str] = {}

    def answer(self, request: Request) -> Response:
        found = self._path.stat()
        if self._stamp != (found.st_mtime_ns, found.st_size):
            self._read()
            self._stamp = found.st_mtime_ns, found.st_size
        headers = self._headers
        known = request.headers.get("if-none-match", "").replace("W/", "").split(", ")
        if headers["etag"] in known:
            return Response(status_code=304, headers=headers)
        if "gzip" in request.headers.get("accept-encoding", ""):
            return Response(self._small, headers=headers | {"content-encoding": "gzip"})
        return Response(self._plain, headers=headers | {"content-encoding": "identity"})

    def _read(self) -> None:
        self._plain = self._path.read_bytes()
        self._small = compress(self._plain, 9, mtime=0)
        kind = _TYPES.get(self._path.suffix, "text/plain")
        self._headers = _HEADERS | {
            "etag": f'"{sha256(self._plain).hexdigest()[:16]}"',
            "content-type": f"{kind}; charset=utf-8",
            "vary": "accept-encoding",
        }
