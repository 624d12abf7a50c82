"""A file as an answer: whole or a part of it, and harmless to whoever looks at it in a browser.

What a trial leaves was written by a program. A page or a picture among it that a browser
showed as one of ours could act as whoever is logged in. So only pictures and plain text are
shown, never guessed at, and in a sandbox; all else is handed over to be saved.
"""

import mimetypes
import os
import re
from collections.abc import Iterator
from urllib.parse import quote

from starlette.responses import Response, StreamingResponse

from sonde.server.answers import Problem

__all__ = ["media_type_of", "send_file"]

_SHOWN = {
    "image/png", "image/jpeg", "image/gif", "image/webp", "image/avif", "image/bmp",
    "text/plain", "text/csv", "application/json", "video/mp4", "video/webm", "audio/mpeg",
    "audio/wav", "image/svg+xml",
}  # fmt: skip
_TEXT = {"text/csv", "application/json"}  # that a browser would save rather than show
_TEXT_ENDS = (".log", ".txt", ".md", ".yaml", ".yml", ".toml", ".jsonl", ".tsv", ".py", ".sh")
_CHUNK = 1 << 18
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")
# A sandbox has an origin of its own: what runs in it reads nothing of ours. No script at all
# runs, nothing is fetched, and no other site may frame it.
_POLICY = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'"
)


def media_type_of(path: str) -> str:
    """Return what a file is by the end of its name."""
    if path.lower().endswith(_TEXT_ENDS):
        return "text/plain"
    kind = mimetypes.guess_type(path, strict=False)[0]
    return "application/octet-stream" if kind is None else kind


def send_file(fd: int, path: str, asked: str | None, *, save: bool = False) -> Response:
    """Return a file as the answer, which closes it.

    Args:
        fd: The open file.
        path: Its name, which tells what it is.
        asked: The request's `Range`; one that is no single range is passed over.
        save: Have browsers save it, whatever it is.
    """
    status = os.fstat(fd)
    kind = media_type_of(path)
    is_shown = kind in _SHOWN and not save
    name = path.rpartition("/")[2]
    headers = {
        "accept-ranges": "bytes",
        "cache-control": "no-cache",
        "etag": f'"{status.st_ino:x}-{status.st_mtime_ns:x}-{status.st_size:x}"',
        "content-security-policy": _POLICY,
        "x-content-type-options": "nosniff",
        "cross-origin-resource-policy": "same-origin",
        "referrer-policy": "no-referrer",
        "content-disposition": (
            f"{'inline' if is_shown else 'attachment'}; filename*=UTF-8''{quote(name, safe='')}"
        ),
        # Said to be encoded already: a part of a file that was compressed would be no part of it.
        "content-encoding": "identity",
    }
    if is_shown and (kind in _TEXT or kind.startswith("text/")):
        kind = "text/plain; charset=utf-8"
    first, last = 0, status.st_size - 1
    code = 200
    if asked is not None and (found := _RANGE.fullmatch(asked.strip())) and any(found.groups()):
        span = _span(found, status.st_size)
        if span is None:
            os.close(fd)
            answer = Problem(416, "HTTPError", f"the file has {status.st_size} bytes")
            answer.headers["content-range"] = f"bytes */{status.st_size}"
            return answer
        first, last = span
        code = 206
        headers["content-range"] = f"bytes {first}-{last}/{status.st_size}"
    headers["content-length"] = str(last - first + 1)
    return StreamingResponse(
        _parts(fd, first, last - first + 1), status_code=code, headers=headers, media_type=kind
    )


def _span(found: re.Match[str], size: int) -> tuple[int, int] | None:
    """Return the first and last byte of a range; None if the file has nothing of it."""
    start, end = found.groups()
    if len(start) > 18 or len(end) > 18:
        return None
    if not start:
        count = min(int(end), size)
        return (size - count, size - 1) if count else None
    first = int(start)
    last = min(int(end), size - 1) if end else size - 1
    return (first, last) if first <= last else None


def _parts(fd: int, first: int, count: int) -> Iterator[bytes]:
    """Yield so many bytes; fewer if the file is cut meanwhile."""
    try:
        while count > 0:
            data = os.pread(fd, min(count, _CHUNK), first)
            if not data:
                return
            first += len(data)
            count -= len(data)
            yield data
    finally:
        os.close(fd)
