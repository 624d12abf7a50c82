"""Optuna's `importance`: which parameters matter, by sonde's methods."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sonde.errors import ConfigError
from sonde.studies.study import Study

__all__ = [
    "FanovaImportanceEvaluator",
    "PedAnovaImportanceEvaluator",
    "evaluator_of",
    "get_param_importances",
]


@dataclass(frozen=True, slots=True)
class _Evaluator:
    method: str


def FanovaImportanceEvaluator(  # noqa: N802 Optuna's name
    *, n_trees: int = 64, max_depth: int = 64, seed: int | None = None
) -> _Evaluator:
    """Return fANOVA; its forest is sonde's own, with the study's seed."""
    return _Evaluator("fanova")


def PedAnovaImportanceEvaluator(**options: Any) -> _Evaluator:  # noqa: N802
    """Return PED-ANOVA."""
    if options:
        raise ConfigError(
            f"PedAnovaImportanceEvaluator({', '.join(options)}=...)",
            "sonde's ped-anova has no such options",
            "leave them out",
        )
    return _Evaluator("ped-anova")


def evaluator_of(given: Any) -> str:
    """Return the method of importances that a program means.

    Raises:
        ConfigError: If it is an object of Optuna's.
    """
    if given is None:
        return "fanova"
    if isinstance(given, _Evaluator):
        return given.method
    if isinstance(given, str):
        return given
    raise ConfigError(
        f"evaluator={given!r:.60}", "that is none of sonde's", "use evaluator='fanova'"
    )


def get_param_importances(
    study: Study,
    *,
    evaluator: Any = None,
    params: Sequence[str] | None = None,
    target: Any = None,
    normalize: bool = True,
) -> dict[str, float]:
    """Return how much of the results' variation each parameter explains, most first.

    Args:
        study: Whose.
        evaluator: One of this module, or a method by name (docs/importance.md).
        params: Which; by default all.
        target: A metric by its name; by default the first direction's.
        normalize: Whether they sum up to 1.

    Raises:
        ConfigError: If `target` is a function: what is explained is a metric in the store.
    """
    if callable(target):
        raise ConfigError(
            "target=...",
            "it is a function, and what is explained is a metric",
            "name a number that the objective gives to trial.set_user_attr: target='seconds'",
        )
    found = study.sweep.importance(target, method=evaluator_of(evaluator))
    shares = {one.name: one.share for one in found if params is None or one.name in params}
    total = sum(shares.values())
    if normalize and total > 0:
        return {name: share / total for name, share in shares.items()}
    return shares
