"""The live block as lines of text: a function of what is known and how wide the screen is."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sonde.cli.cells import duration, mean, number, one_line, param, wanted_text
from sonde.cli.progress.figures import Figures
from sonde.cli.progress.recent import Line, recent_rows, style_of
from sonde.cli.screen import Signs
from sonde.cli.table import fit, width_of
from sonde.cli.typed import typed
from sonde.core.repeats import spread
from sonde.core.trial import State, Trial
from sonde.executors.drive import View
from sonde.store.total import total_of

__all__ = ["MOST_LINES", "Line", "block", "ending"]

MOST_LINES = 20
NARROW = 60  # columns below which two lines must do

HINT = "Ctrl-C: stop asking, finish running   twice: stop now   the sweep is resumable"
SHORT_HINT = "Ctrl-C: finish running   twice: stop now"


def block(
    view: View,
    figures: Figures,
    signs: Signs,
    width: int,
    height: int,
    curve: Callable[[Trial], Sequence[float]],
    last_line: str = "",
) -> list[Line]:
    """Return the lines, none wider than `width`, at most 20 and fewer than `height`.

    Args:
        view: The sweep.
        figures: What was counted.
        signs: Those that the screen has.
        width: In columns.
        height: Of the screen, in lines.
        curve: The values of a trial's first goal so far.
        last_line: Instead of what Ctrl-C would do.
    """
    room = max(min(MOST_LINES, height - 1), 2)
    if width < NARROW or room < 8:
        lines = _narrow(view, figures, signs)
    else:
        head = _head(view, figures, signs, width)
        foot = _foot(view, figures, signs, width, last_line)
        rows = recent_rows(view, figures, signs, width, room - len(head) - len(foot) - 2, curve)
        lines = [*head, [], *rows, *foot] if rows else [*head, *foot]
    return [_clipped(line, width, signs.ellipsis) for line in lines[:room]]


def ending(view: View, figures: Figures, signs: Signs, width: int) -> list[Line]:
    """Return the lines that stay when the sweep is over."""
    is_narrow = width < NARROW
    lines = _narrow(view, figures, signs) if is_narrow else _head(view, figures, signs, width)
    return [_clipped(line, width, signs.ellipsis) for line in lines]


def _narrow(view: View, figures: Figures, signs: Signs) -> list[Line]:
    history = view.history
    total = total_of(view.record, history.trials)
    first = f"{history.ended}/{total if total is not None else '?'}"
    eta = figures.eta_s(view)
    first += f" eta {duration(eta)}" if eta is not None and history.ended != total else ""
    failed = history.counts[State.FAILED]
    line: Line = [(first, "bold")]
    line.append((f"  {signs.states[State.RUNNING]}{history.counts[State.RUNNING]}", "cyan"))
    if failed:
        line.append((f"  {signs.states[State.FAILED]}{failed}", "red"))
    return [line, _best(view)]


def _head(view: View, figures: Figures, signs: Signs, width: int) -> list[Line]:
    record, history = view.record, view.history
    title: Line = [(record.name, "bold"), (f"  {view.method}", "")]
    title.append((f"  {wanted_text(record.sweep) or 'no metric'}", ""))
    if record.state not in {"running", "idle", "done"}:
        title.append((f"  {record.state}", "yellow"))
    used = sum(width_of(text) for text, _ in title)
    store = view.store.replace("sqlite:///", "")
    if used + 2 + width_of(store) <= width:
        title.append((" " * (width - used - width_of(store)) + store, "dim"))
    lines = [title, _bar(view, figures, signs, width), _counts(view, figures, signs)]
    if record.sweep.goals or history.best:
        lines.append(_best(view, figures))
        if history.best is not None:
            lines.append([("      " + _some_params(history.best.params, width - 6, signs), "")])
    return lines


def _bar(view: View, figures: Figures, signs: Signs, width: int) -> Line:
    ended = view.history.ended
    total = total_of(view.record, view.history.trials)
    spent = duration((view.now - view.started).total_seconds())
    eta = figures.eta_s(view)
    share = ended / total if total else None
    if total is None and view.record.budget.time_s:
        share = min(view.history.working_time(view.now) / view.record.budget.time_s, 1.0)
    tail = f"{ended}/{total if total is not None else '?'}"
    tail += f"  {int(share * 100)}%" if share is not None else ""
    tail += f"  {spent}"
    if eta is not None and (total is None or ended < total):
        tail += f"  eta {duration(eta)}"
    room = width - len(tail) - 3
    full = int(room * (share or 0))
    return [
        (signs.bar * full, "green"),
        (signs.rest * (room - full), "dim"),
        (f"   {tail}", ""),
    ]


def _counts(view: View, figures: Figures, signs: Signs) -> Line:
    line: Line = []
    for state in (State.DONE, State.STOPPED, State.FAILED, State.RUNNING, State.PAUSED,
                  State.WAITING, State.CANCELLED):  # fmt: skip
        count = view.history.counts[state]
        always = state in {State.DONE, State.RUNNING}
        if count or always:
            shown = f"{count}/{view.workers}" if state is State.RUNNING else str(count)
            gap = "   " if line else ""
            style = style_of(state.value)
            line.append((f"{gap}{signs.states[state]} {state.value} {shown}", style))
    rate = figures.rate(view)
    if rate:
        line.append((f"   {number(rate, 3)} trials/min", ""))
    return line


def _best(view: View, figures: Figures | None = None) -> Line:
    best, goals = view.history.best, view.record.sweep.goals
    if not goals:
        return [("no metric: nothing to compare by", "dim")]
    if best is None:
        nearest = view.history.nearest
        if nearest is not None:
            return [("best  ", "bold"), (f"none is feasible; nearest #{nearest.number}", "yellow")]
        return [("best  none yet", "dim")]
    error = spread(view.history.repeats_of(best.number), goals[0])[1]
    line: Line = [
        ("best  ", "bold"),
        (f"#{best.number}  {goals[0].metric} {mean(best.value(goals[0]), error)}", "bold green"),
    ]
    if figures is not None:
        since = view.history.ended - figures.best_since
        if since:
            line.append((f"   ({since} trial{'s' if since > 1 else ''} ago)", "dim"))
    return line


def _some_params(params: Mapping[str, Any], width: int, signs: Signs) -> str:
    """As many parameters as fit, and a sign that there are more."""
    shown = ""
    for name, value in params.items():
        piece = f"{'  ' if shown else ''}{name} {param(value)}"
        if width_of(shown) + width_of(piece) > width - 2:
            return f"{shown} {signs.ellipsis}" if shown else fit(piece, width, signs.ellipsis)
        shown += piece
    return shown


def _foot(view: View, figures: Figures, signs: Signs, width: int, last_line: str) -> list[Line]:
    lines: list[Line] = [[]]
    if figures.failed is not None:
        trial = figures.failed
        look = f"   {typed('logs', f'{view.record.name}/{trial.number}')}"
        error = f"#{trial.number} failed: {one_line(trial.error or 'it failed')}"
        error = fit(error, max(width - width_of(look), 20), signs.ellipsis)
        lines.append([(error, "red"), (look, "dim")])
    hint = HINT if width > len(HINT) else SHORT_HINT
    lines.append([(last_line or hint, "" if last_line else "dim")])
    return lines


def _clipped(line: Line, width: int, ellipsis: str) -> Line:
    """Cut a line that is too long, whatever it is made of."""
    left = width
    kept: Line = []
    for text, style in line:
        if left <= 0:
            break
        text = fit(text, left, ellipsis)
        left -= width_of(text)
        kept.append((text, style))
    return kept
