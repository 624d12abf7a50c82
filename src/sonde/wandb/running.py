"""A run: one execution of a training script, in a trial of a sweep or by itself.

`log` has W&B's steps: the run counts its calls, a step that is given is taken, and one that is
lower than what was logged before is dropped with a warning. What is logged is in the trial's
journal when the call returns, also with `commit=False`.
"""

import os
from collections.abc import Mapping
from time import time

from sonde import tracking
from sonde.errors import ConfigError
from sonde.wandb.summing import Summary
from sonde.wandb.telling import warn
from sonde.wandb.values import Config

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType
    from typing import Any, Self

__all__ = ["Run", "Settings"]


class Settings:
    """Settings of W&B, kept by name; `mode` is the only one that changes anything here."""

    def __init__(self, **settings: "Any") -> None:
        self.__dict__.update(settings)

    def __getattr__(self, name: str) -> "Any":
        """Return None for what was not set."""
        return None


class Run:
    """What `wandb.init` returns; also a context manager that finishes it.

    Attributes:
        config: See `Config`.
        summary: See `Summary`.
        id: Of the trial in a sweep, otherwise random.
        sweep_id: The sweep's, or None.
        dir: Where files may be put.
        mode: `online`, `offline` (both the same here) or `disabled`.
    """

    def __init__(
        self,
        *,
        mode: str = "online",
        name: str | None = None,
        project: str | None = None,
        entity: str | None = None,
        group: str | None = None,
        job_type: str | None = None,
        notes: str | None = None,
        tags: "Sequence[str]" = (),
        id: str | None = None,  # noqa: A002 - W&B's name
        folder: str | None = None,
        allow_val_change: bool = False,
        on_end: "Callable[[Run], None] | None" = None,
    ) -> None:
        self.mode, self.project, self.entity = mode, project, entity
        self.group, self.job_type, self.notes = group or "", job_type or "", notes
        self.tags = tuple(tags)
        self.sweep_id = os.environ.get("SONDE_SWEEP") or None
        number = os.environ.get("SONDE_TRIAL")
        in_trial = f"{self.sweep_id}-{number}" if self.sweep_id and number else None
        self.id = id or os.environ.get("WANDB_RUN_ID") or in_trial or os.urandom(4).hex()
        self.name = name or os.environ.get("WANDB_NAME") or self.id
        self.config = Config(allow_val_change=allow_val_change)
        self.summary = Summary()
        self.url: str | None = None
        self.start_time = time()
        self.exit_code: int | None = None
        self._folder = folder
        self._on_end = on_end
        self._step = 0
        self._is_finished = False
        self._tracked = None if mode == "disabled" else tracking.current()

    # -- what it is -----------------------------------------------------------------------------

    @property
    def step(self) -> int:
        """The step that the next `log` is counted as."""
        return self._step

    @property
    def dir(self) -> str:
        """A folder for files: that of the trial's artifacts in a sweep, else `wandb` here."""
        kept = os.environ.get("SONDE_TRIAL_DIR")
        path = self._folder or (os.path.join(kept, "artifacts") if kept else "wandb")  # noqa: PTH118
        os.makedirs(path, exist_ok=True)  # noqa: PTH103 - no pathlib in a training process
        return path

    @property
    def disabled(self) -> bool:
        """Whether nothing is kept."""
        return self.mode == "disabled"

    @property
    def offline(self) -> bool:
        """Whether it was asked to be so; it always is."""
        return self.mode == "offline"

    @property
    def resumed(self) -> bool:
        """Whether the trial was run before, and ended without a result."""
        return int(os.environ.get("SONDE_ATTEMPT") or 1) > 1

    def project_name(self) -> str | None:
        """Return the project."""
        return self.project

    # -- reporting ------------------------------------------------------------------------------

    def log(
        self,
        data: "Mapping[str, Any]",
        step: int | None = None,
        commit: bool | None = None,
        sync: bool | None = None,
    ) -> None:
        """Report values; numbers are metrics, other things are kept in the summary only.

        Args:
            data: Name to value; a dict inside gives names with dots.
            step: Of this report, from now on; by default the calls are counted.
            commit: Whether the next call has the next step; by default unless `step` is given.
            sync: Means nothing any more.

        Raises:
            ConfigError: If `data` is no mapping.
            Stopped: In a function that a sweep calls, once its trial is to end.
        """
        if step is not None:
            step = int(step)
            if step < self._step:
                warn(f"log(step={step}) is below step {self._step}, so it is dropped")
                return
            self._step = step
        numbers: dict[str, Any] = {}
        others: dict[str, Any] = {}
        try:
            items = data.items()
        except AttributeError:
            raise ConfigError(
                "wandb.log", f"{data!r} has no names", "write for instance {'loss': 0.3}"
            ) from None
        for name, value in items:
            kind = type(value)
            if kind is float or kind is int:
                numbers[name] = value
            else:
                _sort(name, value, numbers, others)
        self.summary.logged(others)
        self.summary.logged(numbers)
        number = self._step
        if commit if commit is not None else step is None:
            self._step = number + 1
        if self._tracked is not None and numbers:
            if not _PLAIN.issuperset(name[:1] for name in numbers):
                numbers = {name: n for name, n in numbers.items() if _is_metric(name)}
            self._tracked.log(numbers, number)

    def define_metric(
        self,
        name: str,
        step_metric: str | None = None,
        step_sync: bool | None = None,
        hidden: bool | None = None,
        summary: str | None = None,
        goal: str | None = None,
        overwrite: bool | None = None,
    ) -> None:
        """Say which number of a metric the summary has: `min`, `max`, `mean`, `last`, `none`.

        The others concern W&B's charts. What a sweep goes by stands in its definition
        (`metric: {name: loss, summary: min}`).

        Raises:
            ValueError: If there is no such summary.
        """
        for kind in (summary or "").split(","):
            if kind.strip() == "best":
                self.summary.define(name, "max" if (goal or "").startswith("max") else "min")
            elif kind.strip() not in {"", "copy"}:
                self.summary.define(name, kind.strip())

    def mark_preempting(self) -> None:
        """Say that the machine is about to be taken away: a failure from now on is no failure.

        The trial then waits again, for another agent or this one.
        """
        folder = os.environ.get("SONDE_TRIAL_DIR")
        if folder and self._tracked is not None:
            with open(os.path.join(folder, "preempting"), "a", encoding="utf-8"):  # noqa: PTH118, PTH123
                pass

    # -- its end --------------------------------------------------------------------------------

    def finish(self, exit_code: int | None = None, quiet: bool | None = None) -> None:
        """End the run; numbers that the script has put into the summary are reported.

        Args:
            exit_code: Other than 0: it has failed.
            quiet: Means nothing here.
        """
        if self._is_finished:
            return
        self._is_finished = True
        self.exit_code = exit_code
        numbers: dict[str, Any] = {}
        for name, value in self.summary.set_by_hand.items():
            _sort(name, value, numbers, {})
        numbers = {name: value for name, value in numbers.items() if _is_metric(name)}
        if numbers and self._tracked is not None:
            self._tracked.report(numbers, self._step)
        if self._on_end is not None:
            self._on_end(self)

    def join(self, exit_code: int | None = None) -> None:
        """Do what `finish` does, under its old name."""
        self.finish(exit_code)

    def __enter__(self) -> "Self":
        """Return the run."""
        return self

    def __exit__(
        self,
        kind: "type[BaseException] | None",
        error: "BaseException | None",
        trace: "TracebackType | None",
    ) -> None:
        """Finish the run, with exit code 1 where an error passes through."""
        self.finish(exit_code=0 if kind is None else 1)

    # -- what W&B's charts and files want ---------------------------------------------------------

    def watch(self, *models: "Any", **options: "Any") -> None:
        """Accept models; gradients are not recorded."""

    def unwatch(self, *models: "Any") -> None:
        """Accept models."""

    def alert(self, title: str, text: str = "", **options: "Any") -> None:
        """Print an alert."""
        from sonde.wandb.accepted import alert

        alert(title, text, **options)

    def save(self, *given: "Any", **options: "Any") -> None:
        """Accept paths; files stay where they are."""

    def log_artifact(self, *given: "Any", **options: "Any") -> None:
        """Accept an artifact; files stay where they are."""

    def log_code(self, *given: "Any", **options: "Any") -> None:
        """Accept a folder: sonde keeps the git commit and what differs from it."""

    def __repr__(self) -> str:
        """Show what run it is."""
        return f"<sonde.wandb run {self.name}>"


_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")


def _is_metric(name: str) -> bool:
    return bool(name) and name[0] != "_"


def _sort(name: str, value: "Any", numbers: "dict[str, Any]", others: "dict[str, Any]") -> None:
    """Put a value among the numbers or among the others."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            _sort(f"{name}.{key}", item, numbers, others)
        return
    if not isinstance(value, str | bytes | bytearray) and value is not None:
        try:
            numbers[name] = float(value)
        except (TypeError, ValueError, OverflowError, RuntimeError):
            pass  # torch says RuntimeError for a tensor of several numbers
        else:
            return
    others[name] = value
    if isinstance(value, str):
        warn(f"log: {name} is text, which the summary keeps and no curve has; only numbers are")
    elif value is not None:
        warn(f"log: {name} is a {type(value).__name__}, which is not recorded; only numbers are")
