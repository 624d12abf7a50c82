"""What makes a Hydra program of the body of its function."""

from collections.abc import Callable
from pathlib import Path

import pytest

from hydra_program import Program


@pytest.fixture
def program(tmp_path: Path) -> Callable[[str], Program]:
    return lambda body: Program(tmp_path, body)
