"""A store made by real sweeps: trials that end, fail, are stopped, run, and differ in kind."""

from functools import partial
from pathlib import Path

from lab import Lab, until
from sonde.agent.identity import me
from sonde.controller import utc_now
from sonde.core.decision import Decision, NewTrial
from sonde.core.distributions import Choice, Float
from sonde.core.metric import Direction, Goal, SummaryKind
from sonde.core.sweep import Control
from sonde.core.trial import Outcome, Report, State, Verdict
from sonde.store.protocol import Ask, SweepRecord

__all__ = ["RealSweeps"]

# Values at three steps; the loss grows with lr, and one optimizer needs a momentum.
_TRAIN = """
echo "training with lr={lr}" "$@"
echo "to stderr" >&2
echo "lr {lr}" > "$SONDE_TRIAL_DIR/artifacts/report.txt"
cat > "$SONDE_TRIAL_DIR/artifacts/loss.svg" <<SVG
<svg xmlns="http://www.w3.org/2000/svg" width="60" height="40"><circle r="9" /></svg>
SVG
for step in 0 1 2; do
    loss=$(awk "BEGIN {{print {lr} + 1 / (1 + $step)}}")
    line="{{\\"step\\": $step, \\"loss\\": $loss, \\"size\\": 8}}"
    echo "$line" >> "$SONDE_TRIAL_DIR/reports.jsonl"
done
if [ {lr} = 0.3 ]; then echo "no memory left" >&2; exit 3; fi
if [ {lr} = 0.2 ]; then
    touch "{mark}"; while :; do sleep 0.05; done
fi
"""


class RealSweeps:
    """Sweeps over a shell script, run by agents in this process.

    Attributes:
        mixed: Ended: two trials done, one failed, one stopped, one whose loss is NaN, one infinite,
            with a parameter that exists under a condition.
        live: Paused, with a trial that runs, one that waits, and curves.
        two: Two goals, each better where the other is worse.
    """

    def __init__(self, base: Path) -> None:
        self.lab = Lab(base)
        self.mixed = self._mixed()
        self.two = self._two()
        self.live = self._live()

    def close(self) -> None:
        """Let go of the store."""
        self.lab.close()

    def _mixed(self) -> SweepRecord:
        mark = self.lab.base / "began"
        text = _TRAIN.replace("{{", "{").replace("}}", "}").replace("{mark}", str(mark))
        self.lab.script(text.replace("{lr}", "$1"))
        sweep = self.lab.sweep(
            "sh", "train.sh", "{lr}",
            space={
                "lr": Choice((0.1, 0.2, 0.3)),
                "opt": ["adam", "sgd"],
                "momentum": Choice((0.5,), when="opt == 'sgd'"),
            },
            goals=(Goal(metric="loss", summary=SummaryKind.MIN),),
            name="mixed",
            project="digits",
            tags=("first",),
        )  # fmt: skip
        agent = self.lab.spawn(sweep)
        for number in (2, 3):  # those with lr 0.2 go on until they are stopped
            until(partial(self._has_begun, sweep, number, mark))
            mark.unlink()
            self._verdict(sweep, number, Verdict.STOP)
        assert agent.wait(100) == 0
        return self.lab.store.get_sweep(sweep.id)

    def _two(self) -> SweepRecord:
        store, now = self.lab.store, utc_now()
        goals = (
            Goal(metric="error"),
            Goal(metric="speed", direction=Direction.MAXIMIZE),
        )
        sweep = self.lab.sweep(
            "true",
            space={"width": [1, 2, 4, 8], "depth": Float(0.0, 1.0)},
            goals=goals,
            name="two",
            method="random",
        )
        values = [(0.5, 9.0), (0.3, 5.0), (0.2, 1.0), (float("nan"), 2.0), (float("inf"), 3.0)]
        for i, (error, speed) in enumerate(values):
            params = {"width": 2 ** min(i, 3), "depth": i / 10}
            decision = Decision(
                against=store.get_sweep(sweep.id).revision, add=[NewTrial(params=params)]
            )
            _, (lease,) = store.commit(sweep.id, decision, now, Ask(agent=me()))
            outcome = Outcome(state=State.DONE, values={"error": error, "speed": speed})
            store.finish(lease, outcome, utc_now())
        return store.update_sweep(sweep.id, now, control=Control.DONE, reason="enough")

    def _live(self) -> SweepRecord:
        store, now = self.lab.store, utc_now()
        sweep = self.lab.sweep("true", space={"lr": Float(1e-4, 1.0, log=True)}, metric="loss",
                               name="live", method="random")  # fmt: skip
        adds = [NewTrial(params={"lr": lr}) for lr in (0.001, 0.1)]
        ask = Ask(agent=me(), lease_s=3600)
        _, (lease,) = store.commit(sweep.id, Decision(against=0, add=adds), now, ask)
        points = [Report(step, {"loss": 1 / (1 + step)}, now.timestamp()) for step in range(20)]
        store.report(lease, 1, points, now)
        return store.get_sweep(sweep.id)

    def _has_begun(self, sweep: SweepRecord, number: int, mark: Path) -> bool:
        trials = self.lab.trials(sweep)
        is_running = len(trials) > number and trials[number].state is State.RUNNING
        return is_running and mark.exists()

    def _verdict(self, sweep: SweepRecord, number: int, verdict: Verdict) -> None:
        revision = self.lab.store.get_sweep(sweep.id).revision
        decision = Decision(against=revision, verdicts={number: verdict}, reason="by hand")
        self.lab.store.commit(sweep.id, decision, utc_now())
