"""Write the generated pages of docs/ again, or with --check say which are stale.

`cli.md` comes from the commands themselves and `methods.md` from the search methods, so that
neither can forget an option.
"""

import sys
from collections.abc import Iterator
from importlib import import_module
from inspect import getdoc
from pathlib import Path

import click

from sonde.cli.group import sonde
from sonde.core.search import METHODS

DOCS = Path(__file__).parent
NOTE = "<!-- Written by docs/generate.py (./dev docs). Change the source, not this page. -->"

CLI_INTRODUCTION = """\
Every command and option, as `--help` has them. How they go together: [running.md](running.md).

SWEEP is an id, a unique beginning of one, or a name. Results go to stdout, everything else to
stderr."""
EXIT_CODES = """\
| code | what it says |
|---|---|
| 0 | the budget is met, or the command did what it says |
| 1 | nothing was completed, or no trial has a value of the metric |
| 2 | wrong usage or a wrong definition; nothing was changed |
| 3 | ended early, with results |
| 130 | ended at once by a second Ctrl-C |"""
METHODS_INTRODUCTION = """\
`--method NAME`, or `method=` in Python. Without one sonde takes `auto`, which picks among the
others by the space, the goals, the budget, and how many and how quick trials are; it may switch as
a sweep goes on. `sonde show SWEEP` says which one is at work and why.

Options of a method, where it has some, follow in brackets: `--method "NAME(key=value, ...)"`, with
values as in JSON or Python. Every sampler of Optuna is a method too ([optuna.md](optuna.md)), and
so is what other packages add ([plugins.md](plugins.md))."""

