"""Every row of docs/ranges.md, run through the parser."""

import re
from pathlib import Path

import pytest

from sonde.core.distributions import Choice, Constant, Distribution
from sonde.core.notation.studioml import parse_hyperparam
from sonde.errors import ConfigError

PAGE = Path(__file__).parents[2] / "docs" / "ranges.md"


def rows(heading: str) -> list[tuple[str, str]]:
    """Return the rows of all tables under a second-level heading of the page."""
    section = PAGE.read_text(encoding="utf-8").split(f"## {heading}\n")[1].split("\n## ")[0]
    return re.findall(r"^\| `(.+?)` \| (.+) \|$", section, re.MULTILINE)


def points(distribution: Distribution) -> str:
    """Return the points as the page writes them."""
    assert isinstance(distribution, Choice | Constant)
    values = distribution.values if isinstance(distribution, Choice) else (distribution.value,)
    return ", ".join(map(repr, values))


@pytest.mark.parametrize(("text", "shown"), rows("Values one can list"))
def test_a_listed_range_has_the_points_the_page_shows(text: str, shown: str) -> None:
    assert points(parse_hyperparam(text).distribution) == shown


@pytest.mark.parametrize(("text", "shown"), rows("Values in between"))
def test_a_form_without_points_is_read_as_the_page_says(text: str, shown: str) -> None:
    parsed = parse_hyperparam(text)
    assert not isinstance(parsed.distribution, Constant)
    assert parsed.reading == shown


@pytest.mark.parametrize(("text", "shown"), rows("A guess"))
def test_a_guess_is_read_as_the_page_says(text: str, shown: str) -> None:
    parsed = parse_hyperparam(text)
    assert parsed.distribution.has_guess
    assert parsed.reading == shown


@pytest.mark.parametrize(("text", "reason"), rows("What is refused"))
def test_a_refused_range_is_refused_for_the_reason_the_page_gives(text: str, reason: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        parse_hyperparam(text)
    assert reason in refusal.value.found
    assert text in refusal.value.where
