"""What becomes of the macros of a command."""

from typing import Any

import pytest

from sonde.core.wandb.macros import DEFAULT_COMMAND, expand, for_people, unknown_macros

VALUES = {"lr": 1e-5, "flag": True, "off": False, "opt": {"lr": 1}, "none": None, "s": "a b"}

JSON = '{"lr": 1e-05, "flag": true, "off": false, "opt": {"lr": 1}, "none": null, "s": "a b"}'


def expanded(*words: str, values: dict[str, Any] | None = None, **given: Any) -> list[str]:
    options = {"program": "train.py", "interpreter": "python", "json_file": "/t/args.json",
               "environ": {"HOME_DIR": "/home/anne"}} | given  # fmt: skip
    return expand(words, VALUES if values is None else values, **options)


@pytest.mark.parametrize(
    ("macro", "words"),
    [
        ("args", ["--lr=1e-05", "--flag=True", "--off=False", "--opt={'lr': 1}", "--none=None",
                  "--s=a b"]),
        ("args_no_hyphens", ["lr=1e-05", "flag=True", "off=False", "opt={'lr': 1}", "none=None",
                             "s=a b"]),
        ("args_no_boolean_flags", ["--lr=1e-05", "--flag", "--opt={'lr': 1}", "--none=None",
                                   "--s=a b"]),
        ("args_no_equals", ["--lr", "1e-05", "--flag", "True", "--off", "False",
                            "--opt", "{'lr': 1}", "--none", "None", "--s", "a b"]),
        ("args_append_hydra", ["+lr=1e-05", "+flag=True", "+off=False", "+opt={'lr': 1}",
                               "+none=None", "+s=a b"]),
        ("args_override_hydra", ["++lr=1e-05", "++flag=True", "++off=False", "++opt={'lr': 1}",
                                 "++none=None", "++s=a b"]),
        ("args_json", [JSON]),
        ("args_json_file", ["/t/args.json"]),
        ("program", ["train.py"]), ("interpreter", ["python"]), ("env", ["/usr/bin/env"]),
        ("envvar:HOME_DIR", ["/home/anne"]), ("envvar:UNSET", ["UNSET"]), ("lr", ["1e-05"]),
    ],
)  # fmt: skip
def test_a_word_that_is_a_macro_becomes_what_wandb_makes_of_it(
    macro: str, words: list[str]
) -> None:
    assert expanded(f"${{{macro}}}") == words


def test_the_default_command_runs_the_program_with_all_values() -> None:
    assert expanded(*DEFAULT_COMMAND, values={"lr": 0.1}) == [
        "/usr/bin/env", "python", "train.py", "--lr=0.1",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("word", "result"),
    [
        ("--bs=${lr}", "--bs=1"),
        ("cd ${envvar:HOME_DIR} && run ${program} ${args_json}",
         "cd /home/anne && run train.py '{\"lr\": 1}'"),
        ("echo ${SHELL_VARIABLE}", "echo ${SHELL_VARIABLE}"),
        ("--config=${args_json_file}", "--config=/t/args.json"),
    ],
)  # fmt: skip
def test_macros_and_parameters_stand_in_longer_words_too(word: str, result: str) -> None:
    assert expanded("bash", word, values={"lr": 1}) == ["bash", result]


def test_a_word_for_a_parameter_that_a_trial_has_not_is_left_out() -> None:
    words = ("run", "--m=${momentum}", "${momentum}", "${args}")
    assert expanded(*words, values={"lr": 1}, names=["lr", "momentum"]) == ["run", "--lr=1"]


def test_a_whole_word_that_no_macro_is_called_like_is_found_beforehand() -> None:
    words = ["${progam}", "${args}", "${envvar:X}", "${lr}", "echo ${HOME}", "plain"]
    assert unknown_macros(words, ["lr"]) == ["${progam}"]


def test_people_are_shown_the_program_and_never_a_macro_in_its_place() -> None:
    assert for_people(DEFAULT_COMMAND, "train.py") == ["python", "train.py", "${args}"]
    line = ["bash", "-c", "cd x && ${interpreter} ${program} ${lr}"]
    assert for_people(line, "rm.py") == ["bash", "-c", "cd x && python rm.py ${lr}"]
