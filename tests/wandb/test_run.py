"""A run, by itself and in a trial."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import sonde.wandb as wandb
from sonde import tracking
from sonde.errors import ConfigError
from sonde.wandb import current


@pytest.fixture(autouse=True)
def fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith(("WANDB_", "SONDE_")):
            monkeypatch.delenv(name)
    tracking.reset()
    current.begin(None)
    yield
    current.begin(None)
    tracking.reset()


@pytest.fixture
def trial(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "trial"
    folder.mkdir()
    (folder / "params.json").write_text('{"lr": 0.1, "opt.beta": 0.9}')
    for name, value in {
        "SONDE_TRIAL_DIR": folder, "SONDE_PARAMS": folder / "params.json",
        "SONDE_SWEEP": "abcd2345", "SONDE_TRIAL": "3", "SONDE_ATTEMPT": "2",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, str(value))
    return folder


def reports(folder: Path) -> list[dict[str, Any]]:
    lines = (folder / "reports.jsonl").read_text().splitlines()
    return [{k: v for k, v in json.loads(line).items() if k != "_time"} for line in lines]


def test_importing_it_loads_the_standard_library_only() -> None:
    code = "import sys; before = set(sys.modules); import sonde.wandb; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert not {"numpy", "sonde.core", "sonde.store", "msgspec", "yaml", "click"} & set(loaded)


def test_the_calls_are_counted_as_steps_and_commit_false_holds_the_step(trial: Path) -> None:
    with wandb.init():
        wandb.log({"loss": 1.0})
        wandb.log({"acc": 0.5}, commit=False)
        wandb.log({"loss": 0.5})
        wandb.log({"loss": 0.25}, step=7)
        wandb.log({"acc": 0.75}, step=7)
        wandb.log({"loss": 0.125})
        wandb.log({"loss": 0.0})
    assert reports(trial) == [
        {"step": 0, "loss": 1.0}, {"step": 1, "acc": 0.5}, {"step": 1, "loss": 0.5},
        {"step": 7, "loss": 0.25}, {"step": 7, "acc": 0.75}, {"step": 7, "loss": 0.125},
        {"step": 8, "loss": 0.0},
    ]  # fmt: skip


def test_a_lower_step_is_dropped_with_a_warning(
    trial: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with wandb.init() as run:
        run.log({"loss": 1.0}, step=5)
        run.log({"loss": 2.0}, step=3)
    assert reports(trial) == [{"step": 5, "loss": 1.0}]
    assert "log(step=3) is below step 5, so it is dropped" in capsys.readouterr().err


def test_only_numbers_are_recorded_and_dicts_become_names_with_dots(
    trial: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import numpy as np

    with wandb.init() as run:
        image = wandb.Image(np.zeros((2, 2)))
        run.log({"a": {"b": np.float32(0.5)}, "ok": True, "text": "x", "image": image, "_i": 3})
        assert run.summary["text"] == "x"
    assert reports(trial) == [{"step": 0, "a.b": 0.5, "ok": 1.0}]
    said = capsys.readouterr().err
    assert "image is a Image, which is not recorded" in said
    assert "log: text is text, which the summary keeps and no curve has" in said
    with pytest.raises(ConfigError, match="write for instance"), wandb.init() as run:
        run.log(0.3)  # type: ignore[arg-type]


def test_in_a_trial_the_sweeps_values_win_over_those_of_init_and_of_the_defaults(
    trial: Path, tmp_path: Path
) -> None:
    (tmp_path / "config-defaults.yaml").write_text("lr: {value: 9}\nbs: {value: 8}\nseed: 1\n")
    with wandb.init(config={"lr": 5, "bs": 16}):
        assert wandb.config.as_dict() == {"lr": 0.1, "bs": 16, "seed": 1, "opt.beta": 0.9}
        wandb.config.lr = 7
        assert wandb.config["lr"] == 0.1
        wandb.config.update({"new": 1})
        assert wandb.run is not None
        assert wandb.run.config.new == 1


def test_values_that_the_agent_left_for_wandb_are_nested(
    trial: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = trial / "sweep_params.yaml"
    path.write_text('{"wandb_version": 1, "lr": {"value": 0.1}, "opt": {"value": {"beta": 0.9}}}')
    monkeypatch.setenv("WANDB_SWEEP_PARAM_PATH", str(path))
    with wandb.init() as run:
        assert run.config.as_dict() == {"lr": 0.1, "opt": {"beta": 0.9}}
    path.write_text("lr:\n  value: 1e-3\n")
    with wandb.init() as run:
        assert run.config.lr == 1e-3


def test_a_run_knows_its_trial(trial: Path) -> None:
    with wandb.init(project="p", tags="one", job_type="train") as run:
        assert (run.id, run.sweep_id, run.resumed) == ("abcd2345-3", "abcd2345", True)
        assert (run.project, run.tags, run.job_type, run.name) == ("p", ("one",), "train", run.id)
        assert run.dir == str(trial / "artifacts")


def test_what_a_script_puts_into_the_summary_is_reported_when_it_ends(trial: Path) -> None:
    with wandb.init() as run:
        run.log({"acc": 0.5})
        wandb.summary["best_acc"] = 0.75
        run.summary.update({"note": "good", "acc": 0.875})
        assert wandb.summary["acc"] == 0.875
        assert run.summary.best_acc == 0.75
    assert reports(trial) == [{"step": 0, "acc": 0.5}, {"step": 1, "best_acc": 0.75, "acc": 0.875}]
    assert wandb.run is None


def test_define_metric_chooses_what_the_summary_keeps() -> None:
    with wandb.init() as run:
        for name, kind in {"a": "min", "b": "max", "c": "mean", "d": "last", "e": "none"}.items():
            run.define_metric(name, summary=kind)
        wandb.define_metric("f", summary="best", goal="maximize")
        for value in (2, 1, 6):
            run.log(dict.fromkeys("abcdef", value))
        assert dict(run.summary) == {"a": 1, "b": 6, "c": 3.0, "d": 6, "f": 6}
        with pytest.raises(ValueError, match="there is no summary 'median'"):
            run.define_metric("a", summary="median")


def test_outside_of_a_sweep_nothing_is_written(tmp_path: Path) -> None:
    with wandb.init(config={"lr": 1}) as run:
        run.log({"loss": 1.0})
        assert run.summary["loss"] == 1.0
        assert run.sweep_id is None
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("how", ["mode", "WANDB_MODE", "WANDB_DISABLED", "settings"])
def test_a_disabled_run_keeps_nothing(
    how: str, trial: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options: dict[str, Any] = {}
    if how == "mode":
        options["mode"] = "disabled"
    elif how == "settings":
        options["settings"] = wandb.Settings(mode="disabled")
    else:
        monkeypatch.setenv(how, "true" if how == "WANDB_DISABLED" else "disabled")
    with wandb.init(**options) as run:
        assert run.disabled
        run.log({"loss": 1.0})
    assert not (trial / "reports.jsonl").exists()


def test_without_a_run_it_is_said_what_to_call() -> None:
    for use in (lambda: wandb.log({"a": 1}), lambda: wandb.config.lr, lambda: wandb.summary["a"]):
        with pytest.raises(ConfigError, match=r"there is no run; call wandb.init\(\) before"):
            use()
    assert wandb.run is None
    wandb.finish()


def test_a_second_init_goes_on_with_the_run_unless_it_is_to_begin_anew() -> None:
    first = wandb.init(config={"a": 1})
    assert wandb.init(config={"b": 2}) is first
    assert first.config.as_dict() == {"a": 1, "b": 2}
    second = wandb.init(reinit=True)
    assert second is not first
    assert wandb.run is second


def test_an_error_finishes_the_run_with_exit_code_1() -> None:
    with pytest.raises(ZeroDivisionError), wandb.init() as run:
        _ = 1 / 0
    assert run.exit_code == 1


def test_the_names_that_scripts_call_are_there_and_harm_nobody(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert wandb.login(key="x") is True
    wandb.setup()
    wandb.watch(object(), log="all")
    wandb.unwatch()
    wandb.save("model.pt")
    wandb.alert("done", "all of it")
    table = wandb.Table(columns=["a"])
    table.add_data(1)
    artifact = wandb.Artifact("model", type="model")
    artifact.add_file("model.pt")
    with wandb.init() as run:
        run.watch(object())
        run.log_artifact(artifact)
        run.log({"table": table})
    wandb.teardown()
    assert "alert: done: all of it" in capsys.readouterr().err
    with pytest.raises(AttributeError, match=r"docs/wandb\.md"):
        _ = wandb.beta


def test_marking_a_run_as_preempting_leaves_word_in_the_trials_folder(trial: Path) -> None:
    with wandb.init():
        wandb.mark_preempting()
    assert (trial / "preempting").exists()


def test_wandbs_variables_name_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    variables = {"PROJECT": "p", "ENTITY": "e", "NAME": "n", "RUN_GROUP": "g", "JOB_TYPE": "j",
                 "NOTES": "why", "TAGS": "a, b", "RUN_ID": "id1"}  # fmt: skip
    for name, value in variables.items():
        monkeypatch.setenv(f"WANDB_{name}", value)
    with wandb.init() as run:
        found = (run.project, run.entity, run.name, run.group, run.job_type, run.notes, run.id)
        assert found == ("p", "e", "n", "g", "j", "why", "id1")
        assert run.tags == ("a", "b")
