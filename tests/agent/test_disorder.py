"""An agent whose requests are held up, overtake each other, arrive twice, or lose their answers."""

import pytest

from disorder import disorder_before, url_of
from lab import Lab
from served import served
from sonde.agent.loop import Options, run
from sonde.core.trial import State

POINTS = 12
TRAINING = """for step in 1 2 3; do
    echo '{"step": '$step', "loss": '$SONDE_PARAM_X$step'}' >> "$SONDE_TRIAL_DIR/reports.jsonl"
    sleep 0.1
done
echo $SONDE_PARAM_X >> ran.txt
"""


@pytest.mark.parametrize("seed", range(2))
def test_each_point_is_run_once_and_each_report_kept_once(lab: Lab, seed: int) -> None:
    lab.script(TRAINING)
    sweep = lab.sweep(
        "sh", "train.sh", space={"x": list(range(1, POINTS + 1))}, metric="loss",
        command={"workspace": "none"},
    )  # fmt: skip
    with (
        served(lab.store, decides=True) as client,
        disorder_before(str(client.base_url), seed) as way,
    ):
        options = Options(
            store_url=url_of(way), sweep=sweep.id, root=lab.root, folder=lab.folder, allow=("*",),
            workers=4,
        )  # fmt: skip
        report = run(options)
        assert way.twice > 0
        assert way.lost > 0
    trials = lab.trials(sweep)
    assert {(trial.state, trial.attempts) for trial in trials} == {(State.DONE, 1)}
    assert sorted(trial.params["x"] for trial in trials) == list(range(1, POINTS + 1))
    assert report.ran == POINTS
    ran = (lab.folder / "ran.txt").read_text().split()
    assert sorted(map(int, ran)) == list(range(1, POINTS + 1))
    curves = lab.store.curves(sweep.id)
    for trial in trials:
        curve, x = curves[trial.number]["loss"], trial.params["x"]
        assert list(curve.steps) == [1, 2, 3]
        assert list(curve.values) == [10.0 * x + step for step in (1, 2, 3)]
