"""A whole sweep file: W&B's keys and sonde's, and every fault of it at once."""

from typing import Any

import pytest

from sonde.core.metric import Direction, Goal, SummaryKind
from sonde.core.notation.document import document_of
from sonde.core.notation.yaml_text import read_yaml
from sonde.core.sweep import Budget, sweep_from_json, sweep_to_json
from sonde.core.wandb import SweepFile, read_sweep
from sonde.errors import ConfigError

LEAST = {"method": "random", "parameters": {"lr": {"min": 0.0, "max": 1.0}}}
WHOLE = """\
apiVersion: v1
kind: sweep
name: mine
description: a first look
project: digits
entity: anne
program: train.py
command: [python, "${program}", "${args}"]
method: bayes
metric: {name: val_loss, goal: maximize, target: 0.9, impute: worst, summary: max}
run_cap: 20
controller: {type: local}
parameters:
  lr: {min: 1e-5, max: 1e-1, log: true, guess: 1e-3}
  opt: {values: [adam, sgd]}
  momentum: {min: 0.0, max: 0.99, when: opt == 'sgd'}
where: lr * 10 <= 1
subject_to: latency_ms <= 20
budget: {time: 1h30m}
seed: 7
repeats: 2
retries: 1
start: [{lr: 1e-4, opt: adam}]
tags: [first]
workspace: copy
link: data
"""


def read(**keys: Any) -> SweepFile:
    return read_sweep(document_of(LEAST | keys))


def refused(**keys: Any) -> str:
    with pytest.raises(ConfigError) as refusal:
        read(**keys)
    return str(refusal.value)


def test_every_key_arrives_in_the_definition() -> None:
    found = read_sweep(read_yaml(WHOLE, "s.yaml"))
    sweep = found.sweep
    assert sweep.goals == (
        Goal(metric="val_loss", direction=Direction.MAXIMIZE, summary=SummaryKind.MAX, target=0.9),
    )
    assert sweep.budget == Budget(trials=20, time_s=5400.0)
    assert (sweep.method, sweep.name, sweep.project) == ("bayes", "mine", "digits")
    assert (sweep.seed, sweep.repeats, sweep.retries, sweep.tags) == (7, 2, 1, ("first",))
    assert [parameter.name for parameter in sweep.space.parameters] == ["lr", "opt", "momentum"]
    assert str(sweep.space["momentum"].when) == "opt == 'sgd'"
    assert [constraint.describe() for constraint in sweep.constraints] == ["latency_ms <= 20"]
    assert sweep.start == ({"lr": 1e-4, "opt": "adam"},)
    assert (found.program, found.command) == ("train.py", ("python", "${program}", "${args}"))
    assert (found.workspace, found.links) == ("copy", ("data",))
    assert found.description == "a first look"
    assert found.notes == ()


def test_the_definition_with_targets_and_groups_survives_the_store() -> None:
    nested = {"opt": {"parameters": {"lr": {"value": 1}}}}
    sweep = read(parameters=nested, metric={"name": "loss", "target": 0.5}).sweep
    assert sweep_from_json(sweep_to_json(sweep)) == sweep
    assert sweep.groups == ("opt",)


@pytest.mark.parametrize("key", ["goals", "metrics"])
def test_several_objectives_stand_in_a_list(key: str) -> None:
    found = read(**{key: [{"name": "loss"}, {"name": "acc", "goal": "maximize"}]}).sweep
    assert [(g.metric, g.is_min) for g in found.goals] == [("loss", True), ("acc", False)]


def test_a_goal_may_be_written_as_on_the_command_line() -> None:
    assert read(goals=["val_loss:min"]).sweep.goals[0].summary is SummaryKind.MIN


FAULTY = """\
program: train.py
methd: random
method: randm
metric: {name: loss, goal: minimise, target: low}
parameters:
  a: {min: 1, max: 0}
  opt: {parameters: {lr: {min: 0}}}
run_cap: 0
seed: x
"""


