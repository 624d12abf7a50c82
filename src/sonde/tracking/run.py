"""The current run: what `sonde.config`, `sonde.log` and the others speak to.

In a trial of a sweep it is made from the environment that the agent set (`SONDE_TRIAL_DIR`,
`SONDE_PARAMS`, `SONDE_CHECKPOINT_DIR`). Outside a sweep it keeps the last values for
`sonde.summary` and writes nothing, so that a script runs the same on its own. A trial that
runs inside the submitter's process (`workers=0`) has its run put in place by `install`.

How a trial learns that it is to end: `should_stop()` becomes true. Where `SONDE_RAISE_STOP=1`
is set, as the workers that call functions do, `log` then also raises `sonde.Stopped`. A script
that never asks is ended by the SIGTERM that the agent sends; one that asks is left the grace
period to end by itself.
"""

import os
from collections.abc import Mapping
from time import monotonic, time

from sonde.errors import ConfigError, Stopped

TYPE_CHECKING = False  # `typing` would cost each training process 3 ms
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from typing import Any

__all__ = [
    "Config",
    "LastValues",
    "Run",
    "checkpoint",
    "config",
    "current",
    "finish",
    "init",
    "install",
    "log",
    "reset",
    "seed",
    "should_stop",
    "summary",
]

CHECK_EVERY_S = 0.05  # how old the answer of `should_stop` may be


class Run:
    """What this process works for.

    Args:
        values: The trial's parameters; they win over what `init` is given.
        write: Takes each report (step or None, metrics, seconds since the epoch).
        close: Called by `finish`.
        asked: Whether the trial was asked to end; may cost a system call.
        folder: Returns the path of the checkpoint folder, which need not exist yet.
        seed: For the trial's own random numbers.
        raises: Whether `log` raises `Stopped` once the trial was asked to end.
        check_every_s: How old the answer of `should_stop` may be.
    """

    __slots__ = (
        "_asked",
        "_check_every_s",
        "_close",
        "_folder",
        "_next_check",
        "_raises",
        "_stopping",
        "_values",
        "_write",
        "config",
        "seed",
        "summary",
    )

    def __init__(
        self,
        *,
        values: "Mapping[str, Any] | None" = None,
        write: "Callable[[int | None, dict[str, float], float], None] | None" = None,
        close: "Callable[[], None] | None" = None,
        asked: "Callable[[], bool] | None" = None,
        folder: "Callable[[], str]" = lambda: "checkpoint",
        seed: int = 0,
        raises: bool = False,
        check_every_s: float = CHECK_EVERY_S,
    ) -> None:
        self._values = values or {}
        self.seed = seed
        self._write, self._close, self._asked, self._folder = write, close, asked, folder
        self._raises, self._check_every_s = raises, check_every_s
        self._stopping = False
        self._next_check = 0.0
        self.config: dict[str, Any] = dict(self._values)
        self.summary: dict[str, float] = {}

    def set_defaults(self, given: "Mapping[str, Any]") -> None:
        """Add values to the config; those of the sweep stay as they are."""
        self.config = {**self.config, **given, **self._values}

    def log(self, metrics: "Mapping[str, Any]", step: "int | None") -> None:
        """Make a report, and raise `Stopped` where that is how the trial is told to end."""
        self.report(metrics, step)
        if self._raises and self.should_stop():
            raise Stopped("the trial was asked to end")

    def report(self, metrics: "Mapping[str, Any]", step: "int | None") -> None:
        """Make a report; nothing is written if anything in it is wrong."""
        numbers: dict[str, float] = {}
        for name, value in metrics.items():
            if name == "step":  # as it reads in a journal, so it reads here
                step = value if step is None else step
                continue
            if type(name) is not str or not name or name[0] == "_":
                _refuse_name(name)
            numbers[name] = value if type(value) is float else _number(name, value)
        if step is not None and type(step) is not int:
            step = _whole(step)
        if numbers:
            self.summary.update(numbers)
            if self._write is not None:
                self._write(step, numbers, time())

    def should_stop(self) -> bool:
        """Tell whether the trial was asked to end; once true, always true."""
        if self._stopping or self._asked is None:
            return self._stopping
        now = monotonic()
        if now >= self._next_check:
            self._next_check = now + self._check_every_s
            self._stopping = self._asked()
        return self._stopping

    @property
    def has_heard_stop(self) -> bool:
        """Whether the program was told that it is to end."""
        return self._stopping

    def checkpoint(self) -> "Path":
        """Return the checkpoint folder, which is made if it is not there."""
        from pathlib import Path  # on first use: its import costs as much as all of sonde's

        folder = Path(self._folder()).absolute()
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def finish(self) -> None:
        """Let go of the journal."""
        if self._close is not None:
            self._close()


