"""`repeats`, `p_best` and what goes with them in Python."""

import random

import pytest

import sonde


def noisy(width: int) -> float:
    return 1 / width + random.Random(sonde.seed()).gauss(0, 0.01)


def swept(repeats: int = 4) -> sonde.Sweep:
    space = {"width": [8, 16, 32, 64, 128]}
    sweep = sonde.sweep(noisy, space, minimize="loss", repeats=repeats, store="memory:")
    return sweep.run(workers=0, progress=False)


def test_the_best_is_an_assignment_with_its_mean_its_error_and_how_sure_it_is() -> None:
    sweep = swept()
    assert len(sweep.trials) == 20
    best = sweep.best
    values = [trial.value for trial in best.repeats if trial.value is not None]
    assert best.value == pytest.approx(sum(values) / 4)
    assert len(set(values)) == 4  # each had a seed of its own
    assert best.se is not None
    assert best.p_best is not None
    assert best.interval is not None
    assert best.interval[0] < best.interval[1]
    assert all(trial.number != best.number for trial in sweep.indistinguishable)
    assert len(sweep.assignments) == 5
    assert [trial.number for trial in sweep.pareto] == [best.number]


def test_the_same_seed_gives_the_same_numbers() -> None:
    assert [t.value for t in swept(2).trials] == [t.value for t in swept(2).trials]


def test_where_nothing_is_known_the_reason_is_given() -> None:
    best = swept(1).best
    assert best.p_best is None
    assert best.interval is None
    assert best.se is None
    assert "it takes 8 results" in best.why_unsure
    assert [trial.number for trial in best.repeats] == [best.number]


def test_one_that_asks_and_tells_gets_each_assignment_so_often() -> None:
    sweep = sonde.sweep(None, {"x": [1, 2]}, minimize="loss", repeats=2, store="memory:")
    asked = []
    for _ in range(4):
        with sweep.ask() as trial:
            asked.append((trial.params["x"], trial.seed))
            trial.tell(trial.params["x"])
    assert [value for value, _ in asked] == [1, 1, 2, 2]
    assert len({seed for _, seed in asked}) == 4
    with pytest.raises(sonde.ExhaustedError):
        sweep.ask()
    assert sweep.best.value == 1


@pytest.mark.parametrize("bad", [0, -1, 1.5, True, "3"])
def test_what_is_no_count_is_refused(bad: int) -> None:
    with pytest.raises(sonde.ConfigError, match="repeats="):
        sonde.sweep(noisy, {"width": [8]}, minimize="loss", repeats=bad, store="memory:")


def test_outside_a_sweep_the_seed_is_0() -> None:
    assert sonde.seed() == 0
