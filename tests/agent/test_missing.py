"""What is said of a trial that never reported what is looked for."""

from pathlib import Path

import pytest

from sonde.agent.missing import missing, printed_numbers
from sonde.agent.printed import check_pattern


@pytest.fixture
def stdout(tmp_path: Path) -> Path:
    return tmp_path / "stdout.log"


def test_nothing_is_said_where_all_came() -> None:
    assert missing(["loss"], ["acc", "loss"]) is None


def test_what_came_instead_is_named_and_what_is_nearly_the_same_is_offered() -> None:
    assert missing(["val_losss"], ["epoch", "val_loss"]) == (
        "val_losss never came; metrics that did: epoch, val_loss; did you mean val_loss?"
    )
    assert missing(["acc"], ["val/acc", "loss"]) == (
        "acc never came; metrics that did: val/acc, loss; did you mean val/acc?"
    )
    assert missing(["acc"], ["loss"]) == "acc never came; metrics that did: loss"


def test_a_metric_that_was_only_printed_comes_with_the_option_that_reads_it(stdout: Path) -> None:
    stdout.write_text("epoch: 1\nVal loss: 0.5\nepoch: 2\nVal loss: 2.5e-1\ndone in 3s\n")
    said = missing(["val_loss"], [], stdout=stdout)
    assert said == (
        "val_loss never came; metrics that did: none; numbers that it printed: epoch: 2, "
        r"Val loss: 2.5e-1; --metric-regex 'Val loss:\s*(\S+)' would read it"
    )
    pattern = check_pattern(r"Val loss:\s*(\S+)")
    assert [m[1] for m in pattern.finditer(stdout.read_bytes())] == [b"0.5", b"2.5e-1"]


def test_a_printed_name_that_may_be_meant_comes_with_both_options(stdout: Path) -> None:
    stdout.write_text("loss: 0.003\n")
    said = missing(["val_loss"], [], stdout=stdout) or ""
    assert said.endswith(r"; --metric=loss --metric-regex 'loss:\s*(\S+)' would go by loss")


def test_a_pattern_that_found_nothing_is_named_with_what_was_printed(stdout: Path) -> None:
    stdout.write_text("loss = 0.25\n")
    assert missing(["loss"], [], stdout=stdout, pattern="loss: (.*)") == (
        "loss never came; metrics that did: none; 'loss: (.*)' found no number in what it printed; "
        "numbers that it printed: loss=0.25"
    )


def test_a_silent_script_is_told_the_ways_in_which_a_metric_can_come(stdout: Path) -> None:
    said = missing(["loss"], [], stdout=stdout) or ""
    assert said.endswith(
        "log it with sonde.log or for TensorBoard, or print it for --metric-regex "
        r"'loss:\s*(\S+)'"
    )


@pytest.mark.parametrize(
    ("line", "name", "value"),
    [
        ("loss: 0.3", "loss", "0.3"),
        ("loss=.5, acc=97", "acc", "97"),
        ('{"val_loss": 1e-3}', "val_loss", "1e-3"),
        ("test/acc = nan", "test/acc", "nan"),
        ("  final validation loss: -2", "final validation loss", "-2"),
    ],
)
def test_numbers_are_found_as_people_print_them(
    stdout: Path, line: str, name: str, value: str
) -> None:
    stdout.write_text(line)
    assert printed_numbers(stdout)[name][1] == value


@pytest.mark.parametrize("line", ["took 3s", "version: 1.2.3", "http://x:80a", "no numbers here"])
def test_what_is_no_number_is_none(stdout: Path, line: str) -> None:
    stdout.write_text(line)
    assert printed_numbers(stdout) == {}
