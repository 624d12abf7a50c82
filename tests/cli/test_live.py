"""The live block, as it stands on the screen of a real terminal."""

import re

import pytest

from cli_programs import Place, terminal

GRID = ["run", "--hyperparam=lr=0.01:0.01:0.12", "--metric=val_loss:min", "--name", "digits"]


@pytest.mark.parametrize("columns", [80, 120])
def test_a_wide_terminal_shows_counts_best_and_trials(desk: Place, columns: int) -> None:
    with terminal(desk, [*GRID, "-j", "2", "train.py", "4", "0.15"], columns, 40) as screen:
        text = screen.wait_for(lambda text: "best  #" in text and "▶ running 2/2" in text)
        lines = text.splitlines()
        assert lines[0].startswith("digits  grid  min val_loss")
        assert re.search(r"█+░+ +\d+/12  \d+%  \d", lines[1])
        assert re.search(r"✓ done \d+ +▶ running 2/2", lines[2])
        assert re.search(r"^best  #\d+  val_loss 0\.25", lines[3])
        assert "lr 0.0" in lines[4]
        head = next(line for line in lines if "trial" in line and "state" in line)
        assert head.split() == ["trial", "state", "step", "val_loss", "curve", "lr", "time"]
        assert any(re.search(r"▶ running", line) for line in lines)
        assert any(re.search(r"\d  ✓ done +3 +0\.25\S* +█[▁▂▃▄▅▆▇█]+", line) for line in lines)
        assert lines[-1].startswith("Ctrl-C: stop asking, finish running")
        assert len(lines) <= 20
        assert max(map(len, lines)) <= columns
        assert screen.finish() == 0
        # The head stays; the trials stand below it, once, and how it ended stands there whole.
        assert "12/12  100%" in screen.text
        assert screen.text.count("best  #2") == 1
        assert len(re.findall(r"^ *trial +state", screen.text, re.MULTILINE)) == 1
        assert "by hand    sonde run --hyperparam=lr=0.03 --metric=val_loss:min" in screen.text
        assert re.search(r"^finished 12/12 in \S+ best=#2 val_loss=\S+; exit 0$", screen.text,
                         re.MULTILINE)  # fmt: skip


def test_below_60_columns_two_lines_do(desk: Place) -> None:
    with terminal(desk, [*GRID, "-j", "2", "train.py", "4", "0.15"], 50, 40) as screen:
        text = screen.wait_for(lambda text: "best  #" in text)
        lines = text.splitlines()
        assert len(lines) == 2
        assert re.match(r"\d+/12", lines[0])
        assert lines[1].startswith("best  #")
        assert screen.finish() == 0


def test_a_low_terminal_is_never_overflowed(desk: Place) -> None:
    with terminal(desk, [*GRID, "-j", "2", "train.py", "3", "0.1"], 80, 12) as screen:
        screen.wait_for(lambda text: "best  #" in text)
        assert len(screen.lines) <= 11
        assert screen.lines[0].startswith("digits")
        assert screen.finish() == 0


def test_ctrl_c_at_the_terminal_finishes_what_runs(desk: Place) -> None:
    with terminal(desk, [*GRID, "-j", "2", "train.py", "4", "0.8"], 100, 40) as screen:
        screen.wait_for(lambda text: "▶ running 2/2" in text)
        screen.press(b"\x03")
        screen.wait_for(lambda text: "ending: running trials may finish" in text)
        assert screen.finish() == 3
        assert "go on with it: sonde resume digits" in screen.text
    assert not desk.orphans()


def test_two_ctrl_c_at_the_terminal_end_it(desk: Place) -> None:
    with terminal(desk, [*GRID, "-j", "2", "train.py", "99", "0.3"], 100, 40) as screen:
        screen.wait_for(lambda text: "▶ running 2/2" in text)
        screen.press(b"\x03")
        screen.wait_for(lambda text: "ending: running trials may finish" in text)
        screen.press(b"\x03")
        assert screen.finish() == 130
        assert b"\x1b[?25h" in screen.raw[-4000:]  # the cursor is back
    assert not desk.orphans()


