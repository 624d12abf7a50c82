"""The benchmark's modules, imported by their bare names as its scripts do."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks" / "search"))
