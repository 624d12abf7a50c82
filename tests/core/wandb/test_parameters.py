"""The parameters of a sweep file, by the rules that W&B's schema has."""

import math
from itertools import islice
from typing import Any

import pytest

from sonde.core.distributions import Choice, Constant, Distribution, Float, Int
from sonde.core.notation.document import document_of
from sonde.core.notation.yaml_text import read_yaml
from sonde.core.wandb import nested, read_sweep
from sonde.errors import ConfigError


def one(**keys: Any) -> Distribution:
    file = {"method": "random", "parameters": {"x": keys}}
    return read_sweep(document_of(file)).sweep.space["x"].distribution


def refused(parameters: dict[str, Any], method: str = "random") -> list[str]:
    with pytest.raises(ConfigError) as refusal:
        read_sweep(document_of({"method": method, "parameters": parameters}))
    return str(refusal.value).splitlines()


@pytest.mark.parametrize(
    ("keys", "distribution"),
    [
        ({"value": 3}, Constant(3)),
        ({"value": None}, Constant(None)),
        ({"values": ["a", 1, True, None]}, Choice(("a", 1, True, None))),
        ({"values": [1, 2], "probabilities": [0.3, 0.7]}, Choice((1, 2), probabilities=(0.3, 0.7))),
        ({"min": 0, "max": 1}, Int(0, 1)),
        ({"min": 0, "max": 0.1}, Float(0, 0.1)),
        ({"min": 0.0, "max": 1}, Float(0, 1)),
        ({"min": 0, "max": 1, "distribution": "uniform"}, Float(0, 1)),
        ({"min": 1e-5, "max": 1, "log": True}, Float(1e-5, 1, log=True)),
    ],
)
def test_the_distribution_follows_from_the_keys(
    keys: dict[str, Any], distribution: Distribution
) -> None:
    assert one(**keys) == distribution


@pytest.mark.parametrize(
    ("keys", "at_quantiles"),
    [
        ({"distribution": "int_uniform", "min": 1, "max": 4}, {0.0: 1, 0.5: 3, 1.0: 4}),
        ({"distribution": "q_uniform", "min": 0, "max": 10, "q": 5}, {0.1: 0, 0.5: 5, 0.9: 10}),
        ({"distribution": "log_uniform", "min": -2, "max": 0}, {0.0: math.exp(-2), 1.0: 1.0}),
        ({"distribution": "inv_log_uniform", "min": 0, "max": 2}, {0.0: math.exp(-2), 1.0: 1.0}),
        ({"distribution": "log_uniform_values", "min": 0.01, "max": 1}, {0.5: 0.1}),
        ({"distribution": "inv_log_uniform_values", "min": 0.01, "max": 1}, {0.5: 0.1}),
        ({"distribution": "q_log_uniform_values", "q": 8, "min": 32, "max": 256}, {0: 32, 1: 256}),
        ({"distribution": "q_log_uniform", "min": 0, "max": 2, "q": 2}, {1.0: 6}),
        ({"distribution": "normal"}, {0.5: 0.0}),
        ({"distribution": "normal", "mu": 2, "sigma": 0}, {0.9: 2.0}),
        ({"distribution": "q_normal", "mu": 2.2, "q": 0.5}, {0.5: 2.0}),
        ({"distribution": "log_normal", "mu": 1}, {0.5: math.e}),
        ({"distribution": "q_log_normal", "mu": 1}, {0.5: 3}),
        ({"distribution": "beta"}, {0.25: 0.25}),
        ({"distribution": "q_beta", "q": 0.5}, {0.6: 0.5}),
    ],
)
def test_every_distribution_of_the_schema_has_its_quantiles(
    keys: dict[str, Any], at_quantiles: dict[float, float]
) -> None:
    distribution = one(**keys)
    for quantile, value in at_quantiles.items():
        assert distribution.at(quantile) == pytest.approx(value)