class Config(Mapping[str, "Any"]):
    """The values of the current run: `config.lr`, `config["lr"]`, `config.get("lr", 0.1)`.

    A parameter that is called like a method of a mapping (`items`, `get`, ...) is reached by
    item only. `dict(config)` is a copy that stays as it is.
    """

    __slots__ = ()

    def __getitem__(self, name: str) -> "Any":
        """Return a value, or raise `KeyError` with the names that there are."""
        values = current().config
        try:
            return values[name]
        except KeyError:
            raise KeyError(_no_value(name, values)) from None

    def __getattr__(self, name: str) -> "Any":
        """Return a value, or raise `AttributeError` with the names that there are."""
        values = current().config
        try:
            return values[name]
        except KeyError:
            raise AttributeError(_no_value(name, values)) from None

    def __iter__(self) -> "Iterator[str]":
        """Go through the names, in the order of the space."""
        return iter(current().config)

    def __len__(self) -> int:
        """Return how many values there are."""
        return len(current().config)

    def __repr__(self) -> str:
        """Show the values as a dict."""
        return f"Config({current().config!r})"


class LastValues(Mapping[str, float]):
    """The last value of each metric that the current run has logged."""

    __slots__ = ()

    def __getitem__(self, name: str) -> float:
        """Return the last value of a metric, or raise `KeyError`."""
        return current().summary[name]

    def __iter__(self) -> "Iterator[str]":
        """Go through the metrics in the order of their first report."""
        return iter(current().summary)

    def __len__(self) -> int:
        """Return how many metrics there are."""
        return len(current().summary)

    def __repr__(self) -> str:
        """Show the values as a dict."""
        return f"LastValues({current().summary!r})"


config = Config()
summary = LastValues()
_current: "Run | None" = None


def init(config: "Mapping[str, Any] | Any | None" = None, /, **values: "Any") -> Config:
    """Begin a run and return its config; needed only to give values of one's own.

    In a trial the sweep's values win; what is given here fills in the rest. Outside a sweep
    they are the config, so that `sonde.init(lr=0.01)` makes a script run on its own.

    Args:
        config: A mapping, or the namespace that `argparse` returns.
        values: More of the same; they win over `config`.
    """
    given = config if isinstance(config, Mapping) else vars(config) if config is not None else {}
    current().set_defaults({**given, **values})
    return _CONFIG


def log(
    metrics: "Mapping[str, Any] | None" = None,
    /,
    step: "int | None" = None,
    **more: "Any",
) -> None:
    """Report metrics: `sonde.log(val_loss=0.31)` or `sonde.log({"val/loss": 0.31}, step=7)`.

    The report outlives the process from the moment on that the call returns, also if the
    process is killed next (with `workers=0` within a quarter of a second). Outside a sweep the
    values are kept in `sonde.summary`, and nothing else happens.

    Args:
        metrics: Name to number. Whatever `float()` takes will do: NumPy and torch scalars too.
            NaN and infinities are kept. A key `step` is the step.
        step: The epoch, batch, ...; left out, reports are counted from 0.
        more: More metrics.

    Raises:
        ConfigError: If a value is no number; then nothing of this call is kept.
        Stopped: In a function that a sweep calls, once its trial was asked to end; the report
            is kept all the same. In a script only if `SONDE_RAISE_STOP=1` is set.
    """
    run = _current or current()
    if metrics is None:
        run.log(more, step)
    elif type(metrics) is dict or isinstance(metrics, Mapping):  # the first is sooner said
        run.log({**metrics, **more} if more else metrics, step)
    else:
        raise ConfigError(
            "sonde.log",
            f"{metrics!r} is a {type(metrics).__name__} without a name",
            "write for instance sonde.log(val_loss=0.31)",
        )


def should_stop() -> bool:
    """Tell whether this trial was asked to end; never outside a sweep.

    Cheap enough for every batch: the answer may be 50 ms old. A script that asks is no longer
    ended by SIGTERM, so that it can save what it has; after the grace period it is killed.
    """
    return (_current or current()).should_stop()


def checkpoint() -> "Path":
    """Return the folder for this trial's checkpoints; it is made if it is not there.

    All attempts of a trial get the same folder: one that runs again after a crash finds what
    the former one left. Outside a sweep it is `checkpoint` in the current folder.
    """
    return (_current or current()).checkpoint()


def seed() -> int:
    """Return what this trial may seed its random numbers with: from 0 up to 2**31 - 1.

    Each trial has its own, repeats of an assignment too; a further attempt at a trial has the
    same again. Outside a sweep it is 0.
    """
    return (_current or current()).seed


