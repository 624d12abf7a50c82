"""A sweep with thousands of agents in virtual time, on the real controller and a real store.

`simulate` runs it; every answer of the store is held to what always holds (`Witness`), and the
run ends at the first one that is not so. A seed gives the same run again.
"""

from sonde.testing.simulation.plan import Mishaps, Plan, Progress, Result
from sonde.testing.simulation.witness import BrokenPromiseError, Witness
from sonde.testing.simulation.world import simulate

__all__ = ["BrokenPromiseError", "Mishaps", "Plan", "Progress", "Result", "Witness", "simulate"]
