"""Commands that people are told to type can be pasted."""

import re
import shlex
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli_programs import Place, environment
from cli_said import Sonde
from cli_stores import COMMAND, GOAL, SPACE, add_sweep, add_trial
from cli_views import ended_trial
from sonde.cli.by_hand import by_hand, goal_text
from sonde.cli.typed import broken, typed
from sonde.core.metric import Direction, Goal, SummaryKind, parse_goal
from sonde.core.sweep import Sweep
from sonde.core.trial import State
from sonde.store import open_store
from sonde.store.protocol import Store

words = st.text(st.characters(blacklist_categories=["Cc", "Cs"]), min_size=1, max_size=20)


@given(words)
def test_any_name_comes_back_as_one_word(name: str) -> None:
    program, command, *rest = shlex.split(typed("logs", f"{name}/1"))
    assert (program, command, rest[-1]) == ("sonde", "logs", f"{name}/1")
    assert name.startswith("-") is (rest[0] == "--")


@given(st.lists(words, min_size=1, max_size=20), st.integers(20, 100))
def test_a_broken_command_is_the_same_command_in_lines_that_fit(
    command: list[str], width: int
) -> None:
    text = broken(command, width, 4)
    assert shlex.split(text.replace(" \\\n", " ")) == command
    for place, line in enumerate(text.split(" \\\n")):
        beside = 4 if place == 0 else 0  # what stands before the first line
        assert beside + len(line) + 2 <= width or len(shlex.split(line)) == 1


@given(
    st.from_regex(r"[a-z][a-z_/]{0,20}", fullmatch=True),
    st.sampled_from(Direction),
    st.sampled_from(SummaryKind),
)
def test_a_goal_is_written_as_it_is_read(
    metric: str, direction: Direction, summary: SummaryKind
) -> None:
    goal = Goal(metric=metric, direction=direction, summary=summary)
    assert parse_goal(goal_text(goal)) == goal


def test_a_sweep_with_a_dash_and_blanks_can_be_pasted(cli: Sonde, store: Store) -> None:
    record = add_sweep(store, name="-größe A")
    add_trial(store, record.id, {"lr": 0.1, "opt": "adam"}, [0.5])
    out = cli("show", "--", "-größe A").out
    found = re.search(r"go on with it: (.+)", out)
    assert found is not None
    _, resume, *rest = shlex.split(found[1])
    assert cli(resume, "--detach", *rest).code == 0
    again = re.search(r"again +(.+)", cli("best", "--", "-größe A").out)
    assert again is not None
    assert shlex.split(again[1]) == ["sonde", "rerun", "--", "-größe A/0"]


def test_the_store_that_was_named_is_named_again(cli: Sonde, place: Path) -> None:
    named = open_store("some where.db")
    record = add_sweep(named)
    add_trial(named, record.id, {"lr": 0.1, "opt": "adam"}, [0.5])
    named.close()
    out = cli("--store", "some where.db", "best", "digits").out
    assert "sonde rerun '--store=some where.db' digits/0" in out
    assert f"cd /home/anne/digits && sonde run '--store={place}/some where.db'" in out


def pasted(desk: Place, sweep: str) -> list[dict[str, object]]:
    """Paste the command that `sonde best` ends with; return the trials of the sweep it made."""
    out = desk.run("best", "--", sweep).stdout
    command = out.split("by hand    ")[1]
    line = f'sonde() {{ "{sys.executable}" -m sonde "$@"; }}; {command}'
    subprocess.run(
        ["sh", "-c", line], cwd=desk.path, env=environment(), check=True, capture_output=True
    )
    return desk.trials(desk.json("ls")[-1]["id"])


def test_by_hand_has_all_that_the_trial_needed(desk: Place) -> None:
    desk.write("data/table.csv", "7\n")
    desk.write(".sondeignore", "data\n")
    desk.write("train.txt", "lr = 1\nopen('data/table.csv')\nprint('loss:', 0.5 * lr)\n")
    desk.run(
        "run", "--hyperparam=lr=2,3", "--metric=loss:last:maximize", r"--metric-regex=loss: (\S+)",
        "--link=data", "--substitute=regex", "--grace=2", "--name=a b", "python", "train.txt",
    )  # fmt: skip
    (trial,) = pasted(desk, "a b")
    assert (trial["params"], trial["value"]) == ({"lr": 3}, 1.5)
    first, second = (desk.json("show", row["id"])["definition"] for row in desk.json("ls"))
    assert first["work"] == second["work"]
    assert first["goals"] == second["goals"]


def test_by_hand_leaves_out_what_the_trial_did_not_have(desk: Place) -> None:
    desk.write("args.py", "import sys\nprint('loss', len(sys.argv), *sys.argv[1:])\n")
    desk.run(
        "run", "--hyperparam=opt=sgd,adam", "--hyperparam=momentum=0.5,0.9",
        "--when=momentum=opt == 'sgd'", "--metric=loss:min", r"--metric-regex=loss (\d+)",
        "--name=x", "args.py", "--opt={opt}", "--momentum", "{momentum}",
    )  # fmt: skip
    assert "args.py '--opt={opt}'\n" in desk.run("best", "x").stdout
    (trial,) = pasted(desk, "x")
    assert (trial["params"], trial["value"]) == ({"opt": "adam"}, 2)


def test_a_function_is_run_again_by_sonde_rerun(desk: Place) -> None:
    desk.write(
        "search.py",
        "import sonde\n\ndef train(lr):\n    print('rate', lr)\n    return lr * 2\n\n"
        "if __name__ == '__main__':\n"
        "    sonde.sweep(train, {'lr': [0.5, 0.25]}, minimize='loss', name='f').run(workers=1)\n",
    )
    subprocess.run(
        [sys.executable, "search.py"], cwd=desk.path, env=environment(), check=True,
        capture_output=True,
    )  # fmt: skip
    out = desk.run("best", "f").stdout
    assert "again      sonde rerun f/1" in out
    done = desk.run("rerun", "f/1")
    assert done.stdout == "rate 0.25\n"
    assert "loss 0.5, before: the same" in done.stderr


def test_what_only_its_own_program_can_run_is_not_offered_again(cli: Sonde, store: Store) -> None:
    record = add_sweep(store, work=None)
    add_trial(store, record.id, {"lr": 0.1, "opt": "adam"}, [0.5])
    out = cli("best", "digits").out
    assert "best  digits/0" in out
    assert "sonde" not in out


@pytest.mark.parametrize("width", [60, 80])
def test_by_hand_is_broken_to_the_width(
    cli: Sonde, store: Store, width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = add_sweep(store)
    add_trial(store, record.id, {"lr": 0.1, "opt": "adam"}, [0.5])
    monkeypatch.setenv("COLUMNS", str(width))
    lines = cli("best", "digits").lines
    first = next(i for i, line in enumerate(lines) if line.startswith("by hand"))
    assert all(len(line) <= width for line in lines[first + 1 :])
    assert all(line.endswith(" \\") for line in lines[first:-1])


def test_by_hand_names_the_devices_that_the_trial_had() -> None:
    trial = replace(
        ended_trial(0, State.DONE, 0.5, {"lr": 0.1, "opt": "adam"}), facts={"devices": ["2", "3"]}
    )
    sweep = Sweep(space=SPACE, goals=(GOAL,), work=COMMAND)
    words = by_hand(sweep, trial)
    assert words[-4:] == ["--gpus=2,3", "--gpus-per-trial=2", "train.py", "30"]
