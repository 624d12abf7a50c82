"""In GitHub Actions: a table in the summary of the step."""

import os
from pathlib import Path

from sonde.cli.cells import number, params_line
from sonde.core.history import History
from sonde.core.ranking import ranked
from sonde.store.protocol import SweepRecord

__all__ = ["summarise"]

MOST_ROWS = 20


def summarise(record: SweepRecord, history: History) -> None:
    """Add the best trials as Markdown to the file that GITHUB_STEP_SUMMARY names, if any."""
    path = os.environ.get("GITHUB_STEP_SUMMARY")
    if not path:
        return
    goals = record.sweep.goals
    metric = goals[0].metric if goals else "value"
    lines = [f"### {record.name}", "", f"| trial | state | {metric} | with |", "|--:|---|--:|---|"]
    for trial in ranked(history.assignments(), goals, record.sweep.constraints)[:MOST_ROWS]:
        value = number(trial.value(goals[0])) if goals else "-"
        values = params_line(trial.params).replace("|", "\\|")
        lines.append(f"| {trial.number} | {trial.state} | {value} | {values} |")
    with Path(path).open("a", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n\n")
