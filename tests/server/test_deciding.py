"""What the server decides for agents that are far away."""

import time
from contextlib import closing
from dataclasses import replace

import pytest

from served import served
from sonde.controller import utc_now
from sonde.core.metric import Goal
from sonde.core.space import space_of
from sonde.core.sweep import Sweep
from sonde.core.trial import Lease, Report, Verdict
from sonde.server import deciding
from sonde.store.http import HttpStore
from sonde.store.memory import MemoryStore
from sonde.store.protocol import Ask

SWEEP = Sweep(space=space_of({"x": [1, 2]}), goals=(Goal(metric="loss"),), method="grid")


def test_long_trials_are_stopped_by_the_rule_though_their_agents_ask_for_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(deciding, "_KEPT_S", 1.0)
    monkeypatch.setattr(deciding, "_AGAIN_S", 0.05)
    store = MemoryStore()
    with served(store, decides=True) as client, closing(HttpStore(str(client.base_url))) as far:
        sweep = far.create_sweep(replace(SWEEP, stopping="asha(eta=2)"), utc_now()).id
        leases: list[Lease] = []
        while len(leases) < 2:
            leases += far.lease(sweep, Ask(agent="a", count=2 - len(leases)), utc_now())
        good, poor = leases
        far.report(good, 1, [Report(0, {"loss": 1.0}, 1.0)], utc_now())
        time.sleep(1.5)
        far.report(poor, 1, [Report(0, {"loss": 2.0}, 2.0)], utc_now())
        until = time.monotonic() + 60
        while time.monotonic() < until:
            verdicts = list(far.renew([good, poor], utc_now(), 10))
            if verdicts == [Verdict.GO_ON, Verdict.STOP]:
                return
            time.sleep(0.05)
    raise AssertionError(verdicts)


def test_after_a_restart_the_rule_stops_trials_though_nobody_asks() -> None:
    store = MemoryStore()
    with served(store, decides=True) as client, closing(HttpStore(str(client.base_url))) as far:
        sweep = far.create_sweep(replace(SWEEP, stopping="asha(eta=2)"), utc_now()).id
        leases: list[Lease] = []
        while len(leases) < 2:
            leases += far.lease(sweep, Ask(agent="a", count=2 - len(leases)), utc_now())
    for loss, lease in enumerate(leases, 1):  # a server that was killed before it judged them
        store.report(lease, 1, [Report(0, {"loss": float(loss)}, float(loss))], utc_now())
    with served(store, decides=True):
        until = time.monotonic() + 60
        while time.monotonic() < until:
            asked = [trial.asked for trial in store.changes(sweep).trials]
            if asked == [Verdict.GO_ON, Verdict.STOP]:
                return
            time.sleep(0.05)
    raise AssertionError(asked)
