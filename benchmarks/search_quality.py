"""How near a search comes to the optimum: sonde's methods beside Optuna's samplers.

Run: python benchmarks/search_quality.py [TRIALS [SEEDS]]

Each number is the median over seeds of the regret (loss of the best trial less the least there
is) as a share of what random search has left after as many trials. Optima lie off the centre
and the corners, at places that the seed moves. CPU time is that of asking and telling.
"""

import math
import statistics
import sys
import time
import warnings
from collections.abc import Callable, Hashable, Mapping
from importlib.util import find_spec
from itertools import pairwise
from typing import Any

from sonde.core.distributions import Choice, Float, Int
from sonde.core.distributions.values import Params
from sonde.core.metric import Goal
from sonde.core.search import METHODS, Problem, Request, method
from sonde.core.space import Space, space_of
from sonde.core.streams import uniforms
from sonde.testing.methods import ended

Loss = Callable[[Mapping[str, Any]], float]
BENDS = 5.0  # half the width of a numeric parameter


def _centred(params: Mapping[str, Any], seed: int) -> list[float]:
    moves = uniforms(seed, 0, 0, len(params))
    return [
        BENDS * value - 3 + 6 * move for value, move in zip(params.values(), moves, strict=True)
    ]


def bowl(params: Mapping[str, Any], seed: int) -> float:
    """An ellipsoid, its longest axis ten times the shortest."""
    x = _centred(params, seed)
    return math.fsum(100 ** (i / max(len(x) - 1, 1)) * v * v for i, v in enumerate(x))


def valley(params: Mapping[str, Any], seed: int) -> float:
    """Rosenbrock's function: a bent valley."""
    x = [1 + value for value in _centred(params, seed)]
    return sum(100 * (b - a * a) ** 2 + (1 - a) ** 2 for a, b in pairwise(x))


def hills(params: Mapping[str, Any], seed: int) -> float:
    """Rastrigin's function, its hills a third as high: many local minima in a bowl."""
    x = _centred(params, seed)
    return sum(v * v + 3 * (1 - math.cos(2 * math.pi * v)) for v in x)


def noisy(params: Mapping[str, Any], seed: int) -> float:
    """A bowl of which only a noisy value is seen; the noise is a function of the point."""
    clean = bowl(params, seed)
    place = hash(tuple(params.values())) % 2**63
    a, b = uniforms(seed, place, 1, 2)
    return clean + 10 * math.sqrt(-2 * math.log(1 - a)) * math.cos(2 * math.pi * b)


def pipeline(params: Mapping[str, Any], seed: int) -> float:
    """Three algorithms, each with parameters of its own."""
    a, b, c, d = uniforms(seed, 0, 0, 4)
    size: float = (math.log(params["size"]) / math.log(256) - a) ** 2
    if params["kind"] == "linear":
        return 0.3 + size + (math.log10(params["l2"]) / 6 + b) ** 2
    if params["kind"] == "trees":
        return float(size + 3 * (params["depth"] / 20 - c) ** 2 + abs(params["share"] - d))
    rate: float = abs(math.log10(params["lr"]) / 5 + d)
    return 0.1 + 2 * size + 4 * rate


def cube(dimensions: int) -> Space:
    """Return [-1, 1]^d."""
    return space_of({f"x{i}": Float(-1, 1) for i in range(dimensions)})


PIPELINE = space_of(
    {"kind": ["linear", "trees", "net"], "size": Int(1, 256, log=True)}
    | {"l2": Float(1e-6, 1, log=True, when="kind == 'linear'")}
    | {"depth": Int(1, 20, when="kind == 'trees'"), "share": Float(0, 1, when="kind == 'trees'")}
    | {"lr": Float(1e-5, 1, log=True, when="kind == 'net'")}
)
PROBLEMS: dict[str, tuple[Space, Callable[[Mapping[str, Any], int], float]]] = {
    "bowl, 10": (cube(10), bowl),
    "valley, 4": (cube(4), valley),
    "hills, 3": (cube(3), hills),
    "noisy bowl, 5": (cube(5), noisy),
    "pipeline": (PIPELINE, pipeline),
}


def with_sonde(name: str, space: Space, loss: Loss, trials: int, seed: int) -> list[Params]:
    """Run one of sonde's methods and return what it tried."""
    search = method(name)
    state = search.start(Problem(space=space, goals=(Goal(metric="loss"),), seed=seed))
    tried: list[Params] = []
    seen: set[Hashable] = set()
    for number in range(trials):
        found = search.propose(state, Request(first=number, count=1, seen=seen))
        if not found:
            break
        tried += found
        seen.add(space.key(found[0]))
        state = search.observe(state, ended(number, found[0], loss(found[0])))
    return tried


def with_optuna(sampler: Any, space: Space, loss: Loss, trials: int) -> list[Params]:
    """Run one of Optuna's samplers and return what it tried."""
    import optuna

    study = optuna.create_study(sampler=sampler)
    tried: list[Params] = []
    for _ in range(trials):
        trial = study.ask()
        params: Params = {}
        for parameter in space.parameters:
            if parameter.when is None or parameter.when.holds(params):
                params[parameter.name] = _suggested(trial, parameter.name, parameter.distribution)
        study.tell(trial, loss(params))
        tried.append(params)
    return tried


def _suggested(trial: Any, name: str, distribution: Any) -> Any:
    if isinstance(distribution, Choice):
        return trial.suggest_categorical(name, distribution.values)
    suggest = trial.suggest_int if isinstance(distribution, Int) else trial.suggest_float
    return suggest(name, distribution.low, distribution.high, log=distribution.log)


def peers() -> dict[str, Callable[[int], Any]]:
    """Return Optuna's samplers that run here, by name."""
    try:
        import optuna
    except ImportError:
        print("optuna is not installed: its rows are left out")
        return {}
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    warnings.simplefilter("ignore")
    found: dict[str, Callable[[int], Any]] = {
        "optuna TPESampler": lambda seed: optuna.samplers.TPESampler(seed=seed)
    }
    if find_spec("torch") is None:
        print("torch is not installed: Optuna's GPSampler is left out")
    else:
        found["optuna GPSampler"] = lambda seed: optuna.samplers.GPSampler(seed=seed)
    return found


def main(trials: int = 60, seeds: int = 5) -> None:
    """Measure and print."""
    samplers = peers()
    names = [name for name in METHODS if name != "grid"] + list(samplers)
    print(f"{trials} trials, median of {seeds} seeds\n")
    print(f"{'':20}" + "".join(f"{problem:>15}" for problem in PROBLEMS) + f"{'CPU ms/trial':>15}")
    random: dict[str, float] = {}
    for name in sorted(names, key=lambda name: name != "random"):
        row, spent = [], 0.0
        for space, function in PROBLEMS.values():
            regrets = []
            for seed in range(seeds):

                def loss(params: Mapping[str, Any]) -> float:
                    return function(params, seed)  # noqa: B023

                began = time.process_time()
                if name in samplers:
                    tried = with_optuna(samplers[name](seed), space, loss, trials)
                else:
                    tried = with_sonde(name, space, loss, trials, seed)
                spent += time.process_time() - began
                best = min(tried, key=loss)
                regrets.append(bowl(best, seed) if function is noisy else loss(best))
            row.append(statistics.median(regrets))
        if not random:
            random = dict(zip(PROBLEMS, row, strict=True))
        shares = [value / random[problem] for problem, value in zip(PROBLEMS, row, strict=True)]
        each = 1e3 * spent / (len(PROBLEMS) * seeds * trials)
        print(f"{name:20}" + "".join(f"{share:15.4f}" for share in shares) + f"{each:15.2f}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
