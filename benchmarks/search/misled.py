"""What an earlier sweep costs that misleads, and what a good one is worth, on many problems.

    python benchmarks/search/misled.py run --seeds 5 --out DIR [--kinds plain,negated,random]
    python benchmarks/search/misled.py report DIR [--problems]

Each search by `bayes` is made plainly and after an earlier sweep (`--from`) of 80 trials of `tpe`,
whose losses are seven times those here, plus 3. What it searched:

    same      the very problem
    negated   it upside down
    random    nothing: its losses are chance

What DIR has is not run again. Where the past was forgotten (sonde.core.search.warm), the rest is
taken from the plain search, one trial later: the proposals are the same
(tests/core/search/test_warm.py), and the noise is made to be. `--whole` runs these to the end too.

Reported are means over problems of the means over seeds: the regret (score.py), the difference to
the plain search and the ratio, each with the 95 % interval (bootstrap over problems, and over
their seeds within them), in how many of the draws the ratio is at most 1.1, and the geometric mean
over problems of the ratio. *Believed*: the share of runs in which the past was not forgotten.
"""

import argparse
import os
import time
import zlib
from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from pathlib import Path
from typing import Any

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import numpy as np  # noqa: E402
import numpy.typing as npt  # noqa: E402

from problem import Outcome, Params, Problem  # noqa: E402
from problems import members, select  # noqa: E402
from reference import reference  # noqa: E402
from runs import Run, keep, kept  # noqa: E402
from score import curve, regret  # noqa: E402
from sonde.core import search as core  # noqa: E402
from sonde.core.earlier import Lesson, lesson_of, taught  # noqa: E402
from sonde.core.metric import Goal  # noqa: E402
from sonde.core.search.warm import Warm  # noqa: E402
from sonde.core.space import Space  # noqa: E402
from sonde.core.streams import uniforms  # noqa: E402
from sonde.core.sweep import Sweep  # noqa: E402
from sonde.core.trial import Trial  # noqa: E402
from sonde.testing.methods import ended  # noqa: E402

KINDS = ("plain", "same", "negated", "random")
GOALS = (Goal(metric="loss"),)
EARLIER, TRIALS, MARKS = 80, 50, (15, 25, 50)
DRAWS = 4_000
LEAST = 0.01  # regret below which ratios of single problems say nothing
TENTH = 1.1

Array = npt.NDArray[np.float64]
Evaluate = Callable[[Params, int], tuple[Outcome, Outcome]]


class Search:
    """A sweep, one trial after the other.

    Args:
        method: `Warm` where something is told.
        evaluate: Returns what is observed in a trial of that number, and what is true.
    """

    def __init__(
        self,
        method: core.Method[Any],
        space: Space,
        seed: int,
        evaluate: Evaluate,
        earlier: Sequence[Lesson] = (),
    ) -> None:
        problem = core.Problem(space=space, goals=GOALS, seed=seed, earlier=earlier)
        self._method, self._space, self._evaluate = method, space, evaluate
        self.state = method.start(problem)
        self._seen: set[Hashable] = set()
        self.trials: list[Trial] = []
        self.observed: list[list[float]] = []
        self.true: list[list[float]] = []

    def step(self) -> None:
        """Make a trial."""
        number = len(self.trials)
        request = core.Request(first=number, count=1, seen=self._seen)
        (params,) = self._method.propose(self.state, request)
        self._seen.add(self._space.key(params))
        seen, true = self._evaluate(params, number)
        self.trials.append(ended(number, params, seen.losses[0]))
        self.state = self._method.observe(self.state, self.trials[-1])
        self.observed.append([float(f"{seen.losses[0]:.9g}")])
        self.true.append([float(f"{true.losses[0]:.9g}")])


