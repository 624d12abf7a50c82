"""docs/server.md and docs/agents.md show what really happens, and leave no part of the API out."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from served import served
from sonde.server.app import create_app
from sonde.server.roles import Role
from sonde.server.tokens import Tokens
from sonde.store import open_store
from sonde.store.memory import MemoryStore

DOCS = Path(__file__).parents[2] / "docs"
SERVER = (DOCS / "server.md").read_text(encoding="utf-8")
AGENTS = (DOCS / "agents.md").read_text(encoding="utf-8")
SCRIPT = "lr = 0.01\nprint('loss', (lr - 0.03) ** 2)\n"


@pytest.fixture
def tokens(tmp_path: Path) -> Tokens:
    return Tokens(tmp_path / "tokens")


@pytest.fixture
def url(tmp_path: Path, tokens: Tokens) -> Iterator[str]:
    with (
        closing(open_store(str(tmp_path / "sonde.db"))) as store,
        served(store, tokens=tokens, decides=True) as client,
    ):
        yield str(client.base_url).rstrip("/")


def sonde(folder: Path, token: str, *argv: str) -> list[str]:
    """Type a command in a folder; return what it said to people."""
    done = subprocess.run(
        [sys.executable, "-m", "sonde", *argv],
        cwd=folder,
        env=os.environ | {"SONDE_TOKEN": token},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stderr.splitlines()


def test_an_agent_elsewhere_says_what_the_page_shows(
    tmp_path: Path, url: str, tokens: Tokens
) -> None:
    home, far = tmp_path / "home", tmp_path / "far"
    home.mkdir()
    far.mkdir()
    (home / "train.py").write_text(SCRIPT)
    admin, agent = tokens.add("anne", Role.ADMIN), tokens.add("node7", Role.AGENT)
    (home / "sweep.py").write_text(
        "import sonde\n"
        "space = {'lr': [0.01, 0.02, 0.03]}\n"
        "sonde.sweep('train.py', space, minimize='loss', metric_regex=r'loss (\\S+)',\n"
        f"            method='grid', name='first', store={url!r})\n"
    )
    subprocess.run(
        [sys.executable, "sweep.py"], cwd=home, env=os.environ | {"SONDE_TOKEN": admin}, check=True
    )
    (page,) = re.findall(r"^```\n(\$ export.*?)^```", AGENTS, re.DOTALL | re.MULTILINE)
    refused, _, allowed = page.partition("$ sonde agent")[2].partition("$ sonde agent")
    said = sonde(far, agent, "agent", f"{url}/first")
    assert said == refused.splitlines()[1:]
    said = sonde(far, agent, "agent", f"{url}/first", "--allow-command", "python train.py")
    shown = [re.sub(r"(lr|loss)=.*|/\d", "", line) for line in allowed.splitlines()[1:]]
    assert [re.sub(r"(lr|loss)=.*|/\d", "", line) for line in said[:3]] == shown[:3]
    assert said[-1] == shown[-1]


def test_what_a_server_answers_is_as_shown(url: str, tokens: Tokens) -> None:
    (answer,) = re.findall(r'^(\{"version".*)$', SERVER, re.MULTILINE)
    (problem,) = re.findall(r'^(\{"type".*)$', SERVER, re.MULTILINE)
    token = tokens.add("node7", Role.AGENT)
    assert httpx.get(f"{url}/api/v1/server", timeout=60).text == problem
    headers = {"authorization": f"Bearer {token}"}
    found = httpx.get(f"{url}/api/v1/server", headers=headers, timeout=60).json()
    assert list(found) == re.findall(r'"(\w+)":', answer)
    assert found["role"] == "agent"


def test_the_page_has_every_path_that_is_not_the_stores() -> None:
    described = {
        f"{method.upper()} {path}"
        for path, methods in create_app(MemoryStore()).openapi()["paths"].items()
        for method in methods
        if "/store/" not in path
    }
    assert set(re.findall(r"^\| `([A-Z]+ /api/[^`]+)`", SERVER, re.MULTILINE)) == described


def test_the_page_has_every_role() -> None:
    assert re.findall(r"^\| `(\w+)` \| (?:read|also)", SERVER, re.MULTILINE) == [
        role.word for role in Role
    ]
