"""Declaring a sweep: what is taken, what is refused, what goes on."""

import math
from pathlib import Path
from typing import Any

import pytest

import sonde
from sonde.api.goals import goals_of, seconds_of
from sonde.core.metric import Direction, Goal, SummaryKind
from sonde.core.sweep import Command
from sonde.store import open_store


def train(lr: float, batch: int = 8) -> float:
    return lr * batch


def declared(space: Any = None, work: Any = train, **options: Any) -> sonde.Sweep:
    options = {"minimize": "loss", "store": "memory:"} | options
    return sonde.sweep(work, {"lr": [0.1, 0.2]} if space is None else space, **options)


def refusal(**options: Any) -> str:
    with pytest.raises(sonde.ConfigError) as error:
        declared(**options)
    return str(error.value)


def test_a_space_is_written_in_any_of_its_ways() -> None:
    space = sonde.Space(
        {"not-a-name": sonde.Int(1, 3)},
        lr="loguniform(1e-5, 1e-1)",
        opt=["adam", "sgd"],
        momentum=sonde.Float(0, 0.99, when="opt == 'sgd'"),
        q={"min": 1, "max": 4},
        epochs=30,
        where="epochs * lr < 2",
    )
    described = {p.name: p.distribution.describe() for p in space.parameters}
    assert described == {
        "not-a-name": "1..3",
        "lr": "1e-05..0.1 log",
        "opt": "{adam, sgd}",
        "momentum": "0.0..0.99",
        "q": "1..4",
        "epochs": "30",
    }
    assert [str(relation) for relation in space.where] == ["epochs * lr < 2"]
    assert str(space["momentum"].when) == "opt == 'sgd'"
    assert "lr" in space


def test_relations_of_the_call_are_added_to_those_of_the_space() -> None:
    space = sonde.Space(lr=[0.1, 0.2], where="lr < 0.3")
    sweep = declared(space, where=["lr > 0.1"])
    sweep.run(workers=0, progress=False)
    assert [t.params for t in sweep.trials] == [{"lr": 0.2}]


@pytest.mark.parametrize(
    ("minimize", "maximize", "goals", "found"),
    [
        ("loss", None, (), [("loss", "minimize", "last")]),
        ("loss:min", None, (), [("loss", "minimize", "min")]),
        ("loss:max", None, (), [("loss", "minimize", "max")]),
        (None, "acc", (), [("acc", "maximize", "last")]),
        (None, "loss", (), [("loss", "maximize", "last")]),
        (["a", "b"], "c", (), [("a", "minimize", "last"), ("b", "minimize", "last"),
                               ("c", "maximize", "last")]),
        (None, None, ["val_acc:max", Goal(metric="t")], [("val_acc", "maximize", "max"),
                                                         ("t", "minimize", "last")]),
        (None, None, (), []),
    ],
)  # fmt: skip
def test_goals_say_which_way_and_which_number(
    minimize: Any, maximize: Any, goals: Any, found: list[tuple[str, str, str]]
) -> None:
    assert list(goals_of(minimize, maximize, goals)) == [
        Goal(metric=metric, direction=Direction(direction), summary=SummaryKind(summary))
        for metric, direction, summary in found
    ]


@pytest.mark.parametrize(
    ("time", "seconds"),
    [(None, None), (90, 90.0), ("90s", 90.0), ("1h30m", 5400.0), ("2 d", 172800.0), (0.5, 0.5)],
)
def test_time_is_seconds_or_text(time: Any, seconds: float | None) -> None:
    assert seconds_of(time) == seconds


