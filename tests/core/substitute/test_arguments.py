"""Values in a script's arguments."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sonde.core.substitute import fill_template, mistyped, reads_parameters


def test_braces_around_a_name_become_its_value() -> None:
    args, used = fill_template(["--lr={lr}", "{opt}-{lr}", "30"], {"lr": 1e-5, "opt": "adam"})
    assert args == ["--lr=1e-05", "adam-1e-05", "30"]
    assert used == {"lr", "opt"}


def test_double_braces_are_the_name_in_braces() -> None:
    assert fill_template(["{{lr}}"], {"lr": 3}) == (["{lr}"], set())


def test_json_passes_unharmed() -> None:
    nested = '{"a": {"b": {}}, "c": {lr}}'
    args, used = fill_template([nested, "{unknown}", "{", "}}"], {"lr": 3})
    assert args == ['{"a": {"b": {}}, "c": 3}', "{unknown}", "{", "}}"]
    assert used == {"lr"}


@pytest.mark.parametrize(
    ("arg", "found"),
    [
        ("--lr={lrr}", [("--lr={lrr}", "lrr", "lr")]),
        ("{LR} {weight-decay}", [("{LR} {weight-decay}", "LR", "lr"),
                                 ("{LR} {weight-decay}", "weight-decay", "weight_decay")]),
        ("{lr}-{epoch}-{seed}", []),
        ('{"lrr": {lr}} {}{ }', []),
        ("${lrr} {{lrr}} {lrr,x} {lrr..9}", []),
    ],
)  # fmt: skip
def test_a_name_that_is_nearly_a_parameters_is_a_slip_unless_its_braces_are_somebody_elses(
    arg: str, found: list[tuple[str, str, str]]
) -> None:
    assert list(mistyped([arg], ["lr", "weight_decay"])) == found


def test_names_with_dots_and_dashes_are_taken_literally() -> None:
    assert fill_template(["{a.b} {aXb} {c-d}"], {"a.b": 1, "c-d": 2})[0] == ["1 {aXb} 2"]


def test_a_value_with_braces_is_not_filled_again() -> None:
    assert fill_template(["{a}"], {"a": "{b}", "b": 1}) == (["{b}"], {"a"})


@given(st.lists(st.text()))
def test_without_a_template_nothing_changes(args: list[str]) -> None:
    assert fill_template(args, {"no such name in any text": 1}) == (args, set())
    assert fill_template(args, {}) == (args, set())


def test_a_script_that_reads_its_environment_is_known_by_it() -> None:
    for source in (
        'lr = float(os.environ["SONDE_PARAM_LR"])',
        'json.load(open(os.environ["SONDE_PARAMS"]))',
        "import sonde\nlr = sonde.config.lr",
        "sonde.init()",
        "from sonde import log, config",
        "import sonde.wandb as wandb",
    ):
        assert reads_parameters(source)
    for source in ("lr = 0.01", "import sonde\nsonde.log(loss=1)", "from sonde import log"):
        assert not reads_parameters(source)
