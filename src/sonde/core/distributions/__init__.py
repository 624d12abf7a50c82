"""Distributions: each a pair of value-at-quantile and quantile-of-value.

`Float`, `Int`, `Choice` and `Constant` are what people write; the others complete
W&B's set, under `sonde.core.distributions.schema.KINDS` by their names there.
"""

from sonde.core.distributions.base import Distribution
from sonde.core.distributions.bounded import Float, Int
from sonde.core.distributions.choice import Choice, Constant
from sonde.core.distributions.quantised import (
    QBeta,
    QExpUniform,
    QLogNormal,
    QLogUniform,
    QNormal,
    QUniform,
)
from sonde.core.distributions.schema import from_json
from sonde.core.distributions.shapes import Beta, ExpUniform, LogNormal, Normal
from sonde.core.distributions.values import Params, Value, canonical

__all__ = [
    "Beta",
    "Choice",
    "Constant",
    "Distribution",
    "ExpUniform",
    "Float",
    "Int",
    "LogNormal",
    "Normal",
    "Params",
    "QBeta",
    "QExpUniform",
    "QLogNormal",
    "QLogUniform",
    "QNormal",
    "QUniform",
    "Value",
    "canonical",
    "from_json",
]
