"""A sweep and a trial in full: for programs, and as named lines for people."""

import shlex
from collections.abc import Sequence
from datetime import UTC, datetime
from math import isfinite
from typing import Any

from sonde.agent.place import folder_of
from sonde.agent.without_work import way_on
from sonde.analysis.rows import last_step, sweep_row, took, trial_row
from sonde.cli.cells import duration, goals_text, mean, number, one_line, when
from sonde.cli.no_best import why_no_best
from sonde.cli.recorded import Facts, sweep_recorded, trial_recorded
from sonde.cli.typed import typed
from sonde.core.constraint import excesses
from sonde.core.decide import at_work
from sonde.core.distributions.values import text_of
from sonde.core.history import History
from sonde.core.repeats import spread
from sonde.core.search.warm import Standing
from sonde.core.substitute import fill_template
from sonde.core.sweep import Budget, Command, Sweep, sweep_to_json
from sonde.core.trial import State, Trial
from sonde.core.wandb.macros import for_people
from sonde.core.wanted import RULE, parse_wanted
from sonde.editing import Step
from sonde.store.protocol import SweepRecord

__all__ = ["sweep_data", "sweep_facts", "trial_data", "trial_facts", "ways"]

_PAST = {
    Standing.ON_TRIAL: ": not judged yet, until the best of before and three others have ended",
    Standing.BELIEVED: ": believed",
    Standing.FORGOTTEN: ": forgotten, as it misled: most of the first three others were better",
}


def sweep_data(
    record: SweepRecord, history: History, url: str, steps: Sequence[Step], past: Standing | None
) -> dict[str, Any]:
    """Return what `sonde show SWEEP --format json` prints."""
    return sweep_row(record, history) | {
        "past": past,
        "definition": sweep_to_json(record.sweep),
        "versions": [step.to_json() for step in steps],
        "facts": dict(record.facts),
        "store": url,
    }


def trial_data(record: SweepRecord, history: History, trial: Trial, url: str) -> dict[str, Any]:
    """Return what `sonde show SWEEP/N --format json` prints."""
    return {
        "sweep": record.id,
        "name": record.name,
        **trial_row(trial, history),
        "facts": dict(trial.facts),
        "folder": str(folder_of(url, record.id, trial).path),
    }


def sweep_facts(
    record: SweepRecord,
    history: History,
    url: str,
    steps: Sequence[Step] = (),
    past: Standing | None = None,
) -> Facts:
    """Return the lines for people; one without text is left out.

    Args:
        record: The sweep.
        history: Its trials.
        url: Of its store.
        steps: The versions of its definition.
        past: What became of the earlier sweeps that it was told of.
    """
    sweep, budget = record.sweep, record.budget
    counts = "  ".join(f"{s.value} {n}" for s, n in history.counts.items() if n)
    limits = [f"{budget.trials} trials"] if budget.trials is not None else []
    limits += [duration(budget.time_s)] if budget.time_s is not None else []
    facts: Facts = [
        ("sweep", f"{record.name} ({record.id})"),
        ("project", sweep.project or ""),
        ("state", _state(record)),
        ("trials", counts or "none yet"),
        ("budget", _none_left(budget) or " or ".join(limits) or "until nothing is left to try"),
        ("at once", "" if budget.workers is None else f"{budget.workers} at most"),
        ("method", _method(record, history)),
        ("goal", goals_text(sweep.goals) or "no metric was given"),
        ("stops by", _rule(history)),
        ("subject to", " and ".join(c.describe() for c in sweep.constraints)),
    ]
    best = history.best
    if best is not None:
        values = "  ".join(f"{name}={value!r}" for name, value in best.params.items())
        facts.append(("best", f"#{best.number}  {_values(best, history)}  {values}"))
    elif history.nearest is not None:
        facts.append(("best", why_no_best(sweep, history)))
    for i, parameter in enumerate(sweep.space.parameters):
        when_text = f"  when {parameter.when.text}" if parameter.when else ""
        distribution = parameter.distribution
        guess = f", guess {text_of(distribution.middle)}" if distribution.has_guess else ""
        text = f"{parameter.name}: {distribution.describe()}{guess}{when_text}"
        facts.append(("" if i else "parameters", text))
    for relation in sweep.space.where:
        facts.append(("where", relation.text))
    for i, params in enumerate(sweep.start):
        values = "  ".join(f"{name}={value!r}" for name, value in params.items())
        facts.append(("" if i else "tries first", values))
    if sweep.earlier:
        names = ", ".join(f"{source.name} ({source.id})" for source in sweep.earlier)
        facts.append(("learns from", f"{names}{_PAST[past]}" if past else names))
    facts += _work_facts(record)
    facts += _versions(steps)
    facts += [
        ("repeats", f"{sweep.repeats} of each assignment" if sweep.repeats > 1 else ""),
        ("retries", str(sweep.retries) if sweep.retries else ""),
        ("failures", _failures(sweep)),
        ("created", when(record.created)),
        ("changed", when(record.updated)),
        ("worked", duration(history.working_time(datetime.now(UTC)))),
        ("tags", ", ".join(record.tags)),
        ("notes", one_line(record.notes)),
        ("store", url),
    ]
    return facts + sweep_recorded(record.name, record.facts)


def _versions(steps: Sequence[Step]) -> Facts:
    """Return what each version of the definition changed, if there is more than one."""
    facts: Facts = []
    for step in steps[1:]:
        version = step.version
        since = f"from trial {version.first} on, {when(version.made)}"
        why = f": {one_line(version.why)}" if version.why else ""
        facts.append(("" if facts else "edited", f"version {version.number}, {since}{why}"))
        facts += [("", f"  {change.text}") for change in step.changes]
    return facts


