"""`wandb.agent`: run trials of a sweep, with a function or with the sweep's program."""

import gc
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from sonde.agent.folder import TrialFolder
from sonde.agent.loop import Event, Options
from sonde.agent.loop import run as run_agent
from sonde.api.carrying import carry
from sonde.api.inprocess import run_here
from sonde.api.places import opened, root_of
from sonde.api.shipping import name_of, pack
from sonde.controller import utc_now
from sonde.core.sweep import Function
from sonde.core.wandb import nested
from sonde.editing import amend
from sonde.errors import ConfigError
from sonde.store.protocol import Store, SweepRecord
from sonde.sweep_file import find
from sonde.wandb.telling import say
from sonde.wandb.watching import Watching, results_of

__all__ = ["Train", "agent"]

_MOST_FAILED = 5  # trials in a row, as W&B's agent has it


class Train:
    """The user's function as sonde calls it: with the trial's values where `init` looks for them.

    What it returns means nothing, as with W&B: results are logged.
    """

    def __init__(self, function: Callable[[], Any], groups: tuple[str, ...]) -> None:
        self.__wrapped__, self.groups = function, groups

    def __call__(self, **params: Any) -> None:
        """Call it for one trial.

        Raises:
            RuntimeError: If its run was finished with an exit code other than 0.
        """
        from sonde.wandb import current

        current.begin(nested(params, self.groups))
        try:
            self.__wrapped__()
            current.finish()
            code = current.last_exit()
            if code:
                raise RuntimeError(f"the run was finished with exit code {code}")
        finally:
            current.begin(None)
            _free()


def _free() -> None:
    """Give back what the trial held: its worker goes on to the next one, with all of the memory."""
    gc.collect()  # models refer to themselves, so that nothing but this frees them
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_initialized():
        torch.cuda.empty_cache()


def agent(
    sweep_id: str,
    function: Callable[[], Any] | None = None,
    entity: str | None = None,
    project: str | None = None,
    count: int | None = None,
    forward_signals: bool | None = None,
    *,
    workers: int = 1,
) -> None:
    """Run trials of a sweep here, until it is done or `count` have been run.

    Args:
        sweep_id: As `wandb.sweep` returned it, or a name; what stands before a `/` means nothing.
        function: Called without arguments, once for each trial; it calls `wandb.init`. None: the
            sweep's program is run.
        entity: W&B's account; there is none here.
        project: The same.
        count: How many trials to run.
        forward_signals: Means nothing: signals always reach the trials.
        workers: How many trials at once, each in a worker process; with 0 the function is called
            in this process. After each trial what it held is freed, torch's GPU memory too.

    Raises:
        ConfigError: If there is nothing to run, or it cannot be run here.
        NotFoundError: If there is no such sweep.
    """
    if count is not None and (isinstance(count, bool) or not isinstance(count, int) or count < 1):
        raise ConfigError(f"agent(count={count!r})", "that is no number of trials", "use 1, 2, ...")
    store = opened(None)
    try:
        record = _enduring(store, find(store, sweep_id))
        work = record.sweep.work
        if function is None and (work is None or (isinstance(work, Function) and not work.blob)):
            raise ConfigError(
                "wandb.agent", "the sweep has no program and no function was given",
                "write agent(sweep_id, train), or give the sweep a program",
            )  # fmt: skip
        if workers == 0:
            if function is None:
                raise ConfigError(
                    "agent(workers=0)", "there is no function", "give it one, or leave workers out"
                )
            _here(store, record, function, count)
            return
        if function is not None:
            record = _with_function(store, record, function)
        _run(store, record, count, workers)
    finally:
        store.close()


def _enduring(store: Store, record: SweepRecord) -> SweepRecord:
    """Let no number of failures stop the sweep, where WANDB_AGENT_DISABLE_FLAPPING says so."""
    if _most_failed(os.environ) is not None or record.sweep.max_failures is not None:
        return record
    endless = replace(record.sweep, max_failures=0)
    return store.update_sweep(record.id, utc_now(), definition=endless)


def _here(
    store: Store, record: SweepRecord, function: Callable[[], Any], count: int | None
) -> None:
    """Call the function in this process."""
    train = Train(function, record.sweep.groups)
    if record.sweep.work is None:
        named = Function(name=name_of(function), folder=os.getcwd())  # noqa: PTH109
        amend(store, record.id, lambda old: replace(old, work=named), utc_now())
    root = root_of(store)
    before = os.environ.get("SONDE_SWEEP")
    os.environ["SONDE_SWEEP"] = record.id
    try:
        run_here(
            store, record.id, train, listener=Watching(),
            folder=lambda number: TrialFolder(root, record.id, number, 1), count=count,
        )  # fmt: skip
    finally:
        if before is None:
            del os.environ["SONDE_SWEEP"]
        else:
            os.environ["SONDE_SWEEP"] = before


def _with_function(store: Store, record: SweepRecord, function: Callable[[], Any]) -> SweepRecord:
    """Send the function to the store, in place of what the sweep ran before."""
    blob = store.put_blob(pack(Train(function, record.sweep.groups)))
    work = record.sweep.work
    before = work if isinstance(work, Function) else None
    code = carry(store, None if before is None else before.code)
    if before is not None and (before.blob, before.code) == (blob, code):
        return record
    here = os.getcwd()  # noqa: PTH109
    named = Function(name=name_of(function), folder=here, blob=blob, code=code)
    return amend(store, record.id, lambda old: replace(old, work=named), utc_now())


def _run(store: Store, record: SweepRecord, count: int | None, workers: int) -> None:
    """Run trials in processes of their own."""
    root = root_of(store)
    logs = f"sonde logs {record.id}"

    def tell(event: Event) -> None:
        about = "" if event.number is None else f"trial {event.number} "
        text = f"{about}{'started ' if event.kind == 'started' else ''}{event.text}"
        if event.kind == "ended" and event.text.startswith("failed"):
            text += f"   ({logs}/{event.number})"
        elif event.trial is not None:
            text += results_of(event.trial, record.sweep.goals)
        say(text)

    options = Options(
        store_url=store.url, sweep=record.id, root=root, workers=workers, count=count,
        most_failed=_most_failed(os.environ),
    )  # fmt: skip
    report = run_agent(options, on_event=tell, store=store)
    failed = f", {report.failed} of them failed" if report.failed else ""
    say(f"{report.ran} trials run{failed}: {report.reason}; what they print: {logs}/N")


def _most_failed(environ: Mapping[str, str]) -> int | None:
    """Return how many failures in a row end the agent; None: no number does."""
    if environ.get("WANDB_AGENT_DISABLE_FLAPPING", "").lower() in {"1", "true"}:
        return None
    written = environ.get("WANDB_AGENT_MAX_INITIAL_FAILURES", "")
    return int(written) if written.isdigit() else _MOST_FAILED
