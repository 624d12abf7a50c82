"""A sweep on a cluster whose autoscaler starts machines for its agents, and ends them."""

import json
import os
import subprocess
import sys
from pathlib import Path

from engines import Site

PROGRAM = Path(__file__).parents[2] / "builders" / "growing_cluster.py"


def test_machines_come_for_agents_that_wait_and_go_when_they_idle(tmp_path: Path) -> None:
    site = Site(tmp_path)
    sweep = site.sweep(9, pause=1.0)
    alone = "ip link set lo up && mkdir -p /tmp/ray && mount -t tmpfs tmpfs /tmp/ray && "
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        ["unshare", "-n", "-m", "-p", "-f", "--mount-proc", "sh", "-c", alone + 'exec "$@"', "sh",
         sys.executable, str(PROGRAM), site.store.url, sweep],
        env=os.environ | {"PATH": path, "HOME": str(tmp_path)}, capture_output=True, text=True,
        timeout=280, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-3000:]
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("{")]  # Ray talks
    found = json.loads(line)
    assert found["code"] == 0, found["said"]
    assert (found["counts"][0], max(found["counts"]), found["left"]) == (0, 3, 0)
    site.check_ended(9, [])
    site.store.close()
