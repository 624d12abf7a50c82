"""Which sweep a `sonde run` means: a new one, an unfinished one, or one by name."""

import shutil
import sys
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from sonde.agent.folder import source_folder
from sonde.agent.parcel import carried, carried_anew
from sonde.agent.place import root_of
from sonde.agent.provenance import facts_of
from sonde.agent.snapshot import changed, take
from sonde.cli.output import say
from sonde.cli.plan import Plan
from sonde.cli.typed import typed
from sonde.cli.unfinished import afresh, is_spent, is_unfinished, raised
from sonde.core.sweep import Command, Control, Sweep
from sonde.editing import amend, unlike
from sonde.errors import AmbiguousError, ConfigError, NotFoundError, SweepExistsError
from sonde.store import is_shared
from sonde.store.earlier import sources_of, with_lessons
from sonde.store.passwords import hidden
from sonde.store.protocol import Store, SweepRecord

__all__ = ["Started", "create", "go_on", "heed_code", "start"]

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
        wrong = unlike(store, found, _as_stored(store, plan, found))
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
            if isinstance(record.sweep.work, Command) and _is_same(store, plan, record)
        ]
        unfinished = [record for record in same if is_unfinished(record)]
        if unfinished:
            return go_on(store, unfinished[-1], plan, update_code=update_code)
        if same:
            _say_of_same(store, same[-1])
    sources = [(store, source.id) for source in sources_of(store, plan.earlier)]
    sweep = with_lessons(store, plan.sweep, sources, flag="--from")
    _say_of_lessons(sweep)
    return Started(record=create(store, sweep, Path(plan.command.folder)), is_new=True)


def _say_of_lessons(sweep: Sweep) -> None:
    """Say that what is known to be good comes first, so that nobody takes it for a find."""
    if sweep.earlier:
        names = ", ".join(source.name for source in sweep.earlier)
        say(f"learning from {names}: the first trials repeat what was best there, to compare")


def go_on(store: Store, record: SweepRecord, plan: Plan, *, update_code: bool) -> Started:
    """Continue a sweep, with more of a budget if more was asked for."""
    budget = plan.sweep.budget
    trials = budget.trials if "trials" in plan.given else None
    time_s = budget.time_s if "time" in plan.given else None
    record = raised(store, record, trials=trials, time_s=time_s)
    most = plan.sweep.max_failures
    if most not in {None, record.sweep.max_failures}:
        now = datetime.now(UTC)
        record = amend(store, record.id, lambda old: replace(old, max_failures=most), now)
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
        say("it was paused; now it goes on, whoever runs it")
        record = store.update_sweep(
            record.id, datetime.now(UTC), control=Control.RUNNING, reason=""
        )
    return Started(record=record)


def heed_code(store: Store, record: SweepRecord, *, update: bool) -> None:
    """Say which files have changed since the snapshot, or take it anew."""
    work = record.sweep.work
    if not isinstance(work, Command) or work.workspace == "none":
        return
    target = source_folder(root_of(store.url), record.id)
    if update and is_shared(store.url):
        _send_code(store, record, work, target)
        return
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
    elif any(not line.startswith("+") for line in files):
        # New files alone are seen by nothing that was there: a log of the last run, mostly.
        say(
            f"files have changed since the sweep began: {shown}; it goes on with them as they "
            "were (--update-code takes them as they are)"
        )


def _send_code(store: Store, record: SweepRecord, work: Command, target: Path) -> None:
    """Have agents of all machines run the files as they are now."""
    files = changed(work, target) if target.is_dir() else []
    take(work, target, update=True)
    if carried_anew(store, record, target).sweep == record.sweep:
        say("the files are those that the store has")
    else:
        shown = ", ".join(line.strip() for line in files[:5]) or "as they are now"
        more = f" and {len(files) - 5} more" if len(files) > 5 else ""
        say(f"trials from now on run with the changed files, on all machines: {shown}{more}")


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
        facts |= carried(store, draft) | _typed()
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


def _typed() -> dict[str, list[str]]:
    """The command line that makes the sweep, for whoever wants to make it again."""
    program = Path(sys.argv[0])
    is_sonde = program.name == "sonde" or program.parts[-2:] == ("sonde", "__main__.py")
    return {"typed": ["sonde", *map(hidden, sys.argv[1:])]} if is_sonde else {}


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


def _is_same(store: Store, plan: Plan, record: SweepRecord) -> bool:
    try:
        return not unlike(store, record, _as_stored(store, plan, record))
    except NotFoundError:  # an earlier sweep that is gone, and that this one did not learn from
        return False


def _as_stored(store: Store, plan: Plan, record: SweepRecord) -> Sweep:
    """The plan's sweep with what the user left to us taken from the record."""
    sources = sources_of(store, plan.earlier, record.sweep.earlier)
    sweep = replace(plan.sweep, earlier=sources)
    return sweep if "seed" in plan.given else replace(sweep, seed=record.sweep.seed)


def _say_of_same(store: Store, record: SweepRecord) -> None:
    if record.control is Control.DONE or is_spent(store, record):
        look = typed("best", record.name)
        say(f"{record.name} did the same and is finished ({look}); this is new")
    elif record.control is Control.CANCELLED:
        say(f"{record.name} is the same but was cancelled; this is new")
    else:
        way = typed("resume", record.name)
        say(f"{record.name} is the same but was stopped ({way} goes on with it); this is new")
