"""A sweep's page: its head, its charts, and the table of its trials."""

from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from browsing import Look
from cli_stores import add_sweep, add_trial
from ports import free_port
from sonde.controller import utc_now
from sonde.core.decision import Decision, NewTrial
from sonde.core.metric import Goal, SummaryKind
from sonde.core.trial import Outcome, State, Verdict
from sonde.store.memory import MemoryStore
from sonde.store.protocol import Ask

PARAMS = {"lr": 0.1, "opt": "adam"}


def trials(page: Page) -> Locator:
    return page.get_by_role("table", name="Trials")


def numbers(page: Page) -> list[int]:
    """The trials in the table, in its order."""
    cells = trials(page).locator("tbody tr[aria-rowindex] td:nth-child(3)")
    return [int(text) for text in cells.all_inner_texts()]


def sort(page: Page, name: str) -> list[int]:
    header = trials(page).get_by_role("columnheader", name=name).get_by_role("button")
    header.click()
    expect(header.locator("xpath=..")).to_have_attribute("aria-sort", "ascending")
    return numbers(page)


def cell(page: Page, number: int, column: str) -> str:
    heads = [text.strip(" ▴▾") for text in trials(page).locator("thead th").all_inner_texts()]
    row = (
        trials(page)
        .locator("tbody tr")
        .filter(has=page.get_by_role("link", name=f"{number}", exact=True))
    )
    return row.locator("td").nth(heads.index(column)).inner_text()


def test_failed_stopped_and_done_trials_are_told_by_a_word(page: Page) -> None:
    page.goto("/?sweep=mixed")
    expect(trials(page)).to_be_visible()
    words = [cell(page, number, "State") for number in range(6)]
    assert words == ["done", "done", "stopped", "stopped", "failed", "failed"]
    assert "no memory left" in cell(page, 4, "failure")


def test_the_best_come_first_and_the_failed_last_unless_one_sorts_otherwise(page: Page) -> None:
    page.goto("/?sweep=mixed")
    expect(trials(page)).to_be_visible()
    assert numbers(page) == [0, 1, 2, 3, 4, 5]
    page.goto("/?sweep=mixed&sort=-m.loss")
    expect(trials(page)).to_be_visible()
    assert numbers(page)[-2:] == [4, 5]


def test_every_column_sorts_both_ways_with_what_is_missing_last(page: Page) -> None:
    page.goto("/?sweep=mixed")
    expect(trials(page)).to_be_visible()
    for name in trials(page).locator("thead th button").all_inner_texts():
        name = name.strip(" ▴▾")
        up = sort(page, name) if "▴" not in name else numbers(page)
        assert sorted(up) == list(range(6)), name
    assert sort(page, "momentum") == [1, 3, 5, 0, 2, 4]
    trials(page).get_by_role("columnheader", name="momentum").get_by_role("button").click()
    expect(trials(page).locator("th[aria-sort=descending]")).to_contain_text("momentum")
    assert numbers(page) == [1, 3, 5, 0, 2, 4]


def test_missing_nan_and_infinite_are_three_things(page: Page) -> None:
    page.goto("/?sweep=two")
    expect(trials(page)).to_be_visible()
    assert [cell(page, n, "error") for n in range(5)] == ["0.5", "0.3", "0.2", "NaN", "inf"]
    page.goto("/?sweep=mixed")
    expect(trials(page)).to_be_visible()
    assert cell(page, 0, "momentum") == "–"
    assert cell(page, 1, "momentum") == "0.5"


@pytest.mark.parametrize(
    ("text", "fitting"),
    [
        ("failed", [4, 5]),
        ("opt=sgd", [1, 3, 5]),
        ("lr<0.25 done", [0, 1]),
        ("loss>=0.53", [2, 3, 4, 5]),
        ("momentum=missing", [0, 2, 4]),
        ("#3", [3]),
        ("memory", [4, 5]),
        ("error~memory", [4, 5]),
        ("opt!=sgd state=stopped", [2]),
    ],
)
def test_a_filter_leaves_those_that_fit_every_word(
    page: Page, text: str, fitting: list[int]
) -> None:
    page.goto("/?sweep=mixed&sort=number")
    expect(trials(page)).to_be_visible()
    page.get_by_role("searchbox").fill(text)
    expect(page.get_by_text(f"{len(fitting)} of 6 trials")).to_be_visible()
    assert numbers(page) == fitting


