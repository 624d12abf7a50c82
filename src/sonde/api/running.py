"""Run a sweep: its limits, its function on its way to the workers, and how it came out."""

import os
import signal
import warnings
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from typing import Any, Literal, TypeAlias

from sonde.agent.devices import cores
from sonde.api.carrying import carry
from sonde.api.crew import Crew
from sonde.controller import Controller, utc_now
from sonde.core.decide import problem_of
from sonde.core.failing import is_for_failures
from sonde.core.search import choose
from sonde.core.sweep import Command, Control, Function
from sonde.core.trial import State
from sonde.editing import amend
from sonde.errors import ConfigError, TrialError
from sonde.executors.boarding import board, one_each
from sonde.executors.drive import Result, drive
from sonde.executors.places import LOCAL, executor, is_here
from sonde.executors.protocol import AgentSpec, Executor, Priced
from sonde.executors.resources import Resources

__all__ = ["Progress", "run"]

Progress: TypeAlias = Literal["auto", "live", "plain", "json", "none"]
EXIT_INTERRUPTED = 130


def run(
    controller: Controller,
    function: Callable[..., Any] | None,
    trials: int | None,
    time_s: float | None,
    crew: Crew,
    progress: Progress | bool,
) -> None:
    """Do what `Sweep.run` says.

    Args:
        controller: Of the sweep; refreshed.
        function: The sweep's function, if this process has it.
    """
    workers = _workers(controller, function, crew)
    ended_before = controller.history.ended
    kind = ("auto" if progress else "none") if isinstance(progress, bool) else progress
    if workers == 0 and function is not None:
        _set_budget(controller, trials, time_s)
        result = _run_here(controller, function, kind)
    else:
        name = crew.place or LOCAL
        with closing(executor(name)) as place:
            if isinstance(place, Priced):
                from sonde.cli.output import say

                for line in place.bill(crew.each, crew.workers):
                    say(line)
            room = None if is_here(name) else board(place, name, crew.each, crew.gpus)
            _set_budget(controller, trials, time_s)
            crew = replace(crew, workers=workers)
            result = _run_workers(controller, function, crew, place, room, kind)
    if result.code == EXIT_INTERRUPTED:
        raise KeyboardInterrupt
    if result.code > 128:  # 128 + the signal that was to end this process
        signal.raise_signal(result.code - 128)
    _check_outcome(result, ended_before)


def _run_here(controller: Controller, function: Callable[..., Any], progress: str) -> Result:
    from sonde.agent.folder import TrialFolder
    from sonde.api.inprocess import run_here
    from sonde.api.places import root_of
    from sonde.cli.progress import watching

    store, sweep = controller.store, controller.sweep
    # A live block and what the function prints would write over each other.
    with watching("plain" if progress == "auto" else progress) as listener:
        return run_here(
            store,
            sweep,
            function,
            listener=listener,
            folder=lambda number: TrialFolder(root_of(store), sweep, number, 1),
        )


def _run_workers(
    controller: Controller,
    function: Callable[..., Any] | None,
    crew: Crew,
    place: Executor,
    room: int | None,
    progress: str,
) -> Result:
    """Drive the sweep with agents at a place that has so much room; None: that is for us to say."""
    from sonde.api.places import root_of
    from sonde.cli.progress import watching

    store, sweep = controller.store, controller.sweep
    if function is not None:
        _send(controller, function)
    agents: int | None = 1
    agent = AgentSpec(
        store=store.url, sweep=sweep, root=str(root_of(store)), workers=crew.workers or cores(),
        gpus=crew.gpus, each=crew.each,
    )  # fmt: skip
    if room is not None:
        agents, agent = crew.workers, one_each(agent)
    with watching(progress) as listener:
        return drive(
            store, sweep, executor=place, agent=agent, agents=agents, listener=listener,
            most=None if room is not None or crew.gpus or crew.each != Resources() else 2 * cores(),
        )  # fmt: skip


def _send(controller: Controller, function: Callable[..., Any]) -> None:
    """Put the function, as it is now, where agents find it."""
    from sonde.api.shipping import pack

    store = controller.store
    work, blob = store.get_sweep(controller.sweep).sweep.work, store.put_blob(pack(function))
    if not isinstance(work, Function):
        return
    code = carry(store, work.code)
    if (work.blob, work.code) != (blob, code):
        current = replace(work, blob=blob, code=code, folder=os.getcwd())  # noqa: PTH109
        amend(store, controller.sweep, lambda old: replace(old, work=current), utc_now())


