"""From what a person types to a command, and every way in which that can be wrong."""

import os
import sys
from pathlib import Path
from typing import Any

import pytest

from lab import Lab
from sonde.agent.command import command_of, preview
from sonde.agent.finding import user_python
from sonde.core.space import space_of
from sonde.core.sweep import Command
from sonde.errors import ConfigError, ConfigErrors

SPACE = {"lr": [0.1, 0.5], "opt": ["adam", "sgd"]}
SCRIPT = "lr = 0.01\nopt = 'sgd'\nprint(lr, opt)\n"
ASKS = "import os\nprint(os.environ['SONDE_PARAM_LR'])\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    files = {
        "train.py": SCRIPT,
        "asks.py": ASKS,
        "flags.sh": "echo $1\n",
        "asks.sh": "echo $SONDE_PARAM_LR\n",
        "tool": f"#!{sys.executable}\nlr = 1\nopt = 2\nprint(lr, opt)\n",
        "pkg/__main__.py": SCRIPT,
        "ünï code.py": SCRIPT,
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    (tmp_path / "tool").chmod(0o755)
    (tmp_path / "a.out").write_bytes(b"\x7fELF\0\0")
    (tmp_path / "a.out").chmod(0o755)
    (tmp_path / "data").mkdir()
    return tmp_path


def make(folder: Path, *argv: str, **options: Any) -> Command:
    return command_of(argv, folder=folder, space=space_of(SPACE), python="/py", **options)


@pytest.mark.parametrize(
    ("typed", "argv", "script", "substitute"),
    [
        (["train.py", "30"], ["/py", "train.py", "30"], "train.py", "syntax"),
        (["./train.py"], ["/py", "train.py"], "train.py", "syntax"),
        (["ünï code.py"], ["/py", "ünï code.py"], "ünï code.py", "syntax"),
        (["sh", "asks.sh"], ["sh", "asks.sh"], None, "none"),
        (["asks.py"], ["/py", "asks.py"], None, "none"),
        (["./tool"], ["./tool"], "tool", "syntax"),
        (["tool"], ["./tool"], "tool", "syntax"),
        (["./a.out"], ["./a.out"], None, "none"),
        (["a.out", "x"], ["./a.out", "x"], None, "none"),
        (["true"], ["true"], None, "none"),
        (["sh", "flags.sh", "{lr}", "{opt}"], ["sh", "flags.sh", "{lr}", "{opt}"], None, "none"),
        (["env", "python3", "-u", "train.py"], ["env", "python3", "-u", "train.py"],
         "train.py", "syntax"),
        (["sh", "-ec", ASKS], ["sh", "-ec", ASKS], None, "none"),
        (["sh", "-c", "fit {lr} {opt}"], ["sh", "-c", "fit {lr} {opt}"], None, "none"),
        (["sh", "-e", "asks.sh"], ["sh", "-e", "asks.sh"], None, "none"),
        ([sys.executable, "-u", "train.py"], [sys.executable, "-u", "train.py"],
         "train.py", "syntax"),
        (["/usr/bin/env", "-i", "python3", "train.py", "x.py"],
         ["/usr/bin/env", "-i", "python3", "train.py", "x.py"], "train.py", "syntax"),
        (["/bin/sh", "./asks.sh"], ["/bin/sh", "asks.sh"], None, "none"),
        (["python3", "-m", "cProfile", "train.py"], ["python3", "-m", "cProfile", "train.py"],
         "train.py", "syntax"),
        (["nice", "python3", "-m", "pkg"], ["nice", "python3", "-m", "pkg"],
         "pkg/__main__.py", "syntax"),
    ],
)  # fmt: skip
def test_the_program_and_the_way_of_its_values_are_found(
    folder: Path, typed: list[str], argv: list[str], script: str | None, substitute: str
) -> None:
    command = make(folder, *typed)
    assert (list(command.argv), command.script, command.substitute) == (argv, script, substitute)
    assert command.folder == str(folder)


def test_an_environment_inside_the_folder_is_not_looked_for_in_the_copy(folder: Path) -> None:
    (folder / ".venv" / "bin").mkdir(parents=True)
    (folder / ".venv" / "pyvenv.cfg").touch()
    for name in ("python", "launch"):
        (folder / ".venv" / "bin" / name).symlink_to(sys.executable)
        command = make(folder, f".venv/bin/{name}", "train.py")
        assert command.argv == (str(folder / ".venv" / "bin" / name), "train.py")
        assert command.script == "train.py"


def test_a_launcher_of_modules_is_looked_behind(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "data" / "torchrun").write_text("")
    (folder / "data" / "torchrun").chmod(0o755)
    monkeypatch.setenv("PATH", str(folder / "data"), prepend=":")
    command = make(folder, "torchrun", "--nproc-per-node=2", "-m", "pkg")
    assert (command.script, command.substitute) == ("pkg/__main__.py", "syntax")