METHODS_FIGURES = """\
## How good they are

Mean regret: 0 is the best that is known, 1 what random search has after 20 trials. `bayes` is
what `auto` takes for the first 300 trials. Optuna 5.0.0; *reaches*: after how many trials the
regret is where the best sampler of Optuna in the table is at its end. The square brackets are
95 % intervals over problems.

Functions and tables that others publish, none of them among the problems that `bayes` was made by
(24 functions of BBOB, 10 tables of trainings; 170 runs of each, every one with another instance or
other noise; [public.py](../benchmarks/search/public.py)):

| method | at 25 trials | at 50 | rank at 50 | reaches | CPU s a run |
|---|---|---|---|---|---|
| `bayes` | **0.61** [0.47, 0.76] | **0.39** [0.26, 0.53] | **1.74** | 35 | 0.57 |
| Optuna's GPSampler | 0.70 [0.57, 0.83] | 0.50 [0.38, 0.64] | 2.10 | not in 50 | 1.80 |
| Optuna's TPESampler | 0.71 [0.61, 0.82] | 0.48 [0.36, 0.60] | 2.16 | 50 | 0.08 |

| kind (runs) | `bayes` at 25 / 50 | Optuna's GPSampler | Optuna's TPESampler |
|---|---|---|---|
| functions (100) | **0.46 / 0.24** | 0.60 / 0.39 | 0.60 / 0.34 |
| with noise (20) | **0.64 / 0.42** | 0.76 / 0.62 | 0.79 / 0.56 |
| tables (50) | 0.91 / **0.68** | **0.86** / 0.69 | 0.90 / 0.74 |

At 50 trials `bayes` is ahead of GPSampler by 0.12 [0.04, 0.21], p 0.03 over problems, 99 runs won
and 62 lost, and reaches its regret in 33 trials; ahead of TPESampler by 0.09 [0.03, 0.16], p 0.009,
111 won and 59 lost. On tables it is level; at 25 trials it loses 30 runs of 50 there to GPSampler.

Problems of our own by which nothing was chosen (the `judge` half of
[benchmarks/search](../benchmarks/search/README.md)), 34 problems, two runs of each:

| method | at 25 trials | at 50 | reaches | CPU s a run |
|---|---|---|---|---|
| `bayes` | **0.53** [0.43, 0.65] | **0.27** [0.18, 0.38] | 37 | 0.90 |
| `tpe` | 0.65 [0.55, 0.75] | 0.42 [0.33, 0.51] | not in 50 | 0.02 |
| Optuna's TPESampler | 0.64 [0.55, 0.73] | 0.37 [0.29, 0.46] | 50 | 0.13 |

| kind (runs) | `bayes` at 25 / 50 | `tpe` | Optuna's TPESampler |
|---|---|---|---|
| functions (42) | **0.43 / 0.15** | 0.60 / 0.34 | 0.56 / 0.28 |
| conditional (12) | **0.58 / 0.30** | 0.80 / 0.51 | 0.65 / 0.40 |
| noisy (14) | 0.82 / 0.61 | **0.68 / 0.57** | 0.87 / 0.61 |

Problems of others (7 functions of BBOB, 5 tables, 3 trainings; three runs of each), beside kept
runs of the peers, whose CPU time is from then:

| method | at 25 trials | at 50 | at 100 | rank at 100 | CPU s a run |
|---|---|---|---|---|---|
| `bayes` | 0.52 [0.31, 0.74] | 0.37 [0.17, 0.59] | 0.30 [0.11, 0.52] | **1.76** | 1.3 |
| Optuna's GPSampler | 0.53 [0.35, 0.71] | 0.37 [0.20, 0.55] | 0.30 [0.15, 0.48] | 2.08 | 9.5 |
| Optuna's TPESampler | 0.78 [0.61, 0.96] | 0.47 [0.30, 0.65] | 0.32 [0.17, 0.51] | 2.17 | 0.4 |

Against GPSampler these 45 runs are a tie in the mean (27 won at 25 trials, p 0.45 over problems):
ahead on trainings (0.25 against 0.51 after 100 trials), behind on tables (0.44 against 0.38) and on
two functions, one with noise, one with a hundred peaks.

With eight workers at once `bayes` takes 1.32 times as many trials to the regret that it has after
25 one by one, and 1.15 to 1.18 times as many to that after 30, 40 and 50 (90 runs of each, `tune`
half).

## Is `auto` as good as the best single method?

Mean regret after 50 trials (several goals: 40, long: 300) on our own suites and the ten tables;
`tune` is the half by which things were chosen, `judge` the other
([auto.py](../benchmarks/search/auto.py)). In all of these `auto` is `bayes` from the first trial to
the last, so that column stands for both. The last one is `auto` less the best of the others, with
the 95 % interval over problems, and how many runs it won and lost.

| suite (runs) | `auto` | `tpe` | `cmaes` | `evolution` | `random` | less the best other |
|---|---|---|---|---|---|---|
| functions, tune (46) | **.203** | .322 | .365 | .537 | .718 | -.119 [-.199, -.042], 35:11 |
| functions, judge (105) | **.155** | .321 | .361 | .558 | .766 | -.166 [-.245, -.095], 86:19 |
| conditional, tune (60) | **.200** | .466 | .429 | .526 | .751 | -.228 [-.314, -.110], 49:11 |
| conditional, judge (80) | **.328** | .429 | .431 | .587 | .689 | -.100 [-.145, -.056], 52:28 |
| constraints, tune (20) | **.016** | .199 | .224 | .604 | .620 | -.183 [-.279, -.088], 20:0 |
| constraints, judge (20) | **.028** | .147 | .162 | .477 | .570 | -.119 [-.161, -.087], 19:1 |
| several goals, judge (100) | **.558** | | | .914 | .879 | -.321 [-.481, -.111], 83:17 |
| eight workers, tune (56) | **.211** | .398 | .442 | .637 | .705 | -.187 [-.280, -.092], 49:7 |
| eight workers, judge (133) | **.228** | .417 | .436 | .631 | .760 | -.190 [-.253, -.121], 102:31 |
| long, tune (12) | **.031** | .077 | .066 | .105 | | -.035 [-.076, -.008], 7:5 |
| tables (150) | **.674** | .701 | .897 | .736 | .989 | -.027 [-.127, +.086], 79:67 |
| noisy, tune (90) | **.712** | .747 | .759 | .858 | 1.013 | -.034 [-.175, +.102], 44:44 |
| noisy, judge (154) | **.570** | .606 | .696 | .865 | 1.001 | -.036 [-.109, +.037], 72:81 |

So it is ahead where trials tell the truth: on functions, under conditions and constraints, with
several goals or workers, in long sweeps. On tables and under noise its mean is the lowest as
well, but by less than these runs can tell from chance, and `tpe` costs a hundredth of the CPU
time. (Of the first 28 runs of the last line 18 were lost, by .103 in the mean; 126 more did not
bear that out.) Beyond 300 trials, several goals beyond 40, and trainings were not compared in
this way. The runs of the `tune` half are mostly of when `bayes` did not bend ranges yet, which
would have changed few of them ([decision
24](decisions/0024-bends-conditions-and-what-auto-is-worth.md)).
"""


