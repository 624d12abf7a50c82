"""`sonde pause`, `stop` and `cancel`: what is to happen with a sweep, in W&B's words."""

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from sonde.cli.options import opened, store_option

if TYPE_CHECKING:
    from sonde.core.sweep import Control
    from sonde.store.protocol import Store, SweepRecord

__all__ = ["cancel", "pause", "stop"]

WAIT_S = 10.0
POLL_S = 0.1


@click.command()
@click.argument("sweep")
@store_option
def pause(sweep: str, store: str | None) -> None:
    """Start no new trials of a sweep; running ones end by themselves.

    `sonde resume SWEEP` goes on with it.
    """
    from sonde.cli.typed import typed
    from sonde.core.sweep import Control

    with opened(store) as opened_store:
        record = opened_store.find_sweep(sweep)
        if record.control is Control.PAUSED:
            click.echo(f"{record.name} is paused already")
            return
        _refuse_unless_live(record, "pause")
        record = _set(opened_store, record, Control.PAUSED, "paused by hand")
        click.echo(
            f"{record.name} is paused; {_running(record)}; go on: {typed('resume', record.name)}"
        )


@click.command()
@click.argument("sweep")
@store_option
def stop(sweep: str, store: str | None) -> None:
    """Start no new trials of a sweep; it has ended when the running ones have."""
    from sonde.core.sweep import Control

    with opened(store) as opened_store:
        record = opened_store.find_sweep(sweep)
        if record.control is Control.STOPPED:
            click.echo(f"{record.name} is stopped already; {_running(record)}")
            return
        _refuse_unless_live(record, "stop")
        record = _set(opened_store, record, Control.STOPPED, "stopped by hand")
        click.echo(f"{record.name} is stopped; {_running(record)}")


@click.command()
@click.argument("sweep")
@store_option
def cancel(sweep: str, store: str | None) -> None:
    """End a sweep and its running trials now, for good; these do not count.

    What is to be gone on with later is stopped or paused instead. Waits until nothing of it runs
    any more, ten seconds at most.
    """
    from sonde.core.sweep import Control
    from sonde.core.trial import State

    with opened(store) as opened_store:
        record = opened_store.find_sweep(sweep)
        if record.control is Control.CANCELLED and record.is_ended:
            click.echo(f"{record.name} is cancelled already")
            return
        if record.control is not Control.CANCELLED:
            if record.control is not Control.STOPPED:  # that one could still be gone on with
                _refuse_unless_live(record, "cancel")
            record = _set(opened_store, record, Control.CANCELLED, "cancelled by hand")
        end = time.monotonic() + WAIT_S
        while record.counts.get(State.RUNNING) and time.monotonic() < end:
            time.sleep(POLL_S)
            record = opened_store.get_sweep(record.id)
        running = record.counts.get(State.RUNNING, 0)
        left = f"; {_running(record)} still, on agents that do not answer" if running else ""
        click.echo(f"{record.name} is cancelled{left}")


def _set(store: "Store", record: "SweepRecord", control: "Control", reason: str) -> "SweepRecord":
    return store.update_sweep(record.id, datetime.now(UTC), control=control, reason=reason)


def _refuse_unless_live(record: "SweepRecord", word: str) -> None:
    from sonde.errors import IllegalTransitionError

    if record.is_ended:
        raise IllegalTransitionError(
            f"there is nothing to {word}: {record.name} has ended ({record.state}"
            f"{': ' + record.reason if record.reason else ''})"
        )


def _running(record: "SweepRecord") -> str:
    from sonde.core.trial import State

    running = record.counts.get(State.RUNNING, 0)
    if not running:
        return "no trial runs"
    return f"{running} trial{'s' if running > 1 else ''} may finish"
