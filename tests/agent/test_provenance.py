"""What is recorded with a sweep of where it came from."""

import json
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

from sonde.agent.provenance import facts_of


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=n", "-c", "user.email=e@example.org"]
    done = subprocess.run(
        ["git", "-C", folder, *identity, *arguments], check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def test_commit_and_changes_are_recorded(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    (tmp_path / "train.py").write_text("lr = 1\n")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "first")
    facts, _ = facts_of(tmp_path, ["train.py"])
    assert facts["git"]["commit"] == git(tmp_path, "rev-parse", "HEAD")
    assert facts["git"]["dirty"] is False
    (tmp_path / "train.py").write_text("lr = 2\n")
    (tmp_path / "new ä.py").write_text("")
    facts, blobs = facts_of(tmp_path, ["train.py"])
    assert facts["git"]["dirty"] is True
    assert facts["git"]["untracked"] == ["new ä.py"]
    assert b"+lr = 2" in blobs[facts["git"]["diff"]]


def test_without_a_repository_there_is_no_git(tmp_path: Path) -> None:
    assert "git" not in facts_of(tmp_path, [])[0]


def test_a_repository_without_commits_is_no_fault(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    assert "git" not in facts_of(tmp_path, [])[0]


def test_python_packages_and_machine_are_recorded_as_json(tmp_path: Path) -> None:
    facts, blobs = facts_of(tmp_path, ["train.py", "30"])
    assert json.loads(json.dumps(facts)) == facts
    assert facts["argv"] == ["train.py", "30"]
    assert facts["python"]["version"] == sys.version.split()[0]
    assert b"\nnumpy==" in blobs[facts["packages"]]
    assert {"host", "platform", "cores", "folder", "user", "made"} <= facts.keys()
    assert all(sha256(data).hexdigest() == key for key, data in blobs.items())


def test_the_packages_of_another_python_are_asked_from_it(tmp_path: Path) -> None:
    other = tmp_path / "python"
    other.write_text('#!/bin/sh\necho \'{"version": "3.9.1", "packages": ["torch==2"]}\'\n')
    other.chmod(0o755)
    facts, blobs = facts_of(tmp_path, [], str(other))
    assert facts["python"] == {"path": str(other), "version": "3.9.1", "count": 1}
    assert blobs[facts["packages"]] == b"torch==2"


def test_a_python_that_does_not_answer_is_recorded_without_packages(tmp_path: Path) -> None:
    facts, _ = facts_of(tmp_path, [], str(tmp_path / "none"))
    assert facts["python"] == {"path": str(tmp_path / "none")}
    assert "packages" not in facts