def main(arguments: list[str]) -> int:
    """Write the pages; return 1 with --check if one differs from what it should be."""
    if unknown := [word for word in arguments if word != "--check"]:
        print(f"docs/generate.py: {unknown[0]} is no option; there is only --check")
        return 2
    stale = []
    for name, text in (("cli.md", cli_page()), ("methods.md", methods_page())):
        page = DOCS / name
        if page.exists() and page.read_text(encoding="utf-8") == text:
            continue
        stale.append(name)
        if "--check" not in arguments:
            page.write_text(text, encoding="utf-8")
            print(f"docs/{name} written")
    if stale and "--check" in arguments:
        print(f"stale: {', '.join(f'docs/{name}' for name in stale)}; run ./dev docs")
        return 1
    return 0


def commands(
    group: click.Group = sonde, above: tuple[str, ...] = ("sonde",)
) -> Iterator[tuple[str, click.Command]]:
    """Yield every command with its whole name, groups before their members."""
    context = click.Context(group, info_name=" ".join(above))
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if command is None or command.hidden:
            continue
        yield " ".join((*above, name)), command
        if isinstance(command, click.Group):
            yield from commands(command, (*above, name))


def cli_page() -> str:
    """Return docs/cli.md."""
    parts = [
        NOTE,
        "# The command line",
        CLI_INTRODUCTION,
        _options("sonde", sonde),
    ]
    for name, command in commands():
        parts += [f"## {name}", *_described(command), _usage(name, command)]
        if options := _options(name, command):
            parts.append(options)
    parts += [
        "## Exit codes",
        EXIT_CODES,
    ]
    return "\n\n".join(parts) + "\n"


def _described(command: click.Command) -> list[str]:
    text = (command.help or command.short_help or "").strip()
    paragraphs = []
    for paragraph in text.split("\n\n"):
        # A \b before a paragraph is click's sign for lines that are not to be filled.
        if paragraph.lstrip().startswith("\b"):
            paragraphs.append("```\n" + paragraph.lstrip().removeprefix("\b").strip("\n") + "\n```")
        else:
            paragraphs.append(" ".join(_safe(paragraph).split()))
    return [paragraph for paragraph in paragraphs if paragraph]


def _usage(name: str, command: click.Command) -> str:
    pieces = command.collect_usage_pieces(click.Context(command, info_name=name))
    return f"```sh\n{' '.join((name, *pieces))}\n```"


def _options(name: str, command: click.Command) -> str:
    context = click.Context(command, info_name=name)
    rows = []
    for parameter in command.get_params(context):
        record = parameter.get_help_record(context)
        if record is not None and isinstance(parameter, click.Option):
            flags, text = record
            rows.append(f"| `{_cell(flags)}` | {_safe(_cell(text))} |")
    return "\n".join(["| option | |", "|---|---|", *rows]) if rows else ""


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _safe(text: str) -> str:
    return text.replace("<", "&lt;").replace("*", "\\*")


def methods_page() -> str:
    """Return docs/methods.md."""
    parts = [
        NOTE,
        "# Search methods",
        METHODS_INTRODUCTION,
    ]
    for name in METHODS:
        text = getdoc(import_module(f"sonde.core.search.{name}")) or ""
        parts += [f"## {name}", text]
    parts += ["## optuna:NAME", getdoc(import_module("sonde.optuna.method")) or ""]
    parts.append(METHODS_FIGURES.rstrip())
    return "\n\n".join(parts) + "\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
