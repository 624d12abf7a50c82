"""Functions of numbers, whole numbers and categories, made anew by every instance.

The place of the least value, the turn of the axes, the bounds that the parameters are given and
the unit and zero of the loss are drawn. A space is written as in `"3f 2l 2i 1j 2c"`: so many
floats, floats on a log scale, ints, ints on a log scale, and choices.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from problem import Member, Outcome, Params, Problem, Split, random_of
from problems.shapes import SHAPES, Vector
from sonde.core.distributions import Choice, Float, Int
from sonde.core.space import Space, space_of

__all__ = ["MEMBERS", "Plan", "landscape", "space_for"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How to draw a function.

    Attributes:
        shape: One of `SHAPES`.
        kinds: The parameters, as in the docstring of this module.
        turned: Whether axes are turned, and so parameters depend on each other.
        idle: So many numbers, the last ones, do nothing.
        at_edge: Share of numbers that are best at a bound.
        bent: The power to which quantiles are raised first: what is declared is not the scale
            on which the loss is smooth.
    """

    shape: str
    kinds: str
    turned: bool = True
    idle: int = 0
    at_edge: float = 0.0
    bent: float = 1.0


def space_for(kinds: str, random: np.random.Generator) -> Space:
    """Return a space with names, bounds and values of no meaning."""
    written: dict[str, Any] = {}
    for word in kinds.split():
        for _ in range(int(word[:-1])):
            low, width = random.uniform(-3, 3), 10 ** random.uniform(-1, 2)
            small, large = 10 ** random.uniform(-6, -2), 10 ** random.uniform(1, 4)
            counts = int(random.integers(6, 60)), int(random.integers(64, 2_000))
            drawn: dict[str, Any] = {
                "f": Float(low, low + width),
                "l": Float(small, small * large * 10, log=True),
                "i": Int(1, counts[0]),
                "j": Int(1, counts[1], log=True),
                "c": Choice(tuple(f"v{i}" for i in range(int(random.integers(2, 6))))),
            }
            written[f"{word[-1]}{len(written)}"] = drawn[word[-1]]
    return space_of(written)


def landscape(plan: Plan, name: str, suite: str, instance: int) -> Problem:
    """Return the problem of an instance; its least value is known."""
    random = random_of(name, instance)
    space = space_for(plan.kinds, random)
    listed = [isinstance(p.distribution, Choice) for p in space.dimensions]
    numbers = np.array([i for i, is_listed in enumerate(listed) if not is_listed])
    choices = [i for i, is_listed in enumerate(listed) if is_listed]
    goal = random.uniform(0.12, 0.88, len(listed))
    goal[numbers] = np.where(
        random.random(len(numbers)) < plan.at_edge,
        np.round(random.random(len(numbers))),
        goal[numbers],
    )
    best = space.at([float(u) for u in goal])
    at_best = _seen(space, best, plan.bent)
    used = len(numbers) - plan.idle
    turn = _turn(used, random) if plan.turned else np.eye(used)
    unit, zero = 10 ** random.uniform(-2, 3), random.normal() * 10 ** random.uniform(-1, 3)
    # A choice costs something, and moves the place of the best numbers a little.
    costs = [_costs(space, i, best, random) for i in choices]
    moves = [random.normal(0, 0.6, (len(cost), used)) for cost in costs]
    shape = SHAPES[plan.shape]
    level = _level(plan, used, turn)
    positions = [{value: n for n, value in enumerate(_values(space, i))} for i in choices]

    def true(params: Params) -> Outcome:
        z = 10 * (_seen(space, params, plan.bent) - at_best)[numbers][:used]
        extra = 0.0
        for place, cost, move, index in zip(choices, costs, moves, positions, strict=True):
            picked = index[params[space.dimensions[place].name]]
            extra += cost[picked]
            if cost[picked]:
                z = z + move[picked]
        return Outcome((unit * (shape(turn @ z) / level + extra) + zero,))

    return Problem(name=name, suite=suite, instance=instance, space=space, true=true, best=best)


def _seen(space: Space, params: Params, bent: float) -> Vector:
    """The point as the shape sees it."""
    return np.asarray(space.quantiles(params)) ** bent


def _values(space: Space, place: int) -> tuple[Any, ...]:
    distribution = space.dimensions[place].distribution
    assert isinstance(distribution, Choice)
    return tuple(distribution.values)