def trial_facts(record: SweepRecord, history: History, trial: Trial, url: str) -> Facts:
    """Return the lines for people."""
    facts: Facts = [
        ("trial", f"{record.name}/{trial.number}"),
        ("state", _standing(trial, record.sweep)),
    ]
    for i, (name, value) in enumerate(trial.params.items()):
        facts.append(("" if i else "parameters", f"{name}={value!r}"))
    if len(line := history.line_of(trial.number)) > 1:
        facts.append(("goes on from", ", ".join(str(one.number) for one in line[-2::-1])))
    for i, (name, found) in enumerate(trial.metrics.items()):
        at_min = f"min {number(found.min)} at {found.min_step}"
        at_max = f"max {number(found.max)} at {found.max_step}"
        text = f"{name}: last {number(found.last)} at {found.last_step}, {at_min}, {at_max}"
        plural = "s" if found.count != 1 else ""
        facts.append(("" if i else "metrics", f"{text}, {found.count} value{plural}"))
    if trial.state in {State.DONE, State.STOPPED}:
        facts += _bounds(trial, record.sweep)
    if record.sweep.repeats > 1:
        facts.append(("repeats", _repeats(history, trial)))
    missing = [name for name in record.sweep.wanted if name not in trial.metrics]
    if missing and trial.is_ended:
        facts.append(("missing", f"it never reported {', '.join(missing)}"))
    facts += [
        ("attempts", str(trial.attempts)),
        ("started", when(trial.started)),
        ("finished", when(trial.finished)),
        ("took", duration(took(trial)) if trial.finished else ""),
        ("folder", str(folder_of(url, record.id, trial).path) if trial.attempts else ""),
        ("output", typed("logs", f"{record.name}/{trial.number}") if trial.attempts else ""),
    ]
    if trial.state is State.RUNNING:
        facts.append(("agent", trial.agent or ""))
    return facts + trial_recorded(trial.facts)


def _standing(trial: Trial, sweep: Sweep) -> str:
    text = trial.state.value
    if trial.state is State.STOPPED and (step := last_step(trial, sweep.goals)) is not None:
        text += f" at step {step}"
    why = trial.error or trial.why_stopped
    return f"{text}: {one_line(why)}" if why else text


def _none_left(budget: Budget) -> str:
    """Say why no trial is added, where none is by definition."""
    return "none: its trials were imported" if budget.trials == 0 else ""


def _rule(history: History) -> str:
    rule = history.sweep.stopping
    if rule is None:
        return ""
    name = parse_wanted(rule, RULE).name
    count = sum((trial.why_stopped or "").startswith(f"{name}: ") for trial in history.trials)
    return f"{rule}: {count} of {history.ended} trials that ended"


def _bounds(trial: Trial, sweep: Sweep) -> Facts:
    facts: Facts = []
    found = zip(sweep.constraints, excesses(trial, sweep.constraints), strict=True)
    for i, (constraint, over) in enumerate(found):
        by = f", by {number(over)}" if isfinite(over) else ""
        word = "kept" if over <= 0 else f"broken{by}: infeasible"
        facts.append(("" if i else "subject to", f"{constraint.describe()}: {word}"))
    return facts


def _repeats(history: History, trial: Trial) -> str:
    group = history.repeats_of(trial.number)
    text = ", ".join(f"#{one.number}" for one in group)
    for goal in history.sweep.goals:
        value, error, n = spread(group, goal)
        if n:
            text += f"; {goal.metric} {mean(value, error)} over {n}"
    return text


def _method(record: SweepRecord, history: History) -> str:
    sweep = record.sweep
    name, reason = at_work(history)
    chosen = f"auto: {name} ({reason})" if name != sweep.method else name
    return f"{chosen}, seed {sweep.seed}"


def _failures(sweep: Sweep) -> str:
    most = sweep.max_failures
    if most is None:
        return ""
    return f"{most} in a row stop it" if most else "no number of them stops it"


def _work_facts(record: SweepRecord) -> Facts:
    work = record.sweep.work
    if work is None:
        return []
    if not isinstance(work, Command):
        return [("function", f"{work.name} in {work.folder}")]
    return [
        (
            "command",
            shlex.join(work.argv if work.program is None else for_people(work.argv, work.program)),
        ),
        ("folder", work.folder if work.workspace == "copy" else f"{work.folder}, in place"),
        ("values", ways(record.sweep, work)),
        ("metric from", f"stdout by {work.metric_regex}" if work.metric_regex else ""),
    ]


def _state(record: SweepRecord) -> str:
    """The state, with the reason where it is about that, or how to go on."""
    state = record.state
    if state == "idle" and record.sweep.work is None:
        return f"idle; {way_on(record)[1]}"
    if state == "idle":
        return f"idle; go on with it: {typed('resume', record.name)}"
    # Of one that runs, the reason only says why no more trials are added.
    return f"{state}: {record.reason}" if record.reason and state != "running" else state


def _values(trial: Trial, history: History) -> str:
    """The trial's numbers, and how sure they are where it was repeated."""
    group, goals = history.repeats_of(trial.number), history.sweep.goals
    return ", ".join(mean(trial.value(goal), spread(group, goal)[1]) for goal in goals)


def ways(sweep: Sweep, work: Command) -> str:
    """Say how values reach a program."""
    if work.program is not None:
        return "by its arguments, and its environment (SONDE_PARAMS, WANDB_SWEEP_PARAM_PATH)"
    sample = {parameter.name: "" for parameter in sweep.space.parameters}
    passed = fill_template(work.argv, sample)[1]
    ways = ["by its arguments"] if passed else []
    if passed != set(sample):
        script = f"into {work.script} by {work.substitute}"
        ways.append(script if work.script else "by its environment (SONDE_PARAMS)")
    return " and ".join(ways)
