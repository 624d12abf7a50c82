"""Functions of which only noisy values are seen.

The noise is measured by the *level* of a function: what random search has left after some twenty
trials. Noise of one level therefore hides what there is to gain from then on.
"""

import math
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np

from problem import Member, Noise, Outcome, Params, Problem, Split
from problems.functions import Plan, landscape

__all__ = ["MEMBERS", "made_noisy"]


def made_noisy(problem: Problem, noise: Callable[[float, float], Noise]) -> Problem:
    """Return the problem with noise that knows its least value and its level."""
    assert problem.best is not None
    least = problem.true(problem.best).losses[0]
    random = np.random.default_rng(1)
    points = random.random((200, len(problem.space.dimensions))).tolist()
    found = [problem.true(problem.space.at(u)).losses[0] for u in points]
    level = float(np.quantile(found, 0.034)) - least
    return replace(problem, noise=noise(least, level))


def steady(share: float, least: float, level: float) -> Noise:
    """Normal, as strong everywhere."""

    def noise(outcome: Outcome, params: Params, random: np.random.Generator) -> Outcome:
        return Outcome((outcome.losses[0] + share * level * random.normal(),))

    return noise


def growing(share: float, least: float, level: float) -> Noise:
    """A factor: strong where the loss is high, and none at the least value."""

    def noise(outcome: Outcome, params: Params, random: np.random.Generator) -> Outcome:
        above = outcome.losses[0] - least
        return Outcome((least + above * math.exp(share * random.normal()),))

    return noise


def heavy(share: float, least: float, level: float) -> Noise:
    """Student's t with two degrees of freedom: now and then far off, either way."""

    def noise(outcome: Outcome, params: Params, random: np.random.Generator) -> Outcome:
        return Outcome((outcome.losses[0] + share * level * random.standard_t(2),))

    return noise


def accidents(share: float, least: float, level: float) -> Noise:
    """A little noise, but one trial in eight goes wrong and ends much worse."""

    def noise(outcome: Outcome, params: Params, random: np.random.Generator) -> Outcome:
        wrong = 5 * level * random.exponential() if random.random() < 1 / 8 else 0.0
        return Outcome((outcome.losses[0] + share * level * random.normal() + wrong,))

    return noise


def _make(
    plan: Plan, name: str, kind: Callable[[float, float, float], Noise], share: float, instance: int
) -> Problem:
    return made_noisy(landscape(plan, name, "noisy", instance), partial(kind, share))


_PLANS: tuple[tuple[Split, Plan, Callable[[float, float, float], Noise], float], ...] = (
    ("tune", Plan(shape="bowl", kinds="3f"), steady, 0.5),
    ("tune", Plan(shape="bowl", kinds="4f 2l"), steady, 1.5),
    ("tune", Plan(shape="valley", kinds="4f"), growing, 0.5),
    ("tune", Plan(shape="whirls", kinds="6f"), steady, 0.4),
    ("tune", Plan(shape="bowl", kinds="2l 2i 1c", turned=False), steady, 0.5),
    ("tune", Plan(shape="ellipsoid", kinds="5f"), heavy, 0.3),
    ("tune", Plan(shape="powers", kinds="3f 2j"), accidents, 0.1),
    ("tune", Plan(shape="whirls", kinds="10f"), growing, 0.3),
    ("tune", Plan(shape="sharp-ridge", kinds="8f"), growing, 0.3),
    ("tune", Plan(shape="hills", kinds="4i 2j", turned=False), steady, 1.0),
    ("tune", Plan(shape="powers", kinds="3i 2c", turned=False), steady, 1.0),
    ("tune", Plan(shape="steps", kinds="2i 2j 1c"), steady, 0.5),
    ("tune", Plan(shape="needle", kinds="5f"), steady, 0.5),
    ("tune", Plan(shape="ellipsoid", kinds="2l 2i", turned=False), growing, 1.0),
    ("tune", Plan(shape="folds", kinds="4i"), heavy, 0.5),
    ("judge", Plan(shape="bowl", kinds="5f"), steady, 0.8),
    ("judge", Plan(shape="valley", kinds="3f"), steady, 0.4),
    ("judge", Plan(shape="sector", kinds="6f"), growing, 0.7),
    ("judge", Plan(shape="folds", kinds="2f 1l 1i"), heavy, 0.3),
    ("judge", Plan(shape="bowl", kinds="3l 1j 2c"), steady, 0.6),
    ("judge", Plan(shape="needle", kinds="5f"), accidents, 0.2),
    ("judge", Plan(shape="hills", kinds="3f"), steady, 0.5),
)


def _name(plan: Plan, kind: Callable[[float, float, float], Noise], share: float) -> str:
    return f"{plan.shape}-{plan.kinds.replace(' ', '')}-{kind.__name__}-{share:g}"


MEMBERS = tuple(
    Member(
        name=_name(plan, kind, share),
        suite="noisy",
        split=split,
        make=partial(_make, plan, _name(plan, kind, share), kind, share),
    )
    for split, plan, kind, share in _PLANS
)