def _costs(space: Space, place: int, best: Params, random: np.random.Generator) -> list[float]:
    values = _values(space, place)
    drawn = random.uniform(0.15, 1.0, len(values))
    picked = best[space.dimensions[place].name]
    return [0.0 if value == picked else float(c) for value, c in zip(values, drawn, strict=True)]


def _turn(d: int, random: np.random.Generator) -> Vector:
    q, r = np.linalg.qr(random.normal(size=(d, d)))
    turned: Vector = q * np.sign(np.diag(r))
    return turned


def _level(plan: Plan, used: int, turn: Vector) -> float:
    """A low value of the shape, so that choices weigh as much as numbers do."""
    points = np.random.default_rng(0).uniform(-5, 5, (256, used))
    return float(np.quantile([SHAPES[plan.shape](turn @ z) for z in points], 0.1)) or 1.0


def _plans() -> Iterator[tuple[Split, Plan]]:
    """Every other shape and size is for judging."""
    tune: Split = "tune"
    judge: Split = "judge"
    yield tune, Plan(shape="bowl", kinds="5f", at_edge=0.4)
    yield judge, Plan(shape="bowl", kinds="8f 2l", at_edge=0.3)
    yield tune, Plan(shape="ellipsoid", kinds="10f")
    yield judge, Plan(shape="ellipsoid", kinds="6f", turned=False)
    yield judge, Plan(shape="cigar", kinds="8f")
    yield tune, Plan(shape="sharp-ridge", kinds="6f")
    yield judge, Plan(shape="sharp-ridge", kinds="12f")
    yield tune, Plan(shape="powers", kinds="5f 3l")
    yield tune, Plan(shape="sector", kinds="8f")
    yield judge, Plan(shape="sector", kinds="4f 1l")
    yield tune, Plan(shape="valley", kinds="2f", turned=False)
    yield tune, Plan(shape="valley", kinds="5f")
    yield judge, Plan(shape="valley", kinds="4f 1l")
    yield judge, Plan(shape="valley", kinds="10f")
    yield tune, Plan(shape="hills", kinds="3f", turned=False)
    yield judge, Plan(shape="hills", kinds="5f")
    yield tune, Plan(shape="needle", kinds="4f")
    yield judge, Plan(shape="needle", kinds="9f")
    yield tune, Plan(shape="ripples", kinds="6f")
    yield tune, Plan(shape="steps", kinds="5f")
    yield judge, Plan(shape="steps", kinds="3f 2i")
    yield tune, Plan(shape="whirls", kinds="8f")
    yield judge, Plan(shape="whirls", kinds="4f")
    yield tune, Plan(shape="funnels", kinds="4f", turned=False)
    yield judge, Plan(shape="funnels", kinds="6f")
    yield judge, Plan(shape="folds", kinds="4f 2l")
    yield tune, Plan(shape="folds", kinds="3f")
    yield tune, Plan(shape="rugged", kinds="4f")
    yield tune, Plan(shape="peaks", kinds="2f")
    yield judge, Plan(shape="peaks", kinds="4f")
    yield tune, Plan(shape="bowl", kinds="20f", idle=15)
    yield judge, Plan(shape="valley", kinds="16f", idle=12, turned=False)
    yield tune, Plan(shape="ellipsoid", kinds="20f", turned=False)
    yield judge, Plan(shape="powers", kinds="20f")
    yield tune, Plan(shape="bowl", kinds="2f 2l 2i 2c", turned=False)
    yield judge, Plan(shape="bowl", kinds="2f 3l 2j 3c")
    yield tune, Plan(shape="hills", kinds="1l 1i 3c", turned=False)
    yield judge, Plan(shape="folds", kinds="3l 1i 1j 2c")
    yield tune, Plan(shape="valley", kinds="2i 2j")
    yield judge, Plan(shape="ellipsoid", kinds="4i 2c", turned=False)
    yield tune, Plan(shape="bowl", kinds="5f 1c", bent=0.15)
    yield judge, Plan(shape="powers", kinds="4f 1j", bent=0.2)
    yield tune, Plan(shape="bowl", kinds="1f 6c")
    yield judge, Plan(shape="sector", kinds="1l 1j 4c", turned=False)


def _name(plan: Plan) -> str:
    extras = [word for word, given in (("idle", plan.idle), ("bent", plan.bent != 1)) if given]
    return "-".join([plan.shape, plan.kinds.replace(" ", ""), *extras])


MEMBERS = tuple(
    Member(
        name=_name(plan),
        suite="functions",
        split=split,
        make=partial(landscape, plan, _name(plan), "functions"),
    )
    for split, plan in _plans()
)