def test_an_int_step_gives_ints_and_no_numpy_scalar_ever_comes_out() -> None:
    batch = one(distribution="q_log_uniform_values", q=8, min=32, max=256)
    values = [batch.at(u / 100) for u in range(101)]
    assert {type(value) for value in values} == {int}
    assert all(value % 8 == 0 and 32 <= value <= 256 for value in values)  # type: ignore[operator]


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({}, "parameters.x: from nothing no distribution follows"),
        ({"min": 1}, "parameters.x: from min no distribution follows; add max"),
        ({"min": 0, "max": 1, "q": 2}, "add distribution: q_uniform, or q_log_uniform_values"),
        ({"mu": 0, "sigma": 1}, "add distribution: normal, or log_normal"),
        ({"a": 1, "b": 2}, "add distribution: beta"),
        ({"values": []}, "parameters.x.values: the list is empty"),
        ({"values": 3}, "parameters.x.values: the number 3 where a list is needed"),
        ({"value": 1, "values": [1]}, "parameters.x.values: value is there too"),
        ({"min": True, "max": 2}, "parameters.x.min: true where a number is needed"),
        ({"min": 1e-3, "max": "1e-1"}, "parameters.x.max: the text '1e-1' where a number is"),
        ({"min": 2, "max": 1}, "parameters.x.max: max 1 is not above min 2; swap them"),
        ({"min": 1, "max": 1}, "parameters.x.max: max 1 is not above min 1; write value: 1"),
        ({"min": 1, "max": 2, "mux": 1}, "parameters.x.mux: int_uniform has no such key"),
        ({"distribution": "unifrm", "min": 0, "max": 1}, "did you mean uniform?"),
        ({"distribution": "int_uniform", "min": 0.0, "max": 1}, "0.0 is no whole number"),
        ({"distribution": "log_uniform_values", "min": 0, "max": 1}, "has no logarithm"),
        ({"distribution": "normal", "sigma": -1}, "sigma is -1.0"),
        ({"distribution": "q_uniform", "min": 0, "max": 1, "q": 0}, "q is 0"),
        ({"distribution": "categorical_w_probabilities", "values": [1]}, "needs probabilities"),
        ({"values": [1, 2], "probabilities": [0.5, 0.4]}, "their sum is 0.9"),
        ({"values": [1, 2], "when": "y >"}, "parameters.x.when: column 4: a value is missing"),
        ({"parameters": {}}, "parameters.x.parameters: there is no parameter"),
        ({"parameters": {"y": {"value": 1}}, "min": 1}, "beside parameters nothing else"),
    ],
)
def test_what_means_nothing_is_refused_with_its_key_and_a_remedy(
    keys: dict[str, Any], said: str
) -> None:
    assert said in "\n".join(refused({"x": keys}))


@pytest.mark.parametrize(("written", "remedy"), [(0.1, "value: 0.1"), ([1, 2], "values: [1, 2]")])
def test_a_bare_value_is_refused_with_what_was_probably_meant(written: Any, remedy: str) -> None:
    assert remedy in refused({"x": written})[0]


def test_several_faults_of_several_parameters_are_all_told() -> None:
    lines = refused({"x": {"min": "a", "max": "b"}, "y": {}, "1z": {"value": 1}})
    assert [line.partition(":")[0] for line in lines] == [
        "parameters.x.min", "parameters.x.max", "parameters.y", "parameters.1z",
    ]  # fmt: skip


NESTED = """
method: grid
parameters:
  zeta: {values: [3, 1, 3.0]}
  opt:
    parameters:
      lr: {values: [0.1, 0.01]}
      nadam: {parameters: {beta: {value: 0.9}}}
  bs: {distribution: q_uniform, min: 1, max: 10, q: 3}
"""


def test_a_grid_goes_by_name_the_last_fastest_each_value_once_and_nested() -> None:
    read = read_sweep(read_yaml(NESTED, "s.yaml"))
    first = [nested(p, read.sweep.groups) for p in islice(read.sweep.space.lattice(), 3)]
    assert first == [
        {"bs": 1, "opt": {"lr": 0.1, "nadam": {"beta": 0.9}}, "zeta": 3},
        {"bs": 1, "opt": {"lr": 0.1, "nadam": {"beta": 0.9}}, "zeta": 1},
        {"bs": 1, "opt": {"lr": 0.01, "nadam": {"beta": 0.9}}, "zeta": 3},
    ]
    assert read.sweep.space["bs"].distribution.grid() == (1, 4, 7)


@pytest.mark.parametrize(
    ("keys", "values"),
    [
        ({"min": 1, "max": 10, "q": 3}, (1, 4, 7)),
        ({"min": 0, "max": 2}, (0, 1)),
        ({"min": 0, "max": 0.3, "q": 0.1}, (0.0, 0.1, 0.2)),
        ({"min": 0.5, "max": 2, "q": 1}, (0.5, 1.5)),
        ({"min": 1, "max": 2, "q": 3}, (1,)),
    ],
)
def test_a_grid_over_steps_leaves_out_the_upper_end_as_wandb_does(
    keys: dict[str, Any], values: tuple[float, ...]
) -> None:
    parameters = {"x": {"distribution": "q_uniform"} | keys}
    read = read_sweep(document_of({"method": "grid", "parameters": parameters}))
    assert read.sweep.space["x"].distribution.grid() == values


def test_a_group_and_a_name_that_reads_as_its_member_cannot_be_told_apart() -> None:
    group = {"parameters": {"lr": {"value": 1}}}
    assert "opt.lr is there already" in refused({"opt": group, "opt.lr": {"value": 2}})[0]
    assert "opt is a group" in refused({"opt": group, "opt.b": {"value": 2}})[0]


def test_names_with_dots_stay_as_they_are_where_there_is_no_group() -> None:
    parameters = {"opt.lr": {"value": 1}, "opt": {"value": "sgd"}}
    read = read_sweep(document_of({"method": "random", "parameters": parameters}))
    assert nested({"opt.lr": 1, "opt": "sgd"}, read.sweep.groups) == {"opt.lr": 1, "opt": "sgd"}


def test_exponents_are_told_as_what_they_come_to() -> None:
    parameters = {"x": {"distribution": "log_uniform", "min": -11, "max": -2}}
    notes = read_sweep(document_of({"method": "random", "parameters": parameters})).notes
    assert "log_uniform takes natural exponents, so this is exp(-11.0..-2.0)" in notes[0]
