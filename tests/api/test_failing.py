"""Functions of which every trial fails, or that never report what is looked for."""

import pytest

import sonde
from sonde.errors import ConfigError, TrialError


def fails(x: int) -> float:
    raise ValueError(f"no {x}")


def fails_above(x: int) -> float:
    if x > 2:
        raise ValueError(f"no {x}")
    return float(x)


def swept(function: object, **options: object) -> sonde.Sweep:
    options = {"minimize": "loss", "store": "memory:"} | options
    return sonde.sweep(function, {"x": list(range(20))}, **options)  # type: ignore[arg-type]


def ended(sweep: sonde.Sweep) -> list[str]:
    return [str(trial.state) for trial in sweep.trials if trial.state != "waiting"]


def test_a_function_that_always_fails_is_called_five_times_and_no_more() -> None:
    sweep = swept(fails)
    with pytest.raises(TrialError, match=r"5 trials of .* failed and none was completed"):
        sweep.run(workers=0, progress=False)
    assert ended(sweep) == ["failed"] * 5
    with pytest.raises(TrialError, match=r"So it was stopped \(5 trials in a row failed\)"):
        sweep.run(workers=0, progress=False)
    assert ended(sweep) == ["failed"] * 10


def test_a_limit_of_ones_own_stops_a_sweep_with_results_and_warns() -> None:
    sweep = swept(fails_above, max_failures=2)
    with pytest.warns(UserWarning, match="was stopped: 2 trials in a row failed; another run"):
        sweep.run(workers=0, progress=False)
    assert ended(sweep) == ["done"] * 3 + ["failed"] * 2
    assert sweep.best.params == {"x": 0}


def test_without_a_limit_a_sweep_goes_through_all_that_fails() -> None:
    sweep = swept(fails, max_failures=0)
    with pytest.raises(TrialError, match="20 trials of"):
        sweep.run(workers=0, progress=False)


def test_the_limit_may_be_changed_where_a_named_sweep_goes_on() -> None:
    first = swept(fails, name="x", store=None)
    again = swept(fails, name="x", store=None, max_failures=3)
    assert again.id == first.id
    with pytest.raises(TrialError, match="3 trials"):
        again.run(workers=0, progress=False)
    assert again.state == "stopped"


@pytest.mark.parametrize("wrong", [-1, True, 1.5])
def test_what_is_no_count_is_refused(wrong: object) -> None:
    with pytest.raises(ConfigError, match="that is no count; use 0, 1, 2"):
        swept(fails, max_failures=wrong)


def test_a_metric_that_is_never_logged_is_said_after_the_first_trial(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def train(x: int) -> None:
        sonde.log(val_los=x)

    sweep = sonde.sweep(train, {"x": [1, 2, 3]}, minimize="val_loss", store="memory:")
    with pytest.warns(UserWarning, match="no trial of"):
        sweep.run(workers=0, progress="plain")
    lines = capsys.readouterr().err.splitlines()
    said = [line for line in lines if "never came" in line]
    assert said == [
        "trial 0: val_loss never came; metrics that did: val_los; did you mean val_los?"
    ]
