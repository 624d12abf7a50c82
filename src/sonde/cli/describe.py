"""A sweep and a trial in full: for programs, and as named lines for people."""

import json
import shlex
from collections.abc import Mapping
from typing import Any

from sonde.cli.cells import duration, number, one_line, when
from sonde.cli.place import folder_of
from sonde.cli.rows import sweep_row, took, trial_row
from sonde.core.history import History
from sonde.core.search import choose
from sonde.core.sweep import Command, sweep_to_json
from sonde.core.trial import State, Trial
from sonde.store.protocol import SweepRecord

__all__ = ["sweep_data", "sweep_facts", "trial_data", "trial_facts"]

Facts = list[tuple[str, str]]


def sweep_data(record: SweepRecord, history: History, url: str) -> dict[str, Any]:
    """Return what `sonde show SWEEP --format json` prints."""
    return sweep_row(record, history.best) | {
        "definition": sweep_to_json(record.sweep),
        "facts": dict(record.facts),
        "store": url,
    }


def trial_data(record: SweepRecord, trial: Trial, url: str) -> dict[str, Any]:
    """Return what `sonde show SWEEP/N --format json` prints."""
    return {
        "sweep": record.id,
        "name": record.name,
        **trial_row(trial, record.sweep.goals),
        "facts": dict(trial.facts),
        "folder": str(folder_of(url, record.id, trial).path),
    }


def sweep_facts(record: SweepRecord, history: History, url: str) -> Facts:
    """Return the lines for people; one without text is left out."""
    sweep, budget = record.sweep, record.budget
    counts = "  ".join(f"{s.value} {n}" for s, n in history.counts.items() if n)
    limits = [f"{budget.trials} trials"] if budget.trials is not None else []
    limits += [duration(budget.time_s)] if budget.time_s is not None else []
    facts: Facts = [
        ("sweep", f"{record.name} ({record.id})"),
        ("project", sweep.project or ""),
        ("state", record.control.value + (f": {record.reason}" if record.reason else "")),
        ("trials", counts or "none yet"),
        ("budget", " or ".join(limits) or "until nothing is left to try"),
        ("method", _method(record)),
        ("goal", " and ".join(goal.describe() for goal in sweep.goals) or "no metric was given"),
    ]
    best = history.best
    if best is not None:
        values = "  ".join(f"{name}={value!r}" for name, value in best.params.items())
        facts.append(("best", f"#{best.number}  {number(best.value(sweep.goals[0]))}  {values}"))
    for i, parameter in enumerate(sweep.space.parameters):
        when_text = f"  when {parameter.when.text}" if parameter.when else ""
        text = f"{parameter.name}: {parameter.distribution.describe()}{when_text}"
        facts.append(("" if i else "parameters", text))
    for relation in sweep.space.where:
        facts.append(("where", relation.text))
    facts += _work_facts(record)
    facts += [
        ("retries", str(sweep.retries) if sweep.retries else ""),
        ("created", when(record.created)),
        ("changed", when(record.updated)),
        ("worked", duration(record.work_s) if record.work_s else ""),
        ("tags", ", ".join(record.tags)),
        ("notes", one_line(record.notes)),
        ("store", url),
    ]
    return facts + _recorded(record.facts)


def trial_facts(record: SweepRecord, trial: Trial, url: str) -> Facts:
    """Return the lines for people."""
    facts: Facts = [
        ("trial", f"{record.name}/{trial.number}"),
        ("state", trial.state.value + (f": {one_line(trial.error)}" if trial.error else "")),
    ]
    for i, (name, value) in enumerate(trial.params.items()):
        facts.append(("" if i else "parameters", f"{name}={value!r}"))
    for i, (name, found) in enumerate(trial.metrics.items()):
        at_min = f"min {number(found.min)} at {found.min_step}"
        at_max = f"max {number(found.max)} at {found.max_step}"
        text = f"{name}: last {number(found.last)} at {found.last_step}, {at_min}, {at_max}"
        facts.append(("" if i else "metrics", f"{text}, {found.count} values"))
    missing = [g.metric for g in record.sweep.goals if g.metric not in trial.metrics]
    if missing and trial.is_ended:
        facts.append(("missing", f"it never reported {', '.join(missing)}"))
    facts += [
        ("attempts", str(trial.attempts)),
        ("started", when(trial.started)),
        ("finished", when(trial.finished)),
        ("took", duration(took(trial)) if trial.finished else ""),
        ("folder", str(folder_of(url, record.id, trial).path) if trial.attempts else ""),
        ("output", f"sonde logs {record.name}/{trial.number}" if trial.attempts else ""),
    ]
    if trial.state is State.RUNNING:
        facts.append(("agent", trial.agent or ""))
    return facts + _recorded(trial.facts)


def _method(record: SweepRecord) -> str:
    sweep = record.sweep
    name, reason = choose(sweep.space, sweep.method, trials=sweep.budget.trials)
    chosen = f"auto: {name} ({reason})" if name != sweep.method else name
    return f"{chosen}, seed {sweep.seed}"


def _work_facts(record: SweepRecord) -> Facts:
    work = record.sweep.work
    if work is None:
        return []
    if not isinstance(work, Command):
        return [("function", f"{work.name} in {work.folder}")]
    into = f"into {work.script} by {work.substitute}" if work.script else "by the environment"
    return [
        ("command", shlex.join(work.argv)),
        ("folder", work.folder),
        ("values", into),
        ("metric from", f"stdout by {work.metric_regex}" if work.metric_regex else ""),
    ]


def _recorded(facts: Mapping[str, Any]) -> Facts:
    """What was recorded, in short; JSON has all of it."""
    shown: Facts = []
    for name, value in facts.items():
        text = value if isinstance(value, str) else json.dumps(value)
        shown.append(
            (name.replace("_", " "), one_line(text if len(text) <= 100 else text[:99] + "…"))
        )
    return shown