@pytest.mark.parametrize("time", ["", "soon", "1h later", 0, -1, math.nan, "90"])
def test_what_is_no_time_is_refused(time: Any) -> None:
    with pytest.raises(sonde.ConfigError, match="time="):
        seconds_of(time)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"minimize": "loss", "maximize": "loss"}, "loss is a goal twice"),
        ({"minimize": ""}, "the metric has no name"),
        ({"minimize": [3]}, "3 is no name"),
        ({"method": "annealing"}, "there is no such search method"),
        ({"method": "grid", "space": {"lr": sonde.Float(0, 1)}}, "lr"),
        ({"space": {"lr": []}}, "nothing to choose from"),
        ({"space": [0.1]}, "is no space"),
        ({"space": {"rate": [1]}}, "the function takes no rate"),
        ({"space": {"batch": [1]}}, "nothing is given for its argument lr"),
        ({"space": {"lr": sonde.Float(0, 1, when="batch > 2"), "batch": [1, 4]}},
         "lr does not exist unless batch > 2; give the argument lr a default"),
        ({"retries": -1}, "retries=-1"),
        ({"seed": "x"}, "seed='x'"),
        ({"name": " "}, "name=' '"),
        ({"store": "oracle://x"}, "no kind of store"),
        ({"work": ""}, "the command is empty"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_refused_with_its_place(options: dict[str, Any], message: str) -> None:
    assert message in refusal(**options)


def test_all_faults_are_told_at_once() -> None:
    text = refusal(space={"rate": [1]}, retries=-1, minimize=["a", "a"], method="annealing")
    assert text.count("\n") == 4
    for part in ("takes no rate", "argument lr", "retries=-1", "a is a goal twice", "annealing"):
        assert part in text


def test_a_sweep_without_a_name_is_called_after_its_function() -> None:
    assert declared().name.startswith("train-")
    assert declared(work=lambda lr: lr).name.startswith("lambda-")


def test_without_a_name_each_call_is_a_new_sweep(tmp_path: Path) -> None:
    store = str(tmp_path / "s.db")
    assert declared(store=store).id != declared(store=store).id


def test_with_a_name_the_same_call_is_the_same_sweep(tmp_path: Path) -> None:
    store = str(tmp_path / "s.db")
    first = declared(store=store, name="mnist")
    first.run(trials=1, workers=0, progress=False)
    again = declared(store=store, name="mnist")
    assert again.id == first.id
    assert len(again.trials) == 1
    assert sonde.Sweep.open("mnist", store=store).id == first.id
    assert sonde.Sweep.open(first.id[:5], store=store).name == "mnist"


def test_another_definition_under_the_same_name_is_refused_with_the_difference(
    tmp_path: Path,
) -> None:
    store = str(tmp_path / "s.db")
    declared(store=store, name="mnist")
    text = refusal(store=store, name="mnist", seed=7, space={"lr": [0.1, 0.3]})
    assert "name='mnist': a sweep of that name is there, with another definition" in text
    assert "seed: 0, now 7" in text
    assert "space.parameters.lr.values: [0.1, 0.2], now [0.1, 0.3]" in text


def test_a_function_may_be_edited_between_two_runs(tmp_path: Path) -> None:
    store = str(tmp_path / "s.db")

    def first(lr: float) -> float:
        if lr == 0.2:
            raise KeyboardInterrupt  # as if it had been interrupted there
        return lr

    def second(lr: float) -> float:
        return lr * 10

    second.__name__ = "first"
    with pytest.raises(KeyboardInterrupt):
        declared(work=first, store=store, name="n").run(workers=0, progress=False)
    sweep = declared(work=second, store=store, name="n").run(workers=0, progress=False)
    assert [t.value for t in sweep.trials] == [0.1, 2.0]


def test_a_command_is_text_or_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "train.py").write_text("lr = 1\nprint(lr)\n")
    monkeypatch.chdir(tmp_path)
    for number, work in enumerate(["train.py --epochs '3 0'", ["train.py", "--epochs", "3 0"]]):
        sweep = declared(work=work, store=None, name=f"c{number}")
        command = sweep.store.get_sweep(sweep.id).sweep.work
        assert isinstance(command, Command)
        assert command.argv[-2:] == ("--epochs", "3 0")
        assert command.folder == str(tmp_path)
        assert (tmp_path / ".sonde" / "sweeps" / sweep.id / "source" / "train.py").is_file()
        with pytest.raises(sonde.ConfigError, match="a command needs a process of its own"):
            sweep.run(workers=0)


def test_what_is_wrong_with_a_scripts_parameters_is_said_in_pythons_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "train.py").write_text("epochs = 1\nprint(epochs)\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(sonde.ConfigError) as refusal:
        sonde.sweep("train.py", {"lr": [0.1, 0.2]}, minimize="loss")
    assert str(refusal.value) == (
        "parameter lr: lr occurs nowhere in train.py; pass it as an option: train.py --lr={lr} "
        "(names assigned there: epochs = 1)"
    )


def test_paths_can_be_linked_into_the_copies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "train.py").write_text("lr = 1\nprint(lr)\n")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "big").write_text("x")
    for link in ("data", ["data"]):
        sweep = declared(work="train.py", store=None, link=link)
        command = sweep.store.get_sweep(sweep.id).sweep.work
        assert isinstance(command, Command)
        assert command.links == ("data",)
        assert not (tmp_path / ".sonde" / "sweeps" / sweep.id / "source" / "data").exists()


def test_a_sweep_goes_on_with_the_files_of_its_beginning_unless_told_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    script = tmp_path / "train.py"
    script.write_text("lr = 1\nprint(lr)\n")
    sweep = declared(work="train.py", store=None, name="n")
    copy = tmp_path / ".sonde" / "sweeps" / sweep.id / "source" / "train.py"
    script.write_text("lr = 2\nprint(lr)\n")
    declared(work="train.py", store=None, name="n")
    assert copy.read_text().startswith("lr = 1")
    declared(work="train.py", store=None, name="n", update_code=True)
    assert copy.read_text().startswith("lr = 2")


