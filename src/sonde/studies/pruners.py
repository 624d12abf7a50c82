"""Optuna's names of pruners, each with the stopping rule that it is here."""

from collections.abc import Sequence
from dataclasses import dataclass

from sonde.core.metric import Goal
from sonde.errors import ConfigError

__all__ = [
    "HyperbandPruner",
    "MedianPruner",
    "NopPruner",
    "PatientPruner",
    "PercentilePruner",
    "Pruner",
    "SuccessiveHalvingPruner",
    "ThresholdPruner",
]


@dataclass(frozen=True, slots=True)
class Pruner:
    """A stopping rule, as text; None: nobody is stopped.

    Attributes:
        turned: The rule of a goal that is maximised, where it is another one.
    """

    rule: str | None
    turned: str | None = None

    @staticmethod
    def of(given: "Pruner | str | None") -> "Pruner":
        """Return what a program gave; nothing is `median`, as in Optuna."""
        if isinstance(given, Pruner):
            return given
        if given is None or isinstance(given, str):
            return Pruner(given or "median")
        raise ConfigError(
            f"pruner={given!r:.60}",
            "that is none of sonde's",
            "use sonde.optuna.pruners.MedianPruner(), or a stopping rule by name: 'asha'",
        )

    def rule_for(self, goals: Sequence[Goal]) -> str | None:
        """Return the rule of a study with these goals."""
        is_turned = self.turned is not None and bool(goals) and not goals[0].is_min
        return self.turned if is_turned else self.rule


def MedianPruner(  # noqa: N802 Optuna's name
    n_startup_trials: int = 5,
    n_warmup_steps: int = 0,
    interval_steps: int = 1,
    *,
    n_min_trials: int = 1,
) -> Pruner:
    """Return the median rule."""
    return PercentilePruner(
        50.0, n_startup_trials, n_warmup_steps, interval_steps, n_min_trials=n_min_trials
    )


def PercentilePruner(  # noqa: N802
    percentile: float,
    n_startup_trials: int = 5,
    n_warmup_steps: int = 0,
    interval_steps: int = 1,
    *,
    n_min_trials: int = 1,
) -> Pruner:
    """Return the median rule for another share than half: the best `percentile` go on."""
    options = [
        f"min_trials={max(n_startup_trials, n_min_trials, 1)}",
        f"min_steps={max(n_warmup_steps, 1)}",
    ]
    if percentile != 50.0:
        options.append(f"percent={percentile!r}")
    if interval_steps != 1:
        options.append(f"every={interval_steps}")
    return Pruner(f"median({', '.join(options)})")


def SuccessiveHalvingPruner(  # noqa: N802
    min_resource: int | str = "auto",
    reduction_factor: int = 4,
    min_early_stopping_rate: int = 0,
    bootstrap_count: int = 0,
) -> Pruner:
    """Return asynchronous successive halving."""
    first = 1 if isinstance(min_resource, str) else min_resource
    lowest = first * reduction_factor**min_early_stopping_rate
    _check_unused("SuccessiveHalvingPruner", bootstrap_count)
    return Pruner(f"asha(min_steps={lowest}, eta={reduction_factor})")


def HyperbandPruner(  # noqa: N802
    min_resource: int = 1,
    max_resource: int | str = "auto",
    reduction_factor: int = 3,
    bootstrap_count: int = 0,
) -> Pruner:
    """Return asynchronous successive halving too, which takes its place here."""
    _check_unused("HyperbandPruner", bootstrap_count)
    last = "" if isinstance(max_resource, str) else f", max_steps={max_resource}"
    return Pruner(f"asha(min_steps={min_resource}, eta={reduction_factor}{last})")


def PatientPruner(  # noqa: N802
    wrapped_pruner: Pruner | str | None, patience: int, min_delta: float = 0.0
) -> Pruner:
    """Return that the other one stops only who has not improved for a while."""
    options = f"steps={patience}" + (f", least={min_delta!r}" if min_delta else "")
    wrapped = Pruner(None) if wrapped_pruner is None else Pruner.of(wrapped_pruner)

    def of(rule: str | None) -> str:
        return f"patient({options})" if rule is None else f"patient({options}, rule={rule!r})"

    return Pruner(of(wrapped.rule), None if wrapped.turned is None else of(wrapped.turned))


def ThresholdPruner(  # noqa: N802
    lower: float | None = None,
    upper: float | None = None,
    n_warmup_steps: int = 0,
    interval_steps: int = 1,
) -> Pruner:
    """Return that a trial is stopped whose value leaves these bounds, or is NaN."""
    if lower is None and upper is None:
        raise TypeError("ThresholdPruner(): give lower, upper or both")
    more = [f"min_steps={max(n_warmup_steps, 1)}"]
    if interval_steps != 1:
        more.append(f"every={interval_steps}")

    def of(best: float | None, worst: float | None) -> str:
        bounds = {"best": best, "worst": worst}
        found = [f"{key}={float(value)!r}" for key, value in bounds.items() if value is not None]
        return f"threshold({', '.join([*found, *more])})"

    turned = of(None if upper is None else -upper, None if lower is None else -lower)
    return Pruner(of(lower, upper), turned)


def NopPruner() -> Pruner:  # noqa: N802
    """Return that nobody is stopped."""
    return Pruner(None)


def _check_unused(name: str, bootstrap_count: int) -> None:
    if bootstrap_count:
        raise ConfigError(
            f"{name}(bootstrap_count={bootstrap_count})",
            "the rule waits for nobody at a rung",
            "leave it out",
        )
