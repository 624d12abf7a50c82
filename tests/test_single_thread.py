"""Linear algebra keeps to one thread while a search method thinks."""

import json
import subprocess
import sys

PROGRAM = """
import json, sys
from sonde.single_thread import SingleThread

single = SingleThread()
with single.on():
    untouched = "numpy" not in sys.modules
import scipy.linalg
from threadpoolctl import threadpool_info, threadpool_limits

def threads():
    return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}

threadpool_limits(2, user_api="blas")
before = threads()
for _ in range(2):
    with single.on():
        inside = threads()
print(json.dumps([untouched, sorted(before), sorted(inside), sorted(threads())]))
"""


def test_the_limit_holds_inside_only_and_costs_no_import_before_scipy_is_used() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == [True, [2], [1], [2]]
