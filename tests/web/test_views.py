"""The further views of a sweep: analysis, comparison, what it was made from, who ran it, notes."""

import csv
import io
import json
import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pyarrow.parquet as pq
import pytest
from playwright.sync_api import Download, Locator, Page, expect

from browsing import Look
from cli_stores import BEGIN, add_sweep, add_trial, definition
from sonde.core.sweep import Budget, Control
from sonde.core.trial import State
from sonde.store.memory import MemoryStore

PARAMS = {"lr": 0.1, "opt": "adam"}


def panel(page: Page, heading: str) -> Locator:
    return page.locator("section.panel").filter(
        has=page.get_by_role("heading", name=re.compile(heading))
    )


def saved(page: Page, menu: Locator, kind: str) -> Download:
    menu.click()
    with page.expect_download() as download:
        page.get_by_role("button", name=kind, exact=True).locator("visible=true").click()
    return download.value


# Of the six trials of `mixed` two ended, two were stopped, two failed; `two` has two goals.
@pytest.mark.parametrize(
    ("sweep", "kind", "label"),
    [
        ("mixed", "slice", "loss over lr of 6 trials"),
        ("mixed", "slice", "loss over momentum of 3 trials"),
        ("mixed", "pair", "opt over lr of 6 trials"),
        ("mixed", "edf", "Of 4 results of loss, how many are at most so large"),
        ("mixed", "matrix", "Scatter matrix of 6 trials: loss, lr, opt, momentum"),
        ("mixed", "timeline", "When 1 agent ran 6 trials"),
        ("two", "pareto", "speed over error of 3 trials; 3 trials on the front"),
        ("live", "timeline", "When 1 agent ran 1 trial"),
    ],
)
def test_each_kind_of_analysis_says_what_it_shows(
    page: Page, sweep: str, kind: str, label: str
) -> None:
    page.goto(f"/?sweep={sweep}&tab=analysis&kind={kind}")
    expect(page.get_by_role("img", name=label, exact=True).first).to_be_visible()


def test_importance_is_told_with_its_method_and_what_it_is_made_from(
    look: Look, url: str, store: MemoryStore
) -> None:
    sweep = add_sweep(store).id
    for i in range(12):
        lr = 10.0 ** (-4 + i / 4)
        add_trial(store, sweep, {"lr": lr, "opt": ("adam", "sgd")[i % 2]}, [lr])
    with look(url) as page:
        page.goto("/?sweep=digits")
        shown = panel(page, "What matters for loss")
        expect(shown).to_contain_text("from 12 results")
        shares = shown.get_by_role(
            "img", name=re.compile("functional ANOVA of a random forest: lr")
        )
        expect(shares).to_be_visible()
        correlation = shown.get_by_role("img", name=re.compile("Correlation: lr 1.00"))
        expect(correlation).to_be_visible()
        shown.get_by_label("By").select_option("ped-anova")
        other = shown.get_by_role("img", name=re.compile("PED-ANOVA.*: lr"))
        expect(other).to_be_visible()
        assert "how=ped-anova" in page.url


def test_too_few_results_are_said_where_importance_would_be(page: Page) -> None:
    page.goto("/?sweep=mixed&tab=analysis")
    expect(page.get_by_text("Too few of the trials shown")).to_be_visible()


def test_one_goal_makes_no_front_and_the_page_says_so(page: Page) -> None:
    page.goto("/?sweep=mixed&tab=analysis&kind=pareto")
    expect(page.get_by_text("A front takes two goals or more")).to_be_visible()


def test_the_filter_narrows_every_view(page: Page) -> None:
    page.goto("/?sweep=mixed&filter=opt=sgd")
    expect(page.get_by_role("img", name="loss of 3 trials")).to_be_visible()
    page.get_by_role("link", name="Analysis").click()
    page.get_by_role("link", name="Slice").click()
    expect(page.get_by_role("img", name="loss over lr of 3 trials")).to_be_visible()
    page.get_by_role("link", name="Timeline").click()
    expect(page.get_by_role("img", name="ran 3 trials")).to_be_visible()
    assert "filter=opt%3Dsgd" in page.url


def test_the_best_so_many_in_a_hundred_are_left_by_the_slider(page: Page) -> None:
    page.goto("/?sweep=mixed&top=50")
    expect(page.get_by_text("2 of 6 trials")).to_be_visible()
    rows = page.get_by_role("table", name="Trials").locator("tbody tr[aria-rowindex]")
    expect(rows).to_have_count(2)
    page.get_by_role("button", name="Show all 6").click()
    expect(rows).to_have_count(6)


