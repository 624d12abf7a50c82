"""Population based training from Python: functions that go on from each other's checkpoints."""

import sys
from pathlib import Path
from typing import Any

import cloudpickle
import pytest

import sonde
from sonde.agent.inheriting import check_reach
from sonde.core.space import space_of
from sonde.core.sweep import Sweep
from sonde.errors import ConfigError, NotFoundError

cloudpickle.register_pickle_by_value(sys.modules[__name__])
SPACE = {"h0": sonde.Float(0, 1), "h1": sonde.Float(0, 1)}


def train(h0: float, h1: float) -> float:
    """Take some steps of the paper's toy; every seventh leg fails once it has begun."""
    kept = sonde.checkpoint() / "state"
    x, y, legs = map(float, kept.read_text().split()) if kept.exists() else (0.9, 0.9, 0.0)
    for _ in range(5):
        x, y = x - 0.02 * h0 * x, y - 0.02 * h1 * y
        sonde.log(loss=x * x + y * y)
    if (h0 * 1000) % 7 < 0.5:
        raise RuntimeError("diverged")
    kept.write_text(f"{x} {y} {legs + 1}")
    return x * x + y * y


@pytest.mark.parametrize("workers", [0, 3])
def test_each_leg_goes_on_from_where_its_lineage_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, workers: int
) -> None:
    monkeypatch.chdir(tmp_path)
    sweep = sonde.sweep(
        train, SPACE, minimize="loss", method="pbt(population=4)", seed=3, name=f"pbt{workers}"
    )
    sweep.run(trials=24, workers=workers, progress=False)
    trials = sweep.trials
    assert len(trials) == 24
    assert {trial.state for trial in trials} <= {"done", "failed"}
    for trial in trials:
        line = sweep.lineage(trial.number)
        assert line[-1].number == trial.number
        if trial.state == "done":
            x = y = 0.9
            for leg in line:
                x *= (1 - 0.02 * leg.params["h0"]) ** 5
                y *= (1 - 0.02 * leg.params["h1"]) ** 5
            assert trial.value == pytest.approx(x * x + y * y)
    assert max(len(sweep.lineage(trial.number)) for trial in trials) >= 4
    best = sweep.best
    assert best.p_best is None
    assert "go on from one another" in best.why_unsure
    with pytest.raises(NotFoundError, match="has no trial 24"):
        sweep.lineage(24)


def test_a_trial_that_is_asked_for_has_the_checkpoint_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    sweep = sonde.sweep(None, SPACE, minimize="loss", method="pbt(population=2)", name="asked")
    legs: dict[int, dict[str, Any]] = {}
    for number in range(4):
        with sweep.ask() as trial:
            env = trial.environment()
            kept = Path(env["SONDE_CHECKPOINT_DIR"]) / "legs"
            before = kept.read_text() if kept.exists() else ""
            legs[number] = {"before": before, "parent": env.get("SONDE_PARENT")}
            kept.write_text(f"{before}{number} ")
            trial.tell(float(number))
    for number, leg in legs.items():
        line = [one.number for one in sweep.lineage(number)[:-1]]
        assert leg["before"].split() == [str(one) for one in line]
        assert leg["parent"] == (str(line[-1]) if line else None)
    assert any(leg["parent"] for leg in legs.values())


def test_agents_behind_a_server_are_told_that_it_sends_no_checkpoints() -> None:
    sweep = Sweep(space=space_of(SPACE), method="pbt(population=4)")
    check_reach(sweep, "sqlite:////somewhere/sonde.db")
    with pytest.raises(ConfigError, match="does not send"):
        check_reach(sweep, "http://localhost:8080")
