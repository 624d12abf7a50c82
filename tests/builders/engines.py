"""A store with a script whose trials note that they ended, and somebody who acts meanwhile."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psutil

from sonde.controller import utc_now
from sonde.core.metric import Goal
from sonde.core.space import space_of
from sonde.core.sweep import Command, Sweep
from sonde.core.trial import State, Trial
from sonde.executors.drive import Result, View, drive
from sonde.executors.protocol import AgentSpec, Executor
from sonde.executors.resources import Resources
from sonde.store import open_store
from sonde.store.protocol import Store
from sonde.testing.executors import Silent

__all__ = ["Acting", "Site"]

SCRIPT = """\
while [ -e HOLD ]; do sleep 0.05; done
sleep PAUSE
echo '{"loss": 1}' >> "$SONDE_TRIAL_DIR/reports.jsonl"
echo "$SONDE_TRIAL $SONDE_ATTEMPT $CUDA_VISIBLE_DEVICES $(hostname)" >> ENDED
"""


class Site:
    """A store, and a folder with a script that notes each trial that it ends."""

    def __init__(self, base: Path) -> None:
        self.base, self.ended_file = base, base / "ended"
        self.hold = base / "hold"  # while it is there, no trial ends
        self.store: Store = open_store(str(base / ".sonde" / "sonde.db"))
        (base / "project").mkdir()
        self.script(pause=0.1)

    def script(self, pause: float) -> None:
        text = SCRIPT.replace("PAUSE", str(pause)).replace("ENDED", str(self.ended_file))
        text = text.replace("HOLD", str(self.hold))
        (self.base / "project" / "train.sh").write_text(text)

    def sweep(self, points: int, pause: float = 0.1) -> str:
        self.script(pause)
        work = Command(argv=("sh", "train.sh"), folder=str(self.base / "project"))
        sweep = Sweep(
            space=space_of({"x": list(range(points))}), goals=(Goal(metric="loss"),),
            method="grid", work=work,
        )  # fmt: skip
        return self.store.create_sweep(sweep, utc_now()).id

    def drive(
        self,
        sweep: str,
        executor: Executor,
        each: Resources,
        listener: Silent,
        agents: int | None = None,
    ) -> Result:
        root = str(self.base / ".sonde")
        spec = AgentSpec(store=self.store.url, sweep=sweep, root=root, each=each)
        return drive(
            self.store, sweep, executor=executor, agent=spec, agents=None,
            listener=listener, signals=False,
        )  # fmt: skip

    @property
    def ended(self) -> list[list[str]]:
        """Trial, attempt, devices and host of each that came to its end."""
        if not self.ended_file.exists():
            return []
        return [line.split(" ") for line in self.ended_file.read_text().splitlines()]

    def agents(self) -> list[str]:
        """The command lines of agents of this store that live, whoever started them."""
        found = [process.info["cmdline"] or [] for process in psutil.process_iter(["cmdline"])]
        return [
            " ".join(words) for words in found
            if "sonde.agent" in words and self.store.url in words[-1]
        ]  # fmt: skip

    def check_ended(self, count: int, again: Sequence[Trial]) -> None:
        """Each came to its end, once; twice only where word of it was lost with its agent."""
        ends = Counter(int(number) for number, *_ in self.ended)
        assert sorted(ends) == list(range(count))
        assert {number for number in ends if ends[number] > 1} <= {t.number for t in again}


class Acting(Silent):
    """A listener that does something once, as soon as so many trials have ended.

    Args:
        after: How many.
        act: What.
        hold: A file that goes when so many run at once as `together` says.
        together: How many.
    """

    def __init__(self, after: int, act: Any, hold: Path | None = None, together: int = 0) -> None:
        super().__init__()
        self._after, self._act = after, act
        self._hold, self._together = hold, together
        self.most = 0
        if hold is not None:
            hold.touch()

    def update(self, view: View, changed: object) -> None:
        self.most = max(self.most, len(view.running))
        if self._hold is not None and self.most >= self._together:
            self._hold.unlink(missing_ok=True)
        if self._act is not None and self.is_time(view):
            act, self._act = self._act, None
            act()

    def is_time(self, view: View) -> bool:
        return view.history.counts[State.DONE] >= self._after
