"""What is said of how sure the best is."""

from sonde.cli.sure import sure_lines
from sonde.core.certainty import Certainty, Judged
from sonde.core.metric import Goal

FOUND = Certainty(
    best=4, compared=12, each={4: Judged(p_best=0.5, p_better=0.0, interval=(0.25, 0.5))}
)


def test_an_interval_that_was_not_measured_is_said_to_be_a_models() -> None:
    goal = Goal(metric="loss")
    measured = list(sure_lines(FOUND, goal, is_repeated=True))
    assert measured[-1] == "true value 0.25 to 0.5 with 95 % (loss)"
    *same, last = sure_lines(FOUND, goal, is_repeated=False)
    assert same == measured
    assert "only repeats measure noise" in last
