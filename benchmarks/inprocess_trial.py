"""What an in-process trial costs that does nothing: one parameter, no store on disk.

Optuna (random search, in memory) and sonde take turns; the medians of CPU microseconds a
trial are printed, with sonde's share of Optuna's. Run: python benchmarks/inprocess_trial.py
"""

import statistics
import time
from collections.abc import Callable

import sonde

TRIALS, ROUNDS = 2_000, 5


def sonde_trials(method: str) -> None:
    """Run the trials with sonde."""

    def nothing(x: float) -> float:
        return x

    space = {"x": sonde.Float(0, 1)}
    sweep = sonde.sweep(nothing, space, minimize="x", method=method, store="memory:")
    sweep.run(trials=TRIALS, progress=False)


def sonde_asked() -> None:
    """Ask and tell the trials with sonde."""
    space = {"x": sonde.Float(0, 1)}
    sweep = sonde.sweep(None, space, minimize="x", method="random", store="memory:")
    for _ in range(TRIALS):
        trial = sweep.ask()
        trial.tell(trial.params["x"])


def optuna_trials() -> None:
    """Run the trials with Optuna."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=TRIALS)


def optuna_asked() -> None:
    """Ask and tell the trials with Optuna."""
    import optuna

    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    for _ in range(TRIALS):
        trial = study.ask()
        study.tell(trial, trial.suggest_float("x", 0, 1))


def cpu_us(work: Callable[[], None]) -> float:
    """Return CPU microseconds a trial, all threads of this process counted."""
    begun = time.process_time()
    work()
    return (time.process_time() - begun) / TRIALS * 1e6


def main() -> None:
    """Measure in turns and print the medians."""
    pairs: dict[str, Callable[[], None]] = {
        "run, random": lambda: sonde_trials("random"),
        "run, quasirandom": lambda: sonde_trials("quasirandom"),
        "ask and tell, random": sonde_asked,
        "Optuna run, random": optuna_trials,
        "Optuna ask and tell, random": optuna_asked,
    }
    found: dict[str, list[float]] = {name: [] for name in pairs}
    for work in pairs.values():  # imports and caches
        cpu_us(work)
    for _ in range(ROUNDS):
        for name, work in pairs.items():
            found[name].append(cpu_us(work))
    medians = {name: statistics.median(costs) for name, costs in found.items()}
    for name, cost in medians.items():
        base = medians["Optuna ask and tell, random" if "ask" in name else "Optuna run, random"]
        print(f"{name:30}{cost:8.1f} us CPU a trial{cost / base:8.2f} of Optuna's")


if __name__ == "__main__":
    main()