def test_what_cannot_be_run_makes_no_sweep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "train.py").write_text("lr = 1\nprint(lr)\n")
    with (tmp_path / "huge").open("wb") as file:
        file.truncate(3 * 10**9)
    with pytest.raises(sonde.ConfigError, match="would be copied for each trial"):
        declared(work="train.py", store=None)
    with pytest.raises(sonde.ConfigError, match="where"):
        declared({"lr": sonde.Float(0, 1)}, store=str(tmp_path / "s.db"), where="lr > 2")
    for path in (tmp_path / ".sonde" / "sonde.db", tmp_path / "s.db"):
        store = open_store(str(path))
        assert not store.list_sweeps()
        store.close()
    assert not (tmp_path / ".sonde" / "sweeps").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "has no end of its own; say run(trials=100)"),
        ({"trials": 0}, "run(trials=0)"),
        ({"trials": 2.5}, "run(trials=2.5)"),
        ({"time": "soon"}, "time='soon'"),
        ({"workers": -1, "trials": 1}, "run(workers=-1)"),
        ({"workers": 2, "trials": 1}, "cannot be reached by other processes"),
        ({"cpus_per_trial": -1, "trials": 1}, "run(cpus_per_trial=-1)"),
        ({"gpus": [0, 0], "trials": 1}, "a device is named twice"),
        ({"gpus_per_trial": 1, "trials": 1}, "no devices are named"),
        ({"gpus": "0,1", "workers": 0, "trials": 1}, "only processes can be given devices"),
    ],
)
def test_limits_that_make_no_sense_are_refused(options: Any, message: str) -> None:
    sweep = declared({"lr": sonde.Float(0, 1)})
    with pytest.raises(sonde.ConfigError) as error:
        sweep.run(**options)
    assert message in str(error.value)
    assert not sweep.trials


def test_auto_chooses_by_the_number_of_trials_that_a_sweep_begins_with() -> None:
    many = {"lr": [0.1 * i for i in range(10)], "batch": list(range(1, 11))}
    few = declared(many).run(trials=5, workers=0, progress=False)
    assert len({t.params["lr"] for t in few.trials}) > 1  # and not a corner of the grid
    whole = declared(many).run(workers=0, progress=False)
    assert [t.params["batch"] for t in whole.trials[:3]] == [1, 2, 3]
    assert len(whole.trials) == 100


def test_what_was_cancelled_is_not_gone_on_with(tmp_path: Path) -> None:
    sweep = declared(store=str(tmp_path / "s.db"), name="n")
    sweep.cancel()
    for go_on in (sweep.resume, lambda: sweep.run(workers=0)):
        with pytest.raises(sonde.IllegalTransitionError, match=r"new=True\) makes a new one"):
            go_on()
    assert sweep.state == "cancelled"


def test_a_sweep_without_work_is_not_run() -> None:
    with pytest.raises(sonde.ConfigError, match="use ask and tell"):
        declared(work=None).run(trials=3)


def test_a_sweep_says_what_it_is() -> None:
    sweep = declared(name="mnist")
    assert repr(sweep) == f"<sonde.Sweep mnist ({sweep.id}, idle): no trials>"
    with pytest.raises(sonde.NotFoundError, match="no trial of mnist has ended with a value"):
        _ = sweep.best
    sweep.run(workers=0, progress=False)
    assert repr(sweep) == (
        f"<sonde.Sweep mnist ({sweep.id}, done): 2 done; best loss 0.8 with lr=0.1>"
    )
    assert repr(sweep.best) == "<Trial 0 done loss=0.8 (lr=0.1)>"
    assert (sweep.url, sweep.name, sweep.state) == ("memory:", "mnist", "done")


def test_a_metric_that_never_came_is_named_with_those_that_did() -> None:
    sweep = declared(work=lambda lr: {"val": lr}, name="n")
    with pytest.warns(UserWarning, match="no trial of n reported loss; reported were val"):
        sweep.run(workers=0, progress=False)
    with pytest.raises(sonde.NotFoundError, match="reported loss; reported were val"):
        _ = sweep.best


def test_a_notebook_shows_a_table_best_first() -> None:
    sweep = declared(name="<b>").run(workers=0, progress=False)
    html = sweep._repr_html_()
    assert "<b>" not in html
    assert html.index("<td>0.8</td>") < html.index("<td>1.6</td>")


def test_where_a_sweep_came_from_is_recorded_with_it(tmp_path: Path) -> None:
    facts = declared(store=str(tmp_path / "s.db"))._controller.record.facts
    assert (
        facts["source"] == "def train(lr: float, batch: int = 8) -> float:\n    return lr * batch\n"
    )
    assert {"host", "python", "argv", "folder", "packages"} <= facts.keys()


def test_the_frame_has_a_row_a_trial_and_clear_columns() -> None:
    def odd(state: int, loss: float) -> dict[str, float]:
        return {"loss": loss, "number": 3, "acc": 0.5}

    sweep = declared({"state": [1], "loss": [0.5, 0.25]}, work=odd)
    frame = sweep.run(workers=0, progress=False).frame()
    assert list(frame.columns) == [
        "number", "state", "param.state", "loss", "metric.loss", "metric.number", "acc",
        "started", "finished", "seconds", "attempts", "error",
    ]  # fmt: skip
    assert list(frame["loss"]) == [0.5, 0.25]
    assert list(frame["metric.loss"]) == [0.5, 0.25]
    assert list(frame["number"]) == [0, 1]
    assert "UTC" in str(frame["started"].dtype)
    assert list(declared().frame().columns)[:2] == ["number", "state"]
