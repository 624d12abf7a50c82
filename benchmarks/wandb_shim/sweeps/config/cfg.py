"""The same names from the place where the other has them."""

from . import SweepConfig, schema_violations_from_proposed_config

__all__ = ["SweepConfig", "schema_violations_from_proposed_config"]
