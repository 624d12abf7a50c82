"""Hydra's grammar as a space, and trials as overrides."""

from typing import Any

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser

import sonde
from hydra_plugins.hydra_sonde_sweeper.overrides import Plan, plan_of, written_as_overrides
from sonde import Choice, Float, Int
from sonde.api.trial import thawed


def planned(*written: str) -> Plan:
    return plan_of(OverridesParser.create().parse_overrides(list(written)))


@pytest.mark.parametrize(
    ("written", "distribution"),
    [
        (
            "a,b",
            Choice(
                (
                    "a",
                    "b",
                )
            ),
        ),
        (
            "1,null,[1,2],{a:1},'x y'",
            Choice(
                (
                    1,
                    None,
                    [1, 2],
                    {"a": 1},
                    "x y",
                )
            ),
        ),
        (
            "sort(3,1,2)",
            Choice(
                (
                    1,
                    2,
                    3,
                )
            ),
        ),
        (
            "sort(1,2,3,reverse=true)",
            Choice(
                (
                    3,
                    2,
                    1,
                )
            ),
        ),
        (
            "1,1,2",
            Choice(
                (
                    1,
                    2,
                )
            ),
        ),
        (
            "range(1,4)",
            Choice(
                (
                    1,
                    2,
                    3,
                ),
                ordered=True,
            ),
        ),
        (
            "range(3)",
            Choice(
                (
                    0,
                    1,
                    2,
                ),
                ordered=True,
            ),
        ),
        (
            "range(5,0,-2)",
            Choice(
                (
                    5,
                    3,
                    1,
                ),
                ordered=True,
            ),
        ),
        (
            "range(0,10,3.3)",
            Choice(
                (
                    0.0,
                    3.3,
                    6.6,
                    9.9,
                ),
                ordered=True,
            ),
        ),
        (
            "range(0,0.5,0.1)",
            Choice(
                (
                    0.0,
                    0.1,
                    0.2,
                    0.3,
                    0.4,
                ),
                ordered=True,
            ),
        ),
        (
            "range(0,2.1,0.7)",
            Choice(
                (
                    0.0,
                    0.7,
                    1.4,
                ),
                ordered=True,
            ),
        ),
        (
            "float(range(1,3))",
            Choice(
                (
                    1.0,
                    2.0,
                ),
                ordered=True,
            ),
        ),
        ("range(0,5000,2)", Int(0, 4998, step=2)),
        ("range(0,300.05,0.1)", Float(0.0, 300.0, step=0.1)),
        ("interval(1,5)", Float(1, 5)),
        ("int(interval(1,5))", Int(1, 5)),
        ("tag(log,interval(1e-5,0.1))", Float(1e-5, 0.1, log=True)),
        ("tag(log,int(interval(1,512)))", Int(1, 512, log=True)),
        ("int(tag(log,interval(1,512)))", Int(1, 512, log=True)),
    ],
)
def test_each_form_is_the_distribution_that_it_says(written: str, distribution: Any) -> None:
    (parameter,) = planned(f"key={written}").space.parameters
    found = parameter.distribution
    assert found == distribution
    if isinstance(found, Choice):
        assert [repr(v) for v in found.values] == [repr(v) for v in distribution.values]
        assert found.ordered == distribution.ordered


def test_what_is_shuffled_is_shuffled_alike_each_time() -> None:
    first, second = (planned("key=shuffle(range(0,50))").space.parameters[0] for _ in range(2))
    assert first == second
    values: list[Any] = [first.distribution.nth(k) for k in range(50)]
    assert values != list(range(50))
    assert sorted(values) == list(range(50))


def test_jobs_get_their_overrides_in_the_order_of_the_command_line() -> None:
    plan = planned("b=2", "+a.x=interval(0,1)", "~z", "opt@model.opt=sgd,adam", "++n='a, b'")
    assert [parameter.name for parameter in plan.space.parameters] == ["a.x", "opt.model.opt"]
    job = plan.overrides({"a.x": 0.25, "opt.model.opt": "adam"})
    assert job == ["b=2", "+a.x=0.25", "~z", "opt@model.opt=adam", "++n='a, b'"]
    assert plan.params({"a.x": 0.25, "opt.model.opt": "adam"}) == {
        "+a.x": 0.25, "opt@model.opt": "adam",
    }  # fmt: skip


def test_the_last_word_on_a_key_counts() -> None:
    plan = planned("x=1,2", "y=3", "x=5")
    assert (plan.space.size, plan.overrides({})) == (1, ["x=5", "y=3"])


def test_keys_that_would_be_one_name_stay_two() -> None:
    plan = planned("a/b=1,2", "a.b=3,4")
    assert plan.overrides({"a.b": 1, "a.b-2": 4}) == ["a/b=1", "a.b=4"]


def test_values_are_written_so_that_hydra_reads_them_back() -> None:
    written = r"""'a,b','it\'s',"x=1",'',[1,'b c'],{k:'v w'},null,true,1e-05,007,${y}"""
    plan = planned(f"key={written}")
    (parameter,) = plan.space.parameters
    for value in map(parameter.distribution.nth, range(parameter.distribution.size or 0)):
        (text,) = plan.overrides({"key": value})
        (again,) = OverridesParser.create().parse_overrides([text])
        assert again.value() == thawed(value)


@pytest.mark.parametrize(
    ("settings", "written"),
    [
        ({"x": "range(1,3)"}, ["x=range(1,3)"]),
        ({"x": 5, "y": None}, ["x=5", "y=null"]),
        ({"x": {"type": "float", "low": 0, "high": 1, "log": False}}, ["x=interval(0,1)"]),
        (
            {"x": {"type": "int", "low": 1, "high": 9, "log": True}},
            ["x=tag(log,int(interval(1,9)))"],
        ),
        ({"x": {"type": "int", "low": 0, "high": 8, "step": 4}}, ["x=range(0,9,4)"]),
        ({"x": {"type": "float", "low": 0, "high": 1, "step": 0.5}}, ["x=range(0,1.25,0.5)"]),
        (
            {"x": {"type": "categorical", "choices": ["it's", 1, True, None]}},
            ["x=choice('it\\'s',1,true,null)"],
        ),
    ],
)
def test_what_a_config_says_is_read_as_on_the_command_line(
    settings: dict[str, Any], written: list[str]
) -> None:
    assert written_as_overrides(settings) == written


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("key=range(3,1)", "it has no values"),
        ("key=interval(5,1)", "interval"),
        ("key=tag(log,interval(0,1))", "interval"),
    ],
)
def test_what_cannot_be_searched_is_refused(written: str, found: str) -> None:
    with pytest.raises(sonde.ConfigError, match=found):
        planned(written)


def test_a_config_that_says_no_range_is_refused() -> None:
    with pytest.raises(sonde.ConfigError, match="type is 'normal'"):
        written_as_overrides({"x": {"type": "normal", "low": 0, "high": 1}})
    with pytest.raises(sonde.ConfigError, match="'high' is missing"):
        written_as_overrides({"x": {"type": "int", "low": 0}})
