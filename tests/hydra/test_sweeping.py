"""A Hydra program is swept: its jobs, its folders, its results, and what it survives."""

import signal
import time
from collections.abc import Callable

import pytest
import yaml

import sonde
from hydra_program import Program, kill, wait_for

Making = Callable[[str], Program]


def opened(program: Program, name: str) -> sonde.Sweep:
    return sonde.Sweep.open(name, store=program.store)


def folders(program: Program) -> set[str]:
    return {path.name for path in (program.folder / "out").iterdir() if path.is_dir()}


def results(program: Program) -> dict[str, object]:
    return dict(yaml.safe_load((program.folder / "out" / "optimization_results.yaml").read_text()))


def test_a_sweep_leaves_its_best_and_a_folder_for_each_job(program: Making) -> None:
    swept = program("return (cfg.x - 0.3) ** 2 + cfg.y")
    swept.run("hydra.sweeper.study_name=s", "x=interval(0,1)", "y=range(1,4)", "db=sqlite")
    sweep = opened(swept, "s")
    assert len(sweep.trials) == 20
    assert {trial.params["y"] for trial in sweep.trials} <= {1, 2, 3}
    assert folders(swept) == {str(k) for k in range(20)}
    assert results(swept) == {
        "name": "sonde", "best_params": sweep.best.params, "best_value": sweep.best.value
    }  # fmt: skip
    assert sweep.best.params["y"] == 1
    overrides = yaml.safe_load(
        (swept.folder / "out" / "7" / ".hydra" / "overrides.yaml").read_text()
    )
    params = sweep.trials[7].params
    assert overrides == [f"x={params['x']!r}", f"y={params['y']}", "db=sqlite"]


def test_the_words_of_the_optuna_sweeper_do(program: Making) -> None:
    swept = program("return cfg.x ** 2 + cfg.y ** 2")
    (swept.folder / "conf" / "config.yaml").write_text(
        """
defaults: [_self_, {override hydra/sweeper: sonde}, {override hydra/sweeper/sampler: tpe}]
hydra:
  sweeper:
    sampler: {seed: 123, n_startup_trials: 5, multivariate: true}
    direction: minimize
    study_name: sphere
    n_trials: 6
    n_jobs: 1
    max_failure_rate: 0.0
    params: {x: "range(-5.5, 5.5, step=0.5)", y: "choice(-5, 0, 5)"}
x: 1
y: 1
z: 1
"""
    )
    printed = swept.run("~z", "y=0")
    assert "tpe chooses by itself what multivariate, n_startup_trials would set" in printed
    sweep = opened(swept, "sphere")
    assert (len(sweep.trials), list(sweep.trials[0].params)) == (6, ["x"])


def test_goals_of_several_directions_leave_the_front(program: Making) -> None:
    swept = program("return [cfg.x, (cfg.x - 1) ** 2]")
    swept.run(
        "hydra.sweeper.direction=[minimize,maximize]", "hydra.sweeper.study_name=s",
        "hydra.sweeper.n_trials=5", "hydra/sweeper/sampler=random", "x=interval(0,1)",
    )  # fmt: skip
    sweep = opened(swept, "s")
    assert results(swept)["solutions"] == [
        {"params": trial.params, "values": list(trial.values)} for trial in sweep.pareto
    ]


def test_a_config_for_several_directions_of_motpe_runs(program: Making) -> None:
    swept = program("return [cfg.x, (cfg.x - 1) ** 2]")
    printed = swept.run(
        "hydra.sweeper.direction=[minimize,minimize]", "hydra.sweeper.study_name=s",
        "hydra.sweeper.n_trials=3", "hydra/sweeper/sampler=motpe", "x=interval(0,1)",
    )  # fmt: skip
    assert "tpe is for one direction; auto takes its place for 2" in printed
    assert [trial.state for trial in opened(swept, "s").trials] == ["done"] * 3


def test_what_cannot_be_used_is_said_without_a_traceback_and_nothing_is_made(
    program: Making,
) -> None:
    swept = program("return 1")
    for wrong, said in (
        ("hydra.sweeper.direction=up", "hydra.sweeper.direction=up: that is no direction"),
        ("hydra/sweeper/sampler=random", "hydra.sweeper.timeout=5x: that is no length of time"),
    ):
        printed = swept.run(wrong, "hydra.sweeper.timeout=5x", "x=interval(0,1)", fails=True)
        assert said in printed
        assert "Traceback" not in printed
    assert not (swept.folder / "sonde.db").exists()


def test_where_the_store_is_named_the_command_that_shows_the_sweep_names_it(
    program: Making,
) -> None:
    swept = program("return cfg.x")
    printed = swept.run("hydra.sweeper.study_name=s", "hydra.sweeper.n_trials=1", "x=interval(0,1)")
    assert f"sonde show s --store {swept.store}\n" in printed


