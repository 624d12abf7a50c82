"""Every stopping rule of the registry keeps the contract."""

from sonde.core.stopping import RULES, rule
from sonde.testing.rules import RuleContract


class TestAsha(RuleContract):
    rule = rule("asha")


class TestAshaUpTo(RuleContract):
    rule = rule("asha(eta=2, min_steps=2, max_steps=40)")


class TestHyperband(RuleContract):
    rule = rule("hyperband(min_iter=1)")


class TestHyperbandDownwards(RuleContract):
    rule = rule("hyperband(max_iter=27, s=3, eta=2.5, strict=false)")


class TestMedian(RuleContract):
    rule = rule("median")


def test_no_rule_is_left_out() -> None:
    tested = {kind.rule.name for kind in RuleContract.__subclasses__() if hasattr(kind, "rule")}
    assert tested >= set(RULES)