def test_a_filter_that_nothing_fits_offers_the_way_back(page: Page) -> None:
    page.goto("/?sweep=mixed&filter=lr>5")
    page.get_by_role("button", name="Show all 6").click()
    expect(trials(page)).to_be_visible()
    assert "filter" not in page.url


def test_the_whole_view_is_in_the_url(page: Page, look: Look, real_url: str) -> None:
    page.goto("/?sweep=mixed")
    page.get_by_role("searchbox").fill("opt=adam")
    page.get_by_text("Columns").click()
    page.get_by_role("checkbox", name="size", exact=True).check()
    page.get_by_role("checkbox", name="momentum", exact=True).uncheck()
    assert sort(page, "size") == [0, 2, 4]
    with look(real_url) as other:
        other.goto(page.url)
        expect(trials(other)).to_be_visible()
        assert numbers(other) == [0, 2, 4]
        heads = trials(other).locator("thead th").all_inner_texts()
        assert "size ▴" in heads
        assert "momentum" not in heads


def heads(page: Page) -> list[str]:
    return [text.strip(" ▴▾") for text in trials(page).locator("thead th").all_inner_texts()]


def test_columns_are_moved_by_mouse_and_by_keys(page: Page, look: Look, real_url: str) -> None:
    page.goto("/?sweep=mixed&sort=number")
    expect(trials(page)).to_be_visible()
    before = heads(page)
    title = trials(page).get_by_role("columnheader", name="lr").get_by_role("button")
    title.scroll_into_view_if_needed()
    box = title.bounding_box()
    goal = trials(page).get_by_role("columnheader", name="loss").bounding_box()
    assert box is not None
    assert goal is not None
    page.mouse.move(box["x"] + 20, box["y"] + 10)
    page.mouse.down()
    page.mouse.move(goal["x"] + 10, goal["y"] + 10, steps=5)
    page.mouse.up()
    at, to = before.index("lr"), before.index("loss")
    moved = [*before[:to], "lr", *(head for head in before[to:] if head != "lr")]
    assert moved != before
    assert heads(page) == moved
    assert "sort=number" in page.url  # to drag it was no press
    for _ in range(at - to):
        title.press("Shift+ArrowRight")
    assert heads(page) == before
    title.press("Shift+ArrowRight")
    with look(real_url) as other:
        other.goto(page.url)
        expect(trials(other)).to_be_visible()
        assert heads(other).index("lr") == at + 1
        # The state and the number stand first, whatever is moved.
        assert heads(other)[1:3] == ["State", "#"]


def test_a_brush_on_an_axis_narrows_the_table(page: Page) -> None:
    page.goto("/?sweep=mixed&sort=number")
    page.get_by_text("Choose by numbers").click()
    page.get_by_label("lr, to").fill("0.15")
    page.keyboard.press("Enter")
    expect(page.get_by_text("2 trials of 6 chosen")).to_be_visible()
    assert numbers(page) == [0, 1]
    assert "b.p.lr=0.1..0.15" in page.url
    page.get_by_role("button", name="Show all", exact=True).click()
    expect(page.get_by_text("2 trials of 6 chosen")).to_be_hidden()
    assert numbers(page) == list(range(6))


def test_a_brush_is_drawn_along_an_axis_and_taken_away_by_a_tap(page: Page) -> None:
    page.goto("/?sweep=mixed&sort=number")
    expect(page.get_by_role("img", name="loss by step")).to_be_visible()  # nothing moves any more
    grip = page.locator("svg.axes .grip").first  # of lr, from 0.1 at the bottom to 0.3
    grip.scroll_into_view_if_needed()
    box = grip.bounding_box()
    assert box is not None
    x = box["x"] + box["width"] / 2
    page.mouse.move(x, box["y"] + 12)
    page.mouse.down()
    page.mouse.move(x, box["y"] + box["height"] * 0.3, steps=4)
    expect(page.get_by_text("2 trials of 6 chosen")).to_be_visible()  # while it is drawn, too
    page.mouse.up()
    assert numbers(page) == [4, 5]
    page.mouse.click(x, box["y"] + box["height"] * 0.8)
    expect(page.get_by_text("2 trials of 6 chosen")).to_be_hidden()
    assert "b.p.lr" not in page.url


