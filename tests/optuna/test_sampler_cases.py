"""Optuna's own tests of samplers, on `SondeSampler`."""

from collections.abc import Callable

import pytest
from optuna.samplers import BaseSampler
from optuna.testing.pytest_samplers import (
    BasicSamplerTestCase,
    MultiObjectiveSamplerTestCase,
    RelativeSamplerTestCase,
    SingleOnlySamplerTestCase,
)

from sonde.optuna import SondeSampler


class TestEverySampler(
    BasicSamplerTestCase, RelativeSamplerTestCase, MultiObjectiveSamplerTestCase
):
    # `auto` is `bayes` here, to the last trial of each test.
    @pytest.fixture(params=["auto", "evolution", "random", "quasirandom"])
    def sampler(self, request: pytest.FixtureRequest) -> Callable[[], BaseSampler]:
        return lambda: SondeSampler(request.param, seed=1)


class TestSamplersOfOneGoal(
    BasicSamplerTestCase, RelativeSamplerTestCase, SingleOnlySamplerTestCase
):
    @pytest.fixture(params=["tpe", "cmaes"])
    def sampler(self, request: pytest.FixtureRequest) -> Callable[[], BaseSampler]:
        return lambda: SondeSampler(request.param, seed=1)
