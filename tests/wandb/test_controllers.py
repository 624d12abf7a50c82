"""`wandb.controller`: steps, methods and functions of the user's own, offline."""

import inspect
import json
import os
import threading
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import sonde.wandb as wandb
from sonde.core.trial import State
from sonde.errors import ConfigError, NotFoundError
from sonde.store import open_store
from sonde.wandb import controllers
from sonde.wandb.controllers import Controller
from sonde.wandb.seen import SweepRun

GRID: dict[str, Any] = {
    "method": "grid",
    "metric": {"name": "loss"},
    "parameters": {"lr": {"values": [0.1, 0.2]}, "opt": {"parameters": {"b": {"value": 1}}}},
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(controllers, "STEP_S", 0.05)
    for name in list(os.environ):
        if name.startswith(("WANDB_", "SONDE_")):
            monkeypatch.delenv(name)
    (tmp_path / ".sonde").mkdir()
    return tmp_path


def train() -> None:
    with wandb.init():
        wandb.log({"loss": wandb.config.lr})
        wandb.log({"loss": wandb.config.lr * 2})


def test_a_sweep_is_configured_step_by_step_and_then_made_once() -> None:
    tuner = wandb.controller()
    tuner.configure_search("random")
    tuner.configure_program("trian.py")
    tuner.configure_metric("loss", goal="maximize")
    tuner.configure_parameter("lr", min=0.0, max=1.0)
    tuner.configure_parameter("opt", values=["adam", "sgd"])
    tuner.configure_parameter("n", distribution="q_uniform", min=1, max=9, q=2)
    tuner.configure_stopping("hyperband", min_iter=3)
    tuner.configure_controller(type="local")
    tuner.configure_name("mine")
    tuner.configure_description("by hand")
    tuner.configure(run_cap=7)
    Path("train.py").write_text("")
    with pytest.raises(ConfigError, match=r"there is no trian\.py in this folder; did you mean"):
        tuner.create()
    tuner.configure_program("train.py")
    sweep = tuner.create()
    with closing(open_store(None)) as store:
        record = store.get_sweep(sweep)
    assert (record.name, record.notes, record.budget.trials) == ("mine", "by hand", 7)
    assert record.sweep.stopping == "hyperband(min_iter=3)"
    assert [p.name for p in record.sweep.space.parameters] == ["lr", "opt", "n"]
    with pytest.raises(ConfigError, match="is made; do it before create"):
        tuner.configure_metric("acc")


def test_each_step_schedules_one_run_until_the_method_has_no_more() -> None:
    tuner = wandb.controller(GRID)
    assert tuner.sweep_id is not None
    for expected in (1, 2):
        tuner.step()
        tuner.step()  # one waits already
        assert len(tuner.runs) == expected
        assert not tuner.done()
        wandb.agent(tuner.sweep_id, train, workers=0, count=1)
    tuner.step()
    assert tuner.done()
    first, second = tuner.runs
    assert first.config == {"lr": {"value": 0.1}, "opt": {"value": {"b": 1}}}
    assert (first.state, second.state) == ("finished", "finished")
    assert second.metric_history("loss") == [0.2, 0.4]
    assert second.summary_metrics["loss"] == 0.4


def test_a_function_of_the_users_own_decides_what_is_tried_and_nobody_else() -> None:
    asked: list[int] = []

    def search(tuner: Controller) -> Mapping[str, Any] | None:
        asked.append(len(tuner.runs))
        return {"lr": {"value": 0.2}} if len(tuner.runs) < 2 else None

    tuner = wandb.controller(GRID | {"method": search, "run_cap": 2})
    assert tuner.sweep_id is not None
    sweep = tuner.sweep_id
    agent = threading.Thread(target=lambda: wandb.agent(sweep, train, workers=0))
    agent.start()
    tuner.run(print_status=False)
    agent.join(100)
    assert [run.config["lr"]["value"] for run in tuner.runs] == [0.2, 0.2]
    assert asked[:2] == [0, 1]
    assert {run.state for run in tuner.runs} == {"finished"}


def test_what_a_function_proposes_has_to_be_a_point_of_the_space() -> None:
    tuner = wandb.controller(GRID)
    with pytest.raises(ConfigError, match="lr: 5 is not in"):
        tuner.schedule({"lr": {"value": 5}})
    tuner.schedule(SweepRun(config={"lr": {"value": 0.2}, "opt": {"value": {"b": 1}}}))
    tuner.schedule({"config": {"lr": 0.1}})
    assert [run.config["lr"]["value"] for run in tuner.runs] == [0.2, 0.1]


def test_a_function_or_a_rule_says_which_runs_are_stopped() -> None:
    tuner = wandb.controller(GRID)
    tuner.step()
    with closing(open_store(None)) as store:
        from sonde.controller import utc_now
        from sonde.store.protocol import Ask

        assert tuner.sweep_id is not None
        store.lease(tuner.sweep_id, Ask(agent="a"), utc_now())
    assert not tuner.stopping()
    tuner.stop_runs(run for run in tuner.runs if run.state == "running")
    tuner.print_actions()
    with closing(open_store(None)) as store:
        (trial,) = store.changes(tuner.sweep_id).trials
    assert trial.state is State.RUNNING
    assert trial.asked == "stop"


def test_a_controller_takes_up_a_sweep_that_is_there_and_tells_how_it_stands(
    capsys: pytest.CaptureFixture[str],
) -> None:
    sweep = wandb.sweep(GRID)
    tuner = wandb.controller(f"anne/digits/{sweep}")
    assert str(tuner) == f"controller of sweep {sweep}"
    tuner.step()
    tuner.print_status()
    tuner.print_space()
    said = capsys.readouterr().err
    assert f"Sweep: {sweep} (grid) | Runs: 1 (Waiting: 1)" in said
    assert "lr: {0.1, 0.2}" in said
    with pytest.raises(NotFoundError):
        wandb.controller("typo")
    with pytest.raises(ConfigError, match="there is no sweep yet"):
        wandb.controller().step()


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("configure_search", ["search"]),
        ("configure_stopping", ["stopping"]),
        ("configure_metric", ["metric", "goal"]),
        ("configure_program", ["program"]),
        ("configure_name", ["name"]),
        ("configure_description", ["description"]),
        ("configure_controller", ["type"]),
        ("configure_parameter", ["name", "values", "value", "distribution", "min", "max", "mu",
                                 "sigma", "q", "a", "b"]),
        ("configure", ["sweep_dict_or_config"]),
        ("create", []),
        ("run", ["verbose", "print_status", "print_actions", "print_debug"]),
        ("step", []),
        ("done", []),
        ("search", []),
        ("schedule", ["run"]),
        ("stopping", []),
        ("stop_runs", ["runs"]),
        ("print_status", []),
        ("print_actions", []),
        ("print_space", []),
    ],
)  # fmt: skip
def test_each_of_wandbs_names_takes_its_arguments_in_its_order(
    name: str, arguments: list[str]
) -> None:
    found = inspect.signature(getattr(Controller, name)).parameters.values()
    own = [one.name for one in found if one.kind is not inspect.Parameter.VAR_KEYWORD]
    assert own[: len(arguments) + 1] == ["self", *arguments]


