"""The live block as a function: it fits whatever it is given."""

import math

from hypothesis import given
from hypothesis import strategies as st

from cli_views import view_of
from sonde.cli.cells import duration, sparkline
from sonde.cli.progress.block import block, ending
from sonde.cli.progress.figures import Figures
from sonde.cli.screen import ASCII, UNICODE, Screen
from sonde.cli.table import Column, fit, table, width_of
from sonde.core.trial import State

names = st.lists(
    st.from_regex(r"[a-zäß数][a-z0-9_数]{0,30}", fullmatch=True),
    min_size=1,
    max_size=12,
    unique=True,
)
states = st.lists(st.sampled_from(list(State)), max_size=40)
values = st.floats() | st.sampled_from([0.0, math.nan, math.inf])


@given(names, states, values, st.integers(1, 200), st.integers(1, 60), st.booleans())
def test_no_line_is_too_wide_and_never_are_there_too_many(
    parameters: list[str], found: list[State], value: float, width: int, height: int, plain: bool
) -> None:
    view = view_of(parameters, found, value)
    figures = Figures()
    figures.update(view, view.history.trials)
    signs = ASCII if plain else UNICODE
    lines = block(view, figures, signs, width, height, lambda trial: [1.0, math.nan, 0.5])
    assert len(lines) <= min(20, max(height - 1, 2))
    for line in lines:
        text = "".join(piece for piece, _ in line)
        assert width_of(text) <= width
        assert "\n" not in text
        assert "\x1b" not in text


@given(st.text(), st.integers(1, 40))
def test_fitted_text_has_the_width_and_says_that_it_was_cut(text: str, width: int) -> None:
    short = fit(text, width)
    assert width_of(short) <= width
    assert short == text or short.endswith("…")


@given(st.lists(st.floats(), max_size=50))
def test_a_sparkline_is_short_and_shows_its_ends(values: list[float]) -> None:
    line = sparkline(values, UNICODE.levels)
    assert len(line) <= 8
    assert set(line) <= set(UNICODE.levels + " ")


def test_a_falling_curve_falls() -> None:
    assert sparkline([4, 3, 2, 1], UNICODE.levels) == "█▆▃▁"
    assert sparkline([1, math.nan, 2], "_-#") == "_ #"
    assert sparkline([1, 1], "_-#") == "--"
    assert sparkline([math.nan], "_-#") == ""


def test_time_spans_read_as_people_write_them() -> None:
    assert [duration(s) for s in (0.421, 1.42, 12.3, 192, 7500, 360000, None)] == [
        "0.42s", "1.4s", "12s", "3m12s", "2h05m", "4d04h", "-",
    ]  # fmt: skip


def test_the_time_left_comes_of_the_median_trial_over_all_workers() -> None:
    view = view_of(["lr"], [State.DONE] * 10, 0.5)  # one second each
    figures = Figures()
    figures.update(view, view.history.trials)
    assert figures.eta_s(view) == 40 / 4


def test_one_failure_is_told_by_the_number_of_its_trial() -> None:
    view = view_of(["lr"], [State.DONE, State.FAILED], 0.5)
    figures = Figures()
    figures.update(view, view.history.trials)
    lines = block(view, figures, UNICODE, 120, 40, lambda trial: [])
    text = ["".join(piece for piece, _ in line) for line in lines]
    assert any(line.startswith("#1 failed: RuntimeError") for line in text)


def test_what_stays_at_the_end_has_no_rows_of_trials() -> None:
    view = view_of(["lr"], [State.DONE, State.FAILED], 0.5)
    text = ["".join(piece for piece, _ in line) for line in ending(view, Figures(), UNICODE, 100)]
    assert text[0].startswith("größe-")
    assert not any("trial  state" in line or "Ctrl-C" in line for line in text)


@given(st.lists(st.lists(st.text("ab1", max_size=12), min_size=5, max_size=5), min_size=1),
       st.integers(20, 80))  # fmt: skip
def test_a_table_never_pads_a_column_beyond_what_stands_in_it(
    rows: list[list[str]], width: int
) -> None:
    columns = [Column(key=k, title=k, keep=i, shrinks=True) for i, k in enumerate("vwxyz")]
    cells = [dict(zip("vwxyz", row, strict=True)) for row in rows]
    screen = Screen(width=width, height=40, is_terminal=False, colours=False, signs=UNICODE)
    for line in table(columns, cells, screen, {}):
        assert width_of(line) <= width
    wide = Screen(width=None, height=40, is_terminal=False, colours=False, signs=UNICODE)
    most = max(width_of(line) for line in table(columns, cells, wide, {}))
    assert max(width_of(line) for line in table(columns, cells, screen, {})) <= most
