"""The examples of each framework: a report an epoch or round, and an end when asked to end."""

import math
from collections.abc import Callable
from typing import Any

import pytest

Train = Callable[..., list[dict[str, Any]]]

# Example -> what it reports, the last one its goal.
EXAMPLES = {
    "torch": ("val_acc", "val_loss"),
    "keras": ("loss", "accuracy", "val_accuracy", "val_loss"),
    "lightning": ("train_loss", "val_acc", "val_loss"),
    "transformers": ("loss", "eval_loss"),
    "xgboost": ("train-mlogloss", "validation-mlogloss"),
    "lightgbm": ("validation-multi_logloss",),
    "flax": ("val_loss",),
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_epoch_or_round_is_reported(name: str, train: Train) -> None:
    metrics = EXAMPLES[name]
    reports = train(f"{name}_digits.py")
    assert set(metrics) <= {key for report in reports for key in report}
    curve = [report[metrics[-1]] for report in reports if metrics[-1] in report]
    assert len(curve) == 3
    assert all(map(math.isfinite, curve))
    assert curve[-1] < curve[0]
    steps = [report["step"] for report in reports]
    assert steps == sorted(steps)


@pytest.mark.parametrize("name", EXAMPLES)
def test_training_ends_early_when_the_trial_is_asked_to_end(name: str, train: Train) -> None:
    reports = train(f"{name}_digits.py", stop=True)
    assert len([report for report in reports if EXAMPLES[name][-1] in report]) < 3
