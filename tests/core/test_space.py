"""A space gives assignments of its active parameters, and takes nothing else for one."""

import copy
import itertools
import json
import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sonde.core import lattice
from sonde.core.distributions import Choice, Constant, Float, Int, Normal, QUniform
from sonde.core.expressions import Expression
from sonde.core.space import Parameter, Params, Space, space_of
from sonde.errors import ConfigError, ConfigErrors

SPACE = space_of(
    {
        "lr": Float(1e-5, 1e-1, log=True),
        "momentum": Float(0, 0.9, step=0.3, when="opt == 'sgd'"),
        "opt": ["adam", "sgd"],
        "nesterov": Choice((True, False), when="momentum > 0.5"),
        "layers": Int(1, 8),
        "epochs": 30,
    },
    where="layers * lr < 0.5",
)
FINITE = space_of(
    {"momentum": Float(0, 0.9, step=0.3, when="opt == 'sgd'")}
    | {"opt": ["adam", "sgd"], "nesterov": Choice((True, False), when="momentum > 0.5")}
    | {"layers": Int(1, 3), "epochs": 30},
    where="layers * momentum < 1.5",
)
points = st.lists(st.floats(0, 1), min_size=5, max_size=5)


@given(points)
def test_every_point_is_an_assignment_of_the_active_parameters(u: list[float]) -> None:
    params = SPACE.at(u)
    assert params.keys() == SPACE.active(params)
    assert ("momentum" in params) is (params["opt"] == "sgd")
    assert ("nesterov" in params) is (params.get("momentum", 0) in {0.6, 0.9})
    assert params["epochs"] == 30
    assert list(params) == [p.name for p in SPACE.parameters if p.name in params]
    assert SPACE.admits(params) is SPACE.feasible(params)


@given(points)
def test_an_assignment_has_a_point_that_gives_it_back(u: list[float]) -> None:
    params = SPACE.at(u)
    again = SPACE.at(SPACE.quantiles(params))
    assert again == params | {"lr": pytest.approx(params["lr"])}


@given(points, points)
def test_coordinates_of_inactive_parameters_play_no_part(u: list[float], v: list[float]) -> None:
    params = SPACE.at(u)
    inactive = {p.name for p in SPACE.dimensions} - params.keys()
    mixed = [y if p.name in inactive else x for p, x, y in zip(SPACE.dimensions, u, v, strict=True)]
    assert SPACE.at(mixed) == params
    assert SPACE.key(SPACE.at(mixed)) == SPACE.key(params)


def test_dimensions_are_the_parameters_that_are_not_constant() -> None:
    assert [p.name for p in SPACE.dimensions] == ["lr", "momentum", "opt", "nesterov", "layers"]
    with pytest.raises(ValueError, match="3 coordinates for 5 dimensions"):
        SPACE.at([0.5] * 3)


def test_relations_do_not_bind_what_is_inactive() -> None:
    space = space_of(
        {"opt": ["adam", "sgd"], "momentum": Float(0, 1, when="opt == 'sgd'")},
        where="momentum < 0.5",
    )
    assert space.feasible({"opt": "adam"})
    assert not space.feasible({"opt": "sgd", "momentum": 0.7})


GOOD: Params = {"lr": 0.01, "opt": "adam", "layers": 2, "epochs": 30}


@pytest.mark.parametrize(
    ("change", "admitted"),
    [
        ({}, True),
        ({"layers": 2.0}, True),
        ({"layers": 2.5}, False),
        ({"layers": 9}, False),
        ({"layers": True}, False),
        ({"lr": 0.1, "layers": 5}, False),
        ({"opt": "sgd"}, False),
        ({"opt": "sgd", "momentum": 0.3}, True),
        ({"opt": "sgd", "momentum": 0.6}, False),
        ({"opt": "sgd", "momentum": 0.6, "nesterov": True}, True),
        ({"opt": "sgd", "momentum": 0.6, "nesterov": 1}, False),
        ({"momentum": 0.3}, False),
        ({"epochs": 31}, False),
        ({"more": 1}, False),
    ],
)
def test_an_assignment_has_the_active_parameters_within_bounds_and_relations(
    change: Params, admitted: bool
) -> None:
    assert SPACE.admits(GOOD | change) is admitted


