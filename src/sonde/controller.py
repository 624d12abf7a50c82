"""The controller: load, decide, commit.

A *role*, not a process: `sonde run`, a server, an agent with nothing to do, and a program
that asks and tells all take it through this class, also several at once. A decision is
committed against the revision that it was made from; the loser reads again.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from sonde.core.decide import Decider, Situation
from sonde.core.history import History
from sonde.core.trial import Lease, Trial
from sonde.errors import ConflictError
from sonde.plugins.methods import method
from sonde.single_thread import SingleThread
from sonde.store.earlier import lessons_of
from sonde.store.protocol import Ask, Store, SweepRecord

__all__ = ["Controller", "utc_now"]


def utc_now() -> datetime:
    """Return the present time, aware, in UTC."""
    return datetime.now(UTC)


class Controller:
    """One sweep, followed and driven.

    Attributes:
        record: The sweep as it was last read.
        history: Its trials as they were last read.
    """

    def __init__(
        self, store: Store, sweep: str, *, clock: Callable[[], datetime] = utc_now
    ) -> None:
        self.store = store
        self.sweep = sweep
        self._clock = clock
        self._version = 0
        self._unheard: dict[int, Trial] = {}  # changed, and not returned by `refresh` yet
        self.record: SweepRecord = store.get_sweep(sweep)
        self.history = History(self.record.sweep)
        definition = self.record.sweep
        self._decider = Decider(definition, method, lessons_of(store, definition))
        self._single_thread = SingleThread()

    @property
    def adaptive(self) -> bool:
        """Whether the method learns from results, so that few trials should be made ahead."""
        return self._decider.adaptive

    def refresh(self) -> Sequence[Trial]:
        """Read what has changed; return the trials changed since the last call, by number.

        Those that `step` came to know of in the meantime are among them.
        """
        self._read()
        changed = [self._unheard[number] for number in sorted(self._unheard)]
        self._unheard.clear()
        return changed

    def step(self, want: int = 1, ask: Ask | None = None) -> Sequence[Lease]:
        """Decide and commit, so that up to `want` trials wait; with `ask`, lease at once.

        Returns:
            The leases; none without `ask`, and none when there is nothing to run now.
        """
        while True:
            self._read()
            record = self.record
            now = self._clock()
            situation = Situation(record.revision, record.control, record.budget, now)
            with self._single_thread.on():
                decision = self._decider.decide(self.history, situation, want)
            if decision is None:
                return self.store.lease(self.sweep, ask, now) if ask else ()
            try:
                self.record, leases = self.store.commit(self.sweep, decision, now, ask)
            except ConflictError:
                continue  # somebody else decided first; so it ends: each round is one commit
            return leases

    def _read(self) -> None:
        changes = self.store.changes(self.sweep, self._version)
        self.record, self._version = changes.record, changes.version
        if changes.trials:
            results = self.history.add(changes.trials)
            if results:
                self._decider.observe(results)
            self._unheard.update((trial.number, trial) for trial in changes.trials)
