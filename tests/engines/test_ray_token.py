"""A Ray cluster that asks for a token: by its address, and through its Jobs API."""

import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from engines import Site
from ray_cluster import GuardedRay
from sonde.core.trial import State

WORDS = (
    "--hyperparam",
    "x=0:3",
    "--metric",
    "loss",
    "--progress",
    "plain",
    "sh",
    "train.sh",
    "{x}",
)


@pytest.fixture(scope="module")
def guarded() -> Iterator[GuardedRay]:
    cluster = GuardedRay()
    yield cluster
    cluster.close()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path)
    yield site
    site.store.close()


def run(site: Site, env: Mapping[str, str], *words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "sonde", "run", "--store", site.store.url, *words, *WORDS],
        cwd=site.base / "project", env=env, capture_output=True, text=True, timeout=200,
        check=False,
    )  # fmt: skip


def check_done(site: Site) -> None:
    (record,) = site.store.list_sweeps()
    states = Counter(trial.state for trial in site.store.changes(record.id).trials)
    assert states == {State.DONE: 4}
    site.check_ended(4, [])


def test_who_knows_the_token_runs_trials_there(site: Site, guarded: GuardedRay) -> None:
    done = run(site, guarded.env, "--on", "ray", "--address", guarded.address)
    assert done.returncode == 0, done.stderr
    check_done(site)


def test_a_stranger_is_refused_and_told_of_tokens(site: Site, guarded: GuardedRay) -> None:
    # Ray tries it 20 times, once a second, if it is not told otherwise.
    env = {**guarded.env, "RAY_AUTH_TOKEN": "0" * 64, "RAY_NUM_REDIS_GET_RETRIES": "2"}
    done = run(site, env, "--on", "ray", "--address", guarded.address)
    assert done.returncode == 2
    assert "no Ray cluster can be used there" in done.stderr
    assert "wants RAY_AUTH_MODE=token and RAY_AUTH_TOKEN" in done.stderr
    assert not site.store.list_sweeps()


def test_a_job_of_the_jobs_api_drives_a_sweep_with_the_code_that_came_along(
    site: Site, guarded: GuardedRay
) -> None:
    job = guarded.submit(
        "--working-dir", str(site.base / "project"), "--", sys.executable, "-m", "sonde", "run",
        "--store", site.store.url, "--on", "ray", *WORDS,
    )  # fmt: skip
    assert job.returncode == 0, job.stdout + job.stderr
    assert "finished 4/4" in job.stdout
    check_done(site)
