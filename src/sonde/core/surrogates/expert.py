"""Where to look next: the models of one sweep, kept up with its history.

`Expert.offers` yields assignments, the most promising first. It depends on the history in
the order in which trials ended, on the trial's number and on what is pending, and on
nothing that was asked before.
"""

from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence

import numpy as np

from sonde.core.distributions.values import Params, Value
from sonde.core.earlier import Lesson
from sonde.core.space import Space
from sonde.core.streams import generator
from sonde.core.surrogates.acquisition import Acquisition
from sonde.core.surrogates.candidates import Hunt
from sonde.core.surrogates.encoding import Array, Encoding
from sonde.core.surrogates.outlook import Models
from sonde.core.surrogates.records import Records
from sonde.core.surrogates.results import Result

__all__ = ["Expert"]

_SAME = 0.05  # lengthscales between two trials at once, of which the second would tell little
_CANDIDATES, _CANDIDATES_LATER, _LATER = 1024, 512, 200
_MOST_LISTED = 2048  # points up to which a space is looked at whole


class Expert:
    """Models, and the history as arrays."""

    def __init__(
        self,
        space: Space,
        goals: int,
        constraints: int,
        seed: int,
        earlier: Sequence[Lesson] = (),
    ) -> None:
        self._space, self._seed = space, seed
        self._encoding = Encoding(space)
        self._models = Models(self._encoding, goals, constraints, seed, earlier)
        self._records = Records(self._encoding, goals, constraints)
        self._all: list[tuple[Params, Hashable]] | None = None
        self._all_rows = self._records.rows
        if space.size is not None and space.size <= _MOST_LISTED:
            self._all = [(params, space.key(params)) for params in space.lattice()]
            self._all_rows = self._records.as_rows([params for params, _ in self._all])

    def offers(
        self,
        results: Sequence[Result],
        trial: int,
        pending: Sequence[Mapping[str, Value]],
        seen: Collection[Hashable],
        *,
        settles: bool = False,
    ) -> Iterator[Params]:
        """Yield assignments to try, best first; some may have been seen.

        Args:
            results: All so far, in the order in which they ended.
            trial: The number of the one to come.
            pending: What is being tried.
            seen: Keys of all trials.
            settles: Hardly any other trial is to come: go where the lowest loss is expected.
        """
        records = self._records
        records.read_up(results)
        random = generator(self._seed, trial)
        waiting = records.as_rows(pending)
        there = self._encoding.columns(waiting)
        outlook = self._models.outlook(records, there, random, settles=settles)
        if self._all is not None:
            yield from self._listed(outlook.acquisition, seen)
            return
        hunt = Hunt(
            encoding=self._encoding,
            random=random,
            acquisition=outlook.acquisition,
            scale=outlook.scale,
            centres=outlook.centres,
            admits=self._admits if self._space.where else None,
            taken=np.append(records.codes, self._encoding.codes(waiting)),
        )
        count = _CANDIDATES if records.ended < _LATER else _CANDIDATES_LATER
        near = there * outlook.scale
        for row in hunt.best(count):
            if len(near) and not self._encoding.is_finite:
                away = near - self._encoding.columns(row[None]) * outlook.scale
                if ((away * away).sum(1) < _SAME**2).any():
                    continue
            yield self._encoding.params(row.tolist())

    def _listed(self, acquisition: Acquisition, seen: Collection[Hashable]) -> Iterator[Params]:
        assert self._all is not None
        left = [i for i, (_, key) in enumerate(self._all) if key not in seen]
        values = acquisition(self._encoding.columns(self._all_rows[left]))
        for place in np.argsort(-values, kind="stable"):
            yield self._all[left[place]][0]

    def _admits(self, row: Array) -> bool:
        return self._space.feasible(self._encoding.params(row.tolist()))
