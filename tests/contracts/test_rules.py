"""Every stopping rule of the registry keeps the contract."""

from sonde.core.stopping import RULES, Heard, Point, rule
from sonde.core.trial import State
from sonde.testing.rules import RuleContract, told


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


class TestPatientMedian(RuleContract):
    rule = rule("patient(steps=2, least=0.1, rule='median(min_trials=3)')")

    def test_it_stops_somebody_sooner_or_later(self) -> None:
        zeros = [Point(0.0, 0.0, float(step)) for step in range(9)]
        flat = [Heard(number=n, points=zeros, state=State.DONE) for n in range(4)]
        rising = [Point(1.0 + step, 1.0 + step, 20.0 + step) for step in range(8)]
        state = told(self.rule, [*flat, Heard(number=4, points=rising)])
        assert self.rule.judge(state, 4) is not None


class TestThreshold(RuleContract):
    rule = rule("threshold(worst=5, best=-2, every=2)")


def test_no_rule_is_left_out() -> None:
    tested = {kind.rule.name for kind in RuleContract.__subclasses__() if hasattr(kind, "rule")}
    assert tested >= set(RULES)
