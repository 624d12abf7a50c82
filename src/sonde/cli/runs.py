"""`sonde runs`: listing and ending runs, in StudioML's words."""

import time
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from sonde.cli.options import format_option, opened, store_option, trial_key

if TYPE_CHECKING:
    from sonde.store.protocol import Store

__all__ = ["runs"]

WAIT_S = 10.0
POLL_S = 0.1


@click.group()
def runs() -> None:
    """List, stop and kill runs, in StudioML's words. A run's KEY is SWEEP/N."""


@runs.command("list")
@click.argument("what", nargs=-1, metavar="[all | project NAME | projects | SWEEP]")
@store_option
@format_option
def list_runs(what: tuple[str, ...], store: str | None, form: str) -> None:
    """List the runs of a sweep, of a project or, with `all` or nothing, of every sweep.

    With `projects`, list the projects: a sweep without one is a project of its own.
    """
    from sonde.cli.output import emit
    from sonde.cli.projects_table import PROJECT_COLUMNS, project_cells, project_rows
    from sonde.cli.runs_table import run_cells, run_columns, run_row
    from sonde.core.history import History
    from sonde.errors import ConfigError, NotFoundError

    with opened(store) as opened_store:
        if what == ("projects",):
            projects = project_rows(opened_store.list_sweeps())
            emit(form, projects, PROJECT_COLUMNS, project_cells(projects))
            return
        if not what or what == ("all",):
            records = list(opened_store.list_sweeps())
        elif len(what) == 2 and what[0] == "project":
            records = [r for r in opened_store.list_sweeps() if r.sweep.project == what[1]]
            if not records:
                # As in StudioML, a sweep without a project is one of its own.
                with suppress(NotFoundError):
                    records = [opened_store.find_sweep(what[1])]
            if not records:
                raise NotFoundError(f"there is no project {what[1]}; sonde ls lists the sweeps")
        elif len(what) == 1 and what[0] not in {"project", "user", "users", "projects"}:
            records = [opened_store.find_sweep(what[0])]
        else:
            raise ConfigError(
                f"runs list {' '.join(what)}",
                "that is no choice of runs",
                "write all, project NAME, or a sweep",
            )
        pairs = []
        for record in records:
            history = History(record.sweep)
            history.add(opened_store.changes(record.id).trials)
            pairs += [(record, history, trial) for trial in history.trials]
    emit(form, [run_row(*pair) for pair in pairs], run_columns(pairs), run_cells(pairs))


@runs.command("stop")
@click.argument("keys", nargs=-1, required=True, metavar="KEY...")
@store_option
def stop_runs(keys: tuple[str, ...], store: str | None) -> None:
    """End runs politely; what they reported counts."""
    _end(keys, store, cancel=False)


@runs.command("kill")
@click.argument("keys", nargs=-1, required=True, metavar="KEY...")
@store_option
def kill_runs(keys: tuple[str, ...], store: str | None) -> None:
    """End runs and discard them: they are kept as cancelled and do not count."""
    _end(keys, store, cancel=True)


def _end(keys: tuple[str, ...], url: str | None, *, cancel: bool) -> None:
    """Ask for the end of trials, several of a sweep at once, and wait until they have ended."""
    from sonde.cli.reading import load, one_trial
    from sonde.core.decision import Decision
    from sonde.core.trial import Trial, Verdict
    from sonde.errors import ConfigError, ConfigErrors, ConflictError

    faults, parsed = [], []
    for key in keys:
        try:
            parsed.append(trial_key(key))
        except ConfigError as fault:
            faults.append(fault)
    if faults:
        raise ConfigErrors(faults)
    verdict = Verdict.CANCEL if cancel else Verdict.STOP
    with opened(url) as store:
        # All keys are looked up before the first is acted upon.
        wanted: dict[str, dict[int, Trial]] = {}
        for sweep, number in parsed:
            record, history = load(store, sweep)
            wanted.setdefault(record.id, {})[number] = one_trial(record, history, number)
        for sweep, trials in wanted.items():
            record = store.get_sweep(sweep)
            for number, trial in trials.items():
                if trial.is_ended:
                    click.echo(f"{record.name}/{number} has ended already: {trial.state.value}")
            live = {number: verdict for number, trial in trials.items() if not trial.is_ended}
            while live:
                decision = Decision(
                    against=store.get_sweep(sweep).revision, verdicts=live, reason="by hand"
                )
                try:
                    store.commit(sweep, decision, datetime.now(UTC))
                    break
                except ConflictError:
                    continue
            _wait(store, record.name, sweep, set(live))


def _wait(store: "Store", name: str, sweep: str, numbers: set[int]) -> None:
    end, version = time.monotonic() + WAIT_S, 0
    while numbers:
        changes = store.changes(sweep, version)
        version = changes.version
        for trial in changes.trials:
            if trial.number in numbers and trial.is_ended:
                numbers.discard(trial.number)
                click.echo(f"{name}/{trial.number} {trial.state.value}")
        if numbers and time.monotonic() > end:
            for number in sorted(numbers):
                click.echo(f"{name}/{number} was asked to end; its agent has not answered yet")
            return
        if numbers:
            time.sleep(POLL_S)
