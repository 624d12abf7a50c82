"""The Python API: declare a sweep, run it, read it, or ask and tell."""

from sonde.api.asked import Asked
from sonde.api.declare import sweep
from sonde.api.sweep import Sweep
from sonde.api.trial import Trial

__all__ = ["Asked", "Sweep", "Trial", "sweep"]
