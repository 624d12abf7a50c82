"""A trial's page."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from browsing import Look
from cli_stores import BEGIN, add_sweep, add_trial, definition
from real_sweeps import RealSweeps
from sonde.agent.folder import TrialFolder
from sonde.core.decision import Decision, NewTrial
from sonde.core.trial import State
from sonde.store import open_store
from sonde.store.memory import MemoryStore


def test_its_values_stand_beside_those_of_the_best(page: Page) -> None:
    page.goto("/?sweep=mixed&trial=3")
    table = page.get_by_role("region", name="Parameters")
    expect(table.get_by_role("row", name="lr differs 0.2 0.1")).to_be_visible()
    expect(table.get_by_role("row", name="opt differs sgd adam")).to_be_visible()
    expect(table.get_by_role("row", name="momentum differs 0.5 inactive")).to_be_visible()
    page.goto("/?sweep=mixed&trial=0")
    expect(page.get_by_text("This is the best trial.")).to_be_visible()
    expect(table.get_by_role("row", name="lr 0.1")).to_be_visible()


def test_it_says_what_it_printed_and_how_it_failed(page: Page) -> None:
    page.goto("/?sweep=mixed&trial=4")
    expect(page.get_by_text("no memory left (exit status 3)")).to_be_visible()
    # Of one that failed, first where it says why.
    expect(page.get_by_label("stderr", exact=True)).to_contain_text("no memory left")
    page.get_by_role("button", name="stdout").click()
    expect(page.get_by_label("stdout", exact=True)).to_have_text("training with lr=0.3 0.3\n")


def test_its_curve_and_the_summaries_of_every_metric_are_there(page: Page) -> None:
    page.goto("/?sweep=mixed&trial=1")
    expect(page.get_by_role("img", name="loss by step of 1 trial")).to_be_visible()
    row = page.get_by_role("row", name="loss 0.43333 at 2 0.43333 at 2 1.1 at 0 3")
    expect(row).to_be_visible()
    page.get_by_role("button", name="size").click()
    expect(page.get_by_role("img", name="size by step of 1 trial")).to_be_visible()


def test_it_says_how_to_run_it_again_and_from_what(page: Page, real: RealSweeps) -> None:
    page.goto("/?sweep=mixed&trial=1")
    expect(page.get_by_text("sonde rerun mixed/1")).to_be_visible()
    expect(page.get_by_text("sh train.sh 0.1")).to_be_visible()
    folder = TrialFolder(real.lab.root, real.mixed.id, 1, 1)
    expect(page.get_by_text(str(folder.path), exact=True)).to_be_visible()


def test_one_goes_from_a_row_to_its_trial_on_to_the_next_and_back(page: Page) -> None:
    page.goto("/?sweep=mixed&filter=failed")
    page.get_by_role("cell", name="sgd").click()
    expect(page.get_by_role("heading", name="mixed #5")).to_be_visible()
    page.get_by_title("The trial before").click()
    expect(page.get_by_role("heading", name="mixed #4")).to_be_visible()
    page.go_back()
    page.go_back()
    expect(page.get_by_role("searchbox")).to_have_value("failed")
    expect(page.get_by_text("2 of 6 trials")).to_be_visible()


def test_it_follows_a_trial_that_runs(look: Look, serve: object, tmp_path: Path) -> None:
    assert callable(serve)
    store = open_store(str(tmp_path / ".sonde" / "sonde.db"))
    sweep = add_sweep(store).id
    number = add_trial(store, sweep, {"lr": 0.1, "opt": "adam"}, [0.5], state=None)
    folder = TrialFolder(tmp_path / ".sonde", sweep, number, 1)
    folder.create({})
    folder.stdout.write_text("epoch 0\n")
    with look(serve(store)) as page:
        page.goto(f"/?sweep=digits&trial={number}")
        log = page.get_by_label("stdout", exact=True)
        expect(log).to_have_text("epoch 0\n")
        with folder.stdout.open("a") as target:
            target.write("epoch 1\n")
        expect(log).to_have_text("epoch 0\nepoch 1\n")
        page.get_by_role("button", name="Stop").click()
        page.get_by_role("button", name="Stop it").click()
        expect(page.get_by_text("asked to stop")).to_be_visible()


def test_a_trial_that_waits_is_cancelled_and_taken_back(
    look: Look, url: str, store: MemoryStore
) -> None:
    sweep = add_sweep(store).id
    decision = Decision(against=0, add=[NewTrial(params={"lr": 0.1, "opt": "adam"})])
    store.commit(sweep, decision, BEGIN)
    with look(url) as page:
        page.goto("/?sweep=digits&trial=0")
        expect(page.get_by_role("button", name="Stop")).to_be_hidden()  # it has nothing to count
        page.get_by_role("button", name="Cancel").click()
        page.get_by_role("button", name="Cancel it").click()
        page.get_by_role("button", name="Undo").click()
        expect(page.get_by_text("the values of #0 are those of #1 now")).to_be_visible()
    first, second = store.changes(sweep).trials
    assert (first.state, second.state) == (State.CANCELLED, State.WAITING)
    assert first.params == second.params


def test_text_of_programs_is_text_and_never_markup(look: Look, url: str, store: object) -> None:
    evil = "<img src=x onerror=alert(1)><script>alert(2)</script>"
    sweep = add_sweep(store, name="a <b>bold</b> name", tags=(evil,)).id  # type: ignore[arg-type]
    add_trial(store, sweep, {"lr": 0.1, "opt": evil}, state=State.FAILED, error=evil)  # type: ignore[arg-type]
    with look(url) as page:
        page.on("dialog", lambda dialog: pytest.fail(dialog.message))
        page.goto("/")
        page.get_by_role("link", name="a <b>bold</b> name").click()
        expect(page.get_by_role("cell", name=evil).first).to_be_visible()
        page.get_by_role("link", name="0", exact=True).click()
        expect(page.get_by_text(evil).first).to_be_visible()
        assert page.locator("main img, main script, main b").count() == 0


def test_pictures_that_it_left_are_shown_and_all_files_can_be_saved(page: Page) -> None:
    page.goto("/?sweep=mixed&trial=0")
    picture = page.get_by_role("img", name="The picture loss.svg")
    picture.scroll_into_view_if_needed()
    expect(picture).to_have_js_property("naturalWidth", 60)
    files = page.get_by_role("region", name="Artifacts")
    expect(files.get_by_role("row", name="report.txt 7 B")).to_be_visible()
    with page.expect_download() as download:
        files.get_by_role("row", name="report.txt").get_by_role("link", name="Save").click()
    assert Path(download.value.path()).read_text() == "lr 0.1\n"


def test_what_it_was_run_from_is_there_packages_commit_and_changes(
    look: Look, serve: object, tmp_path: Path
) -> None:
    assert callable(serve)
    store = open_store(str(tmp_path / ".sonde" / "sonde.db"))
    diff = store.put_blob(b"--- a/train.py\n+++ b/train.py\n-lr = 0.1\n+lr = 0.2\n")
    git = {"commit": "0123456789abcdef", "branch": "main", "dirty": True, "diff": diff}
    packages = store.put_blob(b"numpy==2.3.0\nscipy==1.16.0")
    python = {"path": "/usr/bin/python3", "version": "3.11.7", "count": 2}
    facts = {"git": git, "packages": packages, "python": python}
    sweep = store.create_sweep(definition(name="digits"), BEGIN, facts).id
    number = add_trial(store, sweep, {"lr": 0.1, "opt": "adam"}, [0.5])
    with look(serve(store)) as page:
        page.goto(f"/?sweep=digits&trial={number}")
        expect(page.get_by_text("0123456789abcdef on main")).to_be_visible()
        page.get_by_role("button", name="Packages (2)").click()
        expect(page.get_by_label("Packages")).to_contain_text("scipy==1.16.0")
        page.get_by_role("button", name="What git had not committed").click()
        expect(page.get_by_label("The changes")).to_contain_text("+lr = 0.2")
        told = page.get_by_label("The changes").inner_text().splitlines()
        assert told[:4] == ["--- a/train.py", "+++ b/train.py", "-lr = 0.1", "+lr = 0.2"]