def test_a_module_of_the_folder_gets_its_values_too(folder: Path) -> None:
    command = make(folder, Path(sys.executable).name, "-m", "pkg")
    assert (command.script, command.substitute) == ("pkg/__main__.py", "syntax")


def test_what_the_arguments_carry_is_left_alone_in_the_text(folder: Path) -> None:
    command = make(folder, "train.py", "--lr={lr}")
    shown = preview(command, {"lr": 0.5, "opt": "adam"})
    assert shown.argv == ("/py", "train.py", "--lr=0.5")
    assert "+print(lr, 'adam')" in shown.diff.splitlines()
    assert {place.name for place in shown.places} == {"opt"}


def test_a_script_inside_the_folder_is_run_from_the_copy_however_it_was_named(
    folder: Path,
) -> None:
    assert make(folder, str(folder / "train.py")).argv == ("/py", "train.py")


def test_a_script_outside_that_asks_for_its_values_is_run_where_it_is(folder: Path) -> None:
    argv = make(folder / "data", "../asks.py").argv
    assert os.path.normpath(argv[1]) == str(folder / "asks.py")


def test_an_argument_for_a_parameter_that_a_trial_has_not_is_left_out(folder: Path) -> None:
    command = make(folder, "asks.py", "--lr={lr}", "--opt", "{opt}", "-v")
    shown = preview(command, {"lr": 0.5}, ["lr", "opt"])
    assert shown.argv == ("/py", "asks.py", "--lr=0.5", "-v")


@pytest.mark.parametrize(
    ("typed", "options", "message"),
    [
        ([], {}, "script: there is nothing to run; name it: sonde run ... train.py"),
        (["trian.py"], {}, "trian.py: there is no such file in {folder}; did you mean train.py?"),
        (["data"], {}, "data: it is a folder, not a script; name the script: data/..."),
        (["./data"], {}, "./data: it is a folder, not a script; name the script: ./data/..."),
        (["nowhere/x.py"], {}, "nowhere/x.py: there is no folder {folder}/nowhere; check the path"),
        (
            ["./flags.sh"],
            {},
            (
                "./flags.sh: it is not executable; chmod +x ./flags.sh, or name what "
                "runs it: bash ./flags.sh"
            ),
        ),
        (
            ["sh", "falgs.sh"],
            {},
            ("falgs.sh: there is no such file in {folder}; did you mean flags.sh?"),
        ),
        (
            ["no-such-program"],
            {},
            (
                "no-such-program: there is no such file in {folder}; scripts "
                "there: asks.py, asks.sh, flags.sh, train.py, ünï code.py"
            ),
        ),
        (
            ["train.py"],
            {"substitute": "magic"},
            ("--substitute=magic: no such way; syntax, regex or none"),
        ),
        (["train.py"], {"workspace": "tmp"}, "--workspace=tmp: no such kind; copy or none"),
        (
            ["train.py"],
            {"workspace": "none"},
            (
                "--workspace=none: values would be put into your own "
                "train.py (syntax); use --workspace copy, or pass the values as arguments instead: "
                "--lr={{lr}}"
            ),
        ),
        (
            ["train.py"],
            {"links": ["../x"]},
            ("--link ../x: it is not a path inside {folder}; name a path below it"),
        ),
        (
            ["train.py"],
            {"links": ["nope"]},
            ("--link nope: there is no such path in {folder}; check the name"),
        ),
        (
            ["train.py"],
            {"metric_regex": "x"},
            (
                "--metric-regex=x: it has no group for the value; "
                r"put it in brackets: 'loss: (\S+)'"
            ),
        ),
        (["train.py"], {"grace_s": -1}, "--grace=-1: it is no number of seconds; use 0 or more"),
        (
            ["a.out"],
            {"substitute": "regex"},
            (
                "--substitute=regex: a.out is no text into which "
                "values could be put; pass them as arguments: --lr={{lr}}"
            ),
        ),
    ],
)
def test_what_cannot_run_is_refused_with_its_place_and_a_remedy(
    folder: Path, typed: list[str], options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError) as refusal:
        make(folder, *typed, **options)
    assert str(refusal.value) == message.format(folder=folder)


def test_every_parameter_that_cannot_reach_a_shell_script_is_named(folder: Path) -> None:
    with pytest.raises(ConfigErrors) as refusal:
        make(folder, "sh", "flags.sh")
    assert str(refusal.value).splitlines() == [
        (
            "--hyperparam lr: nothing in flags.sh takes it; pass it as an argument: --lr={lr}, "
            "or read SONDE_PARAM_LR in the script"
        ),
        (
            "--hyperparam opt: nothing in flags.sh takes it; pass it as an argument: --opt={opt}, "
            "or read SONDE_PARAM_OPT in the script"
        ),
    ]


