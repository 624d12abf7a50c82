"""What earlier sweeps taught, in the terms of a new one.

When a sweep is made that learns from an earlier one, up to 200 of the trials of that one are
taken down (`taught`): the best hundred and, of the others, some from good to bad. The text
is kept in a blob of the store, so that the sweep stays what it was made as, whatever becomes
of the earlier one. `lesson_of` reads it.

Parameters are matched by name. A trial counts where all its values that the new space knows
of are in that space. A parameter none of whose earlier values fits (its bounds lie elsewhere,
it was text and is a number now, it is new) is as unknown to the lesson as one that the
earlier sweep did not have: models leave it out, and points to try take its guess or middle.
"""

import json
import math
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sonde.core.constraint import excesses
from sonde.core.distributions.values import Params, Value
from sonde.core.dominance import layers
from sonde.core.space import Space
from sonde.core.sweep import Sweep
from sonde.core.trial import Trial, losses
from sonde.errors import ConfigError

__all__ = ["Lesson", "lesson_of", "taught"]

FORMAT = 1
_MOST, _BEST, _MOST_LAYERED = 200, 100, 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """The results of one earlier sweep.

    Attributes:
        name: That sweep's, for people.
        results: Assignments, of which some parameters may be missing, with their losses,
            one a goal of the new sweep, in the order of their trials.
        unknown: Parameters of the new space of which nothing is known.
    """

    name: str
    results: Sequence[tuple[Mapping[str, Value], tuple[float, ...]]]
    unknown: frozenset[str] = frozenset()

    def best_first(self) -> list[Mapping[str, Value]]:
        """Return the assignments, best first; of several goals by Pareto layers."""
        return [self.results[i][0] for i in _ranked([losses for _, losses in self.results])]


def taught(earlier: Sweep, name: str, trials: Iterable[Trial], new: Sweep) -> bytes:
    """Take down what an earlier sweep teaches one that is made now.

    Args:
        earlier: Its definition.
        name: Its name, for people.
        trials: All of its trials.
        new: The definition of the new sweep. Trials that are known to break one of its
            constraints are passed over.

    Raises:
        ConfigError: If there is no goal, if the earlier sweep went the other way, or if none of
            its trials has a result that counts here.
    """
    goals, space = new.goals, new.space
    if not goals:
        remedy = "name the metric to improve, or leave the earlier sweep out"
        raise ConfigError(name, "without a goal nothing can be learnt from it", remedy)
    for goal in goals:
        for other in earlier.goals:
            if other.metric == goal.metric and other.direction is not goal.direction:
                raise ConfigError(
                    name,
                    f"it is to {other.direction} {goal.metric}, and here it is to {goal.direction}",
                    "turn the goal, or leave the earlier sweep out",
                )
    groups: dict[Hashable, tuple[Params, list[tuple[float, ...]]]] = {}
    for trial in trials:
        found = losses(trial, goals)
        breaks = any(0 < excess < math.inf for excess in excesses(trial, new.constraints))
        if found is not None and all(map(math.isfinite, found)) and not breaks:
            key = earlier.space.key(trial.params)
            groups.setdefault(key, (dict(trial.params), []))[1].append(found)
    # Of an assignment that was repeated the mean counts, or the luckiest would come first.
    results = [
        (params, tuple(math.fsum(each) / len(each) for each in zip(*several, strict=True)))
        for params, several in groups.values()
    ]
    if not results:
        wanted = ", ".join(goal.metric for goal in goals)
        has = ", ".join(goal.metric for goal in earlier.goals)
        raise ConfigError(
            name,
            f"none of its trials has a result for {wanted}",
            f"its goal is {has}; name that one" if has and has != wanted else "let it run first",
        )
    known, _ = _translated(results, space)
    if not known:
        raise ConfigError(
            name,
            "no trial of it lies in this space",
            "widen the parameters, name them alike, or leave the earlier sweep out",
        )
    chosen = _chosen([found for *_, found in known])
    kept = [results[known[i][0]] for i in chosen]
    document = {"format": FORMAT, "name": name, "trials": kept}
    return json.dumps(document, separators=(",", ":")).encode()


def lesson_of(data: bytes, space: Space) -> Lesson:
    """Read what `taught` wrote."""
    document = json.loads(data)
    results = [(params, tuple(found)) for params, found in document["trials"]]
    known, unknown = _translated(results, space)
    return Lesson(
        name=document["name"],
        results=tuple((params, found) for _, params, found in known),
        unknown=unknown,
    )


def _translated(
    results: Sequence[tuple[Mapping[str, Any], tuple[float, ...]]], space: Space
) -> tuple[list[tuple[int, Params, tuple[float, ...]]], frozenset[str]]:
    """Return the results that count, with their places, and the parameters unknown to all."""
    fits = {
        p.name: [_fits(space, p.name, params) for params, _ in results] for p in space.parameters
    }
    unknown = frozenset(name for name, each in fits.items() if True not in each)
    names = [name for name in fits if name not in unknown]
    if all(p.name in unknown for p in space.dimensions):
        return [], unknown
    known = []
    for place, (params, found) in enumerate(results):
        if any(fits[name][place] is False for name in names):
            continue
        carried: Params = {
            name: space[name].distribution.coerced(params[name])
            for name in names
            if fits[name][place]
        }
        known.append((place, carried, found))
    return known, unknown


def _fits(space: Space, name: str, params: Mapping[str, Value]) -> bool | None:
    """Tell whether a value is one of the new space's; None where there is none."""
    if name not in params:
        return None
    return space[name].distribution.contains(params[name])


def _ranked(found: Sequence[tuple[float, ...]]) -> list[int]:
    """Return places, best first; ties go to the earlier one."""
    if found and len(found[0]) > 1:
        return [place for layer in layers(found) for place in sorted(layer)]
    return sorted(range(len(found)), key=lambda place: (found[place], place))


def _chosen(found: Sequence[tuple[float, ...]]) -> list[int]:
    """Return which of many to keep, ascending: the best, and others evenly by rank."""
    if len(found) <= _MOST:
        return list(range(len(found)))
    # Ranking by several goals compares all with all; the latest few thousand will do.
    first = max(len(found) - _MOST_LAYERED, 0) if len(found[0]) > 1 else 0
    order = [first + place for place in _ranked(found[first:])]
    rest, count = order[_BEST:], _MOST - _BEST
    return sorted(order[:_BEST] + [rest[i * len(rest) // count] for i in range(count)])
