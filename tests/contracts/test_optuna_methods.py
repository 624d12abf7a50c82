"""Optuna's samplers keep the contract of search methods."""

from sonde.plugins.methods import method
from sonde.testing.methods import MethodContract


class TestTpe(MethodContract):
    method = method("optuna:TPESampler")
    many = 100  # each is asked of Optuna, several times where it repeats itself


class TestCmaEs(MethodContract):
    method = method("optuna:CmaEsSampler")
    many = 100  # each is asked of Optuna, several times where it repeats itself


class TestNsgaII(MethodContract):
    method = method("optuna:NSGAIISampler(population_size=10)")
    many = 100  # each is asked of Optuna, several times where it repeats itself


class TestRandom(MethodContract):
    method = method("optuna:RandomSampler")


class TestQmc(MethodContract):
    method = method("optuna:QMCSampler(scramble=true)")
    many = 100  # each is asked of Optuna, several times where it repeats itself
