"""The words of a trial's origin say from which trial it goes on."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sonde.core.lineage import Lineage, is_proposed, lineage_of

numbers = st.integers(0, 10**6)


@given(st.none() | numbers, numbers)
def test_what_is_written_is_read_again(parent: int | None, place: int) -> None:
    lineage = Lineage(parent=parent, place=place)
    assert lineage_of(lineage.origin) == lineage
    assert is_proposed(lineage.origin)


def test_it_reads_as_a_phrase() -> None:
    assert Lineage(parent=7, place=7).origin == "from 7"
    assert Lineage(parent=7, place=3).origin == "from 7 instead of 3"
    assert Lineage(parent=None, place=3).origin == "instead of 3"


@pytest.mark.parametrize("origin", ["method", "user", "repeat", "import", "from", "from x", ""])
def test_other_origins_are_of_no_trial(origin: str) -> None:
    assert lineage_of(origin) is None