def finish() -> None:
    """End the run. Nothing waits to be written, so a script may as well just exit."""
    if _current is not None:
        _current.finish()


def current() -> Run:
    """Return the run that this process works for; made from the environment on first use."""
    global _current  # noqa: PLW0603 - the one global that there is
    if _current is None:
        _current = _from_environment()
    return _current


def install(run: "Run | None") -> "Run | None":
    """Put a run in place of the current one, which is returned to be put back later."""
    global _current
    former, _current = _current, run
    return former


def reset() -> None:
    """Forget the current run: the next use looks at the environment again."""
    former = install(None)
    if former is not None:
        former.finish()


_CONFIG = config  # `init` has a parameter of that name


def _from_environment() -> Run:
    folder = os.environ.get("SONDE_TRIAL_DIR")
    if not folder:
        return Run()
    from sonde.tracking.spool import Journal

    journal = Journal(os.path.join(folder, "reports.jsonl"))  # noqa: PTH118 - no pathlib here
    stop = os.path.join(folder, "stop")  # noqa: PTH118
    kept = os.environ.get("SONDE_CHECKPOINT_DIR") or os.path.join(folder, "checkpoint")  # noqa: PTH118
    return Run(
        values=_params(os.environ.get("SONDE_PARAMS") or os.path.join(folder, "params.json")),  # noqa: PTH118
        write=journal.write,
        close=journal.close,
        asked=_asked_by(stop),
        folder=lambda: kept,
        seed=int(os.environ.get("SONDE_SEED") or 0),
        raises=os.environ.get("SONDE_RAISE_STOP") == "1",
    )


def _asked_by(stop: str) -> "Callable[[], bool]":
    """Return what tells whether the trial was asked to end: by a file, or by SIGTERM.

    On first use it takes SIGTERM, unless the script does so itself: whoever asks means to end
    by itself, and would not live to hear the answer.
    """
    asks = heard = False

    def hear(*_: object) -> None:
        nonlocal heard
        heard = True

    def asked() -> bool:
        nonlocal asks
        if not asks:
            asks = True
            import signal
            import threading

            is_main = threading.current_thread() is threading.main_thread()
            if is_main and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
                signal.signal(signal.SIGTERM, hear)
                masks = threading.local()

                # Pools and loaders of data end their children with it. It is held back while
                # one is made: what came before the child has forgotten us would be lost there.
                def hold() -> None:
                    masks.before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})

                def let() -> None:
                    signal.pthread_sigmask(signal.SIG_SETMASK, masks.before)

                def forget() -> None:
                    if signal.getsignal(signal.SIGTERM) is hear:
                        signal.signal(signal.SIGTERM, signal.SIG_DFL)
                    let()

                os.register_at_fork(before=hold, after_in_parent=let, after_in_child=forget)
        return heard or os.path.exists(stop)  # noqa: PTH110

    return asked


def _params(path: str) -> "dict[str, Any]":
    import json  # on first use, see `spool`

    try:
        with open(path, encoding="utf-8") as file:  # noqa: PTH123
            values = json.load(file)
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"SONDE_PARAMS={path}",
            f"the trial's values cannot be read: {error}",
            "start the script through sonde, or unset SONDE_TRIAL_DIR",
        ) from error
    if not isinstance(values, dict):
        found = f"it holds a {type(values).__name__}"
        raise ConfigError(f"SONDE_PARAMS={path}", found, "it must be one JSON object")
    return values


def _number(name: str, value: "Any") -> float:
    if not isinstance(value, str | bytes | bytearray):  # float("0.3") would hide a slip
        try:
            return float(value)
        except (TypeError, ValueError, OverflowError, RuntimeError):
            pass  # torch says RuntimeError, or ValueError, for a tensor of several numbers
    raise ConfigError(
        f"sonde.log({name}=...)",
        f"{_short(value)} is a {type(value).__name__}, not a number",
        "log one number for each name",
    )


def _whole(step: "Any") -> int:
    try:
        number = int(step)
        if number == step:
            return number
    except (TypeError, ValueError, OverflowError, RuntimeError):
        pass
    raise ConfigError(
        f"sonde.log(step={_short(step)})",
        f"a {type(step).__name__} that is no whole number",
        "use the number of the epoch or batch, or leave it out",
    )


def _refuse_name(name: "Any") -> None:
    raise ConfigError(
        f"sonde.log({{{name!r}: ...}})",
        "that is no name for a metric",
        "use a text that is not empty and does not begin with an underscore",
    )


def _no_value(name: str, values: "Mapping[str, Any]") -> str:
    if values:
        return f"no value is called '{name}'; there are {', '.join(values)}"
    return f"no value is called '{name}'; outside a sweep give it: sonde.init({name}=...)"


def _short(value: "Any") -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
