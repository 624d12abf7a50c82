"""The shapes of test functions, each with its least value 0 at the origin and nowhere else.

They take a vector z of shape (d,) whose coordinates run over about ten units. Most are named
in Hansen et al., "Real-parameter black-box optimization benchmarking 2009", INRIA RR-6829;
the formulas are ours where ours are simpler.
"""

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

__all__ = ["SHAPES", "Shape", "Vector"]

Vector = npt.NDArray[np.float64]
Shape = Callable[[Vector], float]


def _ramp(d: int) -> Vector:
    return np.linspace(0, 1, d) if d > 1 else np.zeros(1)


def bowl(z: Vector) -> float:
    """The same in all directions."""
    return float(z @ z)


def ellipsoid(z: Vector) -> float:
    """Axes up to a thousand times as long as others."""
    return float(10.0 ** (6 * _ramp(len(z))) @ (z * z))


def cigar(z: Vector) -> float:
    """A long ridge whose floor is nearly flat."""
    return float(z[0] ** 2 + 1e4 * (z[1:] @ z[1:]))


def sharp_ridge(z: Vector) -> float:
    """A ridge with a kink."""
    return float(z[0] ** 2 + 30 * math.sqrt(z[1:] @ z[1:]))


def powers(z: Vector) -> float:
    """Flatter and flatter towards the least value, in each direction otherwise."""
    return float(math.sqrt((np.abs(z) ** (2 + 4 * _ramp(len(z)))).sum()))


def sector(z: Vector) -> float:
    """A hundred times steeper on one side of the least value than on the other."""
    s = np.where(z > 0, 10 * z, z)
    return float(math.pow(s @ s, 0.9))


def valley(z: Vector) -> float:
    """Rosenbrock's bent valley."""
    x = 1 + 0.4 * z
    return float((100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum())


def hills(z: Vector) -> float:
    """Rastrigin's: a bowl with a regular lot of pits."""
    x = 0.5 * z
    return float(5 * (len(z) - np.cos(2 * math.pi * x).sum()) + x @ x)


def needle(z: Vector) -> float:
    """Ackley's: far away it is nearly flat."""
    far = math.sqrt(z @ z / len(z))
    waves = float(np.cos(2 * math.pi * z).mean())
    return 20 * (1 - math.exp(-0.2 * far)) + math.exp(1) - math.exp(waves)


def ripples(z: Vector) -> float:
    """Griewank's: a bowl with shallow ripples that get regular in many dimensions."""
    x = 3 * z
    product = float(np.cos(x / np.sqrt(np.arange(1, len(z) + 1))).prod())
    return float(x @ x) / 400 + 1 - product


def steps(z: Vector) -> float:
    """Plateaus: a bowl that is seen in steps, with a slight slope near the middle."""
    x = np.where(np.abs(z) > 0.5, np.floor(0.5 + z), np.floor(0.5 + 10 * z) / 10)
    weights = 100 ** _ramp(len(z))
    return float(weights @ (x * x) + 1e-3 * math.sqrt(z @ z))


def whirls(z: Vector) -> float:
    """Schaffer's F7: waves that get faster towards the middle."""
    if len(z) == 1:
        z = np.repeat(z, 2)
    s = np.sqrt(z[:-1] ** 2 + z[1:] ** 2)
    inner = np.sqrt(s) * (1 + np.sin(50 * s**0.2) ** 2)
    return float(inner.mean() ** 2)


def funnels(z: Vector) -> float:
    """Two funnels, the wider one wrong, with pits in both: what is learnt early misleads."""
    d = len(z)
    wrong = 0.8 * float((z - 4) @ (z - 4)) + 2 * d
    waves = 2 * float(d - np.cos(2 * math.pi * z).sum())
    return min(float(z @ z) * 2, wrong) + waves


def folds(z: Vector) -> float:
    """Levy's: valleys across valleys."""
    w = 1 + 0.5 * z
    first = math.sin(math.pi * w[0]) ** 2
    last = (w[-1] - 1) ** 2 * (1 + math.sin(2 * math.pi * w[-1]) ** 2)
    middle = (w[:-1] - 1) ** 2 * (1 + 10 * np.sin(math.pi * w[:-1] + 1) ** 2)
    return float(first + middle.sum() + last)


def rugged(z: Vector) -> float:
    """Weierstrass': rough at every scale."""
    k = np.arange(8)
    a, b = 0.5**k, 2 * math.pi * 3.0**k
    x = z / 4
    terms = float((a * (1 - np.cos(b * x[:, None]))).sum()) / len(z)
    return 10 * terms**3 + 0.5 * float(z @ z) / len(z)


def peaks(z: Vector) -> float:
    """Twenty-one pits of various widths and depths, the deepest at the origin (Gallagher's)."""
    d = len(z)
    places, widths, depths = _pits(d)
    apart = ((z - places) ** 2).sum(1) / (2 * d * widths)
    return float((10 - (depths * np.exp(-apart)).max()) ** 2)


def _pits(d: int) -> tuple[Vector, Vector, Vector]:
    if d not in _PITS:
        random = np.random.default_rng(d)
        places = random.uniform(-6, 6, (21, d))
        places[0] = 0
        depths = np.concatenate([[10.0], np.linspace(1.1, 9.1, 20)])
        _PITS[d] = places, random.uniform(0.4, 2.5, 21), depths
    return _PITS[d]


_PITS: dict[int, tuple[Vector, Vector, Vector]] = {}

SHAPES: dict[str, Shape] = {
    shape.__name__.replace("_", "-"): shape
    for shape in (
        bowl, ellipsoid, cigar, sharp_ridge, powers, sector, valley, hills, needle, ripples,
        steps, whirls, funnels, folds, rugged, peaks,
    )
}  # fmt: skip
