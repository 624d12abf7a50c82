"""What earlier sweeps and guesses are worth, and what they cost where they mislead.

Run: python benchmarks/search_transfer.py [PAIRS [METHOD [KIND...]]]

Each pair is one problem with one seed, searched twice with 50 trials: plainly, and told
something beforehand. The earlier sweep had 80 trials of `tpe`, and its losses are seven times
those here, plus 3. What it searched:

    same      the very function
    near      the function with its optimum a twentieth of the box aside
    moved     ... at another place, drawn anew
    negated   the function upside down
    random    nothing: its losses are chance

    guess     every number guessed a tenth of its range off the optimum
    wrong     ... half of its range off

Reported is the regret at 25 and at 50 trials, each in units of what random search of the same
problem has left on average, then averaged over the pairs; beside it the ratio to the plain
search, and its interval (90 %, bootstrap over pairs). Each pair by itself goes to stderr.
"""

import json
import math
import statistics
import sys
import time
from collections.abc import Callable, Hashable, Mapping
from functools import cache, partial
from itertools import pairwise
from typing import Any

from sonde.core.decide import Decider
from sonde.core.distributions import Float, Int
from sonde.core.earlier import Lesson, lesson_of, taught
from sonde.core.history import History
from sonde.core.metric import Goal
from sonde.core.space import Space, space_of
from sonde.core.streams import uniforms
from sonde.core.sweep import Sweep
from sonde.core.trial import Trial
from sonde.testing.methods import ended

Params = Mapping[str, Any]
GOALS = (Goal(metric="loss"),)
EARLIER, TRIALS, MARKS = 80, 50, (25, 50)
KINDS = ("same", "near", "moved", "negated", "random", "guess", "wrong")


def bowl(x: list[float]) -> float:
    """An ellipsoid, its longest axis ten times the shortest."""
    return math.fsum(100 ** (i / max(len(x) - 1, 1)) * v * v for i, v in enumerate(x))


def valley(x: list[float]) -> float:
    """Rosenbrock's function: a bent valley."""
    y = [1 + 4 * value for value in x]
    return sum(100 * (b - a * a) ** 2 + (1 - a) ** 2 for a, b in pairwise(y))


def hills(x: list[float]) -> float:
    """Rastrigin's function, its hills a third as high: many local minima in a bowl."""
    return sum(36 * v * v + 3 * (1 - math.cos(12 * math.pi * v)) for v in x)


def ridge(x: list[float]) -> float:
    """The distance, which is not smooth at the optimum."""
    return math.fsum(abs(v) ** 0.7 for v in x)


FUNCTIONS: dict[str, tuple[int, Callable[[list[float]], float]]] = {
    "bowl, 5": (5, bowl),
    "valley, 3": (3, valley),
    "hills, 2": (2, hills),
    "ridge, 4": (4, ridge),
    "bowl, 8": (8, bowl),
}


def optimum(dimensions: int, seed: int, draw: int = 0) -> list[float]:
    """Return a place off the border."""
    return [0.15 + 0.7 * u for u in uniforms(seed, 0, draw, dimensions)]


def space(dimensions: int, guess: list[float] | None = None) -> Space:
    """Return a space of floats, one of them on a logarithmic scale, and an int."""
    found: dict[str, Any] = {}
    for i in range(dimensions):
        at = None if guess is None else min(max(guess[i], 0.0), 1.0)
        if i == 0:
            value = None if at is None else 10 ** (5 * at - 5)
            found["x0"] = Float(1e-5, 1.0, log=True, guess=value)
        elif i == 1:
            found["x1"] = Int(0, 100, guess=None if at is None else round(100 * at))
        else:
            found[f"x{i}"] = Float(0.0, 1.0, guess=at)
    return space_of(found)


def loss(name: str, params: Params, best: list[float]) -> float:
    """Return the function's value; the least there is is 0 but for the int."""
    values = list(params.values())
    unit = [math.log10(values[0]) / 5 + 1, values[1] / 100, *values[2:]]
    return FUNCTIONS[name][1]([u - b for u, b in zip(unit, best, strict=True)])


def search(
    sweep: Sweep, function: Callable[[Params], float], trials: int, lessons: tuple[Lesson, ...] = ()
) -> list[Trial]:
    """Run a sweep, one trial after the other."""
    decider, history = Decider(sweep, earlier=lessons), History(sweep)
    for number in range(trials):
        (new,) = decider.propose(history, 1)
        trial = ended(number, new.params, function(new.params))
        history.add([trial])
        decider.observe([trial])
    return history.trials


def regrets(trials: list[Trial]) -> tuple[float, ...]:
    """Return the lowest loss at each mark."""
    values = [trial.value(GOALS[0]) or 0.0 for trial in trials]
    return tuple(min(values[:mark]) for mark in MARKS)


