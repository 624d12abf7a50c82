"""A trial that the user's own program asked for, works on, and tells the result of."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from time import time
from types import TracebackType
from typing import Any, Self

from sonde.agent.folder import TrialFolder
from sonde.agent.inheriting import inherit, parent_of
from sonde.api.followed import Followed
from sonde.api.judged import Judged
from sonde.api.keeper import Held
from sonde.api.places import root_of
from sonde.api.trial import thawed
from sonde.core.returned import returned_metrics
from sonde.core.streams import trial_seed
from sonde.core.sweep import Sweep
from sonde.core.trial import Outcome, State, Verdict
from sonde.errors import ConfigError, IllegalTransitionError, LeaseLostError, Stopped
from sonde.store.protocol import Store

__all__ = ["Asked"]


class Asked:
    """A trial on lease to this program, until it is told, fails or is given back.

    Use it as a context manager: an exception inside marks the trial failed and goes on its
    way; leaving without `tell` ends it with what was reported. A program that dies loses the
    lease, and the next `ask` gets the trial again.

    Attributes:
        number: The trial's number in the sweep.
        params: Its values.
        attempt: How often it was begun, this time included.
    """

    def __init__(
        self,
        store: Store,
        sweep: Sweep,
        held: Held,
        judged: Judged,
        let_go: Callable[[Held], None],
    ) -> None:
        self.number = held.lease.number
        self.attempt = held.lease.attempt
        self.params: dict[str, Any] = thawed(held.lease.params)
        self._sweep_seed = sweep.seed
        self._store, self._goals, self._held, self._let_go = store, sweep.goals, held, let_go
        self._judged, self._has_heard_stop = judged, False
        self._ended: State | None = None
        self._followed: Followed | None = None

    def report(self, metrics: "Mapping[str, Any] | Any", step: int | None = None) -> None:
        """Report what was reached so far; it is kept when this returns.

        Args:
            metrics: A number, which is the goal's, or numbers by name.
            step: The epoch, batch, ...; left out, reports are counted from 0.

        Raises:
            LeaseLostError: If the trial was given to somebody else meanwhile.
        """
        self._check_open("report")
        numbers = returned_metrics(metrics, self._goals)
        if numbers:
            self._judged.report(step, numbers, time())
            self._held.flush(self._store)

    def environment(self) -> dict[str, str]:
        """Return variables with which another process works on this trial, and listen to it.

            with sweep.ask() as t:
                subprocess.run(["python", "train.py"], env=os.environ | t.environment(), check=True)

        In that process `sonde.config`, `sonde.log`, `sonde.should_stop` and the others speak of
        this trial; `SONDE_PARAM_LR` and so on carry the values. What it reports is in the store
        within a fraction of a second, and all of it before the trial ends.

        Raises:
            FileExistsError: If something was run in the folder of this attempt already.
        """
        self._check_open("environment")
        held = self._held
        folder = TrialFolder(root_of(self._store), held.lease.sweep, self.number, self.attempt)
        if self._followed is None:
            for _ in inherit(folder, held.lease):
                pass
            folder.create(self.params)
            self._followed = Followed(
                folder, self._judged.report, partial(held.flush, self._store), held.is_to_end
            )
        return folder.environment(self.params, self._store.url, parent_of(held.lease)) | {
            "SONDE_SEED": str(self.seed)
        }

    @property
    def seed(self) -> int:
        """What it may seed its random numbers with; repeats differ in it."""
        return trial_seed(self._sweep_seed, self.number)

    @property
    def should_stop(self) -> bool:
        """Whether this trial is to end now, by a stopping rule or somebody's wish.

        What its own reports lead to it knows at once, all else within a second.
        """
        if self._held.is_to_end():
            self._has_heard_stop = True
        return self._ended is not None or self._has_heard_stop

    def tell(self, value: "Mapping[str, Any] | Any" = None) -> None:
        """End the trial with its result.

        Args:
            value: A number for each goal, or numbers by name; None: what was reported last.

        Raises:
            ConfigError: If it is no number, or None though nothing was reported.
            LeaseLostError: If the trial was given to somebody else meanwhile.
        """
        self._check_open("tell")
        self._hear_out()
        values = returned_metrics(value, self._goals)
        if not values and not self._held.has_reports:
            raise ConfigError(
                f"trial {self.number}.tell({value!r})",
                "nothing was reported before",
                "tell a value",
            )
        # Whoever was asked to stop, and did, has not come to its end.
        stopped = self._has_heard_stop and self._held.verdict is Verdict.STOP
        self._end(Outcome(state=State.STOPPED if stopped else State.DONE, values=values))

    def fail(self, reason: str = "") -> None:
        """End the trial as failed; `reason` is one line for people."""
        self._check_open("fail")
        self._end(Outcome(state=State.FAILED, error=reason or "told to have failed"))

    def give_back(self) -> None:
        """Let somebody else run it: it waits again."""
        self._check_open("give_back")
        self._end(Outcome(state=State.WAITING))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        """End the trial, if it is not ended, by the way in which the block was left."""
        if self._ended is not None:
            return False
        self._hear_out()
        if error is None and self._held.has_reports:
            self.tell()
        elif error is None:
            self.fail("left without a value")
        elif isinstance(error, Stopped):
            self._end(Outcome(state=State.STOPPED))
        else:
            is_ours = isinstance(error, Exception)  # and not Ctrl-C or sys.exit()
            text = f"{type(error).__name__}: {error}".rstrip(": ")
            state = State.FAILED if is_ours else State.WAITING
            with suppress(LeaseLostError):  # the user's error is what is to be seen
                self._end(Outcome(state=state, error=text if is_ours else None))
        return isinstance(error, Stopped)

    def __repr__(self) -> str:
        params = ", ".join(f"{name}={value!r}" for name, value in self.params.items())
        return f"<Asked trial {self.number} ({params})>"

    def _hear_out(self) -> None:
        """Hear what another process has reported to its end."""
        if self._followed is not None:
            self._followed.close()
            self._followed = None

    def _end(self, outcome: Outcome) -> None:
        self._hear_out()
        self._let_go(self._held)
        self._judged.close()
        trial, _ = self._held.finish(self._store, outcome)
        self._ended = trial.state

    def _check_open(self, action: str) -> None:
        if self._ended is not None:
            raise IllegalTransitionError(
                f"trial {self.number} is {self._ended} already; {action} comes too late"
            )
