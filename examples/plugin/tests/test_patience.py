"""The rule keeps sonde's contract, and stops whom it should."""

import pytest
from sonde_differential.patience import Patience

from sonde.core.stopping import Heard, Point
from sonde.errors import ConfigError
from sonde.testing.rules import RuleContract, told


class TestPatience(RuleContract):
    rule = Patience(steps=3)


def test_it_counts_the_steps_since_the_best() -> None:
    rule = Patience(steps=2)
    losses = [3.0, 2.0, 2.0, 1.0, 1.0, 1.5]
    heard = [
        Heard(number=0, points=[Point(loss, loss, float(at))]) for at, loss in enumerate(losses)
    ]
    assert rule.judge(told(rule, heard[:5]), 0) is None
    assert rule.judge(told(rule, heard), 0) == "patience: nothing better for 2 steps"


def test_no_patience_at_all_is_refused() -> None:
    with pytest.raises(ConfigError, match="steps=0 is no count"):
        Patience(steps=0)
