"""A figure as one HTML file, drawn by the dashboard's own modules.

The file holds what it needs of `sonde.web`: the modules that draw the kind, joined to one script
as the server joins those of the dashboard, the style sheet, and the figure's numbers. Modules that
lie beside a page it may not import when it was opened from a folder.
"""

import json
import re
from collections.abc import Sequence
from functools import cache
from html import escape
from typing import Any

from sonde.analysis.figures import json_of, runs_of
from sonde.analysis.pictures.words import lane_names, said_by, title_of
from sonde.web import WEB, Joined, joined

__all__ = ["page_of", "script_of"]

_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)

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
</head>
<body>
<div id="app"><p class="waiting" role="status">Drawing…</p></div>
<noscript>This figure is drawn by JavaScript, which is switched off.</noscript>
<script type="application/json" id="data">{data}</script>
<script type="application/json" id="words">{words}</script>
<script type="module">
{script}</script>
</body>
</html>
"""


def page_of(figure: Any) -> str:
    """Return a figure as a page that needs nothing else."""
    title = title_of(figure)
    words = {
        "title": title,
        "name": re.sub(r"[^\w.-]+", "-", title).strip("-"),
        "said": said_by(figure),
        "lanes": _lanes(figure),
    }
    return _PAGE.format(
        title=escape(title),
        style=_style(),
        data=_json(json_of(figure)),
        words=_json(words),
        script=script_of(figure.kind).text,
    )


@cache
def script_of(kind: str) -> Joined:
    """Return the modules that draw a kind of figure, joined."""
    return joined(WEB, f"figures/{kind.replace('-', '_')}.js")


@cache
def _style() -> str:
    return _COMMENT.sub("", (WEB / "style.css").read_text(encoding="utf-8")).strip()


def _lanes(figure: Any) -> Sequence[Sequence[str]]:
    lanes = [getattr(run, "lanes", ()) for run in runs_of(figure)]
    return [lane_names([lane.agent for lane in of_one]) for of_one in lanes]


def _json(value: Any) -> str:
    # Within a page `</script>` in a name would end what holds it.
    return json.dumps(value, allow_nan=False, separators=(",", ":")).replace("<", "\\u003c")
