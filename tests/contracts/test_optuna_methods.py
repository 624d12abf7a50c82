"""Optuna's samplers keep the contract of search methods."""

from sonde.plugins.methods import method
from sonde.testing.methods import MethodContract


class Slow:
    """What Optuna is asked costs what Optuna costs, and several times that after a restart."""

    few = 18  # past the trials that each of them begins with
    many = 100


class TestTpe(Slow, MethodContract):
    method = method("optuna:TPESampler")


class TestCmaEs(Slow, MethodContract):
    method = method("optuna:CmaEsSampler")


class TestNsgaII(Slow, MethodContract):
    method = method("optuna:NSGAIISampler(population_size=10)")


class TestRandom(Slow, MethodContract):
    method = method("optuna:RandomSampler")


class TestQmc(Slow, MethodContract):
    method = method("optuna:QMCSampler(scramble=true)")
