"""An agent at work on a sweep that is edited runs each trial by what the sweep was at its lease."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from lab import Lab
from sonde.agent.loop import Event, run
from sonde.controller import utc_now
from sonde.core.decision import Decision, NewTrial
from sonde.core.edit import Edit
from sonde.core.sweep import Command
from sonde.core.trial import State
from sonde.editing import amend, edit
from sonde.store import open_store

SCRIPT = 'echo "$@" >> "$SONDE_TRIAL_DIR/words"\n'


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    lab = Lab(tmp_path)
    yield lab
    lab.close()


def test_what_was_begun_goes_on_and_the_next_one_is_of_the_new_definition(lab: Lab) -> None:
    lab.script(SCRIPT)
    sweep = lab.sweep("sh", "train.sh", "--x={x}", space={"x": [1, 2]})
    # Both wait, so that the second is leased in the moment in which the first one ends.
    add = [NewTrial(params={"x": 1}), NewTrial(params={"x": 2})]
    lab.store.commit(sweep.id, Decision(against=0, add=add), utc_now())

    def on_event(event: Event) -> None:
        if event.kind != "started" or event.number != 0:
            return
        with_other = open_store(lab.store.url)  # as somebody else would
        work = sweep.sweep.work
        assert isinstance(work, Command)
        changed = replace(work, argv=("sh", "train.sh", "--x={x}", "--new"))
        amend(with_other, sweep.id, lambda old: replace(old, work=changed), utc_now())
        edit(with_other, sweep.id, Edit(parameters={"x": [1, 2, 3]}).apply, utc_now())
        with_other.close()

    run(lab.options(sweep), on_event=on_event, store=lab.store)
    trials = lab.trials(sweep)
    assert [trial.params["x"] for trial in trials] == [1, 2, 3]
    assert {trial.state for trial in trials} == {State.DONE}
    words = [(lab.root / "trials" / sweep.id / str(n) / "words").read_text() for n in range(3)]
    assert words == ["--x=1\n", "--x=2 --new\n", "--x=3 --new\n"]