@pytest.mark.parametrize(
    "typed",
    [
        ["sh", "-c", "python train.py"],
        ["/bin/sh", "-ec", "python train.py"],
        ["env", "X=1", "bash", "-lc", "python train.py"],
        ["python3", "-c", "import train"],
        ["python3"],
        ["python3", "-m", "timeit", "1"],
    ],
)
def test_a_program_that_values_would_never_reach_is_refused(folder: Path, typed: list[str]) -> None:
    with pytest.raises(ConfigErrors) as refusal:
        make(folder, *typed)
    first = refusal.value.faults[0]
    assert first.where == "--hyperparam lr"
    assert first.remedy == (
        "write {lr} where its value is to stand; if what is run reads SONDE_PARAM_LR by itself, "
        "say --substitute none"
    )
    assert make(folder, *typed, substitute="none").argv == tuple(typed)


@pytest.mark.parametrize("typed", [["asks.py"], ["./a.out"], ["sh", "-c", ASKS]])
def test_parameters_that_would_share_a_variable_are_refused(folder: Path, typed: list[str]) -> None:
    space = space_of({"a-b": [1], "lr": [1], "A_b": [2]})
    for substitute in (None, "none"):
        with pytest.raises(ConfigError) as refusal:
            command_of(typed, folder=folder, space=space, substitute=substitute)
        assert str(refusal.value) == (
            "--hyperparam a-b and A_b: they would share one environment variable, "
            "SONDE_PARAM_A_B; rename one of them, or pass them as arguments: --a-b={a-b}"
        )
    command_of([*typed, "{a-b}", "{A_b}"], folder=folder, space=space)
    (folder / "config.py").write_text("import sonde\nprint(sonde.config.lr)\n")
    command_of(["config.py"], folder=folder, space=space)


def test_a_name_that_the_script_lacks_is_refused_with_those_it_has(folder: Path) -> None:
    with pytest.raises(ConfigError) as refusal:
        command_of(["train.py"], folder=folder, space=space_of({"lrate": [1]}))
    assert "lrate occurs nowhere in train.py" in str(refusal.value)
    assert "lr" in refusal.value.remedy


def test_a_script_outside_cannot_be_changed(folder: Path) -> None:
    with pytest.raises(ConfigError, match=r"it lies outside .*/data, so it is not copied"):
        make(folder / "data", "../train.py")


def test_all_faults_are_told_at_once(folder: Path) -> None:
    with pytest.raises(ConfigErrors) as refusal:
        make(folder, "nope.py", links=["gone"], workspace="x", metric_regex="(")
    places = [fault.where for fault in refusal.value.faults]
    assert places == ["--workspace=x", "--link gone", "--metric-regex=(", "nope.py"]


def test_the_users_python_is_that_of_the_active_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CONDA_PREFIX", raising=False)
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)
    assert user_python() == sys.executable
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").symlink_to(sys.executable)
    monkeypatch.setenv("VIRTUAL_ENV", str(tmp_path))
    assert user_python() == str(tmp_path / "bin" / "python")
    monkeypatch.setenv("VIRTUAL_ENV", str(tmp_path / "gone"))
    assert user_python() == sys.executable


@pytest.mark.parametrize("substitute", [None, "regex"])
def test_the_values_are_in_the_script_that_runs_and_nowhere_else(
    lab: Lab, substitute: str | None
) -> None:
    script = lab.script(SCRIPT, "tr äin.py")
    space = space_of(SPACE)
    command = command_of(["tr äin.py"], folder=lab.folder, space=space, substitute=substitute)
    sweep = lab.sweep(space=SPACE, work=command)
    lab.run(sweep)
    printed = [lab.of(sweep, n).stdout.read_text() for n in range(4)]
    assert printed == ["0.1 adam\n", "0.1 sgd\n", "0.5 adam\n", "0.5 sgd\n"]
    assert script.read_text() == SCRIPT


def test_line_ends_and_encodings_of_a_script_are_kept(lab: Lab) -> None:
    text = "# coding: latin-1\r\nlr = 1\r\nprint('\xe9', lr)\r\n".encode("latin-1")
    (lab.folder / "train.py").write_bytes(text)
    command = command_of(["train.py"], folder=lab.folder, space=space_of({"lr": [7]}))
    sweep = lab.sweep(space={"lr": [7]}, work=command)
    lab.run(sweep)
    written = (lab.of(sweep).work / "train.py").read_bytes()
    assert written == text.replace(b", lr)", b", 7)")
    assert lab.states(sweep) == ["done"]
