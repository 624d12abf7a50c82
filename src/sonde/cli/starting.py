"""Which sweep a `sonde run` means: a new one, an unfinished one, or one by name."""

import shutil
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from sonde.agent.folder import source_folder
from sonde.agent.provenance import facts_of
from sonde.agent.snapshot import changed, take
from sonde.cli.output import say
from sonde.cli.place import root_of
from sonde.cli.plan import Plan
from sonde.cli.typed import typed
from sonde.core.decide import Situation, is_out_of_time
from sonde.core.history import History
from sonde.core.sweep import Budget, Command, Control, Sweep, difference
from sonde.core.trial import State
from sonde.errors import AmbiguousError, ConfigError, NotFoundError, SweepExistsError
from sonde.store.protocol import Store, SweepRecord

__all__ = [
    "Started",
    "afresh",
    "create",
    "go_on",
    "heed_code",
    "is_spent",
    "is_unfinished",
    "raised",
    "start",
]

N = TypeVar("N", int, float)
_ENDED = {"done", "stopped", "failed", "cancelled"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """The sweep to be driven.

    Attributes:
        is_over: There is nothing left to do: only its results are to be shown.
        is_new: It was made just now.
    """

    record: SweepRecord
    is_over: bool = False
    is_new: bool = False


def start(store: Store, plan: Plan, *, new: bool, update_code: bool) -> Started:
    """Find the sweep that is meant, or make it.

    Raises:
        ConfigError: If the name belongs to a sweep of another definition.
    """
    try:
        return _start(store, plan, new=new, update_code=update_code)
    except SweepExistsError:
        # The same command in another terminal was a moment quicker: now it is found.
        return _start(store, plan, new=new, update_code=update_code)


def _start(store: Store, plan: Plan, *, new: bool, update_code: bool) -> Started:
    if plan.sweep.name is not None and (found := _named(store, plan.sweep.name)):
        if new:
            raise ConfigError(
                f"--name {plan.sweep.name} --new",
                "there is a sweep of that name",
                "choose another name, or leave --new out to go on with it",
            )
        wrong = difference(found.sweep, _as_stored(plan, found))
        if wrong:
            raise ConfigError(
                f"--name {plan.sweep.name}",
                f"it is another sweep's, which differs: {'; '.join(wrong)}",
                "choose another name",
            )
        return go_on(store, found, plan, update_code=update_code)
    if plan.sweep.name is None and not new:
        same = [
            record
            for record in store.list_sweeps()
            if isinstance(record.sweep.work, Command)
            and not difference(record.sweep, _as_stored(plan, record))
        ]
        unfinished = [record for record in same if is_unfinished(record)]
        if unfinished:
            return go_on(store, unfinished[-1], plan, update_code=update_code)
        if same:
            _say_of_same(store, same[-1])
    return Started(record=create(store, plan.sweep, Path(plan.command.folder)), is_new=True)


def go_on(store: Store, record: SweepRecord, plan: Plan, *, update_code: bool) -> Started:
    """Continue a sweep, with more of a budget if more was asked for."""
    budget = plan.sweep.budget
    trials = budget.trials if "trials" in plan.given else None
    time_s = budget.time_s if "time" in plan.given else None
    record = raised(store, record, trials=trials, time_s=time_s)
    if not is_unfinished(record):
        say(f"{record.name} has ended ({record.reason or record.control}); these are its results")
        if record.control is Control.CANCELLED:
            say(f"what was cancelled is not gone on with; {afresh(record)}")
        elif record.control is Control.STOPPED and not is_spent(store, record):
            say(f"to go on with it all the same: {typed('resume', record.name)}")
        return Started(record=record, is_over=True)
    ended = sum(n for state, n in record.counts.items() if state.value in _ENDED)
    all_of_them = record.budget.trials
    of = f" of {all_of_them}" if all_of_them is not None else ""
    say(
        f"going on with {record.name} ({record.id}), the same sweep, unfinished: "
        f"{ended}{of} trials have ended; --new would start afresh"
    )
    heed_code(store, record, update=update_code)
    if record.control is Control.PAUSED:
        record = store.update_sweep(
            record.id, datetime.now(UTC), control=Control.RUNNING, reason=""
        )
    return Started(record=record)


def is_unfinished(record: SweepRecord) -> bool:
    """Tell whether the same command goes on with a sweep.

    Not if it was ended by hand, which is to last, nor if all that was decided has been run.
    """
    if record.control in {Control.RUNNING, Control.PAUSED}:
        return True
    live = (State.WAITING, State.RUNNING, State.PAUSED)
    return record.control is Control.DONE and any(record.counts.get(state) for state in live)


def is_spent(store: Store, record: SweepRecord) -> bool:
    """Tell whether a sweep was stopped because its working time is used up."""
    if record.control is not Control.STOPPED or record.budget.time_s is None:
        return False
    history = History(record.sweep)
    history.add(store.changes(record.id).trials)
    now = datetime.now(UTC)
    return is_out_of_time(history, Situation(record.revision, record.control, record.budget, now))


def afresh(record: SweepRecord) -> str:
    """Say what starts a sweep like a cancelled one."""
    if not isinstance(record.sweep.work, Command):
        return "declare it with another name to start a new one"
    if record.sweep.name is not None:
        return "the same command with another --name starts a new one"
    return "the same command starts a new one"


def raised(
    store: Store, record: SweepRecord, *, trials: int | None, time_s: float | None
) -> SweepRecord:
    """Give a sweep more of a budget where more is asked for; never less."""
    budget = record.budget
    more = Budget(
        trials=_larger(budget.trials, trials, "trials"),
        time_s=_larger(budget.time_s, time_s, "seconds"),
    )
    if more == budget:
        return record
    was_met = record.control is Control.DONE or (
        more.time_s != budget.time_s and is_spent(store, record)
    )
    control = Control.RUNNING if was_met else None
    say(f"{record.name} now has a budget of {_budget_text(more)}")
    return store.update_sweep(
        record.id, datetime.now(UTC), budget=more, control=control, reason="" if control else None
    )


def heed_code(store: Store, record: SweepRecord, *, update: bool) -> None:
    """Say which files have changed since the snapshot, or take it anew."""
    work = record.sweep.work
    if not isinstance(work, Command) or work.workspace == "none":
        return
    target = source_folder(root_of(store.url), record.id)
    if not target.is_dir() or not Path(work.folder).is_dir():
        return
    files = changed(work, target)
    if not files:
        return
    shown = ", ".join(line.strip() for line in files[:5])
    if len(files) > 5:
        shown += f" and {len(files) - 5} more"
    if update:
        take(work, target, update=True)
        say(f"trials from now on run with the changed files: {shown}")
    else:
        say(
            f"files have changed since the sweep began: {shown}; it goes on with them as they "
            "were (--update-code takes them as they are)"
        )


def create(store: Store, sweep: Sweep, folder: Path) -> SweepRecord:
    """Make a sweep, with the snapshot that its trials are copied from.

    Args:
        store: Where.
        sweep: Its definition; the work is a command.
        folder: The user's, whose state is recorded.

    Raises:
        ConfigError: If the folder cannot be copied; then no sweep is made.
    """
    command = sweep.work
    if not isinstance(command, Command):
        raise TypeError("only a command has files to keep")
    root = root_of(store.url)
    # The snapshot comes first: a folder that cannot be taken makes no sweep.
    draft = root / "sweeps" / f"new-{datetime.now(UTC).timestamp():.6f}"
    try:
        if command.workspace != "none":
            for note in take(command, draft).notes:
                say(note)
        facts, blobs = facts_of(folder, command.argv, _python_of(command))
        record = store.create_sweep(sweep, datetime.now(UTC), facts)
        for data in blobs.values():
            store.put_blob(data)
        if draft.exists():
            target = source_folder(root, record.id)
            target.parent.mkdir(parents=True, exist_ok=True)
            draft.rename(target)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return record


def _python_of(command: Command) -> str | None:
    """The interpreter whose packages count, if it is one."""
    program = command.argv[0]
    return program if Path(program).name.startswith(("python", "pypy")) else None


def _named(store: Store, name: str) -> SweepRecord | None:
    try:
        found = store.find_sweep(name)
    except (NotFoundError, AmbiguousError):
        return None
    return found if found.name == name else None


def _as_stored(plan: Plan, record: SweepRecord) -> Sweep:
    """The plan's sweep with what the user left to us taken from the record."""
    if "seed" in plan.given:
        return plan.sweep
    return replace(plan.sweep, seed=record.sweep.seed)


def _say_of_same(store: Store, record: SweepRecord) -> None:
    if record.control is Control.DONE or is_spent(store, record):
        look = typed("best", record.name)
        say(f"{record.name} did the same and is finished ({look}); this is new")
    elif record.control is Control.CANCELLED:
        say(f"{record.name} is the same but was cancelled; this is new")
    else:
        way = typed("resume", record.name)
        say(f"{record.name} is the same but was stopped ({way} goes on with it); this is new")


def _larger(stored: N | None, asked: N | None, unit: str) -> N | None:
    """The larger one; what has no limit keeps none."""
    if asked is None or stored is None:
        return stored
    if asked < stored:
        say(f"its budget of {stored:g} {unit} stays; {asked:g} would be less")
    return max(stored, asked)


def _budget_text(budget: Budget) -> str:
    parts = [f"{budget.trials} trials"] if budget.trials is not None else []
    parts += [f"{budget.time_s:g} s"] if budget.time_s is not None else []
    return " or ".join(parts)
