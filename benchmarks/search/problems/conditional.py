"""Spaces in which some parameters exist only for some values of others.

Three forms: a choice of algorithm, each with parameters of its own beside those they share; options
that can be on or off; and a number of layers, each with its own parameters.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from problem import Member, Outcome, Params, Problem, Split, random_of
from problems.shapes import SHAPES
from sonde.core.distributions import Choice, Float, Int
from sonde.core.space import Space, space_of

__all__ = ["MEMBERS"]


def _number(random: np.random.Generator, when: str | None = None) -> Any:
    kind = random.integers(3)
    if kind == 0:
        return Float(float(random.uniform(-2, 0)), float(random.uniform(1, 5)), when=when)
    if kind == 1:
        return Float(10 ** float(random.uniform(-6, -3)), 1.0, log=True, when=when)
    return Int(1, int(random.integers(10, 100)), when=when)


def _seen(space: Space, params: Params) -> Mapping[str, float]:
    """The quantile of each parameter that exists."""
    return {
        p.name: p.distribution.quantile(params[p.name])
        for p in space.dimensions
        if p.name in params
    }


def algorithms(
    name: str, shapes: Sequence[str], shared: int, own: Sequence[int], instance: int
) -> Problem:
    """A choice of algorithm: the right one is not the one that is good at once.

    Args:
        shapes: One an algorithm.
        shared: How many parameters all have, each algorithm with another best value.
        own: How many parameters each one has for itself.
    """
    random = random_of(name, instance)
    words = [f"algorithm{i}" for i in range(len(shapes))]
    written: dict[str, Any] = {"algorithm": Choice(tuple(words))}
    written |= {f"shared{i}": _number(random) for i in range(shared)}
    for word, count in zip(words, own, strict=True):
        when = f"algorithm == '{word}'"
        written |= {f"{word}.p{i}": _number(random, when) for i in range(count)}
    space = space_of(written)
    right = int(random.integers(len(words)))
    costs = random.uniform(0.1, 0.6, len(words))
    costs[right] = 0
    goals: dict[str, dict[str, float]] = {}
    for word in words:
        point: list[float] = random.uniform(0.1, 0.9, len(space.dimensions)).tolist()
        point[0] = (words.index(word) + 0.5) / len(words)
        at = space.at(point)
        goals[word] = dict(_seen(space, at))
        if word == words[right]:
            best = at
    levels = {
        word: _level(shape, shared + count)
        for word, shape, count in zip(words, shapes, own, strict=True)
    }
    unit, zero = 10 ** random.uniform(-2, 2), random.normal() * 10

    def true(params: Params) -> Outcome:
        word = params["algorithm"]
        seen, goal = _seen(space, params), goals[word]
        z = np.array([10 * (u - goal[p]) for p, u in seen.items() if p != "algorithm"])
        place = words.index(word)
        found = SHAPES[shapes[place]](z) / levels[word] + costs[place]
        return Outcome((float(unit * found + zero),))

    return Problem(
        name=name, suite="conditional", instance=instance, space=space, true=true, best=best
    )


def options(name: str, count: int, own: int, instance: int) -> Problem:
    """Options that are off or on; about half are worth it, if their parameters are right."""
    random = random_of(name, instance)
    written: dict[str, Any] = {"rate": Float(1e-5, 1.0, log=True)}
    for i in range(count):
        written[f"option{i}"] = Choice((False, True))
        written |= {f"option{i}.p{j}": _number(random, f"option{i} == True") for j in range(own)}
    space = space_of(written)
    worth = random.uniform(0.2, 1.0, count) * random.choice([-1, 1], count)
    point = random.uniform(0.1, 0.9, len(space.dimensions)).tolist()
    flags = [
        place for place, p in enumerate(space.dimensions) if isinstance(p.distribution, Choice)
    ]
    everything = space.at([0.75 if place in flags else u for place, u in enumerate(point)])
    goal = _seen(space, everything)
    for place, value in zip(flags, worth, strict=True):
        point[place] = 0.75 if value > 0 else 0.25
    best = space.at(point)
    unit, zero = 10 ** random.uniform(-2, 2), random.normal() * 10

    def true(params: Params) -> Outcome:
        seen = _seen(space, params)
        found = 4 * (seen["rate"] - goal["rate"]) ** 2
        for i, value in enumerate(worth):
            if params[f"option{i}"]:
                apart = sum((seen[f"option{i}.p{j}"] - goal[f"option{i}.p{j}"]) ** 2
                            for j in range(own))  # fmt: skip
                found += 6 * apart - value
        return Outcome((float(unit * found + zero),))

    return Problem(
        name=name, suite="conditional", instance=instance, space=space, true=true, best=best
    )


def layers(name: str, most: int, own: int, instance: int) -> Problem:
    """A number of layers, each with a width and more; later layers matter less."""
    random = random_of(name, instance)
    written: dict[str, Any] = {"layers": Int(1, most), "rate": Float(1e-5, 1.0, log=True)}
    for i in range(1, most + 1):
        when = None if i == 1 else f"layers >= {i}"
        written[f"width{i}"] = Int(4, 512, log=True, when=when)
        written |= {f"extra{i}.{j}": _number(random, when) for j in range(own)}
    space = space_of(written)
    right = int(random.integers(2, most + 1))
    point = random.uniform(0.15, 0.85, len(space.dimensions)).tolist()
    goal = _seen(space, space.at([1.0, *point[1:]]))
    best = space.at([(right - 0.5) / most, *point[1:]])
    unit, zero = 10 ** random.uniform(-2, 2), random.normal() * 10

    def true(params: Params) -> Outcome:
        seen = _seen(space, params)
        depth = params["layers"]
        found = 0.15 * abs(depth - right) + 5 * (seen["rate"] - goal["rate"]) ** 2
        for place, (parameter, u) in enumerate(seen.items()):
            if parameter not in {"layers", "rate"}:
                found += 4 * (u - goal[parameter]) ** 2 * 0.8**place
        # Deep nets want small rates.
        found += 2 * max(0.0, seen["rate"] - goal["rate"]) * max(0, depth - right)
        return Outcome((float(unit * found + zero),))

    return Problem(
        name=name, suite="conditional", instance=instance, space=space, true=true, best=best
    )


def _level(shape: str, d: int) -> float:
    points = np.random.default_rng(0).uniform(-5, 5, (256, d))
    return float(np.quantile([SHAPES[shape](z) for z in points], 0.2)) or 1.0


def _member(name: str, split: Split, make: Any, *arguments: Any) -> Member:
    return Member(name=name, suite="conditional", split=split, make=partial(make, name, *arguments))


MEMBERS = (
    _member("two-algorithms", "tune", algorithms, ("bowl", "sector"), 2, (2, 3)),
    _member("four-algorithms", "tune", algorithms, ("bowl", "valley", "powers", "steps"), 1,
            (3, 2, 4, 2)),
    _member("eight-algorithms", "tune", algorithms, ("bowl", "powers") * 4, 0, (2, 1) * 4),
    _member("four-options", "tune", options, 4, 1),
    _member("four-layers", "tune", layers, 4, 1),
    _member("three-algorithms", "judge", algorithms, ("valley", "bowl", "sector"), 2, (1, 3, 2)),
    _member("five-algorithms", "judge", algorithms, ("powers", "bowl", "steps", "bowl", "sector"),
            1, (2, 3, 1, 4, 2)),
    _member("three-options", "judge", options, 3, 2),
    _member("six-layers", "judge", layers, 6, 0),
)  # fmt: skip
