"""Functions whose best place may not be used: a trial counts only within limits.

Each limit is a smooth function of the parameters of which a given share of the space is within.
"""

from dataclasses import replace
from functools import partial

import numpy as np

from problem import Member, Outcome, Params, Problem, Split, random_of
from problems.functions import Plan, landscape

__all__ = ["MEMBERS"]


def _make(name: str, plan: Plan, shares: tuple[float, ...], instance: int) -> Problem:
    free = landscape(plan, name, "constrained", instance)
    random = random_of(f"{name} limits", instance)
    d = len(free.space.dimensions)
    # Half of each limit is a plane, half a ball about a place that is not the best.
    planes = random.normal(size=(len(shares), d))
    centres = random.uniform(0.2, 0.8, (len(shares), d))
    scales = 10 ** random.uniform(-1, 2, len(shares))

    def raw(params: Params) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        u = np.asarray(free.space.quantiles(params))
        found: np.ndarray[tuple[int], np.dtype[np.float64]] = planes @ u + 2 * (
            (u - centres) ** 2
        ).sum(axis=1)
        return found

    points = np.random.default_rng(2).random((1_000, d)).tolist()
    sample = np.array([raw(free.space.at(u)) for u in points])
    # The share of all limits together: one after the other takes its part of what is left.
    bounds = np.zeros(len(shares))
    left = np.ones(len(sample), dtype=bool)
    for i, share in enumerate(shares):
        bounds[i] = np.quantile(sample[left, i], share)
        left &= sample[:, i] <= bounds[i]

    def true(params: Params) -> Outcome:
        limits = (raw(params) - bounds) * scales
        return Outcome(free.true(params).losses, tuple(limits.tolist()))

    return replace(free, true=true, limits=len(shares), best=None)


_PLANS: tuple[tuple[Split, Plan, tuple[float, ...]], ...] = (
    ("tune", Plan(shape="bowl", kinds="4f"), (0.3,)),
    ("tune", Plan(shape="valley", kinds="3f 1l"), (0.5,)),
    ("tune", Plan(shape="hills", kinds="3f"), (0.3, 0.5)),
    ("tune", Plan(shape="bowl", kinds="2f 2i 1c", turned=False), (0.1,)),
    ("judge", Plan(shape="ellipsoid", kinds="5f"), (0.4,)),
    ("judge", Plan(shape="sector", kinds="3f 2l"), (0.25, 0.25)),
    ("judge", Plan(shape="powers", kinds="6f"), (0.08,)),
    ("judge", Plan(shape="folds", kinds="2l 1j 1c"), (0.2,)),
)


def _name(plan: Plan, shares: tuple[float, ...]) -> str:
    return f"{plan.shape}-{plan.kinds.replace(' ', '')}-within-{np.prod(shares):.2g}"


MEMBERS = tuple(
    Member(
        name=_name(plan, shares),
        suite="constrained",
        split=split,
        make=partial(_make, _name(plan, shares), plan, shares),
    )
    for split, plan, shares in _PLANS
)
