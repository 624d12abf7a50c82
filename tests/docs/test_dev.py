"""`./dev` tells what it can do, and refuses what it cannot."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SHELLS = [shell for shell in ("sh", "dash", "bash", "busybox") if shutil.which(shell)]
TASKS = re.findall(r"^(\w+)(?: \|.*)?\) ", (ROOT / "dev").read_text(), re.MULTILINE)


def dev(*arguments: str, shell: str = "sh") -> subprocess.CompletedProcess[str]:
    run = [shell, *(["sh"] if shell == "busybox" else []), str(ROOT / "dev"), *arguments]
    return subprocess.run(run, capture_output=True, text=True, check=False, cwd="/")


@pytest.mark.parametrize("shell", SHELLS)
def test_help_lists_every_task_in_every_shell(shell: str) -> None:
    outcome = dev("help", shell=shell)
    assert outcome.returncode == 0
    assert {"setup", "demo", "test", "check", "docs", "bench", "golden"} <= set(TASKS)
    assert not [task for task in TASKS if f"./dev {task} " not in outcome.stdout]


def test_an_unknown_task_is_refused_with_the_list_of_those_there_are() -> None:
    outcome = dev("tset")
    assert outcome.returncode == 2
    assert "no task 'tset'" in outcome.stderr
    assert "./dev test" in outcome.stderr


def test_bench_lists_each_benchmark_with_its_question() -> None:
    listed = dev("bench").stdout + dev("bench").stderr
    for path in (ROOT / "benchmarks").glob("*.py"):
        assert re.search(rf"^  {path.stem} +\w", listed, re.MULTILINE)


def test_every_benchmark_is_on_the_page_of_benchmarks() -> None:
    page = (ROOT / "benchmarks" / "README.md").read_text(encoding="utf-8")
    assert not [p.stem for p in (ROOT / "benchmarks").glob("*.py") if f"`{p.stem}`" not in page]