def test_a_job_that_raises_fails_by_itself(program: Making) -> None:
    swept = program("assert cfg.y != 2, 'two is bad'\nreturn {'loss': cfg.y, 'seen': 1}")
    swept.run(
        "hydra.sweeper.max_failure_rate=0.5", "hydra.sweeper.study_name=s",
        "hydra.sweeper.metric=loss", "y=1,2,3",
    )  # fmt: skip
    trials = opened(swept, "s").trials
    assert [trial.state for trial in trials] == ["done", "failed", "done"]
    assert trials[1].error == "AssertionError: two is bad"
    assert trials[2].metrics == {"loss": 3.0, "seen": 1.0}


def test_more_failures_than_allowed_end_the_sweep_with_what_was_raised(program: Making) -> None:
    swept = program("raise RuntimeError('no data here')")
    printed = swept.run("hydra.sweeper.study_name=s", "x=interval(0,1)", fails=True)
    assert "RuntimeError: no data here" in printed
    assert len(opened(swept, "s").trials) == 2  # and not the twenty


def test_a_job_that_returns_no_number_is_named_once(program: Making) -> None:
    swept = program("return {'loss': 1.0}")
    printed = swept.run("hydra.sweeper.n_trials=3", "x=interval(0,1)")
    assert printed.count("set hydra.sweeper.metric") == 1


def test_a_fault_of_the_config_is_found_before_anything_runs(program: Making) -> None:
    swept = program("return 1.0")
    assert "range(5,1,1): it has no values" in swept.run("y=range(5,1)", fails=True)
    assert "nowhere" in swept.run("x=interval(0,1)", "nowhere=1", fails=True)
    assert not (swept.folder / "sonde.db").exists()


def test_a_rule_ends_jobs_by_what_they_log(program: Making) -> None:
    swept = program(
        """
        for step in range(200):
            sonde.log(loss=cfg.y, step=step)
            time.sleep(0.02)
        return cfg.y
        """
    )
    swept.run(
        "hydra.sweeper.metric=loss", "hydra.sweeper.pruner='asha(min_steps=1,eta=2)'",
        "hydra.sweeper.study_name=s", "hydra/launcher=joblib", "y=1,2,3,4",
    )  # fmt: skip
    states = [trial.state for trial in opened(swept, "s").trials]
    assert states[0] == "done"
    assert "stopped" in states


@pytest.mark.parametrize("launcher", ["basic", "joblib"])
def test_a_killed_sweep_goes_on_to_its_total(program: Making, launcher: str) -> None:
    swept = program(
        """
        go = os.path.join(hydra.utils.get_original_cwd(), 'go')
        number = hydra.core.hydra_config.HydraConfig.get().job.num
        while number >= 2 and not os.path.exists(go):
            time.sleep(0.02)
        return cfg.x
        """
    )
    words = [
        "hydra.sweeper.study_name=${experiment}", "experiment=slow", f"hydra/launcher={launcher}",
        "hydra.sweeper.n_trials=8", "x=interval(0,1)",
    ]  # fmt: skip
    first = swept.start(*words)
    wait_for((swept.folder / "out" / "2" / ".hydra").exists)
    kill(first)
    (swept.folder / "go").touch()
    before = opened(swept, "slow").trials
    assert 2 <= len(before) < 8
    seen = {path: path.stat().st_mtime_ns for path in (swept.folder / "out").rglob("config.yaml")}
    swept.run(*words)
    trials = opened(swept, "slow").trials
    assert [trial.state for trial in trials] == ["done"] * 8
    assert [t.params for t in trials[: len(before)]] == [t.params for t in before]
    again = {f"{t.number}.2" for t in trials if t.attempts == 2}
    assert again  # what was interrupted ran once more, in a folder of its own
    unbegun = {str(t.number) for t in trials if t.attempts == 2} - {p.parts[-3] for p in seen}
    assert folders(swept) == {str(k) for k in range(8)} - unbegun | again
    assert {path: path.stat().st_mtime_ns for path in seen} == seen  # nothing was written over


def test_four_programs_share_a_sweep(program: Making) -> None:
    swept = program("time.sleep(0.2)\nreturn cfg.x")
    words = ["hydra.sweeper.study_name=s", "hydra.sweeper.n_trials=12", "x=interval(0,1)"]
    programs = [swept.start(*words) for _ in range(4)]
    printed = [process.communicate(timeout=100)[0] for process in programs]
    assert [process.returncode for process in programs] == [0] * 4, printed
    trials = opened(swept, "s").trials
    assert [trial.state for trial in trials] == ["done"] * 12
    assert [trial.attempts for trial in trials] == [1] * 12
    assert folders(swept) == {str(k) for k in range(12)}


