"""Optuna's GPSampler keeps the contract of search methods; here, as it needs torch.

A proposal of it costs some 50 ms, so that few are looked at.
"""

from collections.abc import Collection
from typing import ClassVar

from sonde.plugins.methods import method
from sonde.testing.methods import MethodContract, Search, bowl


class TestGp(MethodContract):
    method = method("optuna:GPSampler(n_startup_trials=2)")
    only: ClassVar[Collection[str]] = ("conditions", "many")
    few = 5
    many = 8
    at_once = 4

    def test_the_units_of_the_loss_change_nothing(self) -> None:
        # To it losses that differ by less than 1e-10 are equal; and it rounds what it scales, so
        # that units other than powers of two change the last digits.
        (space,) = self._large
        plain, small, large = (
            Search(self.method, space).run(self.few, loss=lambda p, unit=unit: unit * bowl(p))  # type: ignore[misc]
            for unit in (1.0, 2.0**-10, 2.0**40)
        )
        assert plain.params == small.params == large.params
