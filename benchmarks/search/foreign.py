"""Search problems that stand in another folder, and compare with the runs kept there.

    python benchmarks/search/foreign.py FOLDER run --methods bayes --suite bbob --seeds 3 --out DIR
    python benchmarks/search/foreign.py FOLDER report DIR --peers optuna-gp,optuna-tpe [--problems]

The folder has `problems.py`: `all_problems()` gives problems by name, each with `suite`, `params`
(name, kind float, int or cat, low, high, log, choices, parent), `true(config)` and
`evaluate(config, seed=[seed, trial])`; `reference.json`: for each problem `best` and `q20`; and
`results/MODE/PEER/*.json`, a file a run: problem, seed, n and `incumbent`, the true value of the
best observed trial after each. MODE is `seq`, or `async8` with eight workers. Trials take as long,
and noise is drawn, as the folder's own runner does it, so that runs are paired. Nothing of the
folder is copied, and its problems need the packages that they need.
"""

import argparse
import importlib.util
import json
import os
import sys
from collections import defaultdict
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

from peers import Unsuitable, known  # noqa: E402
from problem import Outcome, Params, Problem  # noqa: E402
from report import load, show, show_problems, suite_report  # noqa: E402
from runs import have, keep, perform  # noqa: E402
from score import Reference, curve, regret  # noqa: E402
from sonde.core.distributions import Choice, Float, Int  # noqa: E402
from sonde.core.space import Space, space_of  # noqa: E402


def opened(folder: Path) -> ModuleType:
    """Load the folder's problems, under a name that is nobody's."""
    found = importlib.util.spec_from_file_location("foreign_problems", folder / "problems.py")
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    sys.modules["foreign_problems"] = module  # its dataclasses look themselves up there
    found.loader.exec_module(module)
    return module


def space_from(params: list[Any]) -> Space:
    """Return a space as the folder's parameters describe it."""
    written: dict[str, Any] = {}
    for p in params:
        when = None
        if p.parent is not None:
            when = " or ".join(f"{p.parent[0]} == {value!r}" for value in p.parent[1])
        if p.kind == "cat":
            written[p.name] = Choice(tuple(p.choices), when=when)
        else:
            number: Any = Int if p.kind == "int" else Float
            written[p.name] = number(p.low, p.high, log=p.log, when=when)
    return space_of(written)


def adapted(foreign: Any) -> Problem:
    """Return a problem of the folder as one of ours."""

    def noise(outcome: Outcome, params: Params, random: Any) -> Outcome:
        seed = random.integers(2**31, size=2).tolist()
        return Outcome((foreign.evaluate(dict(params), seed=seed),))

    return Problem(
        name=foreign.name,
        suite=foreign.suite,
        instance=0,
        space=space_from(foreign.params),
        true=partial(_true, foreign),
        noise=None if foreign.noisy is None else noise,
    )


def _true(foreign: Any, params: Params) -> Outcome:
    return Outcome((float(foreign.true(dict(params), None)),))


def chosen(module: ModuleType, wanted: str) -> list[Any]:
    """Return the problems that a comma-separated list of suites, names or `all` names."""
    words = wanted.split(",")
    every: dict[str, Any] = module.all_problems()
    return [p for p in every.values() if {"all", p.suite, p.name} & set(words)]


def run(module: ModuleType, given: argparse.Namespace) -> None:
    """Do the runs that are not there yet."""
    done = have(given.out)
    first, _, last = given.seeds.partition("-")
    for seed in range(int(first), int(last) + 1) if last else range(int(first)):
        for foreign in chosen(module, given.suite):
            for method in given.methods.split(","):
                if done.get((foreign.name, seed, method, given.workers), 0) >= given.trials:
                    continue
                try:
                    made = perform(
                        adapted(foreign), foreign.split, method,
                        seed=seed, trials=given.trials, workers=given.workers,
                    )  # fmt: skip
                except Unsuitable as fault:
                    print(f"{method:12} {foreign.name:34} does not suit: {fault}")
                    continue
                keep(made, given.out)
                asked = sum(made.ask_ms) / 1e3
                print(f"{method:12} {foreign.name:34} seed {seed} asking {asked:.2f} s", flush=True)


def report(folder: Path, given: argparse.Namespace) -> None:
    """Compare what was run with what the folder keeps."""
    units = {
        name: Reference(best=entry["best"], usual=entry["q20"])
        for name, entry in json.loads((folder / "reference.json").read_text()).items()
    }
    curves: Any = defaultdict(lambda: defaultdict(dict))
    costs: Any = defaultdict(lambda: defaultdict(list))

    def add(suite: str, method: str, key: tuple[str, int], found: list[float], ms: Any) -> None:
        for place in (suite, "all suites", *(["all but yahpo"] if suite != "yahpo" else [])):
            curves[place][method][key] = found
            costs[place][method].append(ms)

    for method, runs in load(given.folders, given.workers).items():
        for key, made in runs.items():
            found = [regret(v, units[made.problem]) for v in curve(*made.outcomes())]
            add(made.suite, method, key, found, made.ask_ms)
    mode = "seq" if given.workers == 1 else f"async{given.workers}"
    for peer in given.peers.split(","):
        longest: dict[tuple[str, int], Any] = {}
        for path in sorted((folder / "results" / mode / peer).glob("*.json")):
            kept = json.loads(path.read_text())
            key = kept["problem"], kept["seed"]
            if key not in longest or kept["n"] > longest[key]["n"]:
                longest[key] = kept
        for key, kept in longest.items():
            found = [regret(value, units[key[0]]) for value in kept["incumbent"]]
            name = peer.replace("optuna-", "optuna:")
            add(kept["suite"], name, key, found, kept["step_cpu_ms"])
    for suite in sorted(curves):
        show(suite, suite_report(curves[suite], costs[suite]))
        if given.problems:
            show_problems(curves[suite])


def main() -> None:
    """Run or report."""
    words = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    words.add_argument("folder", type=Path)
    tasks = words.add_subparsers(dest="task", required=True)
    runs = tasks.add_parser("run")
    runs.add_argument("--methods", required=True, help=f"of {', '.join(known())}")
    runs.add_argument("--suite", default="all", help="suites or problems, comma-separated")
    runs.add_argument("--seeds", default="3", help="a count, or a range: 3-4")
    runs.add_argument("--trials", type=int, default=100)
    runs.add_argument("--workers", type=int, default=1)
    runs.add_argument("--out", type=Path, required=True)
    reports = tasks.add_parser("report")
    reports.add_argument("folders", nargs="+", type=Path, metavar="DIR")
    reports.add_argument("--peers", default="optuna-gp,optuna-tpe")
    reports.add_argument("--workers", type=int, default=1)
    reports.add_argument("--problems", action="store_true", help="also each problem by itself")
    given = words.parse_args()
    if given.task == "run":
        run(opened(given.folder), given)
    else:
        report(given.folder, given)


if __name__ == "__main__":
    main()
