"""What an ask and a tell cost: CPU milliseconds a trial at 100, 1,000 and 10,000 trials.

Ten mixed parameters; a random history is told first, then a window of trials is asked
and told. sonde's methods and Optuna's TPE and random sampler take turns in one process; the
medians over the rounds are printed, with how many times cheaper than Optuna's TPE they are
and the exponent of growth from 1,000 trials on. Run: python benchmarks/ask_cost.py [METHOD...]

`models` in place of methods: `bayes` beside Optuna's GPSampler and HEBO, where they are installed,
at 100, 200 and 500 trials, in shorter windows as these are slow, all taking turns; then `bayes`
alone where `auto` asks it only if trials are slow.

`large` in place of methods: `auto` and `tpe` after 10,000 and 100,000 trials, each in a process of
its own that keeps these trials, with the most memory that it had.
"""

import json
import math
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from sonde.core.distributions import Choice, Float, Int
from sonde.core.metric import Goal, Summary
from sonde.core.search import METHODS, Problem, Request, method
from sonde.core.space import Space, space_of
from sonde.core.trial import State, Trial

SIZES = (100, 1_000, 10_000)
MODEL_SIZES = (100, 200, 500)
ALONE_SIZES = (300, 500, 1_000, 2_000)
LARGE_SIZES = (10_000, 100_000)
WINDOW, ROUNDS = 10, 3
LARGE_WINDOW = 1_000
MODEL_WINDOWS = {"bayes": 20, "Optuna GP": 3, "HEBO": 2}
NOW = datetime(2026, 1, 1, tzinfo=UTC)
SPACE = space_of(
    {f"x{i}": Float(0, 1) for i in range(3)}
    | {f"lr{i}": Float(1e-5, 1, log=True) for i in range(2)}
    | {f"n{i}": Int(1, 100) for i in range(2)}
    | {f"c{i}": Choice(tuple("abcd")) for i in range(3)}
)


def loss(params: Mapping[str, Any]) -> float:
    """Something to minimise."""
    numbers = sum((params[f"x{i}"] - 0.3) ** 2 for i in range(3))
    rates = sum((math.log10(params[f"lr{i}"]) + 3) ** 2 for i in range(2))
    whole = sum((params[f"n{i}"] / 100 - 0.5) ** 2 for i in range(2))
    return float(numbers + rates / 10 + whole + sum(params[f"c{i}"] != "a" for i in range(3)))


def ended(number: int, params: Mapping[str, Any]) -> Trial:
    """A trial with its result."""
    metrics = {"loss": Summary.of([(0, loss(params))])}
    return Trial(
        number=number, state=State.DONE, params=params, metrics=metrics, created=NOW,
        version=number + 1,
    )  # fmt: skip


def history(space: Space, size: int, seed: int) -> list[dict[str, Any]]:
    """Random assignments."""
    random = method("random")
    return random.propose(
        random.start(Problem(space=space, seed=seed)), Request(first=0, count=size)
    )


def sonde_ms(name: str, size: int, seed: int, window: int = WINDOW) -> float:
    """CPU milliseconds of an ask and a tell."""
    searcher = method(name)
    state = searcher.start(Problem(space=SPACE, goals=[Goal(metric="loss")], seed=seed))
    seen = set()
    for number, params in enumerate(history(SPACE, size, seed + 1)):
        state = searcher.observe(state, ended(number, params))
        seen.add(SPACE.key(params))
    searcher.propose(state, Request(first=size, count=1, seen=seen))  # imports and caches
    begun = time.process_time()
    for number in range(size, size + window):
        (params,) = searcher.propose(state, Request(first=number, count=1, seen=seen))
        seen.add(SPACE.key(params))
        state = searcher.observe(state, ended(number, params))
    return (time.process_time() - begun) / window * 1e3


