"""Every search method of the registry keeps the contract."""

import pytest

from sonde.core.search import METHODS, method
from sonde.testing.methods import MethodContract


class TestGrid(MethodContract):
    method = method("grid")
    needs_finite = True
    is_seeded = False


class TestRandom(MethodContract):
    method = method("random")


class TestQuasirandom(MethodContract):
    method = method("quasirandom")


class TestTpe(MethodContract):
    method = method("tpe")


class TestCmaes(MethodContract):
    method = method("cmaes")


class TestEvolution(MethodContract):
    method = method("evolution")


class TestBayes(MethodContract):
    method = method("bayes")
    many = 420  # from 400 on the posterior is that of a part
    most_seconds = 60.0


class TestPbt(MethodContract):
    method = method("pbt(population=12)")
    goes_on = True


@pytest.mark.parametrize("name", METHODS)
def test_every_method_of_the_registry_is_held_to_the_contract(name: str) -> None:
    held = {contract.method.name for contract in MethodContract.__subclasses__()}
    assert name in held
    assert method(name).name == name
