"""The history of a sweep as arrays, read up to its end whenever it has grown."""

from collections import deque
from collections.abc import Mapping, Sequence

import numpy as np

from sonde.core.distributions.values import Value
from sonde.core.surrogates.encoding import Array, Encoding
from sonde.core.surrogates.results import Result

__all__ = ["Growing", "Records"]

_MOST_LABELS = 200


class Growing:
    """Rows in one array with room for more; `filled` is a view of those there are."""

    def __init__(self, width: int, dtype: type = float) -> None:
        self._room: Array = np.zeros((64, width), dtype=dtype)
        self._count = 0

    def add(self, rows: Array) -> None:
        """Append rows (k, width), amortised O(k)."""
        needed = self._count + len(rows)
        if needed > len(self._room):
            room = np.zeros((2 * needed, self._room.shape[1]), dtype=self._room.dtype)
            room[: self._count] = self.filled
            self._room = room
        self._room[self._count : needed] = rows
        self._count = needed

    @property
    def filled(self) -> Array:
        """The rows so far (n, width)."""
        return self._room[: self._count]


class Records:
    """Trials that have ended, in the order in which they did.

    Attributes:
        ended: How many have.
        failed: How many of them have no result.
        labels: Columns of the last trials, each with +1 for a result and -1 for none.
    """

    def __init__(self, encoding: Encoding, goals: int, constraints: int) -> None:
        self._encoding = encoding
        self._rows = Growing(encoding.dimensions)
        self._columns = Growing(len(encoding.group))
        self._losses = Growing(goals)
        self._excesses = Growing(constraints)
        self._codes = Growing(1, dtype=np.uint64)
        # Of many trials the last ones: where one looks now is what matters.
        self.labels: deque[tuple[Array, float]] = deque(maxlen=_MOST_LABELS)
        self.ended = self.failed = 0
        self._read = 0

    @property
    def rows(self) -> Array:
        """Of the trials with a result (n, d)."""
        return self._rows.filled

    @property
    def columns(self) -> Array:
        """Of the trials with a result (n, c)."""
        return self._columns.filled

    @property
    def losses(self) -> Array:
        """One column a goal (n, k)."""
        return self._losses.filled

    @property
    def excesses(self) -> Array:
        """One column a constraint (n, m)."""
        return self._excesses.filled

    @property
    def feasible(self) -> Array:
        """Which results keep to all constraints (n,)."""
        return np.asarray((self.excesses <= 0.0).all(axis=1))

    @property
    def codes(self) -> Array:
        """Of all trials, those without a result too (finite spaces only)."""
        return self._codes.filled

    def read_up(self, results: Sequence[Result]) -> None:
        """Take in what is new in the history, which only ever grows."""
        new = results[self._read :]
        self._read = len(results)
        read = [(row, r) for r in new if (row := self._row(r.params)) is not None]
        if not read:
            return
        rows = np.array([row for row, _ in read]).reshape(len(read), -1)
        columns = self._encoding.columns(rows)
        succeeded = np.array([bool(result.losses) for _, result in read])
        self.ended += len(read)
        self.failed += len(read) - int(succeeded.sum())
        if self._encoding.is_finite:
            self._codes.add(self._encoding.codes(rows)[:, None])
        self.labels.extend(zip(columns, np.where(succeeded, 1.0, -1.0), strict=True))
        self._rows.add(rows[succeeded])
        self._columns.add(columns[succeeded])
        kept = [result for _, result in read if result.losses]
        for growing, values in (
            (self._losses, [result.losses for result in kept]),
            (self._excesses, [result.excesses for result in kept]),
        ):
            growing.add(np.array(values).reshape(len(kept), growing.filled.shape[1]))

    def as_rows(self, several: Sequence[Mapping[str, Value]]) -> Array:
        """Return assignments as rows; those from before the space was edited are left out."""
        rows = [row for params in several if (row := self._row(params)) is not None]
        return np.array(rows).reshape(len(rows), self._encoding.dimensions)

    def _row(self, params: Mapping[str, Value]) -> list[float] | None:
        try:
            return self._encoding.row(params)
        except ValueError:  # a value from before the space was edited
            return None