@cache
def scale(name: str) -> tuple[float, ...]:
    """Return what random search has left at each mark, on average."""
    count = FUNCTIONS[name][0]
    rows = []
    for seed in range(40):
        best = optimum(count, seed)
        sweep = Sweep(space=space(count), goals=GOALS, method="random", seed=seed)
        rows.append(regrets(search(sweep, partial(loss, name, best=best), TRIALS)))
    return tuple(map(statistics.fmean, zip(*rows, strict=True)))


def lesson(name: str, seed: int, kind: str) -> Lesson:
    """Run the earlier sweep of a kind, and take down what it teaches."""
    count = FUNCTIONS[name][0]
    best, other = optimum(count, seed), optimum(count, seed, 1)
    if kind == "near":
        other = [b + math.copysign(0.05, o - b) for b, o in zip(best, other, strict=True)]

    def value(params: Params) -> float:
        if kind == "random":
            key: Hashable = tuple(params.values())
            return uniforms(seed, hash(key) % 2**63, 2, 1)[0]
        found = loss(name, params, other if kind in {"near", "moved"} else best)
        return 3 + 7 * (-found if kind == "negated" else found)

    here = space(count)
    sweep = Sweep(space=here, goals=GOALS, method="tpe", seed=seed + 10_000)
    return lesson_of(taught(sweep, kind, search(sweep, value, EARLIER), sweep), here)


def told(name: str, seed: int, kind: str, method: str) -> tuple[float, ...]:
    """Search with what a kind tells, and return the regrets; the kind "" tells nothing."""
    count = FUNCTIONS[name][0]
    best = optimum(count, seed)
    lessons: tuple[Lesson, ...] = ()
    guess = None
    if kind in {"guess", "wrong"}:
        off = 0.1 if kind == "guess" else 0.5
        signs = [1 if u < 0.5 else -1 for u in uniforms(seed, 0, 3, count)]
        guess = [b + s * off for b, s in zip(best, signs, strict=True)]
        # A wrong one stays as far off, on the side where there is room.
        guess = [g if 0 <= g <= 1 else 2 * b - g for g, b in zip(guess, best, strict=True)]
    elif kind:
        lessons = (lesson(name, seed, kind),)
    sweep = Sweep(space=space(count, guess), goals=GOALS, method=method, seed=seed)
    return regrets(search(sweep, lambda p: loss(name, p, best), TRIALS, lessons))


def interval(ratio: Callable[[list[int]], float], pairs: int) -> tuple[float, float]:
    """Return the 5 % and 95 % quantiles of a ratio over resampled pairs."""
    found = sorted(
        ratio([int(u * pairs) for u in uniforms(0, draw, 9, pairs)]) for draw in range(400)
    )
    return found[20], found[380]


def main(pairs: int = 100, method: str = "bayes", *kinds: str) -> None:
    """Measure and print, a row when it is known."""
    began = time.process_time()
    names = list(FUNCTIONS)
    problems = [(names[i % len(names)], i // len(names)) for i in range(pairs)]
    plain: list[tuple[float, ...]] = []
    rows: dict[str, list[tuple[float, ...]]] = {kind: [] for kind in kinds or KINDS}
    for name, seed in problems:
        unit = scale(name)
        plain.append(tuple(r / s for r, s in zip(told(name, seed, "", method), unit, strict=True)))
        for kind, found in rows.items():
            regret = told(name, seed, kind, method)
            found.append(tuple(r / s for r, s in zip(regret, unit, strict=True)))
        row = {"plain": plain[-1]} | {kind: found[-1] for kind, found in rows.items()}
        print(json.dumps([name, seed, row]), file=sys.stderr, flush=True)
        if len(plain) % 5 == 0:
            _print(method, plain, rows, time.process_time() - began)


def _print(
    method: str,
    plain: list[tuple[float, ...]],
    rows: dict[str, list[tuple[float, ...]]],
    spent: float,
) -> None:
    pairs = len(plain)
    print(f"\n{method}, {pairs} pairs, {spent:.0f} s of CPU")
    print(f"{'':10}{'regret at 25':>14}{'ratio':>8}{'interval':>16}"
          f"{'regret at 50':>16}{'ratio':>8}{'interval':>16}")  # fmt: skip
    for kind, found in {"plain": plain, **rows}.items():
        line = f"{kind:10}"
        for mark in range(len(MARKS)):
            mean = statistics.fmean(row[mark] for row in found)

            def ratio(
                chosen: list[int],
                mark: int = mark,
                found: list[tuple[float, ...]] = found,
            ) -> float:
                return sum(found[i][mark] for i in chosen) / sum(plain[i][mark] for i in chosen)

            low, high = interval(ratio, pairs)
            line += f"{mean:14.4f}{ratio(list(range(pairs))):8.2f}   {low:5.2f} to {high:5.2f}  "
        print(line, flush=True)


if __name__ == "__main__":
    main(*[int(word) if word.isdigit() else word for word in sys.argv[1:]])  # type: ignore[arg-type]
