"""A figure as one HTML file, drawn by the dashboard's own modules.

The file holds what it needs of `sonde/web`: the modules that draw the kind, as they are installed,
the style sheet, and the figure's numbers. An import map names each module and gives it as a
`data:` URL, which a page may import that was opened from a folder; modules beside it, in files, it
may not. Paths within a module, `"../theme.js"`, become those names.
"""

import json
import re
from base64 import b64encode
from collections.abc import Sequence
from functools import cache
from html import escape
from pathlib import Path, PurePosixPath
from typing import Any

from sonde.analysis.figures import json_of
from sonde.analysis.pictures.words import lane_names, said_by, title_of

__all__ = ["modules_of", "page_of"]

_WEB = Path(__file__).parents[2] / "web"
_IMPORT = re.compile(r"""(\bfrom\s*|\bimport\s*\(?\s*)"(\.{1,2}/[^"]+)\"""")
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_PREFIX = "sonde/"
_LOADER = "figures/page.js"

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="generator" content="sonde">
<title>{title}</title>
<link rel="icon" href="data:,">
<style>
{style}
</style>
<script type="importmap">
{imports}
</script>
</head>
<body>
<div id="app"><p class="waiting" role="status">Drawing…</p></div>
<noscript>This figure is drawn by JavaScript, which is switched off.</noscript>
<script type="application/json" id="data">{data}</script>
<script type="application/json" id="words">{words}</script>
<script type="module">
import {{ show }} from "{prefix}{loader}";
import {{ Picture }} from "{prefix}{drawer}";
const read = (id) => JSON.parse(document.getElementById(id).textContent);
show(Picture, {{ ...read("words"), figure: read("data") }});
</script>
</body>
</html>
"""


def page_of(figure: Any) -> str:
    """Return a figure as a page that needs nothing else."""
    title = title_of(figure)
    drawer = _drawer(figure.kind)
    words = {
        "title": title,
        "name": re.sub(r"[^\w.-]+", "-", title).strip("-"),
        "said": said_by(figure),
        "lanes": _lanes(figure),
    }
    return _PAGE.format(
        title=escape(title),
        style=_COMMENT.sub("", (_WEB / "style.css").read_text(encoding="utf-8")).strip(),
        imports=json.dumps({"imports": _embedded(drawer)}, indent=0),
        data=_json(json_of(figure)),
        words=_json(words),
        prefix=_PREFIX,
        loader=_LOADER,
        drawer=drawer,
    )


def modules_of(kind: str) -> tuple[str, ...]:
    """Return the modules that draw a kind of figure: paths in `sonde/web`, sorted."""
    return _reached(_drawer(kind))


def _drawer(kind: str) -> str:
    return f"figures/{kind.replace('-', '_')}.js"


@cache
def _reached(drawer: str) -> tuple[str, ...]:
    found: set[str] = set()
    waiting = [drawer, _LOADER]
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            waiting += [_named(path, target) for _, target in _IMPORT.findall(_source(path))]
    return tuple(sorted(found))


@cache
def _embedded(drawer: str) -> dict[str, str]:
    """Return the modules as `data:` URLs, by name."""
    return {_PREFIX + path: _url(path) for path in _reached(drawer)}


def _url(path: str) -> str:
    def renamed(found: re.Match[str]) -> str:
        return f'{found[1]}"{_PREFIX}{_named(path, found[2])}"'

    source = _IMPORT.sub(renamed, _source(path))
    return f"data:text/javascript;base64,{b64encode(source.encode()).decode()}"


@cache
def _source(path: str) -> str:
    return (_WEB / path).read_text(encoding="utf-8")


def _named(path: str, target: str) -> str:
    """Return the module that another one means by a relative path."""
    parts: list[str] = []
    for part in (PurePosixPath(path).parent / target).parts:
        if part == "..":
            parts.pop()
        else:
            parts.append(part)
    return "/".join(parts)


def _lanes(figure: Any) -> Sequence[Sequence[str]]:
    runs = getattr(figure, "runs", (figure,))
    return [lane_names([lane.agent for lane in getattr(run, "lanes", ())]) for run in runs]


def _json(value: Any) -> str:
    # Within a page `</script>` in a name would end what holds it.
    return json.dumps(value, allow_nan=False, separators=(",", ":")).replace("<", "\\u003c")
