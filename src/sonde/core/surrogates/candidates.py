"""Searching a mixed space for the highest acquisition.

Candidates are half uniform and half near the best trials; the most promising climb, by
their gradient in what is continuous and value by value in what is not. A space of few
points is looked at whole instead.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from sonde.core.surrogates.acquisition import Acquisition
from sonde.core.surrogates.ascent import ascend
from sonde.core.surrogates.encoding import Array, Encoding

__all__ = ["Hunt"]

_STARTS = 8
_GLOBAL_STARTS = 2
_ROUNDS = 3  # of climbing, in turns, where a space is mixed
_MOST_EXCHANGES = 10
_MOST_TRIED = 16  # values of one parameter, beyond which only some are
_LEAPS = np.array([-0.25, -0.06, 0.06, 0.25])
_ADMITTED_DRAWS = 8  # times as many draws as candidates where relations forbid most


@dataclass(slots=True, kw_only=True)
class Hunt:
    """One search for the next point.

    Attributes:
        encoding: Of the space.
        random: Its random numbers.
        acquisition: What is to be high, of columns.
        scale: 1 / lengthscale for each column: the units in which to climb.
        centres: Rows of the best trials (m, d).
        admits: Tells whether a row satisfies the relations; None where there are none.
        taken: Codes of the rows that need not be looked at (finite spaces only).
    """

    encoding: Encoding
    random: np.random.Generator
    acquisition: Acquisition
    scale: Array
    centres: Array
    admits: Callable[[Array], bool] | None
    taken: Array

    def best(self, count: int) -> Iterator[Array]:
        """Yield rows, best first, from about `count` candidates; some may have been tried."""
        rows = self._candidates(count)
        if not len(rows):
            return
        values = self._values(rows)
        starts = self._starts(rows, values, count // 2)
        climbed, heights = self._climb(rows[starts], values[starts])
        for i in np.argsort(-heights, kind="stable"):
            if np.isfinite(heights[i]):
                yield climbed[i]
        for i in np.argsort(-values, kind="stable"):
            if np.isfinite(values[i]):
                yield rows[i]

    def _values(self, rows: Array) -> Array:
        values = self.acquisition(self.encoding.columns(rows))
        if self.encoding.is_finite and len(rows):
            values[np.isin(self.encoding.codes(rows), self.taken)] = -np.inf
        return values

    def _uniform(self, count: int) -> Array:
        return self.encoding.from_unit(self.random.random((count, self.encoding.dimensions)))

    def _candidates(self, count: int) -> Array:
        half = count // 2
        everywhere = self.encoding.settled(self._uniform(half), self._uniform(half))
        near = self._near(count - half) if len(self.centres) else everywhere[:0]
        if self.admits is None:
            return np.vstack([everywhere, near])
        kept = [row for row in near if self.admits(row)]
        kept = [row for row in everywhere if self.admits(row)] + kept
        for _ in range(_ADMITTED_DRAWS):
            if len(kept) >= half // 4:
                break
            more = self.encoding.settled(self._uniform(half), self._uniform(half))
            kept += [row for row in more if self.admits(row)]
        return np.array(kept).reshape(-1, self.encoding.dimensions)

    def _near(self, count: int) -> Array:
        """Return rows around the centres: 1, 2, 4 or all coordinates moved, little or far."""
        encoding, random = self.encoding, self.random
        d = encoding.dimensions
        rows = self.centres[random.integers(len(self.centres), size=count)]
        fresh = self._uniform(count)
        rows = np.where(np.isnan(rows), fresh, rows)
        share = np.minimum(random.choice([1.0, 2.0, 4.0, float(d)], count) / d, 1.0)
        moves = random.random((count, d)) < share[:, None]
        moves[np.arange(count), random.integers(d, size=count)] = True
        steps = random.standard_normal((count, d)) * 10 ** random.uniform(-2.5, -0.5, (count, 1))
        most = np.maximum(encoding.counts - 1, 1)
        jumps = np.sign(steps) * np.maximum(1.0, np.round(np.abs(steps) * most))
        top = np.where(encoding.is_continuous, 1.0, most)
        moved = np.clip(rows + np.where(encoding.is_continuous, steps, jumps), 0.0, top)
        moved = np.where(encoding.is_category, fresh, moved)
        return encoding.settled(np.where(moves, moved, rows), fresh)

    def _starts(self, rows: Array, values: Array, uniform: int) -> Array:
        """Return which candidates to climb from: the best, the best uniform ones, drawn ones."""
        order = np.argsort(-values, kind="stable")
        chosen = [int(order[0]), *map(int, order[order < uniform][:_GLOBAL_STARTS])]
        chosen = list(dict.fromkeys(chosen))
        if np.isfinite(values[order[0]]):
            p = np.exp(values - values[order[0]])
            p[chosen] = 0.0
            more = min(_STARTS - len(chosen), int((p > 0).sum()))
            if more > 0:
                drawn = self.random.choice(len(p), more, replace=False, p=p / p.sum())
                chosen += [int(i) for i in drawn]
        return np.array(chosen)

    def _climb(self, rows: Array, values: Array) -> tuple[Array, Array]:
        continuous = self.encoding.is_continuous
        mixed = bool(continuous.any()) and not continuous.all()
        for _ in range(_ROUNDS if mixed else 1):
            if continuous.any():
                rows, values = self._slide(rows, values)
            if continuous.all():
                break
            rows, values, changed = self._exchange(rows, values)
            if not changed:
                break
        return rows, values

    def _slide(self, rows: Array, values: Array) -> tuple[Array, Array]:
        """Climb in the continuous coordinates."""
        encoding = self.encoding
        moving = np.flatnonzero(encoding.is_continuous)
        columns = encoding.column[moving]
        unit = self.scale[columns]
        fixed = encoding.columns(rows)
        active = ~np.isnan(rows[:, moving])

        def function(z: Array, who: Array) -> tuple[Array, Array]:
            x = fixed[who]
            x[:, columns] = z / unit
            found, gradient = self.acquisition.with_gradient(x)
            return found, np.where(active[who], gradient[:, columns] / unit, 0.0)

        tops, heights = ascend(function, fixed[:, columns] * unit, unit)
        moved = rows.copy()
        moved[:, moving] = np.where(active, np.clip(tops / unit, 0.0, 1.0), np.nan)
        better = heights > values
        if self.admits is not None:
            for i in np.flatnonzero(better):
                better[i] = self._retreat(moved, rows, int(i))
            if better.any():
                heights[better] = self._values(moved[better])
            better &= heights > values
        return np.where(better[:, None], moved, rows), np.where(better, heights, values)

    def _retreat(self, moved: Array, rows: Array, i: int) -> bool:
        """Go back towards where row i came from until it satisfies the relations."""
        assert self.admits is not None
        for _ in range(6):
            if self.admits(moved[i]):
                return True
            moved[i] = np.where(self.encoding.is_continuous, (moved[i] + rows[i]) / 2, moved[i])
        return False

    def _exchange(self, rows: Array, values: Array) -> tuple[Array, Array, bool]:
        """Change one position at a time as long as that helps; all rows in one call."""
        rows, values = rows.copy(), values.copy()
        live, any_changed = np.arange(len(rows)), False
        for _ in range(_MOST_EXCHANGES if self.encoding.is_finite else 2):
            neighbours, owner = self._neighbours(rows, live)
            if self.admits is not None and len(neighbours):
                kept = np.array([self.admits(row) for row in neighbours], dtype=bool)
                neighbours, owner = neighbours[kept], owner[kept]
            if not len(neighbours):
                break
            found = self._values(neighbours)
            order = np.lexsort((-found, owner))
            first = order[np.append(True, owner[order][1:] != owner[order][:-1])]
            won = first[found[first] > values[owner[first]] + 1e-6]
            if not len(won):
                break
            live = owner[won]
            rows[live], values[live] = neighbours[won], found[won]
            any_changed = True
        return rows, values, any_changed

    def _neighbours(self, rows: Array, live: Array) -> tuple[Array, Array]:
        encoding = self.encoding
        changed, owners = [], []
        for j in np.flatnonzero(~encoding.is_continuous):
            count = int(encoding.counts[j])
            here = live[~np.isnan(rows[live, j])]
            if encoding.is_category[j] or count <= _MOST_TRIED:
                options = np.tile(np.arange(count), (len(here), 1))
            else:
                leaps = np.concatenate([[-4, -2, -1, 1, 2, 4], np.round(_LEAPS * count)])
                options = np.clip(rows[here, j][:, None] + leaps, 0, count - 1)
            block = np.repeat(rows[here], options.shape[1], axis=0)
            owner = np.repeat(here, options.shape[1])
            differs = options.ravel() != block[:, j]
            block[:, j] = options.ravel()
            changed.append(block[differs])
            owners.append(owner[differs])
        if not changed:
            return rows[:0], live[:0]
        found = np.vstack(changed)
        if encoding.has_conditions:
            found = encoding.settled(found, self._uniform(len(found)))
        return found, np.concatenate(owners)