def optuna_ms(size: int, seed: int, sampler: str = "TPESampler", window: int = WINDOW) -> float:
    """CPU milliseconds of an ask and a tell with a sampler of Optuna as it is by default."""
    import optuna
    from optuna.distributions import (
        BaseDistribution,
        CategoricalDistribution,
        FloatDistribution,
        IntDistribution,
    )

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    kinds: dict[str, BaseDistribution] = {
        "x": FloatDistribution(0, 1),
        "lr": FloatDistribution(1e-5, 1, log=True),
        "n": IntDistribution(1, 100),
        "c": CategoricalDistribution(tuple("abcd")),
    }
    distributions = {p.name: kinds[p.name.rstrip("0123456789")] for p in SPACE.parameters}
    study = optuna.create_study(sampler=getattr(optuna.samplers, sampler)(seed=seed))
    study.add_trials(
        [
            optuna.trial.create_trial(
                params=params, distributions=distributions, value=loss(params)
            )
            for params in history(SPACE, size, seed + 1)
        ]
    )
    study.ask(distributions)
    begun = time.process_time()
    for _ in range(window):
        trial = study.ask(distributions)
        study.tell(trial, loss(trial.params))
    return (time.process_time() - begun) / window * 1e3


def hebo_ms(size: int, seed: int, window: int) -> float:
    """CPU milliseconds of a suggestion and its observation with HEBO as it is by default.

    HEBO 0.3.6 asks for NumPy below 1.25 and pymoo 0.6.0, with which today's GPy does not go. It
    runs with newer ones (NumPy 2.4, pymoo 0.6.2, GPy 1.15), in an environment of its own:

        pip install -e . optuna torch==2.13.0 scikit-learn pandas "setuptools<80"
        pip install --only-binary :all: GPy gpytorch pymoo catboost disjoint-set
        pip install --no-deps HEBO==0.3.6
    """
    import numpy as np
    import pandas as pd
    import torch
    from hebo.design_space.design_space import DesignSpace
    from hebo.optimizers.hebo import HEBO

    torch.set_num_threads(1)
    numbers = [{"name": f"x{i}", "type": "num", "lb": 0, "ub": 1} for i in range(3)]
    rates = [{"name": f"lr{i}", "type": "pow", "lb": 1e-5, "ub": 1} for i in range(2)]
    whole = [{"name": f"n{i}", "type": "int", "lb": 1, "ub": 100} for i in range(2)]
    kinds = [{"name": f"c{i}", "type": "cat", "categories": list("abcd")} for i in range(3)]
    search = HEBO(DesignSpace().parse([*numbers, *rates, *whole, *kinds]), scramble_seed=seed)
    told = history(SPACE, size, seed + 1)
    search.observe(pd.DataFrame(told), np.array([[loss(params)] for params in told]))
    begun = time.process_time()
    for _ in range(window):
        wanted = search.suggest(n_suggestions=1)
        search.observe(wanted, np.array([[loss(wanted.iloc[0].to_dict())]]))
    return (time.process_time() - begun) / window * 1e3


def models() -> None:
    """Compare `bayes` with peers that fit a model; one that is not installed is left out."""
    works: dict[str, Callable[[int, int, int], float]] = {
        "bayes": lambda size, seed, window: sonde_ms("bayes", size, seed, window),
        "Optuna GP": lambda size, seed, window: optuna_ms(size, seed, "GPSampler", window),
        "HEBO": hebo_ms,
    }
    for name in list(works):
        try:
            works[name](MODEL_SIZES[0], ROUNDS, 1)  # imports and caches
        except ImportError as fault:
            print(f"{name}: {fault}; how to install it is said in {works[name].__name__}")
            del works[name]
    found: dict[tuple[str, int], list[float]] = {}
    for seed in range(ROUNDS):
        for size in MODEL_SIZES:
            for name, work in works.items():
                cost = work(size, seed, MODEL_WINDOWS[name])
                found.setdefault((name, size), []).append(cost)
    medians = {key: statistics.median(costs) for key, costs in found.items()}
    print("ms CPU a trial" + "".join(f"{f'n={size:,}':>24}" for size in MODEL_SIZES))
    for name in works:
        row = "".join(
            f"{medians[name, n]:12.1f} ({medians[name, n] / medians['bayes', n]:7.1f} x)"
            for n in MODEL_SIZES
        )
        print(f"{name:14}{row}")
    for size in ALONE_SIZES:
        costs = [works["bayes"](size, seed, MODEL_WINDOWS["bayes"]) for seed in range(ROUNDS)]
        print(f"bayes alone, n={size:,}: {statistics.median(costs):.1f}")


