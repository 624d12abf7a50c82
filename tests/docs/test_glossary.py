"""docs/glossary.md has every word of the project, and of its states."""

import re
from pathlib import Path

import pytest

from sonde.core.trial import State

GLOSSARY = (Path(__file__).parents[2] / "docs" / "glossary.md").read_text(encoding="utf-8")
ENTRIES = set(re.findall(r"^\| \*\*(.+?)\*\* \| \S", GLOSSARY, re.MULTILINE))
WORDS = [
    "sweep", "parameter", "distribution", "space", "trial", "report", "metric", "goal", "loss",
    "resource", "rung", "bracket", "search method", "stopping rule", "controller", "agent", "lease",
    "executor", "store",
]  # fmt: skip


@pytest.mark.parametrize("word", [*WORDS, *(state.value for state in State)])
def test_the_glossary_says_what_a_word_means(word: str) -> None:
    assert word in ENTRIES
