"""The live block as a function: it fits whatever it is given."""

import math
from collections.abc import Sequence
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from cli_stores import BEGIN, GOAL
from sonde.cli.cells import duration, sparkline
from sonde.cli.progress.block import block
from sonde.cli.progress.figures import Figures
from sonde.cli.screen import ASCII, UNICODE
from sonde.cli.table import fit, width_of
from sonde.core.distributions import Float
from sonde.core.history import History
from sonde.core.metric import Summary
from sonde.core.parameter import Parameter
from sonde.core.space import Space
from sonde.core.sweep import Budget, Control, Sweep
from sonde.core.trial import State, Trial
from sonde.executors.drive import View
from sonde.store.protocol import SweepRecord

names = st.lists(
    st.from_regex(r"[a-zäß数][a-z0-9_数]{0,30}", fullmatch=True),
    min_size=1,
    max_size=12,
    unique=True,
)
states = st.lists(st.sampled_from(list(State)), max_size=40)
values = st.floats() | st.sampled_from([0.0, math.nan, math.inf])


def view_of(parameters: Sequence[str], found: Sequence[State], value: float) -> View:
    """A sweep with trials in these states."""
    space = Space(tuple(Parameter(name, Float(0, 1)) for name in parameters))
    sweep = Sweep(space=space, goals=(GOAL,), budget=Budget(trials=50), method="random")
    history = History(sweep)
    history.add(
        Trial(
            number=number,
            state=state,
            params=dict.fromkeys(parameters, 0.123456789 + number),
            metrics={"loss": Summary.of([(3, value)])},
            created=BEGIN,
            started=BEGIN + timedelta(seconds=number),
            finished=BEGIN + timedelta(seconds=number + 1),
            error="RuntimeError: \x1b[31m" + "long " * 50,
            version=number + 1,
        )
        for number, state in enumerate(found)
    )
    record = SweepRecord(
        id="abcd2345", name="größe-" + "x" * 20, sweep=sweep, control=Control.RUNNING,
        budget=sweep.budget, revision=1, version=1, created=BEGIN, updated=BEGIN,
    )  # fmt: skip
    return View(
        record=record, history=history, method="random", method_reason="as asked", workers=4,
        store="sqlite:////home/anne/.sonde/sonde.db", started=BEGIN,
        now=BEGIN + timedelta(seconds=60), curve=lambda number: (1.0, 0.5),
    )  # fmt: skip


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
