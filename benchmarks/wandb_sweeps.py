"""Do wandb/sweeps' own tests pass on sonde, and if not, why?

    git clone https://github.com/wandb/sweeps /tmp/sweeps
    ./dev bench wandb_sweeps /tmp/sweeps            # further words go to pytest

They run unchanged, with benchmarks/wandb_shim first on the path; nothing of them is copied here.
Needs jsonschema.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
# What is in the name of a test that fails, and why it does; the first that fits counts.
KNOWN = {
    "scheduler": "W&B Launch's schedulers, which are not here",
    "test_bayes_search.py": "looks into W&B's Gaussian process, which sonde's bayes is not",
    "metrics_requires_custom": "sonde takes several objectives with every method",
    "metric_and_metrics": "the wording of a message",
    "caches_repeated_yaml_hash": "counts calls inside W&B's grid",
    "nan_values": "NaN is no value to try: no program can be told it, no result compared",
    "normalize_runs": "nor is infinity",
    "list_and_tuple": "values are JSON: a list and a tuple of the same are one point, not two",
    "q_uniform_bounded_grid": "decimals are clean: 0.3, and not 0.30000000000000004",
    "q_loguniform": "quantised values stay within the bounds; W&B's leave them, down to 0",
}


def main(arguments: list[str]) -> int:
    """Run them and print what failed with its reason; 1 if one has none."""
    if not arguments:
        print(__doc__)
        return 2
    checkout, *rest = arguments
    with tempfile.TemporaryDirectory() as folder:
        tests = Path(folder) / "tests"
        shutil.copytree(Path(checkout) / "tests", tests)
        path = os.pathsep.join([str(HERE / "wandb_shim"), str(Path(folder))])
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-rfE",
                   "--rootdir", folder, "-o", "addopts=", *rest, str(tests)]  # fmt: skip
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, check=False,
            env=os.environ | {"PYTHONPATH": path, "PYTHONWARNINGS": "ignore"},
        )  # fmt: skip
    lines = done.stdout.splitlines()
    unknown = 0
    for line in lines:
        if not re.match("(FAILED|ERROR) ", line):
            continue
        reason = next((why for part, why in KNOWN.items() if part in line), None)
        unknown += reason is None
        print(f"{line[:110]}\n    {reason or 'not known why'}")
    print(lines[-1] if lines else done.stderr)
    return 1 if unknown or not lines else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
