"""Two or three goals at once, with fronts that are known.

The first coordinates say where on the front a trial lies, the others how far from it; forms after
Zitzler et al., Evolutionary Computation 8(2), 2000 (ZDT) and Deb et al., CEC 2002 (DTLZ). The place
where the distance vanishes is drawn, so that it is neither 0 nor the middle.
"""

import math
from collections.abc import Callable
from functools import partial

import numpy as np

from problem import Member, Outcome, Params, Problem, Split, random_of
from problems.functions import space_for
from problems.shapes import Vector

__all__ = ["MEMBERS"]

# A form takes the place on the front, of shape (goals - 1,), and the distance from it.
Form = Callable[[Vector, float], tuple[float, ...]]


def convex(x: Vector, far: float) -> tuple[float, ...]:
    """ZDT1's front."""
    g = 1 + 9 * far
    return float(x[0]), g * (1 - math.sqrt(x[0] / g))


def concave(x: Vector, far: float) -> tuple[float, ...]:
    """ZDT2's front."""
    g = 1 + 9 * far
    return float(x[0]), g * (1 - (x[0] / g) ** 2)


def broken(x: Vector, far: float) -> tuple[float, ...]:
    """ZDT3's front, of five pieces."""
    g = 1 + 9 * far
    return float(x[0]), g * (1 - math.sqrt(x[0] / g) - x[0] / g * math.sin(10 * math.pi * x[0]))


def crowded(x: Vector, far: float) -> tuple[float, ...]:
    """ZDT6's front, of which one end is hard to reach."""
    first = 1 - math.exp(-4 * x[0]) * math.sin(6 * math.pi * x[0]) ** 6
    g = 1 + 9 * far**0.25
    return first, g * (1 - (first / g) ** 2)


def sphere(x: Vector, far: float) -> tuple[float, ...]:
    """DTLZ2's front: an eighth of a sphere."""
    a, b = x * math.pi / 2
    g = 1 + 3 * far
    return (
        g * math.cos(a) * math.cos(b),
        g * math.cos(a) * math.sin(b),
        g * math.sin(a),
    )


def _make(name: str, form: Form, kinds: str, goals: int, instance: int) -> Problem:
    random = random_of(name, instance)
    space = space_for(kinds, random)
    d, leads = len(space.dimensions), goals - 1
    best = random.uniform(0.15, 0.85, d)
    seen = np.asarray(space.quantiles(space.at(best.tolist())))
    flipped = random.random(leads) < 0.5
    units = 10 ** random.uniform(-1, 2, goals)
    zeros = random.normal(size=goals) * units

    def outcome(x: Vector, far: float) -> Outcome:
        values = np.array(form(x, far)) * units + zeros
        return Outcome(tuple(values.tolist()))

    def true(params: Params) -> Outcome:
        u = np.asarray(space.quantiles(params))
        x = np.where(flipped, 1 - u[:leads], u[:leads])
        return outcome(x, float(np.abs(u - seen)[leads:].mean()))

    sides = np.linspace(0, 1, 400 if goals == 2 else 18)
    places = np.stack(np.meshgrid(*[sides] * leads), axis=-1).reshape(-1, leads)
    front = tuple(outcome(x, 0.0).losses for x in places)
    return Problem(
        name=name, suite="several", instance=instance, space=space, true=true, goals=goals,
        front=front,
    )  # fmt: skip


def _member(split: Split, form: Form, kinds: str, goals: int = 2) -> Member:
    name = f"{form.__name__}-{kinds.replace(' ', '')}"
    return Member(
        name=name, suite="several", split=split, make=partial(_make, name, form, kinds, goals)
    )


MEMBERS = (
    _member("tune", convex, "6f"),
    _member("tune", concave, "1f 2l 2i"),
    _member("tune", sphere, "6f", 3),
    _member("judge", convex, "3f 3l"),
    _member("judge", broken, "5f"),
    _member("judge", crowded, "4f"),
    _member("judge", sphere, "3f 2l", 3),
)
