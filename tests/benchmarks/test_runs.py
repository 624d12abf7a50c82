"""Runs of benchmarks/search, and the folder that keeps them."""

from pathlib import Path

import pytest

from peers import OPTUNA, Unsuitable, known
from problems import members, select
from runs import have, keep, kept, perform

OURS = [name for name in known() if not name.startswith("optuna:") and name != "grid"]
# These need packages that the extra `bench` does not bring.
LIGHT = [f"optuna:{name}" for name in OPTUNA if name not in {"gp", "cmaes"}]


@pytest.mark.parametrize("method", [*OURS, *LIGHT])
def test_every_method_searches_alone_and_with_eight_at_once(method: str) -> None:
    problem = members()["hills-1l1i3c"].instance(0)
    for workers in (1, 8):
        run = perform(problem, "tune", method, seed=0, trials=12, workers=workers)
        assert len(run.observed) == len(run.ask_ms) == run.trials == 12


def test_a_method_that_does_not_suit_says_so() -> None:
    with pytest.raises(Unsuitable):
        perform(members()["bowl-5f"].instance(0), "tune", "grid", seed=0, trials=3)


def test_the_same_run_gives_the_same_and_true_values_are_kept_beside_noisy_ones() -> None:
    problem = members()["bowl-3f-steady-0.5"].instance(1)
    one, again = (perform(problem, "tune", "tpe", seed=1, trials=15) for _ in range(2))
    assert one.observed == again.observed
    assert len(one.true) == 15
    assert one.true != one.observed


def test_a_folder_gives_back_what_was_kept_and_passes_by_a_broken_line(tmp_path: Path) -> None:
    run = perform(members()["bowl-5f"].instance(0), "tune", "random", seed=0, trials=5)
    keep(run, tmp_path)
    with (tmp_path / "random.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"problem": "bow')
    assert list(kept(tmp_path)) == [run]
    assert have(tmp_path) == {("bowl-5f", 0, "random", 1): 5}


def test_a_suite_gives_one_half_and_a_name_is_taken_from_either() -> None:
    assert {member.split for member in select("functions", "tune")} == {"tune"}
    judged = next(name for name, member in members().items() if member.split == "judge")
    assert [member.name for member in select(judged, "tune")] == [judged]
    with pytest.raises(SystemExit, match="no such suite"):
        select("bowls")
