"""`import sonde`: what it offers, and how little it costs a training script."""

import json
import resource
import subprocess
import sys
from typing import Any

import pytest

import sonde

NAMES = [
    "AmbiguousError", "Choice", "ConfigError", "ConfigErrors", "ConflictError", "ExhaustedError",
    "Float", "IllegalTransitionError", "Int", "LeaseLostError", "NotFoundError", "SondeError",
    "Space", "Stopped", "StoreError", "StoreVersionError", "Sweep", "SweepExistsError", "Trial",
    "TrialError", "__version__", "checkpoint", "config", "finish", "init", "log", "seed",
    "should_stop", "summary", "sweep",
]  # fmt: skip


def loaded_by(code: str) -> set[str]:
    """Return the modules that a piece of code loads in a fresh interpreter."""
    tail = "\nimport sys, json; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code + tail], capture_output=True, text=True, check=True
    )
    return set(json.loads(done.stdout))


def cpu_s(code: str, times: int = 8) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    for _ in range(times):
        subprocess.run([sys.executable, "-c", code], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) / times


def test_the_public_names_are_these() -> None:
    assert sonde.__all__ == NAMES
    assert dir(sonde) == NAMES


def test_every_public_name_is_there_and_lives_where_it_says() -> None:
    for name in NAMES:
        assert getattr(sonde, name) is not None
    assert sonde.__version__.startswith("0.")
    space: dict[str, Any] = {}
    exec("from sonde import *", space)
    assert set(NAMES) <= space.keys()


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'sonde' has no attribute 'study'"):
        _ = sonde.study
    assert not hasattr(sonde, "train")


@pytest.mark.parametrize("code", [
    "import sonde",
    "import sonde; sonde.init(lr=1); sonde.config.lr; sonde.log(a=1.0); sonde.should_stop()",
])  # fmt: skip
def test_a_training_script_loads_the_standard_library_and_sondes_tracking_only(code: str) -> None:
    bare, loaded = loaded_by("pass"), loaded_by(code)
    ours = {name for name in loaded if name.split(".")[0] == "sonde"}
    assert ours <= {"sonde", "sonde.errors", "sonde.tracking", "sonde.tracking.run"}
    others = {name.split(".")[0] for name in loaded - bare - ours}
    assert others <= sys.stdlib_module_names


def test_importing_it_costs_next_to_nothing() -> None:
    # 1 ms measured; the bound is loose, as this machine may be busy. benchmarks/imports.py
    assert cpu_s("import sonde; sonde.log") - cpu_s("pass") < 0.030
