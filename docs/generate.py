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
| `bayes` | **0.64** [0.47, 0.81] | **0.42** [0.27, 0.58] | **0.29** [0.17, 0.44] | **1.74** | 1.9 |
| Optuna's GPSampler | 0.70 [0.57, 0.82] | 0.51 [0.37, 0.64] | 0.34 [0.23, 0.47] | 2.12 | 4.6 |
| Optuna's TPESampler | 0.68 [0.57, 0.81] | 0.46 [0.35, 0.57] | 0.31 [0.21, 0.42] | 2.14 | 0.2 |

| kind (runs), at 25 / 50 / 100 | `bayes` | Optuna's GPSampler | Optuna's TPESampler |
|---|---|---|---|
| functions (60) | **0.48 / 0.26 / 0.13** | 0.66 / 0.43 / 0.24 | 0.55 / 0.33 / 0.19 |
| with noise (12) | **0.64 / 0.40** / 0.28 | 0.72 / 0.52 / **0.27** | 0.70 / 0.51 / 0.30 |
| tables (30) | 0.95 / 0.73 / 0.61 | **0.76 / 0.66** / 0.57 | 0.94 / 0.70 / **0.55** |

At 50 trials `bayes` is ahead of GPSampler by 0.09 (95 % interval -0.02 to 0.20; p 0.05 over
problems; 61 runs won, 37 lost), and over 170 runs ahead of TPESampler by 0.05 (-0.04 to 0.12; 105
won, 62 lost), at 100 by 0.04 (-0.02 to 0.09, p 0.02; 109 won, 58 lost). What GPSampler has on
functions after 100 trials it has after 58, what TPESampler has after 65. On tables it is behind: a
fifth of the regret at 25 trials. There the trial that looks best is often the luckiest;
[`recommended`](noise.md#which-trial-to-use) has 0.68 and 0.51 at 50 and 100 where the best observed
one has 0.72 and 0.59 (45 runs).

Problems of others (7 functions of BBOB, 5 tables, 3 trainings; three runs of each), beside kept
runs of the peers, whose CPU time is from then:

| method | at 25 trials | at 50 | at 100 | CPU s a run |
|---|---|---|---|---|
| `bayes` | 0.57 | 0.40 | **0.28** | 4 |
| Optuna's GPSampler | **0.53** | **0.37** | 0.30 | 9.5 |
| Optuna's TPESampler | 0.78 | 0.47 | 0.32 | 0.4 |

With GPSampler that is a tie (27 runs won and 17 lost at 25, 22 and 19 at 50, 23 and 19 at 100). Of
four of these problems there are ten runs of `bayes` and seven of the others: on Gallagher's
function with a hundred peaks in two dimensions `bayes` is behind (0.74 and 0.36 at 50 and 100;
GPSampler 0.55 and 0.11), on the other three level. These two comparisons were made before the last
changes to the speed of `bayes`.

With eight workers at once `bayes` took 1.32 times as many trials to the regret that it has after 25
one by one, and 1.15 to 1.18 times as many to that after 30, 40 and 50 (90 runs of each, `tune`
half, before parameters were modelled by themselves).

## Is `auto` as good as the best single method?

Mean regret after 50 trials (several goals: 40, long: 300) on our own suites and the ten tables;
`tune` is the half by which things were chosen, `judge` the other
([auto.py](../benchmarks/search/auto.py)). In all of these `auto` is `bayes` from the first trial to
the last, so that column stands for both. The last one is `auto` less the best of the others, with
the 95 % interval over problems, and how many runs it won and lost.

| suite (runs) | `auto` | `tpe` | `cmaes` | `evolution` | `random` | less the best other |
|---|---|---|---|---|---|---|
| functions, tune (46) | **.203** | .322 | .365 | .537 | .718 | -.119 [-.199, -.042], 35:11 |
| functions, judge (105) | **.146** | .321 | .361 | .558 | .766 | -.175 [-.251, -.105], 90:15 |
| conditional, tune (60) | **.200** | .466 | .429 | .526 | .751 | -.228 [-.314, -.110], 49:11 |
| conditional, judge (80) | **.245** | .429 | .431 | .587 | .689 | -.184 [-.295, -.113], 70:10 |
| constraints, tune (20) | **.016** | .199 | .224 | .604 | .620 | -.183 [-.279, -.088], 20:0 |
| constraints, judge (20) | **.024** | .147 | .162 | .477 | .570 | -.123 [-.163, -.089], 19:1 |
| several goals, judge (100) | **.499** | | | .914 | .879 | -.380 [-.531, -.224], 86:14 |
| eight workers, tune (56) | **.211** | .398 | .442 | .637 | .705 | -.187 [-.280, -.092], 49:7 |
| eight workers, judge (125) | **.205** | .419 | .436 | .640 | .761 | -.214 [-.274, -.150], 99:26 |
| long, tune (12) | **.031** | .077 | .066 | .105 | | -.035 [-.076, -.008], 7:5 |
| tables (150) | **.656** | .701 | .897 | .736 | .989 | -.045 [-.132, +.063], 81:65 |
| noisy, tune (90) | **.712** | .747 | .759 | .858 | 1.013 | -.034 [-.175, +.102], 44:44 |
| noisy, judge (154) | **.540** | .606 | .696 | .865 | 1.001 | -.065 [-.164, +.025], 76:77 |

So it is ahead where trials tell the truth: on functions, under conditions and constraints, with
several goals or workers, in long sweeps. On tables and under noise its mean is the lowest as well,
but by less than these runs can tell from chance, and `tpe` costs a hundredth of the CPU time.
Beyond 300 trials, several goals beyond 40, and trainings were not compared in this way. The runs of
the `tune` half are of when `bayes` did not yet bend ranges nor model parameters by themselves
([decision 36](decisions/0036-parameters-by-themselves.md)).
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
