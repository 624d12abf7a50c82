"""`subject_to` in Python."""

import warnings
from pathlib import Path

import pytest

import sonde


def net(width: int) -> dict[str, float]:
    return {"loss": 1 / width, "ms": width / 2}


def swept(*bounds: str) -> sonde.Sweep:
    sweep = sonde.sweep(
        net, {"width": [8, 16, 32, 64]}, minimize="loss", subject_to=bounds, store="memory:"
    )
    return sweep.run(workers=0, progress=False)


def test_the_best_keeps_to_the_bounds_and_every_trial_says_whether_it_does() -> None:
    sweep = swept("ms <= 20")
    assert sweep.best.params == {"width": 32}
    assert [trial.feasible for trial in sweep.trials] == [True, True, True, False]
    assert sweep.trials[3].excess == {"ms <= 20": 12.0}
    assert "infeasible" in repr(sweep.trials[3])
    assert [trial.number for trial in sweep.pareto] == [2]
    assert list(sweep.frame()["feasible"]) == [True, True, True, False]


def test_if_none_is_feasible_there_is_no_best_and_the_reason_is_plain() -> None:
    sweep = swept("ms <= 3")
    with pytest.raises(sonde.NotFoundError, match="none is feasible, which is ms <= 3"):
        _ = sweep.best
    assert sweep.pareto == []


def test_a_metric_that_never_comes_is_said() -> None:
    with pytest.warns(UserWarning, match="reported mb; reported were loss, ms"):
        sweep = swept("mb <= 3")
    assert [trial.feasible for trial in sweep.trials] == [False] * 4


def test_one_bound_needs_no_list_and_without_one_all_trials_are_feasible() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        sweep = sonde.sweep(
            net, {"width": [8, 64]}, minimize="loss", subject_to="ms <= 20", store="memory:"
        )
        assert sweep.run(workers=0, progress=False).best.number == 0
        assert all(trial.feasible for trial in swept().trials)


@pytest.mark.parametrize("bad", ["ms", "ms < 3", ["ms <= 3", "ms <= 3"], [3]])
def test_what_is_no_bound_is_refused_before_anything_is_stored(bad: str, tmp_path: Path) -> None:
    store = tmp_path / "sonde.db"
    with pytest.raises(sonde.ConfigError, match="subject_to="):
        sonde.sweep(net, {"width": [8]}, minimize="loss", subject_to=bad, store=str(store))
    assert not store.exists()
