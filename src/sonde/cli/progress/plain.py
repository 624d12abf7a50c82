"""Progress as plain lines: for pipes, log files and CI."""

import os
from collections import deque
from collections.abc import Sequence
from datetime import datetime

from sonde.analysis.rows import feasible, last_step
from sonde.cli.best_so_far import BestSoFar
from sonde.cli.cells import duration, number, one_line, param, wanted_text
from sonde.cli.output import say
from sonde.cli.progress.figures import Figures
from sonde.cli.typed import typed
from sonde.core.sweep import Control
from sonde.core.trial import State, Trial
from sonde.executors.drive import Result, View
from sonde.store.total import total_of

__all__ = ["Plain", "begin_line", "control_line", "end_line", "summary_line", "trial_line"]

SUMMARY_S = 30.0
MOST_A_SECOND = 5
WINDOW_S = 4.0  # over which they are counted, so that a short sweep shows all of its trials
FAILURE_S = 1.0  # between failures, where trials end more quickly


class Plain:
    """One line for each trial that ended, and a summary now and then.

    Where more than `MOST_A_SECOND` trials end each second, only the summaries, and one failure
    a second.
    """

    def __init__(self) -> None:
        self.figures = Figures()
        self._said = 0.0
        self._ends: deque[float] = deque(maxlen=int(MOST_A_SECOND * WINDOW_S))
        self._quick = False
        self._failed_at, self._failed_unsaid = 0.0, 0
        self._control: Control | None = None
        self._best: BestSoFar | None = None

    def begin(self, view: View) -> None:
        """Say what begins."""
        self._best = _best_before(view)
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
        self._best = self._best or _best_before(view)
        for trial in sorted(ended, key=lambda t: t.version):
            self._best.see(trial)
            at = trial.finished.timestamp() if trial.finished else now
            full = len(self._ends) == self._ends.maxlen
            quick = full and at - self._ends[0] < WINDOW_S
            self._ends.append(at)
            if quick and not self._quick:
                self._quick = True
                say(f"{_clock(view.now)} -- more than {MOST_A_SECOND} trials a second: "
                    "only summaries and failures")  # fmt: skip
            if not quick or (trial.state is State.FAILED and at - self._failed_at >= FAILURE_S):
                self._trial(trial, view, at)
            elif trial.state is State.FAILED:
                self._failed_unsaid += 1
        if now - self._said >= SUMMARY_S:
            self._said, self._quick = now, False
            say(f"{_clock(view.now)} {summary_line(view, self.figures)}")

    def _trial(self, trial: Trial, view: View, at: float) -> None:
        more = ""
        if trial.state is State.FAILED:
            if self._failed_unsaid:
                more = f"; {self._failed_unsaid} more failed before it"
            self._failed_at, self._failed_unsaid = at, 0
        best = self._best.text if self._best else ""
        say(f"{_clock(view.now)} {trial_line(trial, view, best)}{more}")
        if trial.state is State.FAILED and os.environ.get("GITHUB_ACTIONS"):
            text = one_line(trial.error or "failed")
            say(f"::error::trial {view.record.name}/{trial.number}: {text}")

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
    parts = ["trials without end" if total is None else f"{total} trial{'s' if total != 1 else ''}"]
    if record.budget.time_s is not None:
        parts.append(f"at most {duration(record.budget.time_s)}")
    done = view.history.ended
    if done:
        parts.append(f"{done} of them ended before")
    if record.sweep.repeats > 1:
        parts.append(f"each assignment {record.sweep.repeats} times")
    parts.append(f"{view.workers} worker{'s' if view.workers != 1 else ''}")
    parts.append(view.method)
    if record.sweep.stopping is not None:
        parts.append(f"stop {record.sweep.stopping}")
    parts.append(wanted_text(record.sweep) or "no metric")
    parts.append(f"store {view.store}")
    return f"sonde {record.name}: {', '.join(parts)}"


def control_line(view: View) -> str:
    """`-- paused: by hand`."""
    record = view.record
    text = f"-- {record.state}" + (f": {record.reason}" if record.reason else "")
    if record.control is Control.PAUSED:
        text += f"; nothing new begins until {typed('resume', record.name)}"
    return text


def trial_line(trial: Trial, view: View, best: str = "") -> str:
    """`#1 done     val_loss=2.4825 best=#0 2.1859 1.4s lr=1.4e-05 units=7`.

    Args:
        trial: One that has ended.
        view: Its sweep.
        best: What to say of the best trial at that moment.
    """
    goals = view.record.sweep.goals
    state = trial.state.value
    parts = [f"#{trial.number}", f"{state.upper() if state == 'failed' else state:<9}"]
    if trial.state is State.FAILED:
        parts.append(one_line(trial.error or "it failed") + ";")
        parts.append(typed("logs", f"{view.record.name}/{trial.number}"))
        return " ".join(parts)
    for goal in goals:
        value = trial.value(goal)
        parts.append(f"{goal.metric}={number(value) if value is not None else '-'}")
    if feasible(trial, view.record.sweep) is False:
        parts.append("infeasible")
    if trial.state is State.STOPPED and (step := last_step(trial, goals)) is not None:
        parts.append(f"at step {step}")
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
    """`finished 300/300 in 3m13s (2 failed) best=#45 val_loss=0.13249; exit 0`."""
    history, goals = view.history, view.record.sweep.goals
    total = total_of(view.record, history.trials)
    word = "finished" if result.code == 0 else "ended"
    took = duration((view.now - view.started).total_seconds())
    line = f"{word} {history.ended}/{total if total is not None else '?'} in {took}"
    bad = ((state, history.counts[state]) for state in (State.FAILED, State.STOPPED))
    if shown := ", ".join(f"{count} {state.value}" for state, count in bad if count):
        line += f" ({shown})"
    if history.best is not None and goals:
        value = number(history.best.value(goals[0]))
        line += f" best=#{history.best.number} {goals[0].metric}={value}"
    is_done = view.record.control is Control.DONE and view.record.is_ended
    if result.code == 1 and is_done:
        came = history.counts[State.DONE] + history.counts[State.STOPPED] if goals else 0
        line += f" (no value of {goals[0].metric})" if came else " (nothing was completed)"
    elif result.code != 0 or not is_done:
        line += f" ({result.reason})"
    return f"{line}; exit {result.code}"


def best_text(view: View) -> str:
    """`best=#45 0.13249`, or nothing."""
    best, goals = view.history.best, view.record.sweep.goals
    if best is None or not goals:
        return ""
    return f"best=#{best.number} {number(best.value(goals[0]))}"


def _best_before(view: View) -> BestSoFar:
    """The best of what had ended before we watched."""
    best = BestSoFar(view.record.sweep)
    for trial in view.history.trials:
        if trial.is_ended and not (trial.finished and trial.finished >= view.started):
            best.see(trial)
    return best


def _clock(time: datetime) -> str:
    return time.astimezone().strftime("%H:%M:%S")
