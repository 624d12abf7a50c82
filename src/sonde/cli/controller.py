"""`sonde controller`: decide for a sweep here, while agents run it."""

import time
from typing import TYPE_CHECKING

import click

from sonde.cli.options import opened, store_option

if TYPE_CHECKING:
    from sonde.controller import Controller

__all__ = ["controller", "drive"]

LOOK_S = 0.2


@click.command()
@click.argument("sweep")
@store_option
def controller(sweep: str, store: str | None) -> None:
    """Decide what a sweep tries and whom it stops, while agents elsewhere run it.

    Agents do so themselves where nobody else does: this is for machines that are to run trials
    only, and for those who are used to W&B's local controller. Ctrl-C leaves the sweep as it is.
    """
    drive(sweep, store)


def drive(sweep: str, store: str | None) -> None:
    """Decide until the sweep is done, saying how it stands when that changes."""
    from sonde.cli.output import say
    from sonde.controller import Controller
    from sonde.core.search import CUSTOM
    from sonde.core.trial import State
    from sonde.errors import ConfigError
    from sonde.sweep_file import find

    with opened(store) as opened_store:
        record = find(opened_store, sweep)
        if record.sweep.method == CUSTOM:
            raise ConfigError(
                f"sweep {record.name}", "what it tries, a program of yours is to decide",
                "write one with sonde.wandb.controller",
            )  # fmt: skip
        controller = Controller(opened_store, record.id)
        controller.refresh()
        told = ""
        try:
            while not controller.record.is_ended:
                running = controller.history.counts[State.RUNNING]
                controller.step(1 if controller.adaptive else max(running, 1))
                controller.refresh()
                if told != (told := _standing(controller)):
                    say(told)
                time.sleep(LOOK_S)
            if told != _standing(controller):  # it had ended before anything was to be decided
                say(_standing(controller))
        except KeyboardInterrupt:
            say("the controller leaves; the sweep is as it is")


def _standing(controller: "Controller") -> str:
    """Say how a sweep stands, in one line."""
    record, history = controller.record, controller.history
    counts = ", ".join(f"{count} {state}" for state, count in history.counts.items() if count)
    return f"{record.name} is {record.state}: {counts or 'no trials yet'}"