def lesson(name: str, seed: int, kind: str) -> Lesson:
    """Run the earlier sweep of a kind, and take down what it teaches."""
    problem = members()[name].instance(seed)

    def evaluate(params: Params, number: int) -> tuple[Outcome, Outcome]:
        if kind == "random":
            key = zlib.crc32(repr(sorted(params.items())).encode())
            found = uniforms(seed, key, 2, 1)[0]
        else:
            found = problem.evaluate(params, (seed, number, 1)).losses[0]
        told = Outcome((3 + 7 * (-found if kind == "negated" else found),))
        return told, told

    earlier = Search(core.method("tpe"), problem.space, seed + 10_000, evaluate)
    while len(earlier.trials) < EARLIER:
        earlier.step()
    old = Sweep(space=problem.space, goals=GOALS, method="tpe", seed=seed + 10_000)
    new = Sweep(space=problem.space, goals=GOALS, method="bayes", seed=seed)
    return lesson_of(taught(old, kind, earlier.trials, new), problem.space)


def made(name: str, seed: int, kind: str, plain: Run | None, *, whole: bool = False) -> Run:
    """Search a problem, told what a kind tells.

    Args:
        plain: That search told nothing, from which the rest is taken once the past is forgotten.
        whole: Run to the end all the same.
    """
    member = members()[name]
    problem: Problem = member.instance(seed)
    by: core.Method[Any] = core.method("bayes")
    lessons: tuple[Lesson, ...] = ()
    late = int(kind != "plain")
    if late:
        by, lessons = Warm(by), (lesson(name, seed, kind),)

    def evaluate(params: Params, number: int) -> tuple[Outcome, Outcome]:
        true = problem.true(params)
        # The noise of the method's own points is that of the plain search.
        return problem.observed(true, params, (seed, (number - late) % TRIALS)), true

    search = Search(by, problem.space, seed, evaluate, lessons)
    while len(search.trials) < TRIALS:
        if plain is not None and late and search.state.withheld and not whole:
            done = len(search.trials)
            assert search.observed[late:] == plain.observed[: done - late]
            search.observed += plain.observed[done - late : TRIALS - late]
            search.true += (plain.true or plain.observed)[done - late : TRIALS - late]
            break
        search.step()
    believed = "" if not late else "-forgotten" if search.state.withheld else "-believed"
    return Run(
        problem=name, suite=problem.suite, split=member.split, seed=seed, method=kind + believed,
        trials=TRIALS, workers=1, goals=1, observed=search.observed,
        true=search.true if problem.noise is not None else [], ask_ms=[],
    )  # fmt: skip


def run(given: argparse.Namespace) -> None:
    """Do the runs that are not there yet, seed by seed."""
    done = {key(one): one for one in kept(given.out)} if given.out.exists() else {}
    first, _, last = given.seeds.partition("-")
    for seed in range(int(first), int(last) + 1) if last else range(int(first)):
        for member in select(given.suite, given.split):
            if member.slow or not member.moves:
                continue
            for kind in given.kinds.split(","):
                if (kind, member.name, seed) not in done:
                    began = time.process_time()
                    plain = done.get(("plain", member.name, seed))
                    one = made(member.name, seed, kind, plain, whole=given.whole)
                    keep(one, given.out)
                    done[key(one)] = one
                    spent = time.process_time() - began
                    print(
                        f"seed {seed:2} {member.name:28} {one.method:18} {spent:.2f} s", flush=True
                    )


def key(one: Run) -> tuple[str, str, int]:
    """Return the kind, the problem and the seed of a run."""
    return one.method.partition("-")[0], one.problem, one.seed