@pytest.mark.parametrize("launcher", ["joblib", "submitit_local"])
def test_a_long_job_holds_up_no_other(program: Making, launcher: str) -> None:
    swept = program(
        """
        third = os.path.join(hydra.utils.get_original_cwd(), 'third')
        if cfg.y == 3:
            open(third, 'w').close()
        end = time.time() + 60
        while cfg.y == 1 and not os.path.exists(third) and time.time() < end:
            time.sleep(0.05)
        return {'value': cfg.y, 'waited': float(time.time() >= end)}
        """
    )
    swept.run(
        "hydra.sweeper.study_name=s", "hydra.sweeper.n_jobs=2", f"hydra/launcher={launcher}",
        "y=1,2,3",
    )  # fmt: skip
    trials = opened(swept, "s").trials
    assert [trial.metrics["waited"] for trial in trials] == [0, 0, 0]


def test_ctrl_c_gives_back_what_was_running(program: Making) -> None:
    swept = program("time.sleep(30)\nreturn cfg.x")
    process = swept.start("hydra.sweeper.study_name=s", "x=interval(0,1)")
    wait_for((swept.folder / "out" / "0" / ".hydra").exists)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=100)
    (trial,) = opened(swept, "s").trials
    assert trial.state == "waiting"


def test_choices_of_every_kind_reach_the_job(program: Making) -> None:
    swept = program(
        "from omegaconf import OmegaConf\n"
        "v = OmegaConf.to_container(cfg).get('v')\n"
        "open(os.path.join(hydra.core.hydra_config.HydraConfig.get().runtime.output_dir, 'v'), 'w')"
        ".write(f'{v!r} {cfg.db.name}')\n"
        "return 1.0"
    )
    swept.run(
        "+v='a b',[1,2],{a: 1},null,true,1.5",
        "db=glob(*sql,exclude=my*)",
        "hydra.sweeper.n_trials=6",
    )
    seen = {(swept.folder / "out" / str(k) / "v").read_text() for k in range(6)}
    values = ["'a b'", "[1, 2]", "{'a': 1}", "None", "True", "1.5"]
    assert seen == {f"{value} postgresql" for value in values}


def test_without_a_storage_each_run_is_a_sweep_of_its_own(program: Making) -> None:
    swept = program("return cfg.y")
    for _ in range(2):
        swept.run("hydra.sweeper.storage=null", "hydra.sweeper.study_name=s", "y=1,2")
    store = str(swept.folder / ".sonde" / "sonde.db")
    assert [len(sonde.Sweep.open(name, store=store).trials) for name in ("s", "s-2")] == [2, 2]


EXTENDER = """
def configure(cfg, trial):
    x = trial.params["x"]
    trial.suggest_float("+z", x - cfg.y / 10, x + cfg.y / 10)
    if trial.suggest_categorical("experiment", ["none", "a b"]) == "none":
        trial.suggest_int("+extra.n", 1, 4)
"""


def test_a_function_says_trial_by_trial_what_else_is_searched(program: Making) -> None:
    swept = program(
        "assert abs(cfg.z - cfg.x) <= 0.1\n"
        "assert ('extra' in cfg) == (cfg.experiment == 'none')\n"
        "return abs(cfg.z) + (cfg.extra.n if 'extra' in cfg else 0)"
    )
    (swept.folder / "extending.py").write_text(EXTENDER)
    words = (
        "hydra/launcher=joblib", "hydra.sweeper.custom_search_space=extending.configure",
        "hydra.sweeper.study_name=s", "hydra/sweeper/sampler=random", "x=interval(-1,1)",
    )  # fmt: skip
    swept.run(*words, "hydra.sweeper.n_trials=4")
    swept.run(*words, "hydra.sweeper.n_trials=8")
    sweep = opened(swept, "s")
    assert [trial.state for trial in sweep.trials] == ["done"] * 8
    conditions = {
        p.name: p.when and p.when.text
        for p in sweep.store.get_sweep(sweep.id).sweep.space.parameters
    }
    assert conditions == {
        "x": None, "z": None, "experiment": None, "extra.n": "experiment == 'none'"
    }  # fmt: skip
    best = results(swept)["best_params"]
    assert isinstance(best, dict)
    assert {"x", "+z", "experiment"} <= set(best)


def test_all_that_is_searched_may_come_from_the_function(program: Making) -> None:
    swept = program("return cfg.x")
    (swept.folder / "extending.py").write_text(
        "def configure(cfg, trial):\n    trial.suggest_float('x', 0, 1)\n"
    )
    custom = "hydra.sweeper.custom_search_space=extending"
    swept.run(f"{custom}.configure", "hydra.sweeper.study_name=s", "hydra.sweeper.n_trials=5")
    assert [list(trial.params) for trial in opened(swept, "s").trials] == [["x"]] * 5
    assert "it cannot be loaded" in swept.run(f"{custom}.nothing", "x=interval(0,1)", fails=True)
