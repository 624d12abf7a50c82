"""What is said of how sure the best is."""

from dataclasses import replace

from sonde.cli.sure import sure_lines
from sonde.core.certainty import Certainty, Judged
from sonde.core.metric import Goal

FOUND = Certainty(
    best=4, compared=12, each={4: Judged(p_best=0.5, p_better=0.0, interval=(0.25, 0.5))}
)


def test_another_trial_is_recommended_only_where_it_promises_more() -> None:
    goal = Goal(metric="loss")
    same = list(sure_lines(replace(FOUND, recommended=4), goal, is_repeated=True))
    assert same == list(sure_lines(FOUND, goal, is_repeated=True))
    sure, rather, value = sure_lines(replace(FOUND, recommended=7), goal, is_repeated=True)
    assert [sure, value] == same
    assert rather == "rather use 7: with what its neighbours got it promises more"


def test_an_interval_that_was_not_measured_is_said_to_be_a_models() -> None:
    goal = Goal(metric="loss")
    measured = list(sure_lines(FOUND, goal, is_repeated=True))
    assert measured[-1] == "true value 0.25 to 0.5 with 95 % (loss)"
    *same, last = sure_lines(FOUND, goal, is_repeated=False)
    assert same == measured
    assert "only repeats measure noise" in last