def _workers(controller: Controller, function: Callable[..., Any] | None, crew: Crew) -> int | None:
    """Return how many worker processes there are to be, 0 for none but this one.

    None: as many as the crew's place has room for.
    """
    record = controller.record
    work, in_memory = record.sweep.work, controller.store.url == "memory:"
    if work is None:
        raise ConfigError(
            f"{record.name}.run", "the sweep has no function or command", "use ask and tell"
        )
    workers = crew.workers
    if workers is None:
        is_simple = in_memory and function is not None and crew.place is None
        workers = 0 if is_simple else cores() if crew.place is None else None
    if in_memory and workers != 0:
        raise ConfigError(
            f"run(workers={workers})",
            "a store in memory cannot be reached by other processes",
            "use workers=0, or a store in a file",
        )
    if workers == 0 and isinstance(work, Command):
        raise ConfigError(
            "run(workers=0)", "a command needs a process of its own", "use workers=1 or more"
        )
    if workers == 0 and function is None:
        raise ConfigError(
            "run(workers=0)",
            "this process does not have the sweep's function",
            "call sonde.sweep with it again, or use workers=1 or more",
        )
    if workers != 0 and function is None and isinstance(work, Function) and work.blob is None:
        raise ConfigError(
            f"{record.name}.run",
            "its function was never sent to the store",
            "call sonde.sweep with it again",
        )
    return workers


def _set_budget(controller: Controller, trials: int | None, time_s: float | None) -> None:
    if trials is not None and (
        isinstance(trials, bool) or not isinstance(trials, int) or trials < 1
    ):
        raise ConfigError(f"run(trials={trials!r})", "that is no number of trials", "use 1, 2, ...")
    record = controller.record
    budget = record.budget
    if trials is not None or time_s is not None:
        budget = replace(budget, trials=trials, time_s=time_s)
    definition = replace(record.sweep, budget=budget)
    method, _ = choose(problem_of(definition), definition.method)
    if method != "grid" and budget.trials is None and budget.time_s is None:
        raise ConfigError(
            f"{record.name}.run()",
            f"{method} search has no end of its own",
            "say run(trials=100), or run(time='1h')",
        )
    if budget != record.sweep.budget and not record.trials:
        # `auto` chooses by the budget that a sweep begins with.
        controller.store.update_sweep(controller.sweep, utc_now(), definition=definition)
    if budget != record.budget or record.control is not Control.RUNNING:
        controller.store.update_sweep(
            controller.sweep, utc_now(), budget=budget, control=Control.RUNNING, reason=""
        )


def _check_outcome(result: Result, ended_before: int) -> None:
    """Raise if nothing came of it but failures; warn if what was asked for was never reported."""
    record, history = result.record, result.history
    if history.counts[State.DONE] + history.counts[State.STOPPED]:
        if record.control is Control.STOPPED and is_for_failures(record.reason):
            text = f"{record.name} was stopped: {record.reason}; another run(...) goes on"
            warnings.warn(text, stacklevel=4)
        for metric in record.sweep.wanted:
            found = dict.fromkeys(name for trial in history.trials for name in trial.metrics)
            if metric not in found:
                others = f"reported were {', '.join(found)}" if found else "nothing was reported"
                text = f"no trial of {record.name} reported {metric}; {others}"
                warnings.warn(text, stacklevel=4)
        return
    failed = [trial for trial in history.trials if trial.state is State.FAILED]
    if not failed:
        return
    last = failed[-1]
    text = f"{len(failed)} trials of {record.name} failed and none was completed; the last, "
    text += f"trial {last.number}: {last.error}"
    if record.control is Control.STOPPED and is_for_failures(record.reason):
        text += f"\n\nSo it was stopped ({record.reason}); another run(...) goes on."
    elif history.ended == ended_before:
        text += f"\n\n{_way_on(result)}"
    trace = last.facts.get("traceback")
    raise TrialError(f"{text}\n\n{trace}" if trace else text)


def _way_on(result: Result) -> str:
    """Say how to go on where all that was to be run has failed, before this call."""
    record = result.record
    text = f"None was left to be run now ({result.reason}), so this is what earlier ones came to. "
    budget, size = record.budget, record.sweep.space.size
    if budget.trials is not None and (size is None or budget.trials < size):
        text += f"run(trials={2 * budget.trials}) tries more points; "
    elif budget.time_s is not None:
        text += f"run(time={2 * budget.time_s:g}) goes on; "
    return text + "sonde.sweep(..., new=True) starts afresh."
