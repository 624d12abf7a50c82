"""Figures: the data behind every picture of a sweep, one pure function a kind.

The dashboard, `sonde plot`, `Sweep.plot` and the server's `/figures` all show these numbers.
`figure` makes one of what was asked for; `wire.json_of` writes it as strict JSON.
"""

from sonde.analysis.figures.asked import KINDS, Asked, figure
from sonde.analysis.figures.snapshot import Snapshot
from sonde.analysis.figures.together import Together, runs_of
from sonde.analysis.figures.wire import json_of

__all__ = ["KINDS", "Asked", "Snapshot", "Together", "figure", "json_of", "runs_of"]