def test_a_failure_is_shown_with_where_to_look(desk: Place) -> None:
    desk.write("bad.py", "import time\nlr = 1\ntime.sleep(lr * 10)\nraise ValueError('too hot')\n")
    with terminal(desk, [*GRID, "-j", "2", "bad.py"], 100, 40) as screen:
        screen.wait_for(lambda text: "failed: ValueError: too hot" in text)
        assert re.search(r"#\d+ failed: ValueError: too hot .*sonde logs digits/\d+", screen.text)
        assert "✗ failed" in screen.text
        assert screen.finish() == 1


def test_v_prints_above_the_block(desk: Place) -> None:
    with terminal(desk, [*GRID, "-v", "-j", "2", "train.py", "3", "0.2"], 100, 60) as screen:
        screen.wait_for(lambda text: "[0] learning rate = 0.01" in text and "best  #" in text)
        lines = screen.lines
        block = next(i for i, line in enumerate(lines) if line.startswith("digits  grid"))
        printed = next(i for i, line in enumerate(lines) if line.startswith("[0] learning"))
        assert printed < block
        assert screen.finish() == 0


def test_no_color_has_no_colours_but_the_same_signs(desk: Place) -> None:
    argv = [*GRID, "-j", "2", "train.py", "2", "0.1"]
    with terminal(desk, argv, 80, 40, NO_COLOR="1") as screen:
        assert screen.finish() == 0
        assert not re.search(rb"\x1b\[[0-9;]*3[0-7]m", screen.raw)
        assert "✓ done" in screen.text


def test_a_terminal_without_unicode_gets_ascii(desk: Place) -> None:
    argv = [*GRID, "-j", "2", "train.py", "3", "0.2"]
    with terminal(desk, argv, 80, 40, PYTHONIOENCODING="ascii") as screen:
        text = screen.wait_for(lambda text: "best  #" in text and "> running" in text)
        assert text.isascii()
        assert re.search(r"#+\.+ +\d+/12", text)
        assert screen.finish() == 0


@pytest.mark.parametrize("env", [{"TERM": "dumb"}, {"CI": "1"}])
def test_a_dumb_terminal_and_ci_get_plain_lines(desk: Place, env: dict[str, str]) -> None:
    with terminal(desk, [*GRID, "-j", "2", "train.py"], 100, 60, **env) as screen:
        assert screen.finish() == 0
        assert b"\x1b[?25l" not in screen.raw
        assert "sonde digits: 12 trials" in screen.text


def test_columns_overrules_the_terminal(desk: Place) -> None:
    with terminal(desk, [*GRID, "-j", "2", "train.py", "2"], 120, 40, COLUMNS="70") as screen:
        assert screen.finish() == 0
        assert max(len(line) for line in screen.lines if "sonde run" not in line) <= 70


def test_many_parameters_are_fitted_to_the_width(desk: Place) -> None:
    desk.write("args.py", "import time\ntime.sleep(0.3)\n")
    ranges = [f"a_rather_long_name_{i}=0.0..1.0" for i in range(12)]
    template = "".join(f"{{a_rather_long_name_{i}}}" for i in range(12))
    argv = ["run", *ranges, "--trials", "6", "--metric", "loss", "args.py", template]
    with terminal(desk, argv, 80, 40) as screen:
        screen.wait_for(lambda text: "✓ done" in text)
        assert max(map(len, screen.lines)) <= 80
        assert len(screen.lines) <= 20
        assert screen.finish() == 1  # as none has a loss


def test_a_table_at_a_terminal_fits_it(desk: Place) -> None:
    desk.run(*GRID, "train.py")
    with terminal(desk, ["trials", "digits"], 40, 40) as screen:
        assert screen.finish() == 0
        assert max(map(len, screen.lines)) <= 40
        assert len(screen.lines) == 13