def test_keys_equal_for_the_same_point_only() -> None:
    space = space_of({"a": [1, True, "1", None, 3_000_000], "b": Float(0, 9), "c": [[1, 2], "x"]})
    same: list[Params] = [{"a": 3e6, "b": 3, "c": [1, 2]}, {"c": (1, 2), "b": 3.0, "a": 3_000_000}]
    assert space.key(same[0]) == space.key(same[1])
    assert len({space.key({"a": a, "b": 0, "c": "x"}) for a in (1, True, "1", None, 1.0)}) == 4
    assert space.key({"b": 3}) != space.key({"a": None, "b": 3})


def test_size_is_the_product_or_none() -> None:
    assert SPACE.size is None
    assert FINITE.size == 4 * 2 * 2 * 3
    assert space_of({"a": 1}).size == 1
    assert space_of({}).size == 1


def test_the_lattice_is_the_product_in_declared_order_with_the_last_parameter_fastest() -> None:
    space = space_of({"b": [3, 1, 2], "a": ["y", "x"], "c": QUniform(0, 1, 0.5), "k": 7})
    found = [tuple(params.values()) for params in space.lattice()]
    assert found == list(itertools.product((3, 1, 2), ("y", "x"), (0.0, 0.5, 1.0), (7,)))


def test_the_lattice_has_each_admitted_assignment_once() -> None:
    found = list(FINITE.lattice())
    grids = [(*p.distribution.grid(), None) for p in FINITE.dimensions]
    names = [p.name for p in FINITE.dimensions]
    candidates = [
        {n: v for n, v in zip(names, values, strict=True) if v is not None} | {"epochs": 30}
        for values in itertools.product(*grids)
    ]
    expected = {FINITE.key(params) for params in candidates if FINITE.admits(params)}
    assert len(found) == len(expected)
    assert {FINITE.key(params) for params in found} == expected
    assert all(FINITE.admits(params) for params in found)
    assert list(found[0]) == ["opt", "layers", "epochs"]


def test_a_lattice_of_branches_is_walked_without_their_product() -> None:
    branches = {f"{opt}{i}": Int(0, 9, when=f"opt == '{opt}'") for opt in "abcde" for i in range(3)}
    space = space_of({"opt": list("abcde")} | branches)
    assert space.size == 5 * 10**15
    assert sum(1 for _ in space.lattice()) == 5000


def test_a_lattice_without_end_names_the_parameter() -> None:
    with pytest.raises(ConfigError, match=r"parameters\.lr: 1e-05\.\.0\.1 log has no end"):
        next(SPACE.lattice())