def test_two_trials_are_compared_by_what_differs(page: Page) -> None:
    page.goto("/?sweep=mixed&sort=number")
    page.get_by_role("checkbox", name="Compare #0").check()
    page.get_by_role("checkbox", name="Compare #4").check()
    page.get_by_role("link", name="Compare").first.click()
    table = page.get_by_role("region", name="Trials side by side")
    expect(table.get_by_role("row", name="lr 0.1 0.3")).to_be_visible()
    expect(table.get_by_role("row", name="loss 0.43333")).to_be_visible()
    expect(table.get_by_role("row", name="opt")).to_be_hidden()
    page.get_by_role("checkbox", name=re.compile("differences only")).uncheck()
    expect(table.get_by_role("row", name="opt adam adam")).to_be_visible()
    assert "sel=0%2C4" in page.url


def test_fifty_trials_are_compared_and_no_more(look: Look, url: str, store: MemoryStore) -> None:
    sweep = add_sweep(store).id
    for i in range(60):
        add_trial(store, sweep, PARAMS | {"lr": 0.001 * (i + 1)}, [i / 60])
    with look(url) as page:
        chosen = ",".join(map(str, range(60)))
        page.goto(f"/?sweep=digits&tab=compare&sel={chosen}")
        expect(page.get_by_role("heading", name="Compare 50 trials")).to_be_visible()


def test_a_trial_is_chosen_by_the_key_x(page: Page) -> None:
    page.goto("/?sweep=mixed&tab=trials&sort=number")
    page.get_by_role("region", name="Trials").focus()
    for key in ("j", "x", "j", "x"):
        page.keyboard.press(key)
    expect(page.get_by_text("2 chosen")).to_be_visible()
    assert "sel=0%2C1" in page.url


def test_a_pinned_column_stands_first_and_stays(page: Page) -> None:
    page.goto("/?sweep=mixed&tab=trials")
    page.get_by_text("Columns").click()
    page.get_by_role("button", name="Pin opt").click()
    heads = page.get_by_role("table", name="Trials").locator("thead th")
    expect(heads.nth(3)).to_have_text("opt")
    expect(heads.nth(3)).to_have_css("position", "sticky")
    assert "pin=p.opt" in page.url


def test_the_table_is_saved_as_it_is_shown(page: Page) -> None:
    page.goto("/?sweep=mixed&filter=opt=sgd&sort=-number&cols=m.loss,p.lr,p.momentum")
    table = page.get_by_role("table", name="Trials")
    expect(table).to_be_visible()
    menu = page.locator("summary").filter(has_text="Export")
    text = Path(saved(page, menu, "CSV").path()).read_text(encoding="utf-8")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["number"] for row in rows] == ["5", "3", "1"]
    assert rows[2]["state"] == "done"
    assert float(rows[2]["loss"]) == pytest.approx(0.433333)
    objects = json.loads(Path(saved(page, menu, "JSON").path()).read_text(encoding="utf-8"))
    assert [one["lr"] for one in objects] == [0.3, 0.2, 0.1]
    latex = Path(saved(page, menu, "LaTeX").path()).read_text(encoding="utf-8")
    assert r"\begin{tabular}{lrrrl}" in latex
    assert "1 & $0.43333$ & $0.1$ & $0.5$" in latex
    parquet = pq.read_table(saved(page, menu, "Parquet").path())
    assert parquet.column_names == ["state", "number", "loss", "lr", "momentum"]
    assert parquet["number"].to_pylist() == [5, 3, 1]


def test_a_chart_is_saved_as_svg_png_and_html(page: Page) -> None:
    page.goto("/?sweep=mixed")
    expect(page.get_by_role("img", name="loss of 6 trials")).to_be_visible()
    for name in ("mixed-history", "mixed-parallel"):
        menu = page.get_by_label(f"Save {name}")
        svg = saved(page, menu, "SVG")
        assert svg.suggested_filename == f"{name}.svg"
        root = ET.parse(svg.path()).getroot()
        assert root.findall(".//{http://www.w3.org/2000/svg}path")
        texts = [node.text for node in root.iter("{http://www.w3.org/2000/svg}text")]
        assert "loss" in texts
        png = Path(saved(page, menu, "PNG").path()).read_bytes()
        assert png.startswith(b"\x89PNG")
        html = Path(saved(page, menu, "HTML").path()).read_text(encoding="utf-8")
        assert html.startswith("<!doctype html>")
        assert "<svg" in html


