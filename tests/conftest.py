"""What all tests share: importable builders beside the tests that use them."""

import sys
from pathlib import Path

# The builders (tests/core/trials.py, ...) are imported by their bare names.
for folder in ("agent", "cli", "core", "oracles"):
    sys.path.insert(0, str(Path(__file__).parent / folder))