@pytest.mark.parametrize("given", [GRID | {"run_cap": 2}, json.dumps(GRID | {"run_cap": 2})])
def test_a_whole_sweep_is_configured_by_a_dict_or_by_yaml(given: Any) -> None:
    tuner = wandb.controller()
    tuner.configure(given)
    with closing(open_store(None)) as store:
        record = store.get_sweep(tuner.create())
    assert record.budget.trials == 2
    with pytest.raises(ConfigError, match="give a dict"):
        wandb.controller().configure(7)  # type: ignore[arg-type]


def test_functions_of_two_arguments_are_given_the_config_and_the_runs_as_wandbs_are() -> None:
    asked: list[tuple[str, int]] = []

    def search(config: dict[str, Any], runs: list[SweepRun]) -> SweepRun | None:
        asked.append((config["method"], len(runs)))
        return SweepRun(config={"lr": {"value": 0.2}}) if len(runs) < 2 else None

    def stopping(config: dict[str, Any], runs: list[SweepRun]) -> list[SweepRun]:
        return [run for run in runs if config["metric"]["name"] == "loss"][:1]

    tuner = wandb.controller()
    tuner.configure({key: value for key, value in GRID.items() if key != "method"})
    tuner.configure_search(search)
    tuner.configure_stopping(stopping)
    tuner.create()
    tuner.schedule(tuner.search())
    tuner.schedule(tuner.search())
    assert asked == [("custom", 0), ("custom", 1)]
    assert tuner.search() is None
    assert [run.number for run in tuner.stopping()] == [0]


@pytest.mark.parametrize("way", ["configure_search", "configure_stopping"])
def test_what_is_neither_a_name_nor_a_function_is_refused(way: str) -> None:
    with pytest.raises(ConfigError, match="7 is none; give a name or a function"):
        getattr(wandb.controller(), way)(7)
