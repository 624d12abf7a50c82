"""Curves: how the reports of several attempts become one curve a metric, and its summary.

Every attempt's reports are kept. The curve that people and methods see is the *joined*
one: when an attempt first reports a metric, at step s, what the curve had from s on is
dropped and the attempt's points follow. So an attempt that starts over at step 0
replaces what was there, and one that goes on from a checkpoint continues it.
"""

from collections.abc import Iterable, Mapping, Sequence

from sonde.core.metric import Summary
from sonde.core.trial import Report
from sonde.store.protocol import Curve

__all__ = ["Points", "concatenate", "join", "points_of", "to_curves", "updated"]

Points = tuple[list[int], list[float], list[float]]  # steps, values, times in seconds


def points_of(reports: Iterable[Report]) -> dict[str, Points]:
    """Return the points of each metric in some reports, in their order."""
    found: dict[str, Points] = {}
    for report in reports:
        for name, value in report.metrics.items():
            points = found.get(name)
            if points is None:
                points = found[name] = ([], [], [])
            points[0].append(report.step)
            points[1].append(float(value))
            points[2].append(report.time)
    return found


def concatenate(batches: Iterable[Mapping[str, Points]]) -> dict[str, Points]:
    """Put the batches of one attempt behind each other; what comes first may be extended."""
    found: dict[str, Points] = {}
    for batch in batches:
        for name, points in batch.items():
            if name in found:
                steps, values, times = found[name]
                steps += points[0]
                values += points[1]
                times += points[2]
            else:
                found[name] = points
    return found


def join(attempts: Iterable[Mapping[str, Points]]) -> dict[str, Points]:
    """Join the points of attempts, in their order, as the module's docstring says."""
    joined: dict[str, Points] = {}
    for attempt in attempts:
        for name, points in attempt.items():
            before = joined.get(name)
            joined[name] = points if before is None else _followed(before, points)
    return joined


def to_curves(
    joined: Mapping[str, Points], metrics: Sequence[str] | None = None
) -> dict[str, Curve]:
    """Return curves of those metrics, or of all."""
    names = joined if metrics is None else [name for name in metrics if name in joined]
    return {name: Curve(*joined[name]) for name in names}


def updated(
    summaries: Mapping[str, Summary], reports: Sequence[Report], carried: Mapping[str, Points]
) -> dict[str, Summary]:
    """Return the summaries of the joined curves after further reports of an attempt.

    Args:
        summaries: Those before it.
        reports: The new ones, in the order of their arrival.
        carried: Joined points of earlier attempts, for each metric that the attempt reports
            for the first time here. They are cut and summarised anew.
    """
    after = dict(summaries)
    if len(reports) == 1:  # the usual case, without lists in between
        step = reports[0].step
        points: Iterable[tuple[str, list[tuple[int, float]]]] = [
            (name, [(step, float(value))]) for name, value in reports[0].metrics.items()
        ]
    else:
        points = [
            (name, list(zip(steps, values, strict=True)))
            for name, (steps, values, _) in points_of(reports).items()
        ]
    for name, new in points:
        if name in carried:
            old_steps, old_values, _ = carried[name]
            first = new[0][0]
            kept = [p for p in zip(old_steps, old_values, strict=True) if p[0] < first]
            after[name] = Summary.of([*kept, *new])
        else:
            after[name] = Summary.of(new, after.get(name))
    return after


def _followed(before: Points, points: Points) -> Points:
    first = points[0][0]
    kept = [at for at, step in enumerate(before[0]) if step < first]
    steps, values, times = before
    return (
        [steps[at] for at in kept] + points[0],
        [values[at] for at in kept] + points[1],
        [times[at] for at in kept] + points[2],
    )