def test_all_faults_are_told_at_once_in_the_order_of_the_file_with_line_and_column() -> None:
    with pytest.raises(ConfigError) as refusal:
        read_sweep(read_yaml(FAULTY, "s.yaml"))
    assert str(refusal.value).splitlines() == [
        "s.yaml:2:1: methd: a sweep has no such key; did you mean method?",
        "s.yaml:3:9: method: there is no such search method; did you mean random?",
        "s.yaml:4:28: metric.goal: there is no goal 'minimise'; did you mean minimize?",
        "s.yaml:4:46: metric.target: the text 'low' where a number is needed; write a number",
        "s.yaml:6:20: parameters.a.max: max 0 is not above min 1; swap them",
        "s.yaml:7:26: parameters.opt.parameters.lr: from min no distribution follows; add max",
        "s.yaml:8:10: run_cap: 0 is too few; write 1 or more",
        "s.yaml:9:7: seed: the text 'x' is no whole number; write 0, ...",
    ]


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"metric": {"goal": "minimize"}}, "metric: the metric has no name; add name"),
        ({"metric": {"name": "loss", "gaol": 1}}, "metric.gaol: a metric has no such key; did you"),
        ({"metric": [1]}, "metric: a list is no metric"),
        ({"metric": {"name": "a"}, "goals": ["b"]}, "goals: metric says it already"),
        ({"metrics": [{"name": "a"}]}, "metrics: there is one metric in it; write metric: instead"),
        ({"goals": ["a", "a:min"]}, "goals[1]: a is a goal twice"),
        ({"run_cap": 2.5}, "run_cap: the number 2.5 is no whole number"),
        ({"run_cap": True}, "run_cap: true is no whole number"),
        ({"budget": {"trials": 3}, "run_cap": 2}, "budget.trials: run_cap says it already"),
        ({"budget": {"time": "soon"}}, "budget.time: that is no time span"),
        ({"budget": {"hours": 1}}, "budget.hours: a budget has no such key; use trials, time"),
        ({"budget": 5}, "budget: the number 5 is no budget"),
        ({"method": "bayes"}, "method: bayes needs to know what to improve; add metric"),
        ({"method": 3}, "method: the number 3 is no method"),
        ({"method": "grid"}, "parameters.lr: 0.0..1.0 has no end of values, so it has no grid"),
        ({"where": "lr >"}, "where: lr >: column 5: a value is missing"),
        ({"where": ["momentum < 1"]}, "where[0]: there is no parameter 'momentum'; use lr"),
        ({"where": "lr > 3"}, "where: none of 100,000 points satisfies it"),
        ({"subject_to": "ms"}, "subject_to: it is no bound on a metric"),
        ({"start": {"lr": 3}}, "start: lr: 3 is not in 0.0..1.0"),
        ({"start": 3}, "start: the number 3 is no point"),
        ({"command": "python train.py"}, "command: the text 'python train.py' where a list of"),
        ({"command": ["python", None]}, "command[1]: nothing is no word"),
        ({"workspace": "home"}, "workspace: there is no workspace 'home'; use none, copy"),
        ({"tags": [1]}, "tags[0]: the number 1 is no text"),
        ({"kind": "job"}, "kind: the text 'job' is no kind; write sweep"),
        ({"program": ""}, "program: the text is empty, and text is needed"),
        ({"name": "x/3"}, "name: it reads as trial 3 of x"),
        ({"controller": {"type": "mine"}}, "controller: its type is neither local nor cloud"),
        ({"job": "a/b:latest"}, "job: it is for W&B Launch, and sonde runs programs"),
        ({"scheduler": {"engine": "optuna"}}, "scheduler: it is for W&B Launch"),
        ({"parameters": [1]}, "parameters: a list where names are needed"),
        ({"parameters": {}}, "parameters: there is no parameter"),
    ],
)
def test_a_fault_of_a_key_names_it_and_the_remedy(keys: dict[str, Any], said: str) -> None:
    assert said in refused(**keys)


