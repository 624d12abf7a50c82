"""Layers of points among which none is better in all goals, and how crowded they stand.

A point dominates another one if it is nowhere worse and somewhere better. The first
layer is the Pareto front, the second the front of the rest, and so on.

Source: Deb et al., IEEE Trans. Evol. Comput. 6, 2002 (fast non-dominated sorting and
crowding distance).
"""

from collections.abc import Sequence
from math import inf

__all__ = ["crowding", "dominates", "layers"]


def dominates(one: Sequence[float], other: Sequence[float]) -> bool:
    """Tell whether the first point is nowhere worse, and somewhere better; lower is better."""
    return one != other and all(a <= b for a, b in zip(one, other, strict=True))


def layers(points: Sequence[Sequence[float]]) -> list[list[int]]:
    """Return the places of the points, layer by layer; O(n^2 m)."""
    beaten_by = [0] * len(points)
    beats: list[list[int]] = [[] for _ in points]
    for i, one in enumerate(points):
        for j in range(i):
            if dominates(one, points[j]):
                beats[i].append(j)
                beaten_by[j] += 1
            elif dominates(points[j], one):
                beats[j].append(i)
                beaten_by[i] += 1
    found = []
    layer = [i for i, count in enumerate(beaten_by) if not count]
    while layer:
        found.append(layer)
        below = []
        for i in layer:
            for j in beats[i]:
                beaten_by[j] -= 1
                if not beaten_by[j]:
                    below.append(j)
        layer = sorted(below)
    return found


def crowding(points: Sequence[Sequence[float]]) -> list[float]:
    """Return for each point of a layer how far its neighbours are apart; the ends are infinite.

    The sum over the goals, each in units of the layer's extent.
    """
    found = [0.0] * len(points)
    for goal in range(len(points[0]) if points else 0):
        order = sorted(range(len(points)), key=lambda i: points[i][goal])
        extent = points[order[-1]][goal] - points[order[0]][goal]
        found[order[0]] = found[order[-1]] = inf
        if not extent > 0:
            continue
        for before, i, after in zip(order[:-2], order[1:-1], order[2:], strict=True):
            found[i] += (points[after][goal] - points[before][goal]) / extent
    return found
