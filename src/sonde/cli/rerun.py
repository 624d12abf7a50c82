"""`sonde rerun`: run one trial again."""

from typing import TYPE_CHECKING

import click

from sonde.cli.options import opened, store_option, trial_key

__all__ = ["rerun"]


if TYPE_CHECKING:
    from sonde.core.trial import Trial
    from sonde.store.protocol import SweepRecord


def _as_it_was(record: "SweepRecord", trial: "Trial") -> str | None:
    """Say how the trial ended, where what it reports now cannot be compared as it is."""
    from sonde.analysis.rows import last_step
    from sonde.core.trial import State

    if trial.state is State.STOPPED:
        step = last_step(trial, record.sweep.goals)
        at = "" if step is None else f" at step {step}"
        why = f" ({trial.why_stopped})" if trial.why_stopped else ""
        return f"it was stopped{at}{why} then; now it runs to its end"
    if trial.state is State.FAILED:
        return f"it failed then: {trial.error}" if trial.error else "it failed then"
    return None


@click.command()
@click.argument("trial", metavar="SWEEP/N")
@store_option
@click.pass_context
def rerun(ctx: click.Context, /, trial: str, store: str | None) -> None:
    """Run one trial again: the same command, the same values, the files as they were.

    What it prints goes to this terminal; its exit status is ours. The sweep stays as it is.
    """
    from sonde.agent.place import root_of
    from sonde.agent.rerun import rerun as run_again
    from sonde.agent.without_work import way_on
    from sonde.cli.cells import number
    from sonde.cli.output import say
    from sonde.cli.reading import load, one_trial
    from sonde.errors import ConfigError

    sweep, wanted = trial_key(trial)
    with opened(store) as opened_store:
        record, history = load(opened_store, sweep)
        found = one_trial(record, history, wanted)
        if record.sweep.work is None:
            raise ConfigError(f"sweep {record.name}", *way_on(record))
        values = " ".join(f"{name}={value!r}" for name, value in found.params.items())
        say(f"running {record.name}/{found.number} again: {values}")
        if note := _as_it_was(record, found):
            say(note)
        done = run_again(opened_store, record, found, root_of(opened_store.url))
    for name, value in done.metrics.items():
        before = found.metrics.get(name)
        then = "the same" if before and before.last == value else "-"
        if before and before.last != value:
            then = number(before.last, 8)
        # A trial that has not ended may report more: its last value is not its result.
        word = "before" if found.is_ended else f"so far in {record.name}/{found.number}"
        say(f"{name} {number(value, 8)}, {word}: {then}")
    if done.outcome.error:
        say(f"it failed: {done.outcome.error}")
    say(f"its files: {done.folder}")
    ctx.exit(done.status)
