"""The dashboard's files: one page, its modules, its style, all from `sonde/web`.

Only what lies in that folder when the server starts is served, by a table of names: no path
of a request ever reaches the file system. The policy allows scripts and styles from here
and from nowhere else, and none that stands within a page.
"""

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

    def page(request: Request) -> Response:
        return _answer(request, files["index.html"])

    def file(request: Request) -> Response:
        path = files.get(request.path_params["path"])
        return Response("there is no such file\n", 404) if path is None else _answer(request, path)

    return [Route("/", page), Route("/web/{path:path}", file)]


def _answer(request: Request, path: Path) -> Response:
    data = path.read_bytes()
    headers = _HEADERS | {"etag": f'"{sha256(data).hexdigest()[:16]}"'}
    known = request.headers.get("if-none-match", "").replace("W/", "").split(", ")
    if headers["etag"] in known:
        return Response(status_code=304, headers=headers)
    kind = _TYPES.get(path.suffix, "text/plain")
    return Response(data, headers=headers, media_type=f"{kind}; charset=utf-8")