def test_of_several_goals_one_chooses_whose_history_is_shown(page: Page) -> None:
    page.goto("/?sweep=two")
    expect(
        page.get_by_role("img", name="error of 3 trials; the best so far is 0.2")
    ).to_be_visible()
    page.get_by_label("Metric").first.select_option("speed")
    expect(page.get_by_role("img", name="speed of 5 trials; the best so far is 9")).to_be_visible()
    assert "goal=speed" in page.url


def test_two_goals_are_shown_over_each_other_with_their_front(page: Page) -> None:
    page.goto("/?sweep=two")
    page.get_by_role("combobox", name="Over").select_option("speed")
    # Of five trials one has no error and one an infinite one; each other is better in something.
    label = "error over speed of 3 trials; 3 trials on the front"
    expect(page.get_by_role("img", name=label)).to_be_visible()
    assert "x=m.speed" in page.url


def test_a_live_sweep_shows_new_trials_results_and_metrics_by_itself(
    look: Look, url: str, store: MemoryStore
) -> None:
    sweep = add_sweep(store).id
    with look(url) as page:
        page.goto("/?sweep=digits")
        expect(page.get_by_text("No trial yet.")).to_be_visible()
        add_trial(store, sweep, PARAMS, [0.5], state=None)
        expect(trials(page)).to_be_visible()
        assert cell(page, 0, "State") == "running"
        add_trial(store, sweep, PARAMS | {"lr": 0.2}, [0.25])
        expect(page.get_by_role("link", name="Best: #1")).to_be_visible()
        assert cell(page, 1, "loss") == "0.25"
        # A metric that nobody had reported before becomes a column that one can choose.
        add_trial(store, sweep, PARAMS | {"lr": 0.3}, [0.75], gap=0.125)
        expect(page.get_by_role("link", name="2", exact=True)).to_be_visible()
        page.get_by_text("Columns").click()
        page.get_by_role("checkbox", name="gap", exact=True).check()
        assert [cell(page, n, "gap") for n in range(3)] == ["–", "–", "0.125"]


def test_a_page_that_lost_the_server_says_so_and_catches_up(look: Look, store: MemoryStore) -> None:
    from sonde.server.app import create_app
    from sonde.server.serving import Address, serving

    sweep = add_sweep(store).id
    add_trial(store, sweep, PARAMS, [0.5])
    port = free_port()
    with serving(create_app(store), Address(port=port)) as url:
        context = look(url)
        page = context.__enter__()
        page.goto("/?sweep=digits")
        expect(page.get_by_text("live", exact=True)).to_be_visible()
    expect(page.get_by_role("alert")).to_contain_text("The server does not answer")
    add_trial(store, sweep, PARAMS | {"lr": 0.2}, state=State.FAILED, error="boom")
    with serving(create_app(store), Address(port=port)):
        expect(page.get_by_role("alert")).to_be_hidden()
        expect(page.get_by_role("cell", name="failed")).to_be_visible()
        context.__exit__(None, None, None)


def test_a_sweep_that_does_not_exist_is_said_with_near_names(
    look: Look, url: str, store: MemoryStore
) -> None:
    add_sweep(store)
    problems: list[Any] = []
    with look(url, ignoring="404") as page:
        page.on("response", lambda r: problems.append(r.status))
        page.goto("/?sweep=digitz")
        expect(page.get_by_role("alert")).to_contain_text("digitz")
    assert 404 in problems


