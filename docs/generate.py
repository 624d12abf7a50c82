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

Mean regret: 0 is the best that is known, 1 what random search has after 20 trials. `bayes` is what
`auto` takes for the first 300 trials. Optuna 5.0.0. The square brackets are 95 % intervals over
problems.

Functions and tables that others publish (24 functions of BBOB, 10 tables of trainings;
[public.py](../benchmarks/search/public.py)), each run with another instance or other noise: 102
runs of each method. No instance decides anything, but variants were tried on these problems, too.

| method | at 25 trials | at 50 | at 100 | rank at 50 | CPU s a run |
|---|---|---|---|---|---|
| `bayes` | **0.61** [0.44, 0.78] | **0.39** [0.25, 0.56] | **0.30** [0.17, 0.46] | **1.70** | 1.7 |
| Optuna's GPSampler | 0.70 [0.57, 0.82] | 0.51 [0.37, 0.65] | 0.34 [0.22, 0.46] | 2.12 | 4.6 |
| Optuna's TPESampler | 0.68 [0.57, 0.81] | 0.46 [0.35, 0.57] | 0.31 [0.21, 0.41] | 2.18 | 0.2 |

| kind (runs), at 25 / 50 / 100 | `bayes` | Optuna's GPSampler | Optuna's TPESampler |
|---|---|---|---|
| functions (60) | **0.42 / 0.22 / 0.11** | 0.66 / 0.43 / 0.24 | 0.55 / 0.33 / 0.19 |
| with noise (12) | **0.55 / 0.47** / 0.33 | 0.72 / 0.52 / **0.27** | 0.70 / 0.51 / 0.30 |
| tables (30) | 1.00 / 0.70 / 0.67 | **0.76 / 0.66** / 0.57 | 0.94 / 0.70 / **0.55** |

At 50 trials `bayes` is ahead of GPSampler by 0.12 (95 % interval 0.01 to 0.23; p 0.05 over
problems; 61 runs won, 36 lost) and of TPESampler by 0.07 (-0.03 to 0.16; p 0.02; 69 won, 32 lost),
at 100 by 0.04 (-0.04 to 0.11; 57 won, 37 lost) and 0.01 (-0.07 to 0.08; 64 won, 35 lost). What
GPSampler has on functions after 100 trials it has after 45, what TPESampler has after 56; over all
problems after 74 and 95, as tables have the most regret and the least difference.

**Tables with much noise are where it is behind.** Eight of the ten (HPOBench and HPOLib), forty
runs of each of `bayes` and GPSampler, so 320 of each method (TPESampler: 160):

| method | at 25 trials | at 50 | at 100 | best true value at 100 | median of all 100 |
|---|---|---|---|---|---|
| `bayes` | 0.97 | 0.80 | 0.73 | **0.26** | **1.13** |
| Optuna's GPSampler | **0.93** | **0.76** | **0.67** | 0.31 | 1.43 |
| Optuna's TPESampler | 1.05 | 0.88 | 0.69 | 0.33 | |

