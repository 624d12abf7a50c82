"""Figures drawn: by matplotlib, and in letters."""

import json
import re
import sys
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from figured import CURVES, GOALS, SPACE, draw, many, snapshot_of
from sonde.analysis.figures import KINDS, json_of
from sonde.analysis.pictures import FORMATS, Picture, text_of
from sonde.core.constraint import parse_constraint
from sonde.core.trial import State, Trial
from sonde.errors import ConfigError
from trials import make

CASES: dict[str, list[Trial]] = {
    "none": [],
    "one": [make(0, params=SPACE.at([0.5] * 5), loss=0.5, speed=1.0)],
    "failed": [make(n, State.FAILED, SPACE.at([0.5] * 5)) for n in range(5)],
    "alike": [make(n, params=SPACE.at([0.5] * 5), loss=0.5, speed=1.0) for n in range(6)],
    "many": many(),
}


@cache
def figure(kind: str, case: str) -> Any:
    return draw(kind, snapshot_of(CASES[case], stopping="asha(min_steps=2)"), curves=CURVES)


@pytest.mark.parametrize("case", ["none", "failed", "alike", "many"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_figure_can_be_drawn_whatever_the_trials(kind: str, case: str) -> None:
    found = Picture(figure(kind, case)).figure
    found.canvas.draw()


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("kind", KINDS)
def test_every_figure_fits_a_terminal_and_is_ascii_where_it_must(kind: str, case: str) -> None:
    for width in (80, 57):
        text = text_of(figure(kind, case), width=width)
        *drawn, _ = text.splitlines()  # the last line says how many trials, and may be longer
        assert max(map(len, drawn)) <= width
        assert text_of(figure(kind, case), width=width, unicode=False).isascii()
    assert str(Picture(figure(kind, case))) == text_of(figure(kind, case))


def test_every_trial_of_a_history_is_drawn_by_its_state() -> None:
    from matplotlib.collections import PathCollection

    data = figure("history", "many")
    ax = Picture(data).figure.axes[0]
    clouds = [one for one in ax.collections if isinstance(one, PathCollection)]
    assert sum(np.shape(one.get_offsets())[0] for one in clouds) == 41
    words = [text.get_text() for text in Picture(data).figure.legends[0].get_texts()]
    assert words == ["best so far", "done", "stopped", "failed", "running"]
    said = [text.get_text() for text in Picture(data).figure.texts]
    assert said[1].splitlines() == [
        "41 trials: 1 running, 31 done, 5 stopped, 4 failed",
        "7 on the edge: far beyond it, or without a value",
    ]


def test_a_trial_that_breaks_a_constraint_is_a_ring() -> None:
    from matplotlib.collections import PathCollection

    trials = [make(n, params=SPACE.at([0.5] * 5), loss=n / 10, speed=5.0 * n) for n in range(4)]
    snapshot = snapshot_of(trials, constraints=(parse_constraint("speed >= 10"),))
    figure = Picture(draw("history", snapshot)).figure
    (cloud,) = [one for one in figure.axes[0].collections if isinstance(one, PathCollection)]
    opacities = np.asarray(cloud.get_facecolor())[:, 3]
    assert (opacities > 0).tolist() == [False, False, True, True]
    words = [text.get_text() for text in figure.legends[0].get_texts()]
    assert words == ["best so far", "breaks a constraint"]


def test_a_diverged_value_lies_on_the_edge_and_does_not_flatten_the_rest() -> None:
    ax = Picture(figure("history", "many")).figure.axes[0]
    assert ax.get_ylim()[1] < 10  # one of them is a million


@pytest.mark.parametrize("kind", ["history", "contour"])
def test_a_page_is_whole_and_has_the_numbers(kind: str) -> None:
    page = Picture(figure(kind, "many")).render("html").decode()
    markup, _, _ = page.partition('<script type="module">')
    assert not re.findall(r"(?:src|href)=\"(?!#|data:)", markup)
    found = re.search(r"<script type=\"application/json\" id=\"data\">(.*?)</script>", page)
    assert found is not None
    assert json.loads(found[1]) == json_of(figure(kind, "many"))


def test_names_of_sweeps_cannot_break_out_of_a_page() -> None:
    snapshot = snapshot_of(CASES["one"], name="</script><script>alert(1)</script>")
    page = Picture(draw("edf", snapshot)).render("html").decode()
    assert "<script>alert" not in page


@pytest.mark.parametrize("form", FORMATS)
def test_it_is_saved_by_its_suffix_and_the_same_each_time(form: str, tmp_path: Path) -> None:
    starts = {
        "png": b"\x89PNG",
        "pdf": b"%PDF",
        "svg": b"<?xml",
        "html": b"<!doctype",
        "json": b"{",
    }
    files = [
        Picture(figure("history", "many")).save(tmp_path / f"{n}.{form}").read_bytes()
        for n in range(2)
    ]
    assert files[0].startswith(starts[form])
    assert files[0] == files[1]


@pytest.mark.parametrize("kind", KINDS)
def test_sweeps_in_one_figure_are_told_apart_in_every_picture(kind: str) -> None:
    pair = [snapshot_of(many(seed), name=name) for seed, name in enumerate(("one", "two"))]
    data = draw(kind, *pair, curves=CURVES)
    text = text_of(data, width=80)
    at_once = kind in {"history", "edf", "curves"}
    assert ("a one   b two" if at_once else "\none:\n") in text
    assert max(map(len, text.splitlines()[:-2])) <= 80
    svg = Picture(data).render("svg").decode()
    for name in ("one", "two"):
        assert re.search(rf">[^<]*\b{name}\b[^<:]*<", svg), "the legend or a heading names it"


def test_figures_of_sweeps_without_results_can_be_drawn() -> None:
    pair = [snapshot_of(CASES[case], name=case) for case in ("failed", "none")]
    for kind in KINDS:
        data = draw(kind, *pair)
        Picture(data).figure.canvas.draw()
        assert text_of(data)


def test_what_cannot_be_saved_is_refused(tmp_path: Path) -> None:
    picture = Picture(figure("edf", "one"))
    with pytest.raises(ConfigError, match="there is no such format; choose from png, pdf"):
        picture.save(tmp_path / "f.gif")
    with pytest.raises(ConfigError, match="No such file or directory; choose another place"):
        picture.save(tmp_path / "nowhere" / "f.json")


def test_a_notebook_shows_it() -> None:
    picture = Picture(figure("history", "one"))
    assert picture._repr_svg_().startswith("<?xml")
    assert repr(picture) == "<sonde history of min loss · digits>"
    assert picture.kind == "history"
    assert GOALS[0].metric in str(picture)


@pytest.mark.parametrize("form", ["png", "pdf", "svg"])
def test_without_matplotlib_a_file_is_refused_with_what_to_install(
    form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [*sys.modules]:
        if name.partition(".")[0] == "matplotlib":
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    picture = Picture(figure("history", "many"))
    with pytest.raises(ConfigError, match=re.escape("pip install matplotlib")):
        picture.render(form)