def report(given: argparse.Namespace) -> None:
    """Print a row for each kind and mark."""
    regrets: dict[str, dict[tuple[str, int], list[float]]] = defaultdict(dict)
    believed: dict[str, list[bool]] = defaultdict(list)
    for one in (each for folder in given.folders for each in kept(folder)):
        if given.split in {"all", one.split} and given.suite in {"all", one.suite}:
            unit, kind = reference(one.problem, one.seed), key(one)[0]
            scores = curve(*one.outcomes())
            regrets[kind][one.problem, one.seed] = [regret(score, unit) for score in scores]
            believed[kind].append(one.method.endswith("-believed"))
    plain = regrets.pop("plain")
    print(f"{'':9}{'at':>3}{'pairs':>6}{'plain':>7}{'told':>7}{'difference':>27}{'ratio':>21}"
          f"{'<= 1.1':>8}{'geometric':>21}")  # fmt: skip
    for kind, runs in sorted(regrets.items()):
        keys = sorted(runs.keys() & plain.keys())
        for mark in MARKS:
            groups: dict[str, list[tuple[float, float]]] = defaultdict(list)
            for where in keys:
                groups[where[0]].append((plain[where][mark - 1], runs[where][mark - 1]))
            _print(kind, mark, len(keys), [np.array(pairs) for pairs in groups.values()])
            if given.problems:
                for problem, pairs in groups.items():
                    a, b = np.array(pairs).mean(0)
                    print(f"      {problem:30}{len(pairs):4}{a:8.3f}{b:8.3f}{b - a:+8.3f}")
        print(f"         believed in {np.mean(believed[kind]):.0%} of {len(believed[kind])}")


def _print(name: str, mark: int, pairs: int, groups: list[Array]) -> None:
    means = np.array([group.mean(0) for group in groups])
    drawn = _drawn(groups)
    a, b = means.mean(0)
    ratios = drawn[:, :, 1].mean(1) / drawn[:, :, 0].mean(1)
    gaps = (drawn[:, :, 1] - drawn[:, :, 0]).mean(1)
    logs = np.log(np.maximum(drawn, LEAST))
    geometric = np.exp((logs[:, :, 1] - logs[:, :, 0]).mean(1))
    middle = np.log(np.maximum(means, LEAST))
    centre = float(np.exp((middle[:, 1] - middle[:, 0]).mean()))
    print(
        f"{name:9}{mark:3}{pairs:6}{a:7.3f}{b:7.3f}"
        f"   {b - a:+.3f} ({_interval(gaps, '+.3f')})"
        f"   {b / a:4.2f} ({_interval(ratios, '.2f')})"
        f"{(ratios <= TENTH).mean():8.1%}"
        f"   {centre:4.2f} ({_interval(geometric, '.2f')})"
    )


def _drawn(groups: list[Array]) -> Array:
    """Return means (draws, problems, 2) of problems drawn anew, and of seeds within them."""
    random = np.random.default_rng(0)
    found = np.empty((DRAWS, len(groups), 2))
    for draw in range(DRAWS):
        for place, which in enumerate(random.integers(len(groups), size=len(groups))):
            group = groups[which]
            found[draw, place] = group[random.integers(len(group), size=len(group))].mean(0)
    return found


def _interval(values: Array, form: str) -> str:
    low, high = np.quantile(values, [0.025, 0.975])
    return f"{low:{form}} to {high:{form}}"


def main() -> None:
    """Run or report."""
    words = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    jobs = words.add_subparsers(dest="job", required=True)
    runs = jobs.add_parser("run")
    runs.add_argument("--seeds", default="5", help="a count, or a range: 5-9")
    runs.add_argument("--suite", default="functions,noisy,conditional", help="or problems")
    runs.add_argument("--split", default="tune", choices=("tune", "judge"))
    runs.add_argument("--kinds", default=",".join(KINDS), help="comma-separated")
    runs.add_argument("--whole", action="store_true", help="run all to the end")
    runs.add_argument("--out", type=Path, required=True)
    reports = jobs.add_parser("report")
    reports.add_argument("folders", nargs="+", type=Path, metavar="DIR")
    reports.add_argument("--problems", action="store_true", help="also each problem by itself")
    reports.add_argument("--split", default="all", choices=("tune", "judge", "all"))
    reports.add_argument("--suite", default="all")
    given = words.parse_args()
    (run if given.job == "run" else report)(given)


if __name__ == "__main__":
    main()
