"""The relay: what a trial reports, from wherever it writes it, as one numbered sequence.

Three sources: the journal `reports.jsonl`, TensorBoard event files anywhere in the trial's
folder (and in the user's, if the trial has that to itself), and a regular expression over what
it prints. The first source to deliver a metric
owns its name, so that a metric that is both logged and written for TensorBoard counts once.
"""

import itertools
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from sonde.agent.in_place import Claim
from sonde.agent.journal import Journal
from sonde.agent.printed import Printed
from sonde.core.trial import Report
from sonde.tensorboard.ingest import Tail, names_of

__all__ = ["Relay"]

_EVENTS = "event files in"
_EVENTS_SHARE = 0.02  # of the time that looking for event files may take
_EVENTS_S = 0.2  # how often at most
_SHARED = (
    "several trials ran in the folder at once, so event files in it were left out; "
    "write them under SONDE_TRIAL_DIR"
)


class Relay:
    """Gathers the reports of one attempt and keeps them until the store has them.

    Attributes:
        notes: What was found that is no report, a line each, for people.
        acknowledged: How many reports the store has.
    """

    def __init__(
        self,
        folder: Path,
        *,
        journal: Path,
        stdout: Path,
        metric_regex: str | None = None,
        goals: Sequence[str] = (),
        wanted: Sequence[str] = (),
        beside: Claim | None = None,
    ) -> None:
        """Begin; what event files hold already, such as copied ones, is none of the trial's.

        Args:
            goals: The metrics of the goals; the first is what a pattern without names finds.
            wanted: More metrics that are to be kept under the names that they have here.
        """
        self.notes: list[str] = []
        self.acknowledged = 0
        self._unsent: list[Report] = []
        self._owners: dict[str, str] = {}
        self._wanted = frozenset([*goals, *wanted])
        self._journal = Journal(journal)
        self._tail = Tail(folder, skip_present=True)
        self._beside = beside
        self._printed = None if metric_regex is None else Printed(stdout, metric_regex, goals)
        self._events_at = 0.0

    def poll(self, *, final: bool = False) -> None:
        """Gather what is new; with `final`, also what waits for the rest of its line."""
        for report in self._journal.poll(final=final):
            self._add("reports.jsonl", report)
        if self._printed is not None:
            for report in self._printed.poll(final=final):
                self._add("stdout", report)
        now = time.monotonic()
        if final or now >= self._events_at:
            for source, report in self._events():
                self._add(source, report)
            after = time.monotonic()
            self._events_at = after + max(_EVENTS_S, (after - now) / _EVENTS_SHARE)
        if final and self._beside is not None:
            self._beside.close()

    def add(self, report: Report) -> None:
        """Take a report that the trial told us directly."""
        self._add("value", report)

    @property
    def unsent(self) -> Sequence[Report]:
        """The reports after the acknowledged ones."""
        return self._unsent

    def sent(self, last: int) -> None:
        """Forget the reports up to number `last`, which the store has."""
        del self._unsent[: max(0, last - self.acknowledged)]
        self.acknowledged = max(self.acknowledged, last)

    @property
    def names(self) -> Sequence[str]:
        """The metrics that came, in the order of their first arrival."""
        return tuple(self._owners)

    def facts(self) -> dict[str, object]:
        """Return what is worth recording: what could not be read."""
        facts: dict[str, object] = {}
        if self._journal.damaged:
            facts["reports_damaged"] = self._journal.damaged
        notes = [*self._journal.notes, *self.notes, *(str(one) for one in self._tail.problems)]
        if self._beside is not None and not self._beside.is_alone:
            notes.append(_SHARED)
        if notes:
            facts["notes"] = notes[:20]
        return facts

    def _add(self, source: str, report: Report) -> None:
        owners = self._owners
        if all(owners.setdefault(name, source) == source for name in report.metrics):
            self._unsent.append(report)
            return
        own = {name: value for name, value in report.metrics.items() if owners[name] == source}
        if own:
            self._unsent.append(Report(report.step, own, report.time))

    def _events(self) -> Iterator[tuple[str, Report]]:
        """Return the new scalars of event files, those of a run's step as one report."""
        source, step, stamp = "", 0, 0.0
        gathered: dict[str, float] = {}
        beside = () if self._beside is None else self._beside.poll()
        for scalar in itertools.chain(self._tail.poll(), beside):
            # Runs are called as the script called them, wherever we put its folder.
            top, _, below = scalar.run.partition("/")
            run = below if top == "work" else scalar.run
            now_from = f"{_EVENTS} {run or '.'}"
            names = self._names_for(scalar.tag, run, now_from)
            if not names:
                continue
            if gathered and (
                (now_from, scalar.step) != (source, step) or not gathered.keys().isdisjoint(names)
            ):
                yield source, Report(step, gathered, stamp)
                gathered = {}
            source, step, stamp = now_from, scalar.step, scalar.wall_time
            gathered |= dict.fromkeys(names, scalar.value)
        if gathered:
            yield source, Report(step, gathered, stamp)

    def _names_for(self, tag: str, run: str, source: str) -> Sequence[str]:
        """Return the names under which a scalar is kept.

        They are its first name, unless another run has that, and each name that a goal or a
        constraint uses.
        All that `names_of` lists would be seven curves for one.
        """
        known, owners = names_of(tag, run), self._owners
        first = known[0]
        if owners.get(first, source) != source and owners[first].startswith(_EVENTS):
            other, plain = owners[first].removeprefix(f"{_EVENTS} "), first
            first = f"{run or '.'}/{tag}"
            if first not in owners:
                self.notes.append(
                    f"{plain} is that of the run {other}; that of {run or '.'} is {first}"
                )
        names = dict.fromkeys([first, *(name for name in known if name in self._wanted)])
        return tuple(name for name in names if owners.setdefault(name, source) == source)
