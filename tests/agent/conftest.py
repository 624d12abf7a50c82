"""What the tests of agents share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from lab import Lab


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    lab = Lab(tmp_path / "löb & co")  # every test meets spaces and what is not ASCII
    yield lab
    lab.close()