At 50 that is 0.04 (-0.02 to 0.09; 138 runs won, 170 lost), at 100 0.06 (0.01 to 0.12; 132 won, 172
lost). What `bayes` tries is better, but the trial that looks best is often the luckiest, whoever
proposed it ([decision 38](decisions/0038-noise-or-roughness.md)). If noise is what you have, use
[`recommended`](noise.md#which-trial-to-use): 0.68 and 0.51 at 50 and 100 where the best observed
one has 0.72 and 0.59 (45 runs); or `--repeats`.

Problems of others (7 functions of BBOB, 5 tables, 3 trainings; three runs of each), beside kept
runs of the peers, whose CPU time is from then:

| method | at 25 trials | at 50 | at 100 | CPU s a run |
|---|---|---|---|---|
| `bayes` | 0.59 | 0.38 | **0.27** | 2 |
| Optuna's GPSampler | **0.53** | **0.37** | 0.30 | 9.5 |
| Optuna's TPESampler | 0.78 | 0.47 | 0.32 | 0.4 |

With GPSampler that is a tie (24 runs won and 21 lost at 25, 23 and 20 at 50, 28 and 15 at 100).
What TPESampler has after 100 trials `bayes` has after 60, what GPSampler has after 73. On
Gallagher's function with a hundred peaks in two dimensions `bayes` has 0.43 and 0.07 at 50 and 100
(25 runs), GPSampler 0.55 and 0.11, TPESampler 0.36 and 0.20 (7 runs).

Other peers were run on eight problems of these and of YAHPO's, once to three times each. Regret
at 25 and 50 trials: `bayes` 0.48 and **0.22**, Ax 0.50 and 0.28, GPSampler **0.41** and 0.32,
TPESampler 0.79 and 0.48, hyperopt 0.80 and 0.54, NGOpt 0.71 and 0.62, SMAC 1.00 and 0.68; on five
of them `bayes` 0.31 and **0.06**, HEBO 0.66 and 0.22, GPSampler **0.19** and 0.14. YAHPO's
surrogates by themselves, as a corner of the space is the best there (six, 30 runs of `bayes`), at
25, 50 and 100: `bayes` **0.27 / 0.19 / 0.13**, TPESampler 0.61 / 0.40 / 0.32, Optuna's CMA-ES
1.00 / 0.79 / 0.54; on four of them at 25 and 50 `bayes` **0.38 / 0.27**, GPSampler 0.49 / 0.37.

Eight workers at once take 1.30 times as many trials to the regret that one has after 25, 1.14 to
1.19 times as many to that after 30, 40, 50 and 75 (90 runs of each, `tune` half; a search that
learned each result seven trials late would take 1.28, 1.23, 1.18, 1.14 and 1.09;
[benchmarks](../benchmarks/README.md)).

## Is `auto` as good as the best single method?

Mean regret after 50 trials (several goals: 40, long: 300) on our own suites and the ten tables;
`tune` is the half by which things were chosen, `judge` the other
([auto.py](../benchmarks/search/auto.py)). In all of these `auto` is `bayes` from the first trial to
the last, so that column stands for both. The last one is `auto` less the best of the others, with
the 95 % interval over problems, and how many runs it won and lost.

| suite (runs) | `auto` | `tpe` | `cmaes` | `evolution` | `random` | less the best other |
|---|---|---|---|---|---|---|
| functions, tune (46) | **.203** | .322 | .365 | .537 | .718 | -.119 [-.199, -.042], 35:11 |
| functions, judge (105) | **.146** | .321 | .358 | .558 | .766 | -.175 [-.249, -.108], 89:16 |
| conditional, tune (60) | **.200** | .466 | .429 | .526 | .751 | -.228 [-.314, -.110], 49:11 |
| conditional, judge (80) | **.237** | .429 | .439 | .587 | .689 | -.191 [-.312, -.106], 72:8 |
| constraints, tune (20) | **.016** | .199 | .224 | .604 | .620 | -.183 [-.279, -.088], 20:0 |
| constraints, judge (20) | **.018** | .147 | .162 | .477 | .570 | -.129 [-.163, -.109], 20:0 |
| several goals, judge (100) | **.499** | | | .914 | .879 | -.380 [-.531, -.224], 86:14 |
| eight workers, tune (56) | **.211** | .398 | .442 | .637 | .705 | -.187 [-.280, -.092], 49:7 |
| eight workers, judge (125) | **.219** | .419 | .437 | .640 | .761 | -.200 [-.261, -.139], 96:29 |
| long, tune (12) | **.031** | .077 | .066 | .105 | | -.035 [-.076, -.008], 7:5 |
| tables (150) | **.694** | .701 | .906 | .736 | .989 | -.007 [-.112, +.105], 77:69 |
| noisy, tune (90) | **.712** | .747 | .759 | .858 | 1.013 | -.034 [-.175, +.102], 44:44 |
| noisy, judge (154) | **.486** | .606 | .678 | .865 | 1.001 | -.119 [-.224, -.016], 81:73 |
| trainings, tune (15) | **.246** | .275 | .424 | .707 | .774 | -.029 [-.126, +.052], 9:6 |
| trainings, judge (15) | **.193** | .296 | .549 | .441 | .502 | -.104 [-.203, -.005], 9:4 |

So it is ahead on functions, under noise, conditions and constraints, in trainings, with several
goals or workers, in long sweeps. On tables its mean is the lowest, too, but by less than these runs
can tell from chance, and `tpe` costs a hundredth of the CPU time. Beyond 300 trials, and several
goals beyond 40, were not compared in this way. The runs of the `tune` half are of when `bayes` did
not yet bend ranges nor model parameters by themselves (trainings: of before
[decision 38](decisions/0038-noise-or-roughness.md)).
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
