import subprocess
import sys
from pathlib import Path

import pytest

from sonde.errors import ConfigError
from sonde.studio import fs_tracker
from sonde.tensorboard import summary
from sonde.tensorboard.ingest import Tail


@pytest.fixture
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("SONDE_TRIAL_DIR", "SONDE_CHECKPOINT_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_in_a_trial_everything_lies_in_its_directory(
    alone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SONDE_TRIAL_DIR", str(alone / "trial"))
    assert fs_tracker.get_tensorboard_dir() == str(alone / "trial" / "tb")
    assert fs_tracker.get_model_directory() == str(alone / "trial" / "model")
    assert fs_tracker.get_artifact("out/a") == str(alone / "trial" / "artifacts" / "out" / "a")
    assert (alone / "trial" / "artifacts" / "out" / "a").is_dir()


def test_the_model_lies_where_the_next_attempt_finds_it(
    alone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SONDE_TRIAL_DIR", str(alone / "trial"))
    monkeypatch.setenv("SONDE_CHECKPOINT_DIR", str(alone / "kept"))
    assert fs_tracker.get_model_directory() == str(alone / "kept")
    assert (alone / "kept").is_dir()


def test_without_a_trial_everything_lies_in_the_working_directory(alone: Path) -> None:
    assert fs_tracker.get_tensorboard_dir() == str(alone / ".sonde" / "local" / "tb")
    assert fs_tracker.get_model_directory() == str(alone / ".sonde" / "local" / "model")
    assert fs_tracker.get_artifact("x") == str(alone / ".sonde" / "local" / "artifacts" / "x")


@pytest.mark.parametrize("tag", ["", ".", "..", "a/../..", "/etc"])
def test_an_artifact_stays_among_the_artifacts(alone: Path, tag: str) -> None:
    with pytest.raises(ConfigError, match="is not the name of a directory"):
        fs_tracker.get_artifact(tag)


def test_what_a_script_logs_in_its_tensorboard_directory_is_found(
    alone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SONDE_TRIAL_DIR", str(alone / "trial"))
    with summary.create_file_writer(fs_tracker.get_tensorboard_dir()).as_default():
        summary.scalar("val_loss", 0.0, step=0)
    (scalar,) = Tail(alone / "trial").poll()
    assert (scalar.run, scalar.tag, scalar.value) == ("tb", "val_loss", 0.0)


def test_the_door_loads_the_standard_library_only() -> None:
    program = """
import sys
before = set(sys.modules)
from sonde.studio import fs_tracker
loaded = {name.partition(".")[0] for name in set(sys.modules) - before}
print(loaded - sys.stdlib_module_names - {"sonde"} or "nothing else")
"""
    command = [sys.executable, "-c", program]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert output == "nothing else\n"
