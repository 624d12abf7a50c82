"""The units of regret of all problems, kept in `reference.json`.

    python benchmarks/search/reference.py [NAME...]       # what is missing, or these anew
    python benchmarks/search/reference.py --lower DIR...  # by what runs have found that is better

For each instance: the best score that is known and the median score of random search after 20
trials, from 2,000 random points (250 where a trial takes milliseconds). Where construction does
not tell the best, the best of those points is improved by small changes. Instances that are not
kept, such as those of the sixth seed, are worked out when they are asked for, if the best is known
by construction.
"""

import json
import sys
from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from problem import Member, Outcome, Params, Problem
from problems import members
from score import Reference, curve, front_of, usual_score, volume

__all__ = ["KEPT", "measure", "reference"]

KEPT = Path(__file__).parent / "reference.json"
SEEDS = 5  # so many instances are kept
PARENTS = 20
EFFORT = {False: (2_000, 100), True: (250, 4)}  # is it slow: random points, rounds of changes


@cache
def reference(name: str, seed: int) -> Reference:
    """Return the unit of the problem that the run of a seed has to solve.

    Raises:
        LookupError: If it is not kept and takes too long to find on the way.
    """
    member = members()[name]
    kept = _kept().get(name, {}).get(str(seed if member.moves else 0))
    if kept:
        return Reference(
            best=kept["best"], usual=kept["usual"], corner=tuple(kept.get("corner", ()))
        )
    problem = member.instance(seed)
    if problem.best is None and not problem.front:
        raise LookupError(f"{name}: no reference for seed {seed}; run reference.py {name}")
    return measure(problem)[0]


def known_best(name: str, seed: int) -> Params | None:
    """Return the parameters of the best that is known, where they are kept."""
    member = members()[name]
    found: Params | None = _kept().get(name, {}).get(str(seed if member.moves else 0), {}).get("at")
    return found


@cache
def _kept() -> dict[str, Any]:
    if not KEPT.exists():
        return {}
    found: dict[str, Any] = json.loads(KEPT.read_text(encoding="utf-8"))
    return found


def measure(problem: Problem, *, is_slow: bool = False) -> tuple[Reference, Params | None]:
    """Work out a unit, and where the best lies unless construction tells."""
    count, rounds = EFFORT[is_slow]
    random = np.random.default_rng(20)
    points = random.random((count, len(problem.space.dimensions))).tolist()
    pool = [problem.space.at(u) for u in points]
    outcomes = [problem.true(params) for params in pool]
    if problem.goals > 1:
        return _of_front(problem, outcomes), None
    usual = usual_score(outcomes)
    if problem.best is not None:
        return Reference(best=problem.true(problem.best).losses[0], usual=usual), None
    at, best = _improved(problem, points, outcomes, random, rounds)
    return Reference(best=best, usual=usual), at


def _of_front(problem: Problem, outcomes: list[Outcome]) -> Reference:
    losses = np.array([outcome.losses for outcome in outcomes if outcome.is_feasible])
    corner = tuple(float(v) for v in np.quantile(losses, 0.9, axis=0))
    front: Iterable[tuple[float, ...]] = problem.front or _evolved(problem, len(outcomes))
    best = -volume(front_of([*front, *(tuple(v) for v in losses.tolist())]), corner)
    return Reference(best=best, usual=usual_score(outcomes, corner), corner=corner)


def _evolved(problem: Problem, trials: int) -> list[tuple[float, ...]]:
    from runs import perform

    # The search sees no noise: this is about what there is to find.
    quiet = replace(problem, noise=None)
    run = perform(quiet, "", "evolution", seed=0, trials=trials)
    return [outcome.losses for outcome in run.outcomes()[1] if outcome.is_feasible]


def _improved(
    problem: Problem,
    points: list[list[float]],
    outcomes: list[Outcome],
    random: np.random.Generator,
    rounds: int,
) -> tuple[Params, float]:
    """Change the best points by less and less, a few coordinates at a time."""

    def value(outcome: Outcome) -> float:
        return outcome.losses[0] if outcome.is_feasible else np.inf

    found = sorted(zip(map(value, outcomes), points, strict=True))[:PARENTS]
    for step in range(rounds):
        children = []
        spread = 0.3 * 0.002 ** (step / rounds)
        for _, parent in found:
            child = np.array(parent)
            changed = random.random(len(child)) < max(0.4, 1 / len(child))
            child = child + changed * random.normal(0, spread, len(child))
            point = np.clip(child, 0, 1).tolist()
            children.append((value(problem.true(problem.space.at(point))), point))
        found = sorted(found + children)[:PARENTS]
    return problem.space.at(found[0][1]), found[0][0]


def entries(member: Member) -> dict[str, Any]:
    """Return what is kept of a member."""
    found: dict[str, Any] = {}
    for seed in range(SEEDS if member.moves else 1):
        unit, at = measure(member.instance(seed), is_slow=member.slow)
        found[str(seed)] = {"best": unit.best, "usual": unit.usual}
        if unit.corner:
            found[str(seed)]["corner"] = list(unit.corner)
        if at is not None:
            found[str(seed)]["at"] = dict(at)
    return found


def lower(folders: list[str]) -> None:
    """Take over what runs have found that beats the best known, where construction does not tell.

    The parameters are not kept with runs, so those of the former best are dropped.
    """
    from runs import kept as runs_in

    units = _kept()
    for run in (run for folder in folders for run in runs_in(Path(folder))):
        member = members()[run.problem]
        entry = units.get(run.problem, {}).get(str(run.seed if member.moves else 0))
        if entry is None or member.instance(run.seed).best is not None:
            continue
        score = curve(*run.outcomes(), entry.get("corner", ()))[-1]
        if score < entry["best"]:
            print(f"{run.problem}: {entry['best']:.9g} -> {score:.9g}, {run.method}")
            entry["best"] = score
            entry.pop("at", None)
    _write(units)


def _write(units: dict[str, Any]) -> None:
    lines = ",\n".join(f"{json.dumps(key)}: {json.dumps(units[key])}" for key in sorted(units))
    KEPT.write_text(f"{{\n{lines}\n}}\n", encoding="utf-8")


def main(names: list[str]) -> None:
    """Work out what is missing, or what is named."""
    if names[:1] == ["--lower"]:
        lower(names[1:])
        return
    kept = {name: known for name, known in _kept().items() if name in members()}
    for name, member in members().items():
        if name in names or (not names and name not in kept):
            kept[name] = entries(member)
            print(name, kept[name]["0"], flush=True)
            _write(kept)


if __name__ == "__main__":
    main(sys.argv[1:])