def test_curves_are_smoothed_and_joined_to_groups(page: Page) -> None:
    page.goto("/?sweep=mixed")
    page.get_by_label("Group").select_option("opt")
    expect(page.get_by_role("img", name="loss by step of 2 groups")).to_be_visible()
    page.get_by_label("Smooth").fill("0.5")
    assert "smooth=0.5" in page.url
    assert "group=p.opt" in page.url


def test_history_is_shown_over_time_and_cost(page: Page) -> None:
    page.goto("/?sweep=mixed")
    over = page.get_by_role("combobox", name="Over")
    over.select_option("cost (trials' time)")
    assert "x=work" in page.url
    expect(page.get_by_role("img", name="the best so far is 0.43333")).to_be_visible()
    over.select_option("time")
    assert "x=time" in page.url


def test_config_says_what_is_searched_how_and_from_what(page: Page) -> None:
    page.goto("/?sweep=mixed&tab=config")
    space = page.get_by_role("region", name="Space")
    expect(space.get_by_role("row", name="momentum {0.5} opt == 'sgd'")).to_be_visible()
    expect(panel(page, "How it is searched")).to_contain_text("min loss")
    expect(page.get_by_text("sh train.sh")).to_be_visible()


def test_config_says_the_command_that_makes_the_sweep_again(
    look: Look, url: str, store: MemoryStore
) -> None:
    typed = ["sonde", "run", "lr=0.1,0.2", "train.py", "--name={x y}"]
    store.create_sweep(definition(seed=7), BEGIN, {"typed": typed})
    with look(url) as page:
        page.goto("/?sweep=digits&tab=config")
        command = "sonde run --seed=7 lr=0.1,0.2 train.py '--name={x y}'"
        expect(page.get_by_text(command, exact=True)).to_be_visible()


def test_agents_are_told_by_what_they_run_and_ran(page: Page) -> None:
    page.goto("/?sweep=live&tab=agents")
    expect(page.get_by_text("1 agent, 1 at work")).to_be_visible()
    expect(page.get_by_role("region", name="Agents").get_by_role("link", name="#0")).to_be_visible()
    expect(page.get_by_text("sonde --store")).to_be_hidden()
    page.goto("/?sweep=mixed&tab=agents")
    expect(page.get_by_text("1 agent, 0 at work")).to_be_visible()


def test_notes_and_tags_are_kept_and_taken_back(look: Look, url: str, store: MemoryStore) -> None:
    sweep = add_sweep(store).id
    with look(url) as page:
        page.goto("/?sweep=digits&tab=notes")
        page.get_by_label("Notes", exact=True).fill("lr matters")
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_text("the notes are kept")).to_be_visible()
        assert store.get_sweep(sweep).notes == "lr matters"
        page.get_by_role("button", name="Undo").click()
        expect(page.get_by_text("as it was")).to_be_visible()
        assert store.get_sweep(sweep).notes == ""
        page.get_by_label("A new tag").fill("paper, first")
        page.get_by_role("button", name="Add", exact=True).click()
        expect(page.get_by_role("button", name="Remove the tag first")).to_be_visible()
        page.get_by_role("button", name="Remove the tag paper").click()
        expect(page.get_by_role("button", name="Remove the tag paper")).to_be_hidden()
        assert store.get_sweep(sweep).tags == ("first",)
        page.goto("/")
        page.get_by_role("link", name="first").click()
        expect(page.get_by_role("link", name="digits")).to_be_visible()
        assert "tag=first" in page.url


def test_a_trial_of_ones_own_is_added_and_taken_back(
    look: Look, url: str, store: MemoryStore
) -> None:
    sweep = add_sweep(store).id
    add_trial(store, sweep, PARAMS, [0.5])
    with look(url, ignoring="422") as page:
        page.goto("/?sweep=digits&trial=0")
        page.get_by_role("button", name="Clone and edit").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_label("lr").fill("7")
        dialog.get_by_role("button", name="Add the trial").click()
        expect(dialog.get_by_role("alert")).to_contain_text("lr")
        dialog.get_by_label("lr").fill("3e-4")
        dialog.get_by_label("opt").select_option("sgd")
        dialog.get_by_role("button", name="Add the trial").click()
        expect(page.get_by_text("#1 is next")).to_be_visible()
        trial = store.changes(sweep).trials[1]
        assert trial.params == {"lr": 3e-4, "opt": "sgd"}
        assert (trial.state, trial.origin) == (State.WAITING, "user")
        page.get_by_role("button", name="Undo").click()
        expect(page.get_by_text("#1 was taken back")).to_be_visible()
        assert store.changes(sweep).trials[1].state is State.CANCELLED


