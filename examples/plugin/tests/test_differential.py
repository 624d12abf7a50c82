"""The method keeps what sonde asks of every search method."""

from sonde_differential import Differential

from sonde.testing.methods import MethodContract


class TestDifferential(MethodContract):
    method = Differential()
