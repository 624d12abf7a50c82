"""A trial that another process works on: what it reports there is heard here."""

import threading
from collections.abc import Callable
from contextlib import suppress

from sonde.agent.folder import TrialFolder
from sonde.agent.journal import Journal
from sonde.errors import StoreError

__all__ = ["Followed"]

_POLL_S = 0.1


class Followed:
    """The folder of a trial, read by a thread for as long as the trial is on lease here.

    Args:
        folder: Of this attempt at the trial; it is made already.
        report: Takes each report: its step, the metrics, seconds since the epoch.
        flush: Sends what was reported to the store.
        is_to_end: Whether the trial was asked to end; the other process is told then.
    """

    def __init__(
        self,
        folder: TrialFolder,
        report: Callable[[int, dict[str, float], float], None],
        flush: Callable[[], None],
        is_to_end: Callable[[], bool],
    ) -> None:
        self._folder, self._journal = folder, Journal(folder.reports)
        self._report, self._flush, self._is_to_end = report, flush, is_to_end
        self._is_told = False
        self._closed = threading.Event()
        self._thread = threading.Thread(
            target=self._run, name=f"sonde-trial-{folder.number}", daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """Hear what is left, and listen no more."""
        self._closed.set()
        self._thread.join()
        self._hear(final=True)

    def _run(self) -> None:
        while not self._closed.wait(_POLL_S):
            self._hear()
            if not self._is_told and self._is_to_end():
                self._is_told = True
                self._folder.mark_stop()

    def _hear(self, *, final: bool = False) -> None:
        reports = self._journal.poll(final=final)
        for report in reports:
            self._report(report.step, dict(report.metrics), report.time)
        if reports and not final:  # the last ones go with the outcome
            with suppress(StoreError):  # they stay pending, and whoever ends the trial meets it
                self._flush()