def test_what_a_rule_cut_short_comes_after_what_ran_to_its_end(
    look: Look, url: str, store: MemoryStore
) -> None:
    goal = Goal(metric="loss", summary=SummaryKind.LAST)
    sweep = add_sweep(store, goals=(goal,), stopping="median").id
    for loss, is_cut in ((0.5, False), (0.1, True), (0.4, False), (0.2, True)):
        revision, params = store.get_sweep(sweep).revision, PARAMS | {"lr": loss}
        decision = Decision(against=revision, add=[NewTrial(params=params)])
        record, (lease,) = store.commit(sweep, decision, utc_now(), Ask(agent="me"))
        if is_cut:
            stop, why = {lease.number: Verdict.STOP}, {lease.number: "median: it is slow"}
            told = Decision(against=record.revision, verdicts=stop, reasons=why)
            store.commit(sweep, told, utc_now())
        state = State.STOPPED if is_cut else State.DONE
        store.finish(lease, Outcome(state=state, values={"loss": loss}), utc_now())
    with look(url) as page:
        page.goto("/?sweep=digits")
        expect(trials(page)).to_be_visible()
        assert numbers(page) == [2, 0, 1, 3]
        expect(page.get_by_role("img", name="the best so far is 0.4")).to_be_visible()
        page.get_by_role("link", name="1", exact=True).click()
        expect(page.get_by_text("Stopped early by median: it is slow")).to_be_visible()


def test_repeats_are_shown_as_one_with_the_error_of_their_mean(
    look: Look, url: str, store: MemoryStore
) -> None:
    sweep = add_sweep(store, repeats=2).id
    for lr, losses in ((0.1, (1.0, 3.0)), (0.2, (1.4, 1.6)), (0.3, (0.5,))):
        for loss in losses:
            add_trial(store, sweep, {"lr": lr, "opt": "adam"}, [loss])
    with look(url) as page:
        page.goto("/?sweep=digits")
        # The single good result of the third is not compared before its repeat has ended.
        plot = page.get_by_role("img", name="loss of 3 assignments; the best so far is 1.5")
        expect(plot).to_be_visible()
        page.get_by_role("checkbox", name="repeats as one").uncheck()
        expect(
            page.get_by_role("img", name="loss of 5 trials; the best so far is 0.5")
        ).to_be_visible()
        assert "each=trial" in page.url


def test_figures_show_assignments_by_their_means_or_each_trial(
    look: Look, url: str, store: MemoryStore
) -> None:
    sweep = add_sweep(store, repeats=2).id
    for lr, losses in ((1e-5, (1.0, 3.0)), (0.003, (1.4, 1.6)), (0.9, (0.5,))):
        for loss in losses:
            add_trial(store, sweep, {"lr": lr, "opt": "adam"}, [loss])
    with look(url) as page:
        page.goto("/?sweep=digits&tab=analysis&kind=slice")
        expect(page.get_by_role("img", name="loss over lr of 3 assignments")).to_be_visible()
        chart = page.get_by_role("img", name="loss over lr of 3 assignments").bounding_box()
        assert chart is not None
        # The mean of 1.4 and 1.6 is in the middle of the axis of lr, and names its first trial.
        found = set()
        for y in range(10, 200, 8):
            page.mouse.move(chart["x"] + chart["width"] * 0.55, chart["y"] + y)
            found.add(page.locator("figcaption").first.inner_text())
        assert "as #2 lr 0.003, loss 1.5" in found
        page.get_by_role("link", name="EDF").click()
        # Of the third assignment one repeat is to come: it is no result yet.
        expect(page.get_by_role("img", name="Of 2 results of loss")).to_be_visible()
        page.get_by_role("searchbox").fill("#3")
        expect(page.get_by_role("img", name="Of 1 result of loss")).to_be_visible()
        page.get_by_role("searchbox").fill("")
        page.get_by_role("checkbox", name="repeats as one").uncheck()
        expect(page.get_by_role("img", name="Of 5 results of loss")).to_be_visible()
        page.get_by_role("link", name="Scatter matrix").click()
        expect(page.get_by_role("img", name="Scatter matrix of 5 trials")).to_be_visible()
        page.get_by_role("checkbox", name="repeats as one").check()
        expect(page.get_by_role("img", name="Scatter matrix of 3 assignments")).to_be_visible()