@pytest.mark.parametrize(
    ("keys", "text"),
    [
        ({"early_terminate": {"type": "hyperband", "min_iter": 3}}, "hyperband(min_iter=3)"),
        (
            {"early_terminate": {"type": "hyperband", "s": 2, "eta": 3, "max_iter": 27}},
            "hyperband(s=2, eta=3, max_iter=27)",
        ),
        ({"early_terminate": {"type": "asha", "eta": 4}}, "asha(eta=4)"),
        ({"stop": "median"}, "median"),
    ],
)
def test_a_rule_says_which_trials_end_early(keys: dict[str, Any], text: str) -> None:
    assert read(metric={"name": "loss"}, **keys).sweep.stopping == text


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"type": "hyperbnd"}, "early_terminate.type: there is no such stopping rule; did you"),
        ({"min_iter": 3}, "early_terminate: a group of keys names no rule"),
        ({"type": "hyperband"}, "early_terminate.type: it has neither max_iter nor min_iter"),
        ({"type": "hyperband", "min_iter": 3, "eta": 1}, "early_terminate.eta: eta=1 is not above"),
        ({"type": "hyperband", "min_iter": 0}, "early_terminate.min_iter: "),
        ({"type": "hyperband", "max_iter": 27}, "early_terminate.max_iter: "),
        ({"type": "hyperband", "max_iter": 27, "s": 2.5}, "early_terminate.s: "),
        ({"type": "hyperband", "min_iter": 3, "extra": 1}, "early_terminate.extra: hyperband has"),
    ],
)
def test_a_rule_that_means_nothing_is_refused_at_its_key(keys: dict[str, Any], said: str) -> None:
    assert said in refused(metric={"name": "loss"}, early_terminate=keys)


def test_a_rule_needs_a_metric_and_stands_there_once() -> None:
    rule = {"type": "hyperband", "min_iter": 3}
    assert "early_terminate: " in refused(early_terminate=rule)
    assert "stop: early_terminate says it already" in refused(early_terminate=rule, stop="asha")


def test_what_is_no_sweep_at_all_is_refused() -> None:
    with pytest.raises(ConfigError, match="the text 'lr' is no sweep"):
        read_sweep(document_of("lr"))
    with pytest.raises(ConfigError, match="sweep: it has no method"):
        read_sweep(document_of({"parameters": {"x": {"value": 1}}}))
    with pytest.raises(ConfigError, match="it has no parameters"):
        read_sweep(document_of({"method": "random"}))


def test_what_belongs_to_the_cloud_is_left_aside_and_said_so() -> None:
    notes = read(job="a/b:latest", program="train.py", scheduler={"engine": "wandb"}).notes
    assert notes == ("job: left aside: sonde runs the program",)
    running = read(metric={"name": "x", "impute_while_running": "latest"}).notes
    assert running[0].startswith("metric.impute_while_running: left aside")
    assert not read(metric={"name": "x", "impute_while_running": False}).notes


def test_numpy_numbers_of_a_dict_become_plain_ones() -> None:
    import numpy as np

    values = np.array([1, 2, 3])
    found = read(parameters={"n": {"values": values}, "x": {"min": np.float64(0), "max": 1.5}})
    choices = found.sweep.space["n"].distribution.grid()
    assert choices == (1, 2, 3)
    assert {type(value) for value in choices} == {int}


def test_what_trials_of_before_had_is_read_and_checked() -> None:
    text = "method: random\nparameters:\n  a: {values: [1, 2]}\n  b: {min: 0.0, max: 1.0}\n"
    node = read_yaml(f"{text}backfill: {{a: 2, b: 0.5}}\n", "s.yaml")
    assert read_sweep(node).sweep.backfill == {"a": 2, "b": 0.5}
    wrong = read_yaml(f"{text}backfill: {{a: 3, bb: 0.5}}\n", "s.yaml")
    with pytest.raises(ConfigError) as refusal:
        read_sweep(wrong)
    first, second = str(refusal.value).splitlines()
    assert "3 is not in {1, 2}" in first
    assert "there is no such parameter" in second
    with pytest.raises(ConfigError, match="no back-fill"):
        read_sweep(read_yaml(f"{text}backfill: 3\n", "s.yaml"))
