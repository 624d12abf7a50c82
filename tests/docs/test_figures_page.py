"""docs/figures.md: every kind stands there, with the fields that its data has."""

import re
from pathlib import Path
from typing import Any

import pytest

from figured import SPACE, draw, snapshot_of
from sonde.analysis.figures import KINDS, json_of
from trials import make

PAGE = (Path(__file__).parents[2] / "docs" / "figures.md").read_text()
ROWS = dict(
    re.findall(r"^\| `([a-z-]+)` \| (.+) \|$", PAGE.partition("fields beside")[2], re.MULTILINE)
)
COMMON = set(re.findall(r"`(\w+)`", PAGE.partition("again and again")[2].partition("| kind |")[0]))


def _names(document: Any) -> set[str]:
    """All keys of a document, those of parameters, states and the like left out."""
    if isinstance(document, list):
        return set().union(*map(_names, document)) if document else set()
    if not isinstance(document, dict):
        return set()
    free = {"states", "omitted"}  # their keys are words
    found = set(document)
    for key, value in document.items():
        found |= set() if key in free else _names(value)
    return found


def test_every_kind_has_its_rows() -> None:
    kinds = re.findall(
        r"^\| `([a-z-]+)` \|", PAGE.partition("## Kinds")[2].partition("##")[0], re.MULTILINE
    )
    assert tuple(kinds) == KINDS
    assert set(ROWS) == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_every_field_of_a_figure_is_told_of(kind: str) -> None:
    trials = [
        make(n, params=SPACE.at([(n + 0.5) / 9] * 5), loss=n * 1.5, speed=float(n))
        for n in range(9)
    ]
    told = set(re.findall(r"`(\w+)`", ROWS[kind])) | COMMON | {"kind"}
    if "as `parallel`" in ROWS[kind]:
        told |= set(re.findall(r"`(\w+)`", ROWS["parallel"]))
    assert _names(json_of(draw(kind, snapshot_of(trials)))) <= told