def large(methods: tuple[str, ...] = ("auto", "tpe")) -> None:
    """Measure after many trials, in fresh processes."""
    print(f"{'':14}{'trials':>8}{'read up s':>11}{'ms a trial':>12}{'most ms':>9}{'MB':>6}")
    for size in LARGE_SIZES:
        for name in methods:
            command = [sys.executable, __file__, "--large", name, str(size)]
            done = subprocess.run(command, check=True, capture_output=True)
            cost = json.loads(done.stdout)
            print(
                f"{name:14}{size:8,}{cost['first_s']:11.2f}{cost['ms']:12.2f}"
                f"{cost['most_ms']:9.1f}{cost['mb']:6.0f}"
            )


def large_cost(name: str, size: int) -> dict[str, float]:
    """Return what many trials cost in this process, which keeps them as a controller does.

    Returns:
        Seconds of the first proposal, for which all trials are read up; the mean and the most
        milliseconds of those after it, with telling; the most memory in MB.
    """
    searcher = method(name)
    state = searcher.start(Problem(space=SPACE, goals=[Goal(metric="loss")], seed=0))
    trials = [ended(number, params) for number, params in enumerate(history(SPACE, size, 1))]
    seen = {SPACE.key(trial.params) for trial in trials}
    begun = time.process_time()
    for trial in trials:
        state = searcher.observe(state, trial)
    searcher.propose(state, Request(first=size, count=1, seen=seen))
    first = time.process_time() - begun
    costs = []
    for number in range(size, size + LARGE_WINDOW):
        begun = time.process_time()
        (params,) = searcher.propose(state, Request(first=number, count=1, seen=seen))
        asked = time.process_time() - begun
        seen.add(SPACE.key(params))
        trials.append(ended(number, params))
        begun = time.process_time()
        state = searcher.observe(state, trials[-1])
        costs.append(asked + time.process_time() - begun)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {
        "first_s": first, "ms": statistics.fmean(costs) * 1e3, "most_ms": max(costs) * 1e3,
        "mb": memory,
    }  # fmt: skip


def main(names: list[str]) -> None:
    """Measure in turns and print the medians."""
    works: dict[str, Callable[[int, int], float]] = {
        "Optuna TPE": optuna_ms,
        "Optuna random": lambda size, seed: optuna_ms(size, seed, "RandomSampler"),
    }
    for name in names or [name for name in METHODS if name not in {"grid", "pbt"}]:
        works[name] = lambda size, seed, name=name: sonde_ms(name, size, seed)  # type: ignore[misc]
    found: dict[tuple[str, int], list[float]] = {}
    for seed in range(ROUNDS):
        for size in SIZES:
            for name, work in works.items():
                found.setdefault((name, size), []).append(work(size, seed))
    medians = {key: statistics.median(costs) for key, costs in found.items()}
    print(
        "ms CPU a trial" + "".join(f"{f'n={size:,}':>22}" for size in SIZES) + f"{'exponent':>12}"
    )
    for name in works:
        cells = [medians[name, size] for size in SIZES]
        peer = [medians["Optuna TPE", size] for size in SIZES]
        growth = math.log10(cells[2] / cells[1])
        row = "".join(f"{a:10.2f} ({b / a:7.1f} x)" for a, b in zip(cells, peer, strict=True))
        print(f"{name:14}{row}{growth:12.2f}")


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["models"]:
            models()
        case ["large"]:
            large()
        case ["--large", name, size]:
            print(json.dumps(large_cost(name, int(size))))
        case names:
            main(names)
