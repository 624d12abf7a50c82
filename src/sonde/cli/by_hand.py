"""The `sonde run` that repeats one trial: its values, and all that they need to have their way."""

from collections.abc import Sequence
from pathlib import Path, PurePath

from sonde.agent.finding import PYTHON, user_python
from sonde.agent.workspace import arguments
from sonde.cli.cells import shell_words
from sonde.core.metric import Goal, SummaryKind, guess_direction
from sonde.core.substitute import fill_template
from sonde.core.sweep import Command, Sweep
from sonde.core.trial import Trial

__all__ = ["by_hand", "goal_text"]

GRACE_S = 5.0  # unless another is given


def by_hand(sweep: Sweep, trial: Trial) -> list[str]:
    """Return the words behind `sonde run`, as typed in the command's folder.

    Raises:
        TypeError: If the sweep's work is no command.
    """
    command = sweep.work
    if not isinstance(command, Command):
        raise TypeError("only a command can be typed")
    words = shell_words(trial.params)
    words += [f"--metric={goal_text(goal)}" for goal in sweep.goals]
    if command.metric_regex is not None:
        words.append(f"--metric-regex={command.metric_regex}")
    if command.workspace != "copy":
        words.append(f"--workspace={command.workspace}")
    words += [f"--link={link}" for link in command.links]
    if command.grace_s != GRACE_S:
        words.append(f"--grace={command.grace_s:g}")
    devices = trial.facts.get("devices")
    if devices:
        words += [f"--gpus={','.join(map(str, devices))}", f"--gpus-per-trial={len(devices)}"]
    absent = [p.name for p in sweep.space.parameters if p.name not in trial.params]
    # Only what asks for an absent parameter is left out; the other templates stay.
    if command.program is not None:
        # Its macros know nothing of braces: what the trial ran is said word for word.
        argv = arguments(
            command, trial.params, [*absent, *trial.params], groups=sweep.groups,
            json_file=f"{trial.facts.get('directory', '.')}/args.json",
        )  # fmt: skip
        return [*words, "--substitute=none", *argv]
    argv = arguments(command, {}, absent)
    words += _substitute(command, argv, trial)
    return words + _as_typed(argv)


def goal_text(goal: Goal) -> str:
    """Return a goal as `--metric` takes it: `val_loss:min`, or just the tag where that does."""
    tag, summary = goal.metric, goal.summary
    if summary.value == goal.direction.value[:3]:
        return f"{tag}:{summary.value}"
    if summary is not SummaryKind.LAST or ":" in tag or goal.direction != guess_direction(tag):
        return f"{tag}:{summary.value}:{goal.direction.value}"
    return tag


def _substitute(command: Command, argv: Sequence[str], trial: Trial) -> list[str]:
    """`--substitute`, where it would not be chosen anyway."""
    if command.substitute == "syntax":
        usual = command.script is not None and PurePath(command.script).suffix in PYTHON
    elif command.substitute == "none":
        usual = fill_template(argv, trial.params)[1] == set(trial.params)
    else:
        usual = False
    return [] if usual else [f"--substitute={command.substitute}"]


def _as_typed(argv: Sequence[str]) -> list[str]:
    """The command without the interpreter that was put before a script."""
    program, *rest = argv
    if not rest or PurePath(rest[0]).suffix not in PYTHON or "/" not in program:
        return list(argv)
    return rest if program == user_python() else [f"--python={Path(program)}", *rest]
