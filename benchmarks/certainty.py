"""How sure the best is: how often what is stated with a probability is so, and what could be known.

Sweeps with repeats are simulated: 5 to 50 assignments, 2 to 10 repeats, true values that differ by
nothing up to four times the noise of one trial, normal, in a bowl, some hopeless, or with noise
that differs from one to the other. What is stated of the best one is set beside how often it truly
is; where all are alike that is one in so many.

`--once` does it without repeats: 15 to 60 trials of one to four parameters, half of the sweeps with
every second trial near one place, of a bowl, waves or what a Gaussian process gave.
`--known` asks what could be stated at best: by one who knows the noise, that true values are
normal, and that they differ by one of these sizes, each as likely as the others.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sonde.core.certainty.means import draws_of_means
from sonde.core.certainty.surface import draws_of_losses
from sonde.core.distributions import Float
from sonde.core.space import space_of

Array = npt.NDArray[np.float64]

SIZES = (0.0, 0.15, 0.3, 0.5, 0.75, 1.0, 2.0, 4.0)  # of differences, in the noise of one trial
COUNTS, REPEATS = (5, 10, 20, 50), (2, 3, 5, 10)
SHAPES = ("normal", "bowl", "hopeless", "unlike noise")
SIZES_ONCE = (*SIZES, 10.0)
SURFACES = ("bowl", "waves", "process")
DRAWS = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """One simulated sweep: what was stated of its best, and what was so (a share of a tie)."""

    size: float
    shape: str
    stated: float
    was: float


def simulated(seed: int) -> Stated:
    """Simulate a sweep and judge it."""
    random = np.random.default_rng([7, seed])
    count, repeats = COUNTS[random.integers(4)], REPEATS[random.integers(4)]
    size, shape = SIZES[random.integers(len(SIZES))], SHAPES[random.integers(4)]
    truth = random.standard_normal(count)
    if shape == "bowl":
        truth = ((random.uniform(-1, 1, (count, 2)) ** 2).sum(axis=1) - 2 / 3) / 0.42
    if shape == "hopeless":
        truth = np.where(random.random(count) < 1 / 6, truth + 8, truth)
    noise = np.ones(count)
    if shape == "unlike noise":
        noise = np.exp(0.5 * random.standard_normal(count))
    results = size * truth[:, None] + noise[:, None] * random.standard_normal((count, repeats))
    best = int(results.mean(axis=1).argmin())
    was = float(best == truth.argmin()) if size else 1 / count
    return Stated(size=size, shape=shape, stated=stated(results, best, seed), was=was)


def simulated_once(seed: int) -> Stated:
    """Simulate a sweep without repeats and judge it."""
    random = np.random.default_rng([9, seed])
    count, d = int(random.choice([15, 30, 60])), int(random.choice([1, 2, 4]))
    size, shape = SIZES_ONCE[random.integers(len(SIZES_ONCE))], SURFACES[random.integers(3)]
    points, is_near = random.random((count, d)), random.random() < 0.5
    centre = random.random(d)
    if is_near:
        near = random.random((count, 1)) < 0.5
        about = centre + 0.12 * random.standard_normal((count, d))
        points = np.where(near, about.clip(0, 1), points)
    squares = (points - centre) ** 2
    if shape == "bowl":
        truth = squares @ np.geomspace(1, 0.2, d)
    elif shape == "waves":
        truth = squares.sum(axis=1) - 0.3 * np.cos(2 * np.pi * (points - centre)).sum(axis=1)
    else:
        apart = ((points[:, None] - points[None]) ** 2).sum(axis=2)
        covariance = np.exp(-apart / (2 * 0.35**2 * d)) + 1e-9 * np.eye(count)
        truth = np.linalg.cholesky(covariance) @ random.standard_normal(count)
    truth = size * (truth - truth.mean()) / truth.std()
    losses = truth + random.standard_normal(count)
    best = int(losses.argmin())
    space = space_of({f"x{i}": Float(0, 1) for i in range(d)})
    params = [{f"x{i}": x for i, x in enumerate(point)} for point in points.tolist()]
    drawn = draws_of_losses(space, list(zip(params, losses.tolist(), strict=True)), seed)
    assert not isinstance(drawn, str)
    draws, places = drawn
    p = float((draws.argmin(axis=1) == places.index(best)).mean())
    was = float(best == truth.argmin()) if size else 1 / count
    return Stated(size=size, shape=shape, stated=p, was=was)


def stated(results: Array, best: int, seed: int) -> float:
    """Return how probable sonde says it is that this one is truly the best."""
    drawn = draws_of_means(results.tolist(), seed)
    assert not isinstance(drawn, str)
    draws, places = drawn
    return float((draws.argmin(axis=1) == places.index(best)).mean())


def known(means: Array, repeats: int, random: np.random.Generator) -> float:
    """Return what one says of the lowest mean who knows all but the size of the differences."""
    count, sizes = len(means), np.array(SIZES)
    variance = sizes**2 + 1 / repeats
    squares = float(((means - means.mean()) ** 2).sum())
    log = -0.5 * (count - 1) * np.log(variance) - 0.5 * squares / variance
    weights = np.exp(log - log.max())
    found = 0.0
    for weight, size, v in zip(weights / weights.sum(), sizes, variance, strict=True):
        share = size**2 / v
        middle = means.mean() + np.sqrt(v / count) * random.standard_normal((DRAWS, 1))
        draws = middle + share * (means - middle)
        draws += np.sqrt(share / repeats) * random.standard_normal((DRAWS, count))
        p = (draws.argmin(axis=1) == means.argmin()).mean() if size else 1 / count
        found += float(weight * p)
    return found


def row(name: str, found: Sequence[Stated]) -> str:
    """Return a line of the table."""
    p, was = np.mean([one.stated for one in found]), np.mean([one.was for one in found])
    return f"{name:>14} {len(found):7} {p:8.2f} {was:6.2f}"


def calibration(found: Sequence[Stated]) -> None:
    """Print what is stated beside what is so."""
    parts = {"all": list(found)}
    for tenth in range(10):
        of_tenth = [one for one in found if min(int(one.stated * 10), 9) == tenth]
        parts[f"{tenth / 10:.1f} to {(tenth + 1) / 10:.1f}"] = of_tenth
    parts |= {
        f"differ by {size:g}": [one for one in found if one.size == size] for size in SIZES_ONCE
    }
    parts |= {
        shape: [one for one in found if one.shape == shape] for shape in (*SHAPES, *SURFACES[1:])
    }
    print(f"{'':>14} {'sweeps':>7} {'stated':>8} {'true':>6}")
    for name, part in parts.items():
        if part:
            print(row(name, part))


def at_best(count: int, repeats: int, sweeps: int) -> None:
    """Print for each size what is so, what sonde states and what could be stated at best."""
    random = np.random.default_rng(11)
    print(f"{count} assignments, {repeats} repeats, true values normal")
    print(f"{'differ by':>14} {'true':>6} {'stated':>8} {'all known':>10}")
    for size in SIZES:
        truth = size * random.standard_normal((20_000, count))
        means = truth + random.standard_normal(truth.shape) / np.sqrt(repeats)
        was = (truth.argmin(axis=1) == means.argmin(axis=1)).mean() if size else 1 / count
        said, could = [], []
        for seed in range(sweeps):
            truth = size * random.standard_normal(count)
            results = truth[:, None] + random.standard_normal((count, repeats))
            means = results.mean(axis=1)
            said.append(stated(results, int(means.argmin()), seed))
            could.append(known(means, repeats, random))
        print(f"{size:14g} {was:6.2f} {np.mean(said):8.2f} {np.mean(could):10.2f}", flush=True)


def main() -> None:
    """Print the one table or the other."""
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    words.add_argument("--sweeps", type=int, default=900)
    words.add_argument("--once", action="store_true", help="without repeats")
    words.add_argument("--known", action="store_true", help="what could be stated at best")
    words.add_argument("--assignments", type=int, default=10)
    words.add_argument("--repeats", type=int, default=3)
    given = words.parse_args()
    if given.known:
        at_best(given.assignments, given.repeats, given.sweeps)
    else:
        simulate = simulated_once if given.once else simulated
        calibration([simulate(seed) for seed in range(given.sweeps)])


if __name__ == "__main__":
    main()
