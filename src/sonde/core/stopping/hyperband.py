"""Hyperband as W&B's sweeps stop by it (`early_terminate: {type: hyperband}`).

At a *band*, the n-th finite value of the metric, all trials that came so far are compared. A
running trial is judged at the highest band that it has reached: it stops if its value there is
worse than that of the trial at place int(n / eta) of the n that reached the band. So ties go on,
and a trial alone goes on. It is judged again whenever others arrive.

Source: the rule of wandb/sweeps 0.3.0 (`hyperband_stopping.py`), to the letter; it goes back to
Li et al., JMLR 2018, arXiv:1603.06560. `tests/core/stopping/test_wandb_sweeps.py` compares them.
"""

from bisect import bisect_left, insort
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import inf, isfinite

from sonde.core.stopping.protocol import Heard
from sonde.errors import ConfigError

__all__ = ["Hyperband"]

_WHERE = "stop hyperband"
_MOST_BANDS = 100  # W&B's own limit, for min_iter
_FURTHEST = 2**53  # no trial reports so often


@dataclass(slots=True)
class _Run:
    """One trial: how many finite values came, those at its bands, and the least of all."""

    count: int = 0
    at: list[float] = field(default_factory=list)
    least: float = inf


@dataclass(slots=True)
class _Seen:
    runs: dict[int, _Run] = field(default_factory=dict)
    levels: list[list[float]] = field(default_factory=list)  # the values at each band, ascending


class Hyperband:
    """W&B's rule; the options are those of its sweep files.

    Args:
        max_iter: With `s`: the bands are int(max_iter / eta^i) for i = 1 ... s, while 1 or more.
        s: How many bands at most.
        min_iter: Instead: the bands are int(min_iter * eta^i) for i = 0, 1, ...
        eta: One trial in `eta` goes on.
        strict: Judge a trial by its value at the band; else by the best of its whole curve.
    """

    name = "hyperband"

    def __init__(
        self,
        *,
        max_iter: int | None = None,
        s: int | None = None,
        min_iter: int | None = None,
        eta: float = 3,
        strict: bool = True,
    ) -> None:
        if not _is_number(eta) or not 1 < eta < inf:
            raise ConfigError(_WHERE, f"eta={eta!r} is not above 1", "use for instance 3")
        if not isinstance(strict, bool):
            raise ConfigError(_WHERE, f"strict={strict!r} is no answer", "use true or false")
        self.eta, self.strict = eta, strict
        if max_iter is not None:
            self.bands = _downwards(max_iter, s, eta)
        elif min_iter is not None:
            self.bands = _upwards(min_iter, eta)
        else:
            raise ConfigError(
                _WHERE,
                "it has neither max_iter nor min_iter",
                "write hyperband(max_iter=27, s=2) or hyperband(min_iter=3)",
            )

    def start(self) -> _Seen:
        """Return a state without trials."""
        return _Seen()

    def hear(self, state: _Seen, heard: Heard) -> _Seen:
        """Count the finite values, and keep those at bands."""
        run = state.runs.setdefault(heard.number, _Run())
        if heard.afresh:
            for values, value in zip(state.levels, run.at, strict=False):
                del values[bisect_left(values, value)]
            run = state.runs[heard.number] = _Run()
        for point in heard.points:
            if not isfinite(point.loss):
                continue
            run.count += 1
            run.least = min(run.least, point.loss)
            while len(run.at) < len(self.bands) and self.bands[len(run.at)] == run.count:
                if len(run.at) == len(state.levels):
                    state.levels.append([])
                insort(state.levels[len(run.at)], point.loss)
                run.at.append(point.loss)
        return state

    def judge(self, state: _Seen, number: int) -> str | None:
        """Compare at the highest band that the trial has reached."""
        run = state.runs.get(number)
        if run is None or not run.at:
            return None
        level = len(run.at) - 1
        values = state.levels[level]
        # As there, and not n // eta: 1 / eta is rounded first.
        place = int(1.0 / self.eta * len(values))
        value = run.at[level] if self.strict else run.least
        if value <= values[place]:
            return None
        better = bisect_left(values, value)
        return (
            f"{self.name}: after {_values(self.bands[level])} at place {better + 1} of "
            f"{len(values)}, and the best {place + 1} go on"
        )


def _downwards(max_iter: int, s: int | None, eta: float) -> Sequence[int]:
    _check_count("max_iter", max_iter)
    if s is None:
        raise ConfigError(
            _WHERE, "max_iter stands without s", f"write hyperband(max_iter={max_iter}, s=2)"
        )
    _check_count("s", s)
    bands: list[int] = []
    band: float = max_iter
    for _ in range(int(s)):
        band /= eta
        if band < 1:
            break
        bands.append(int(band))
    if not bands:
        raise ConfigError(
            _WHERE,
            f"max_iter={max_iter} / {eta:g} is less than one value, so there is no band",
            "raise max_iter, or lower eta",
        )
    return sorted(bands)


def _upwards(min_iter: int, eta: float) -> Sequence[int]:
    _check_count("min_iter", min_iter)
    bands: list[int] = []
    band: float = min_iter
    while len(bands) < _MOST_BANDS and band <= _FURTHEST:
        bands.append(int(band))
        band *= eta
    return bands


def _check_count(name: str, value: object) -> None:
    whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
    if isinstance(value, bool) or not whole or value < 1:  # type: ignore[operator]
        raise ConfigError(
            _WHERE, f"{name}={value!r} is no whole number from 1 on", "use for instance 3"
        )


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _values(count: int) -> str:
    return f"{count} value{'s' if count > 1 else ''}"
