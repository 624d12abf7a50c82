"""What is said of GPUs that a machine seems to lack."""

from pathlib import Path

import pytest

from sonde.cli import gpus
from sonde.cli.gpus import doubts


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without any: what is put into its folder `bin` is what it has."""
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr(gpus, "_DEVICES", (str(tmp_path / "driver"),))
    return tmp_path


def test_gpus_that_are_named_where_none_is_found_are_doubted_and_handed_out(machine: Path) -> None:
    (doubt,) = doubts(("0", "1"))
    assert "no GPU was found on this machine" in doubt
    assert not list(doubts(()))


def test_nothing_is_doubted_where_there_is_a_driver_or_the_user_says_what_is_visible(
    machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (machine / "driver").touch()
    assert not list(doubts(("0",)))
    (machine / "driver").unlink()
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3")
    assert not list(doubts(("0",)))


def test_a_number_that_nvidia_smi_does_not_list_is_named(machine: Path) -> None:
    program = machine / "bin" / "nvidia-smi"
    program.write_text("#!/bin/sh\necho 0\necho 1\n")
    program.chmod(0o755)
    assert list(doubts(("1", "GPU-8ac3"))) == []
    assert list(doubts(("1", "4"))) == ["--gpus: nvidia-smi lists 0, 1 here, and no 4"]
