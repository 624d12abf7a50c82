"""Is population based training worth it, beside random search with as many steps?

Three problems, many seeds. `toy` is that of the paper (arXiv:1711.09846, figure 2): two
parameters say how steeply a surrogate rises in each direction. `noise` needs a schedule: gradients
are noisy, so that a high learning rate is right at first, and a low one at the end. `digits` is
a small network on scikit-learn's digits (learning rate, momentum, weight decay). Random search
trains each of its assignments from the start to the end; both train as many steps in all, and
the best loss after any leg counts. Legs run `--workers` at once, in a made-up order of ends.

    .venv/bin/python benchmarks/pbt.py [--problems toy noise digits] [--seeds 10] [--population 8]
        [--legs 8] [--steps 4] [--workers 4] [--json]
"""

import argparse
import json
import math
import random
import statistics
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from sonde.core.search import method
from sonde.core.space import Space, space_of
from sonde.testing.methods import Search

Train = Callable[[Any, Mapping[str, Any], int], tuple[Any, float]]
TOY = space_of({"h0": "uniform(0, 1)", "h1": "uniform(0, 1)"})
NOISE = space_of({"lr": "loguniform(1e-3, 1)"})
DIGITS = space_of(
    {"lr": "loguniform(1e-4, 1)", "momentum": "uniform(0, .99)", "decay": "loguniform(1e-6, .1)"}
)


def toy(state: Any, params: Mapping[str, Any], steps: int) -> tuple[Any, float]:
    """Ascend the surrogate 1.2 - h0 t0^2 - h1 t1^2 from (.9, .9); the loss is t.t - 1.2."""
    t = [0.9, 0.9] if state is None else list(state)
    for _ in range(steps):
        t = [each - 0.02 * params[f"h{at}"] * each for at, each in enumerate(t)]
    return t, -(1.2 - sum(each * each for each in t))


class Noise:
    """A bowl of 20 dimensions, descended by gradients with noise of the size 1."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)

    def __call__(self, state: Any, params: Mapping[str, Any], steps: int) -> tuple[Any, float]:
        """Take steps from a distance of 100; the loss is the mean square."""
        t = np.full(20, 100.0) if state is None else state
        for _ in range(10 * steps):
            t = t - params["lr"] * (t + self.rng.normal(size=20))
        return t, float(np.mean(t * t))


class Digits:
    """The network, on one split; a state is its weights and their velocity."""

    def __init__(self, seed: int) -> None:
        from sklearn.datasets import load_digits
        from sklearn.model_selection import train_test_split

        images, digits = load_digits(return_X_y=True)
        self.x, self.x_val, self.y, self.y_val = train_test_split(
            images / 16, digits, random_state=seed, stratify=digits
        )
        self.rng = np.random.default_rng(seed)
        self.first = [self.rng.normal(scale=0.2, size=(64, n)) for n in (64, 10)]

    def __call__(self, state: Any, params: Mapping[str, Any], steps: int) -> tuple[Any, float]:
        """Train so many epochs."""
        weights, velocity = state or (self.first, [np.zeros_like(w) for w in self.first])
        weights, velocity = [w.copy() for w in weights], [v.copy() for v in velocity]
        with np.errstate(all="ignore"):  # a high rate diverges, and says so by its loss
            for _ in range(steps):
                self._epoch(weights, velocity, params)
            loss = float(-self._forward(self.x_val, weights)[1][
                np.arange(len(self.y_val)), self.y_val].mean())  # fmt: skip
        return (weights, velocity), loss if math.isfinite(loss) else math.inf

    def _epoch(self, weights: Any, velocity: Any, params: Mapping[str, Any]) -> None:
        order = self.rng.permutation(len(self.x))
        for start in range(0, len(order), 32):
            at = order[start : start + 32]
            h, log_p = self._forward(self.x[at], weights)
            dz = np.exp(log_p)
            dz[np.arange(len(at)), self.y[at]] -= 1
            dz /= len(at)
            dh = (dz @ weights[1].T) * (h > 0)
            for w, v, g in zip(weights, velocity, (self.x[at].T @ dh, h.T @ dz), strict=True):
                v *= params["momentum"]
                v -= params["lr"] * (g + params["decay"] * w)
                w += v

    @staticmethod
    def _forward(x: Any, weights: Any) -> tuple[Any, Any]:
        h = np.maximum(x @ weights[0], 0)
        z = h @ weights[1]
        z = z - z.max(axis=1, keepdims=True)
        return h, z - np.log(np.exp(z).sum(axis=1, keepdims=True))


def searched(
    name: str, space: Space, train: Train, trials: int, steps: int, workers: int, seed: int
) -> float:
    """Return the best loss."""
    search = Search(method(name), space, seed)
    chance = random.Random(seed)
    states: dict[int, Any] = {}
    losses: dict[int, float] = {}
    while len(search.history) < trials:
        room = min(workers, trials - len(search.params) + len(search.pending))
        for child in search.children(max(0, room - len(search.pending))):
            number = search.add(child.params, child.lineage)
            parent = None if child.lineage is None else child.lineage.parent
            begun = None if parent is None else states[parent]
            states[number], losses[number] = train(begun, child.params, steps)
        number = chance.choice(list(search.pending))
        search.end(number, loss=lambda _, at=number: losses[at])  # type: ignore[misc]
    return min(losses.values())


def _problem(name: str, seed: int) -> tuple[Space, Train]:
    if name == "toy":
        return TOY, toy
    return (NOISE, Noise(seed)) if name == "noise" else (DIGITS, Digits(seed))


def _whole(train: Train, legs: int) -> Train:
    """Return a training of all legs, whose loss is the best after any of them."""

    def trained(_: Any, params: Mapping[str, Any], steps: int) -> tuple[Any, float]:
        state, losses = None, []
        for _ in range(legs):
            state, loss = train(state, params, steps)
            losses.append(loss)
        return state, min(losses)

    return trained


def main() -> None:
    """Run all, and print a table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--problems", nargs="+", default=["toy", "noise", "digits"])
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--population", type=int, default=8)
    parser.add_argument("--legs", type=int, default=8)
    parser.add_argument("--steps", type=int, default=4, help="epochs, or tens of steps, a leg")
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found: dict[str, Any] = {}
    for problem in options.problems:
        pairs = []
        for seed in range(options.seeds):
            space, train = _problem(problem, seed)
            size, legs, steps = options.population, options.legs, options.steps
            pbt = searched(f"pbt(population={size})", space, train, size * legs, steps,
                           options.workers, seed)  # fmt: skip
            alone = searched("random", space, _whole(train, legs), size, steps,
                             options.workers, seed)  # fmt: skip
            pairs.append((pbt, alone))
        wins = sum(pbt < alone for pbt, alone in pairs)
        columns = list(zip(*pairs, strict=True))
        row = {
            "pbt": statistics.median(columns[0]),
            "random": statistics.median(columns[1]),
            "won": wins,
            "of": len(pairs),
            "pairs": pairs,
        }
        found[problem] = row
        if not options.json:
            print(f"{problem:<8} pbt {row['pbt']:.4f}  random {row['random']:.4f}  "
                  f"won {wins} of {len(pairs)}")  # fmt: skip
    if options.json:
        print(json.dumps(found))


if __name__ == "__main__":
    main()
