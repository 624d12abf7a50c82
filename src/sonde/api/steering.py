"""A sweep steered while it runs, here or elsewhere: held, ended, limited, edited."""

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from sonde.api.goals import seconds_of
from sonde.controller import utc_now
from sonde.core.sweep import Control
from sonde.errors import IllegalTransitionError
from sonde.store.protocol import Store, SweepRecord

if TYPE_CHECKING:
    from sonde.core import sweep as definitions
    from sonde.editing import Edited, Step

__all__ = ["Steered", "check_not_cancelled"]


class Steered:
    """What `sonde.Sweep` does to a sweep; it says what the sweep is."""

    store: Store
    id: str
    _function: Callable[..., Any] | None
    _lock: AbstractContextManager[object]

    @abstractmethod
    def _read(self) -> SweepRecord: ...

    def pause(self) -> None:
        """Start no new trial until `resume`; running ones go on."""
        self._set(Control.PAUSED, "paused by the user")

    def resume(self) -> None:
        """Let trials be started again, after `pause` or `stop`.

        Raises:
            IllegalTransitionError: After `cancel`, which is final.
        """
        with self._lock:
            check_not_cancelled(self._read())
        self._set(Control.RUNNING, "")

    def stop(self) -> None:
        """Start no new trial; the sweep has ended when the running ones have."""
        self._set(Control.STOPPED, "stopped by the user")

    def cancel(self) -> None:
        """End running trials at once; they do not count. Nobody goes on with it afterwards."""
        self._set(Control.CANCELLED, "cancelled by the user")

    @property
    def workers(self) -> int | None:
        """How many trials run at once at most, whoever runs them; None: as many as agents take.

        May be set while it runs, here or elsewhere: `sweep.workers = 2`. Trials that run go on.
        """
        return self._read().budget.workers

    @workers.setter
    def workers(self, most: int | None) -> None:
        from sonde.editing import limit_workers

        limit_workers(self.store, self.id, most, utc_now())

    def edit(
        self,
        params: Mapping[str, Any] | None = None,
        /,
        *,
        remove: Sequence[str] = (),
        backfill: Mapping[str, Any] | None = None,
        where: str | Sequence[str] | None = None,
        method: str | None = None,
        stop: str | None = None,
        trials: int | None = None,
        time: float | str | None = None,
        why: str = "",
        dry_run: bool = False,
        **named: Any,
    ) -> "Edited":
        """Change what is searched, and how, also while trials run, here or elsewhere.

            sweep.edit(lr=sonde.Float(1e-4, 1e-2, log=True))
            sweep.edit(momentum=(0.0, 0.9, 0.99), backfill={"momentum": 0.9})

        What is not spoken of stays. Trials so far stay what they are, and may be the best; the
        search goes on from those that are assignments of the new space.

        Args:
            params: By name, as for `sonde.Space`; those with other names may be given by name.
            remove: Names of parameters to take out.
            backfill: What new parameters had in the trials so far, whose results the search
                else goes on without.
            where: All relations from now on.
            method: Another search method.
            stop: Another stopping rule; "none" for no more.
            trials: How many in all.
            time: Working time in all.
            why: For those who read it later.
            dry_run: Change nothing, only return what would come of it.

        Returns:
            What differs, and what becomes of the trials.

        Raises:
            ConfigErrors: With all that is wrong; then nothing was changed.
            IllegalTransitionError: If it was cancelled.
        """
        from sonde.agent.reaching import check_reaches
        from sonde.api.shipping import adapted
        from sonde.core.edit import Edit
        from sonde.editing import edit

        wish = Edit(
            parameters={**(params or {}), **named},
            remove=[remove] if isinstance(remove, str) else remove,
            where=[where] if isinstance(where, str) else where,
            backfill=backfill or {},
            method=method,
            stopping=stop,
            trials=trials,
            time_s=seconds_of(time),
        )
        record = self._read()

        def apply(old: "definitions.Sweep") -> "definitions.Sweep":
            new = check_reaches(self.store, record, wish.apply(old))
            if self._function is not None:
                adapted(self._function, new.space)  # so that it takes what it will be given
            return new

        found = edit(self.store, self.id, apply, utc_now(), why=why, dry_run=dry_run)
        self._read()
        return found

    @property
    def versions(self) -> "list[Step]":
        """All versions of the definition, oldest first, each with what it changed."""
        from sonde.editing import history_of

        return history_of(self.store, self.id)

    def _set(self, control: Control, reason: str) -> None:
        self.store.update_sweep(self.id, utc_now(), control=control, reason=reason)


def check_not_cancelled(record: SweepRecord) -> None:
    """Raise if it was cancelled, which is final."""
    if record.control is Control.CANCELLED:
        raise IllegalTransitionError(
            f"{record.name} was cancelled, which is final; "
            "sonde.sweep(..., new=True) makes a new one"
        )