def test_a_budget_is_changed_and_changed_back(look: Look, url: str, store: MemoryStore) -> None:
    sweep = add_sweep(store).id
    with look(url) as page:
        page.goto("/?sweep=digits")
        page.get_by_role("button", name="Budget").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_label("Trials").fill("ten")
        dialog.get_by_role("button", name="Save").click()
        expect(dialog.get_by_role("alert")).to_contain_text("a whole number")
        dialog.get_by_label("Trials").fill("25")
        dialog.get_by_label("Hours").fill("0.5")
        dialog.get_by_role("button", name="Save").click()
        expect(page.get_by_text("0 of 25")).to_be_visible()
        assert store.get_sweep(sweep).budget == Budget(trials=25, time_s=1800.0)
        page.get_by_role("button", name="Undo").click()
        expect(page.get_by_text("0 of 10")).to_be_visible()
        assert store.get_sweep(sweep).budget == Budget(trials=10)


def test_a_sweep_that_was_done_goes_on_with_a_larger_budget(
    look: Look, url: str, store: MemoryStore
) -> None:
    from sonde.controller import utc_now

    sweep = add_sweep(store, budget=Budget(trials=1)).id
    add_trial(store, sweep, PARAMS, [0.5])
    store.update_sweep(sweep, utc_now(), control=Control.DONE, reason="the budget is met")
    with look(url) as page:
        page.goto("/?sweep=digits")
        page.get_by_role("button", name="Budget").click()
        page.get_by_role("dialog").get_by_label("Trials").fill("5")
        page.get_by_role("dialog").get_by_role("button", name="Save").click()
        expect(page.get_by_text("1 of 5")).to_be_visible()
        assert store.get_sweep(sweep).control is Control.RUNNING


def test_pausing_is_taken_back(look: Look, url: str, store: MemoryStore) -> None:
    sweep = add_sweep(store).id
    with look(url) as page:
        page.goto("/?sweep=digits")
        page.get_by_role("button", name="Pause").click()
        page.get_by_role("button", name="Undo").click()
        expect(page.get_by_role("button", name="Pause")).to_be_visible()
        assert store.get_sweep(sweep).control is Control.RUNNING


def test_the_space_is_edited_after_one_saw_what_it_would_do_and_taken_back(
    look: Look, url: str, store: MemoryStore
) -> None:
    sweep = add_sweep(store).id
    for lr in (0.001, 0.1, 0.5):
        add_trial(store, sweep, PARAMS | {"lr": lr}, [lr])
    with look(url, ignoring="422") as page:
        page.goto("/?sweep=digits&tab=config")
        page.get_by_role("button", name="Edit", exact=True).click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_label("lr", exact=True).fill("1e-2..1e-3:log")
        dialog.get_by_role("button", name="See what it would do").click()
        expect(dialog.get_by_role("alert")).to_contain_text("lr")
        dialog.get_by_label("lr", exact=True).fill("1e-4..0.2:log")
        dialog.get_by_label("Why").fill("too high")
        dialog.get_by_role("button", name="See what it would do").click()
        expect(dialog.get_by_role("status")).to_contain_text("goes on from 2 trials")
        assert store.get_sweep(sweep).sweep.version == 1, "nothing is changed yet"
        dialog.get_by_role("button", name="Make it version 2").click()
        versions = panel(page, "Versions")
        expect(versions).to_contain_text("too high")
        expect(
            versions.get_by_role("row", name="lr 1e-05..1.0 log 0.0001..0.2 log")
        ).to_be_visible()
        space = page.get_by_role("region", name="Space")
        expect(space.get_by_role("row", name="lr 0.0001..0.2 log")).to_be_visible()
        page.get_by_role("button", name="Undo").click()
        expect(space.get_by_role("row", name="lr 1e-05..1.0 log")).to_be_visible()
        assert store.get_sweep(sweep).sweep.version == 3


def test_what_a_spreadsheet_would_run_is_saved_as_text(
    look: Look, url: str, store: MemoryStore
) -> None:
    sweep = add_sweep(store).id
    add_trial(store, sweep, PARAMS, state=State.FAILED, error="=cmd|' /C calc'!A0")
    with look(url) as page:
        page.goto("/?sweep=digits&cols=error")
        expect(page.get_by_role("table", name="Trials")).to_be_visible()
        menu = page.locator("summary").filter(has_text="Export")
        text = Path(saved(page, menu, "CSV").path()).read_text(encoding="utf-8")
        assert "'=cmd|" in text
