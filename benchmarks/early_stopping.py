"""How many epochs does early stopping save, and is the best trial found as good?

The network of examples/digits, trained in this process: 27 epochs a trial, four parameters
(learning rate, momentum, hidden units, batch size), the validation loss of the last epoch. Every
rule gets the same seeds and as many trials; trials run one after the other. `regret` is by how
much the best loss lies above the least that any run here has found. `saved` compares when the best
of the rule was found with when the search without a rule had found one as good, both in epochs
that were trained until then (all of them, where it never did). Medians over the seeds; `worst` is
the least saving of any seed.

Run: python benchmarks/early_stopping.py [--seeds 10] [--trials 40] [--methods random bayes]
"""

import argparse
import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

import sonde

EPOCHS = 27
RULES = (
    None,
    "asha",
    "asha(min_steps=3)",
    "hyperband(min_iter=3)",
    "hyperband(max_iter=27, s=2)",
    "median",
)
SPACE = {
    "lr": sonde.Float(1e-4, 1, log=True),
    "momentum": sonde.Float(0, 0.99),
    "hidden": sonde.Int(8, 128, log=True),
    "batch": sonde.Int(16, 256, log=True),
}


@cache
def digits() -> Any:
    """The data of the example, split as there."""
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    images, numbers = load_digits(return_X_y=True)
    return train_test_split(images / 16, numbers, random_state=0, stratify=numbers)


trained: dict[tuple[Any, ...], tuple[list[float], Iterator[float]]] = {}


def curve(**params: Any) -> Iterator[float]:
    """Yield the validation loss after each epoch; what was trained once is remembered."""
    known, more = trained.setdefault(tuple(params.values()), ([], training(**params)))
    for epoch in range(EPOCHS):
        if epoch == len(known):
            known.append(next(more))
        yield known[epoch]


def training(lr: float, momentum: float, hidden: int, batch: int) -> Iterator[float]:
    """Train the network; yield its validation loss after each epoch."""
    x, x_val, y, y_val = digits()
    rng = np.random.default_rng(0)
    weights = [
        rng.normal(scale=np.sqrt(2 / 64), size=(64, hidden)),
        np.zeros(hidden),
        rng.normal(scale=np.sqrt(2 / hidden), size=(hidden, 10)),
        np.zeros(10),
    ]
    velocity = [np.zeros_like(w) for w in weights]

    def forward(x: Any) -> Any:
        h = np.maximum(x @ weights[0] + weights[1], 0)
        z = h @ weights[2] + weights[3]
        z = z - z.max(axis=1, keepdims=True)
        return h, z - np.log(np.exp(z).sum(axis=1, keepdims=True))

    with np.errstate(all="ignore"):  # some rates diverge, which is what is to be found
        for _ in range(EPOCHS):
            order = rng.permutation(len(x))
            for start in range(0, len(x), batch):
                rows = order[start : start + batch]
                h, log_p = forward(x[rows])
                dz = np.exp(log_p)
                dz[np.arange(len(rows)), y[rows]] -= 1
                dz /= len(rows)
                dh = (dz @ weights[2].T) * (h > 0)
                gradients = (x[rows].T @ dh, dh.sum(axis=0), h.T @ dz, dz.sum(axis=0))
                for w, v, g in zip(weights, velocity, gradients, strict=True):
                    v *= momentum
                    v -= lr * g
                    w += v
            yield float(-forward(x_val)[1][np.arange(len(y_val)), y_val].mean())


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One sweep: the best loss of trials that ran to their end after so many epochs in all."""

    epochs: int
    best: float
    path: list[tuple[int, float]]


def run(method: str, rule: str | None, seed: int, trials: int) -> Run:
    """Run a sweep."""
    used, best = 0, float("inf")
    path: list[tuple[int, float]] = []

    def train(**params: Any) -> None:
        nonlocal used, best
        loss = float("inf")
        for loss in curve(**params):
            used += 1
            sonde.log(val_loss=loss)
        if loss < best:
            best = loss
            path.append((used, best))

    sweep = sonde.sweep(
        train, SPACE, minimize="val_loss", method=method, seed=seed, stop=rule, store="memory:"
    )
    sweep.run(trials=trials, workers=0, progress=False)
    assert sweep.best.value == best
    return Run(epochs=used, best=best, path=path)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--trials", type=int, default=40)
    parser.add_argument("--methods", nargs="+", default=["random", "bayes"])
    given = parser.parse_args()
    runs = {
        (method, rule, seed): run(method, rule, seed, given.trials)
        for method in given.methods
        for rule in RULES
        for seed in range(given.seeds)
    }
    least = min(one.best for one in runs.values())
    print("| method | rule | epochs | regret | saved at equal best | worst |")
    print("|---|---|---|---|---|---|")
    for method in given.methods:
        for rule in RULES:
            found = [runs[method, rule, seed] for seed in range(given.seeds)]
            saved = []
            for seed, one in enumerate(found):
                plain = runs[method, None, seed]
                equal = next((at for at, loss in plain.path if loss <= one.best), plain.epochs)
                saved.append(1 - one.path[-1][0] / equal)
            cells = [
                method,
                rule or "none",
                f"{statistics.median(one.epochs for one in found):.0f}",
                f"{statistics.median(one.best for one in found) - least:.4f}",
                f"{statistics.median(saved):.0%}" if rule else "",
                f"{min(saved):.0%}" if rule else "",
            ]
            print(f"| {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
