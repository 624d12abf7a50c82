"""Progress as plain lines: for pipes, log files and CI."""

import os
from collections import deque
from collections.abc import Sequence
from datetime import datetime

from sonde.cli.cells import duration, number, one_line, param
from sonde.cli.output import say
from sonde.cli.progress.figures import Figures, total_of
from sonde.core.metric import Goal
from sonde.core.sweep import Control
from sonde.core.trial import State, Trial
from sonde.executors.drive import Result, View

__all__ = ["Plain", "begin_line", "control_line", "end_line", "summary_line", "trial_line"]

SUMMARY_S = 30.0
MOST_A_SECOND = 5


class Plain:
    """One line for each trial that ended, and a summary now and then.

    Where more than `MOST_A_SECOND` trials end each second, only the summaries.
    """

    def __init__(self) -> None:
        self.figures = Figures()
        self._said = 0.0
        self._ends: deque[float] = deque(maxlen=MOST_A_SECOND)
        self._quick = False
        self._control: Control | None = None

    def begin(self, view: View) -> None:
        """Say what begins."""
        self._said = view.now.timestamp()
        self._control = view.record.control
        say(f"{_clock(view.now)} {begin_line(view)}")

    def update(self, view: View, changed: Sequence[Trial]) -> None:
        """Say which trials have ended."""
        ended = self.figures.update(view, changed)
        now = view.now.timestamp()
        if view.record.control is not self._control:
            self._control = view.record.control
            if self._control is not Control.DONE:  # which only says that all is decided
                say(f"{_clock(view.now)} {control_line(view)}")
        for trial in ended:
            at = trial.finished.timestamp() if trial.finished else now
            full = len(self._ends) == MOST_A_SECOND
            quick = full and at - self._ends[0] < 1.0
            self._ends.append(at)
            if not quick:
                say(f"{_clock(view.now)} {trial_line(trial, view)}")
                if trial.state is State.FAILED and os.environ.get("GITHUB_ACTIONS"):
                    text = one_line(trial.error or "failed")
                    say(f"::error::trial {view.record.name}/{trial.number}: {text}")
            elif not self._quick:
                self._quick = True
                say(f"{_clock(view.now)} -- more than {MOST_A_SECOND} trials a second: "
                    "summaries only")  # fmt: skip
        if now - self._said >= SUMMARY_S:
            self._said, self._quick = now, False
            say(f"{_clock(view.now)} {summary_line(view, self.figures)}")

    def note(self, text: str) -> None:
        """Say it."""
        say(text)

    def end(self, view: View, result: Result) -> None:
        """Say how it ended."""
        say(f"{_clock(view.now)} {end_line(view, result)}")


def begin_line(view: View) -> str:
    """`sonde digits: 300 trials, 4 workers, random, min val_loss, store ...`."""
    record = view.record
    total = total_of(record, view.history.trials)
    parts = [f"{total} trials" if total is not None else "trials without end"]
    if record.budget.time_s is not None:
        parts.append(f"at most {duration(record.budget.time_s)}")
    done = view.history.ended
    if done:
        parts.append(f"{done} of them ended before")
    parts.append(f"{view.workers} worker{'s' if view.workers != 1 else ''}")
    parts.append(view.method)
    parts.append(goals_text(record.sweep.goals))
    parts.append(f"store {view.store}")
    return f"sonde {record.name}: {', '.join(parts)}"


def control_line(view: View) -> str:
    """`-- paused: by hand`."""
    record = view.record
    return f"-- {record.control}" + (f": {record.reason}" if record.reason else "")


def trial_line(trial: Trial, view: View) -> str:
    """`#1 done     val_loss=2.4825 best=#0 2.1859 1.4s lr=1.4e-05 units=7`."""
    goals = view.record.sweep.goals
    state = trial.state.value
    parts = [f"#{trial.number}", f"{state.upper() if state == 'failed' else state:<9}"]
    if trial.state is State.FAILED:
        parts.append(one_line(trial.error or "it failed") + ";")
        parts.append(f"sonde logs {view.record.name}/{trial.number}")
        return " ".join(parts)
    for goal in goals:
        value = trial.value(goal)
        parts.append(f"{goal.metric}={number(value) if value is not None else '-'}")
    best = best_text(view)
    if best:
        parts.append(best)
    if trial.started and trial.finished:
        parts.append(duration((trial.finished - trial.started).total_seconds()))
    parts += [f"{name}={param(value)}" for name, value in trial.params.items()]
    return " ".join(parts)


def summary_line(view: View, figures: Figures) -> str:
    """`-- 60/300 20% done=41 failed=2 best=#45 0.13249 eta 1m58s`."""
    history = view.history
    total = total_of(view.record, history.trials)
    parts = ["--", f"{history.ended}/{total if total is not None else '?'}"]
    if total:
        parts.append(f"{history.ended * 100 // total}%")
    parts += [f"{state}={count}" for state, count in history.counts.items() if count]
    best = best_text(view)
    if best:
        parts.append(best)
    eta = figures.eta_s(view)
    if eta is not None:
        parts.append(f"eta {duration(eta)}")
    return " ".join(parts)


def end_line(view: View, result: Result) -> str:
    """`finished 300/300 in 3m13s best=#45 val_loss=0.13249; exit 0`."""
    history, goals = view.history, view.record.sweep.goals
    total = total_of(view.record, history.trials)
    word = "finished" if result.code == 0 else "ended"
    took = duration((view.now - view.started).total_seconds())
    line = f"{word} {history.ended}/{total if total is not None else '?'} in {took}"
    if history.best is not None and goals:
        value = number(history.best.value(goals[0]))
        line += f" best=#{history.best.number} {goals[0].metric}={value}"
    if result.code != 0:
        line += f" ({result.reason})"
    return f"{line}; exit {result.code}"


def best_text(view: View) -> str:
    """`best=#45 0.13249`, or nothing."""
    best, goals = view.history.best, view.record.sweep.goals
    if best is None or not goals:
        return ""
    return f"best=#{best.number} {number(best.value(goals[0]))}"


def goals_text(goals: Sequence[Goal]) -> str:
    """`min val_loss`."""
    return " and ".join(goal.describe() for goal in goals) or "no metric"


def _clock(time: datetime) -> str:
    return time.astimezone().strftime("%H:%M:%S")