def test_a_lattice_in_which_nothing_is_allowed_does_not_hang(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert list(space_of({"a": Int(1, 9)}, where=["1 > 2"]).lattice()) == []
    monkeypatch.setattr(lattice, "_MOST_REJECTED", 1000)
    space = space_of({"a": Int(0, 10**9), "b": Int(0, 10**9)}, where="a + b < 0")
    with pytest.raises(ConfigError, match=r"where a \+ b < 0: 1,000 points in a row violate it"):
        list(space.lattice())


def test_relations_are_checked_as_soon_as_they_can_be() -> None:
    many = {f"p{i}": Int(0, 9) for i in range(12)}
    space = space_of({"a": Int(1, 3)} | many, where=["a > 2", "p0 + p1 + p2 == 27"])
    assert next(space.lattice()) == {"a": 3, "p0": 9, "p1": 9, "p2": 9} | {
        f"p{i}": 0 for i in range(3, 12)
    }


@pytest.mark.parametrize(
    ("given", "made"),
    [
        (
            {"lr": 0.01, "opt": "adam", "layers": 2.0},
            {"lr": 0.01, "opt": "adam", "layers": 2, "epochs": 30},
        ),
        (
            {"layers": np.int64(2), "opt": "sgd", "lr": np.float64(0.01), "momentum": 0.3},
            {"lr": 0.01, "momentum": 0.3, "opt": "sgd", "layers": 2, "epochs": 30},
        ),
    ],
)
def test_an_assignment_by_hand_becomes_one_of_the_space(given: Any, made: Params) -> None:
    found = SPACE.validate(given)
    assert found == made
    assert list(found) == list(made)
    assert [type(value) for value in found.values()] == [type(value) for value in made.values()]


TOO_MUCH = "lr=0.1, opt=adam, layers=8, epochs=30"


@pytest.mark.parametrize(
    ("given", "faults"),
    [
        ({"lr": 0.01, "opt": "adam"}, ["layers: it has no value; add layers=..."]),
        (
            GOOD | {"layer": 3},
            ["layer: there is no parameter 'layer'; did you mean layers?"],
        ),
        (
            GOOD | {"momentum": 0.3},
            ["momentum: it does not exist unless opt == 'sgd'; leave it out"],
        ),
        (
            GOOD | {"layers": 2.5, "lr": "fast", "opt": "lion"},
            [
                "lr: fast is not in 1e-05..0.1 log; choose a value from there",
                "opt: lion is not in {adam, sgd}; choose a value from there",
                "layers: 2.5 is not in 1..8; choose a value from there",
            ],
        ),
        (
            GOOD | {"lr": 0.1, "layers": 8},
            [f"where layers * lr < 0.5: {TOO_MUCH} violates it; change the values"],
        ),
    ],
)
def test_what_is_wrong_with_an_assignment_by_hand_is_said_at_once(
    given: Params, faults: list[str]
) -> None:
    with pytest.raises(ConfigErrors) as refusal:
        SPACE.validate(given)
    assert [str(fault) for fault in refusal.value.faults] == faults


def test_what_people_write() -> None:
    written = {
        "float": Float(0, 1),
        "list": [1, "a"],
        "tuple": (1, 2),
        "range": range(3),
        "array": np.array([0.5, 1.0]),
        "constant": 5,
        "none": None,
        "text": "adam",
        "sentence": "hello, world; a=b",
        "dots": "1e-5..1e-1:log",
        "call": "loguniform(1e-5, 1e-1)",
        "wandb": {"min": 1, "max": 8},
        "conditional": {"values": [1, 2], "when": "constant > 3"},
    }
    space = space_of(written)
    made = {p.name: p.distribution for p in space.parameters}
    assert list(made) == list(written)
    assert made == {
        "float": Float(0, 1),
        "list": Choice((1, "a")),
        "tuple": Choice((1, 2)),
        "range": Choice((0, 1, 2)),
        "array": Choice((0.5, 1.0)),
        "constant": Constant(5),
        "none": Constant(None),
        "text": Constant("adam"),
        "sentence": Constant("hello, world; a=b"),
        "dots": Float(1e-5, 0.1, log=True),
        "call": Float(1e-5, 0.1, log=True),
        "wandb": Int(1, 8),
        "conditional": Choice((1, 2)),
    }
    assert space["conditional"].when == Expression("constant > 3")


@pytest.mark.parametrize(
    "text",
    ["../data", "data/../1", "data/..5", "C:/runs", "https://a.b:80/c", "localhost:8080", "1:2:3:4",
     "2024-01-01T12:30:00", "a..b", "f(x", "uniform", "16:9 wide", "...", ":", "1;2"],
)  # fmt: skip
def test_other_text_is_a_constant(text: str) -> None:
    assert space_of({"a": text})["a"].distribution == Constant(text)


def test_text_that_reads_like_a_range_can_be_chosen_as_text() -> None:
    space = space_of({"a": Choice(("12:30",)), "b": ["1..x", "0:1:0.1"]})
    assert space["b"].distribution == Choice(("1..x", "0:1:0.1"))


@pytest.mark.parametrize("name", ["lr", "größe", "_x", "opt.lr", "weight-decay", "lambda", "层"])
def test_names_may_be_what_scripts_use(name: str) -> None:
    assert name in space_of({name: [1, 2]})


@pytest.mark.parametrize("name", ["", "1x", "-x", "a b", "a=b", "a{b}", "a\n", ".a"])
def test_other_names_are_refused(name: str) -> None:
    with pytest.raises(ConfigError, match="cannot be a parameter's name"):
        space_of({name: [1, 2]})


@pytest.mark.parametrize(
    ("written", "where", "message"),
    [
        ({"a": Int(1, 2, when="a > 1")}, None, "the conditions of a depend on each other"),
        (
            {"a": Int(1, 2, when="b > 1"), "b": Int(1, 2, when="a > 1"), "c": 1},
            None,
            "parameters.a.when b > 1: the conditions of a, b depend on each other",
        ),
        (
            {"layers": Int(1, 2), "b": Int(1, 2, when="layer > 1")},
            None,
            "parameters.b.when layer > 1: there is no parameter 'layer'; did you mean layers?",
        ),
        ({"a": Int(1, 2)}, "x < 3", "where x < 3: there is no parameter 'x'; use a"),
        ({"a": Int(1, 2)}, ["a < 3", "a ="], "a =: column 3: '=' is not understood"),
        ({"a": Int(1, 2)}, "", "where '': there is no relation in it; write one, or leave it out"),
        ({"a": "1..x"}, None, "parameters.a: 1..x is a range of which x is no number; write 1e-5"),
        ({"a": "x..1"}, None, "parameters.a: x..1 is a range of which x is no number"),
        ({"a": "1e-3.."}, None, "a range of which nothing is no number"),
        ({"a": "loguniform(1e-5, 1e-1"}, None, "parameters.a: loguniform(1e-5, 1e-1 has a ( that"),
        ({"a": "0:1:0.1"}, None, "Choice(['0:1:0.1']) if text is meant"),
        ({"a": "1e-5:l5:0.1"}, None, "parameters.a: 1e-5:l5:0.1 is a range in StudioML's form"),
        ({"a": "12:30"}, None, "parameters.a: 12:30 is a range in StudioML's form"),
        ({"a": "b", "c": [1]}, "a * 3 > 1", "a * 3 > 1: *: 'b' is no number"),
        ({"a": [], "b": {"min": 1}}, None, "parameters.a: there is nothing to choose from"),
        ({"a": [], "b": {"min": 1}}, None, "parameters.b: from min no distribution follows"),
        ({"a": object()}, None, "parameters.a: <object"),
    ],
)
def test_a_space_that_makes_no_sense_is_refused(written: Any, where: Any, message: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        space_of(written, where)
    assert message in str(refusal.value)


def test_a_name_stands_there_once() -> None:
    with pytest.raises(ConfigError, match=r"parameters\.a: it is declared twice"):
        Space((Parameter("a", Int(1, 2)), Parameter("a", Int(1, 3))))


def test_a_condition_on_a_constant_and_a_conditional_constant_work() -> None:
    space = Space(
        (
            Parameter("mode", Constant("fast")),
            Parameter("x", Int(1, 2), Expression("mode == 'slow'")),
            Parameter("flag", Constant(1), Expression("y > 1")),
            Parameter("y", Int(1, 2)),
        )
    )
    assert list(space.lattice()) == [{"mode": "fast", "y": 1}, {"mode": "fast", "flag": 1, "y": 2}]


@pytest.mark.parametrize("space", [SPACE, FINITE, space_of({}), space_of({"n": Normal(0, 1)})])
def test_json_and_copies_are_the_same_space(space: Space) -> None:
    twins = [
        Space.from_json(json.loads(json.dumps(space.to_json()))),
        Space.from_json(json.loads(json.dumps(space.to_json(), sort_keys=True))),
        pickle.loads(pickle.dumps(space)),
        copy.deepcopy(space),
    ]
    for twin in twins:
        assert twin == space
        assert hash(twin) == hash(space)
        assert twin.at([0.7] * len(space.dimensions)) == space.at([0.7] * len(space.dimensions))


def test_spaces_differ_where_their_points_do() -> None:
    assert space_of({"a": [1, 2]}) != space_of({"a": [True, 2]})
    assert space_of({"a": [1, 2], "b": 1}) != space_of({"b": 1, "a": [1, 2]})
    assert space_of({"a": Int(1, 2)}) != space_of({"a": Int(1, 2)}, where="a > 1")
    assert space_of({"b": 1, "a": Int(1, 2)}) != space_of({"b": 1, "a": Int(1, 2, when="b == 1")})
