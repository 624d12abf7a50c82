"""Optuna's pruners by name: which stopping rule each is, and whom it ends."""

from collections.abc import Iterator
from typing import Any

import pytest

import sonde.optuna as optuna
from sonde.errors import ConfigError
from sonde.store.memory import MemoryStore

pruners = optuna.pruners


@pytest.mark.parametrize(
    ("pruner", "rule"),
    [
        (pruners.MedianPruner(), "median(min_trials=5, min_steps=1)"),
        (
            pruners.MedianPruner(n_startup_trials=3, n_warmup_steps=10, interval_steps=2),
            "median(min_trials=3, min_steps=10, every=2)",
        ),
        (pruners.MedianPruner(n_min_trials=7), "median(min_trials=7, min_steps=1)"),
        (pruners.PercentilePruner(25.0), "median(min_trials=5, min_steps=1, percent=25.0)"),
        (pruners.SuccessiveHalvingPruner(), "asha(min_steps=1, eta=4)"),
        (
            pruners.SuccessiveHalvingPruner(
                min_resource=2, reduction_factor=3, min_early_stopping_rate=2
            ),
            "asha(min_steps=18, eta=3)",
        ),
        (pruners.HyperbandPruner(), "asha(min_steps=1, eta=3)"),
        (pruners.HyperbandPruner(max_resource=81), "asha(min_steps=1, eta=3, max_steps=81)"),
        (
            pruners.PatientPruner(pruners.MedianPruner(), patience=3),
            "patient(steps=3, rule='median(min_trials=5, min_steps=1)')",
        ),
        (pruners.PatientPruner(None, 2, min_delta=0.1), "patient(steps=2, least=0.1)"),
        (pruners.PatientPruner(pruners.NopPruner(), 2), "patient(steps=2)"),
        (pruners.ThresholdPruner(upper=5), "threshold(worst=5.0, min_steps=1)"),
        (pruners.NopPruner(), None),
        (None, "median"),
        ("asha(eta=2)", "asha(eta=2)"),
    ],
)
def test_a_pruner_is_a_stopping_rule_of_the_sweep(pruner: Any, rule: str | None) -> None:
    study = optuna.create_study(storage=MemoryStore(), pruner=pruner)
    (record,) = study.store.list_sweeps()
    assert record.sweep.stopping == rule
    assert study.pruner.rule == rule


def test_what_is_maximised_is_bounded_the_other_way_round() -> None:
    pruner = pruners.ThresholdPruner(lower=0.2, upper=1.0, interval_steps=2)
    study = optuna.create_study(storage=MemoryStore(), pruner=pruner, direction="maximize")
    assert study.pruner.rule == "threshold(best=-1.0, worst=-0.2, min_steps=1, every=2)"
    values = iter([0.5, 0.1, 0.3])

    def objective(trial: optuna.Trial) -> float:
        trial.report(value := next(values), 0)
        if trial.should_prune():
            raise optuna.TrialPruned
        return value

    study.optimize(objective, n_trials=3)
    assert [trial.state.name for trial in study.trials] == ["COMPLETE", "PRUNED", "COMPLETE"]


def test_patience_ends_who_got_no_better_and_nobody_else() -> None:
    curves: Iterator[list[float]] = iter(
        [[5, 4, 3, 2, 1, 0.5], [1, 2, 2, 2, 2, 2], [3, 3, 1, 3, 3, 0.5]]
    )
    study = optuna.create_study(
        storage=MemoryStore(), pruner=pruners.PatientPruner(None, patience=2)
    )

    def objective(trial: optuna.Trial) -> float:
        for step, value in enumerate(next(curves)):
            trial.report(value, step)
            if trial.should_prune():
                raise optuna.TrialPruned
        return 0.0

    study.optimize(objective, n_trials=3)
    assert [trial.state.name for trial in study.trials] == ["COMPLETE", "PRUNED", "COMPLETE"]
    assert study.trials[1].last_step == 3
    reasons = [trial.why_stopped for trial in study.sweep.trials]
    assert reasons[1] == "patient: no better than 1 in its last 3 steps"


def test_what_has_no_meaning_here_is_refused() -> None:
    with pytest.raises(ConfigError, match="the rule waits for nobody at a rung; leave it out"):
        pruners.HyperbandPruner(bootstrap_count=2)
    with pytest.raises(TypeError, match="give lower, upper or both"):
        pruners.ThresholdPruner()
    with pytest.raises(AttributeError, match="repeats of the same values are a sweep's"):
        pruners.WilcoxonPruner()
