"""`sonde tail`: follow a sweep from any terminal."""

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from sonde.cli.options import format_of, opened, store_option

if TYPE_CHECKING:
    from sonde.core.history import History
    from sonde.executors.drive import View
    from sonde.store.protocol import Store, SweepRecord

__all__ = ["tail"]

POLL_S = 0.1


@click.command()
@click.argument("sweep")
@click.option("-n", "--lines", type=click.IntRange(min=0), default=10, show_default=True,
              metavar="N", help="Begin with the last N trials that ended.")  # fmt: skip
@format_of(["table", "json"], "Lines for people, or one JSON object a line.")
@store_option
def tail(sweep: str, lines: int, form: str, store: str | None) -> None:
    """Follow a sweep: one line for each thing that happens, until it has ended.

    Ctrl-C ends the following and touches nothing.
    """
    from sonde.cli.followed import Lines
    from sonde.cli.progress.events import Events
    from sonde.core.history import History

    with opened(store) as opened_store:
        record = opened_store.find_sweep(sweep)
        history = History(record.sweep)
        watcher = Events() if form == "json" else Lines(lines)
        changes = opened_store.changes(record.id)
        history.add(changes.trials)
        started = datetime.now(UTC)
        view = _view(opened_store, changes.record, history, started)
        watcher.begin(view)
        stamp = None
        while not view.record.is_ended:
            now = opened_store.stamp()
            if now == stamp:
                time.sleep(POLL_S)
                continue
            stamp = now
            changes = opened_store.changes(record.id, changes.version)
            history.add(changes.trials)
            view = _view(opened_store, changes.record, history, started)
            watcher.update(view, changes.trials)
        watcher.over(view)


def _view(store: "Store", record: "SweepRecord", history: "History", started: datetime) -> "View":
    from sonde.executors.drive import View

    return View(
        record=record,
        history=history,
        method=record.sweep.method,
        method_reason="",
        workers=max(len(history.running), 1),
        store=store.url,
        started=started,
        now=datetime.now(UTC),
        curve=lambda number: (),
    )
