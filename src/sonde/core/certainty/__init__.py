"""How sure it is that the best trial is the best: what noise leaves of the order of trials."""

from sonde.core.certainty.judged import Certainty, Judged, certainty

__all__ = ["Certainty", "Judged", "certainty"]
