"""A trial run again, with its values, in the foreground."""

import cloudpickle
import pytest

from lab import Lab
from sonde.agent.rerun import rerun
from sonde.core.metric import Goal
from sonde.core.sweep import Function
from sonde.space import Choice


def test_it_runs_with_the_same_values_in_a_new_folder_and_leaves_the_sweep_alone(
    lab: Lab, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    lab.script(
        'echo "x is $SONDE_PARAM_X"; echo noise >&2; '
        """echo '{"loss": 0.5}' >> "$SONDE_TRIAL_DIR/reports.jsonl"\n"""
    )
    sweep = lab.sweep("sh", "train.sh", space={"x": [3, 4]}, metric="loss")
    lab.run(sweep)
    before = lab.store.changes(sweep.id)
    lab.script("echo edited since")  # the sweep's own snapshot counts
    for k in (1, 2):
        done = rerun(lab.store, lab.store.get_sweep(sweep.id), before.trials[1], lab.root)
        assert (done.status, done.metrics) == (0, {"loss": 0.5})
        assert done.folder == lab.root / "reruns" / f"{sweep.id}-1-{k}"
        shown = capfdbinary.readouterr()
        assert (shown.out, shown.err) == (b"x is 4\n", b"noise\n")
    assert lab.store.changes(sweep.id) == before
    assert not (lab.of(sweep, 1).path.with_name("1.2")).exists()


def test_words_for_a_parameter_that_the_trial_has_not_are_left_out_again(
    lab: Lab, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    lab.script('echo "$@"\n')
    space = {"opt": ["adam", "sgd"], "momentum": Choice((0.5,), when="opt == 'sgd'")}
    sweep = lab.sweep("sh", "train.sh", "--lr={momentum}", "{opt}", space=space)
    lab.run(sweep)
    for trial in lab.trials(sweep):
        rerun(lab.store, sweep, trial, lab.root)
    assert capfdbinary.readouterr().out == b"adam\n--lr=0.5 sgd\n"


@pytest.mark.parametrize(
    ("text", "status", "error"),
    [("exit 3", 3, "exit status 3"), ("kill -TERM $$", 143, "killed by signal 15 (SIGTERM)")],
)
def test_it_ends_as_the_program_ends(lab: Lab, text: str, status: int, error: str) -> None:
    lab.script("exit 0")
    sweep = lab.sweep("sh", "-c", text)
    lab.run(sweep)
    done = rerun(lab.store, sweep, lab.trials(sweep)[0], lab.root)
    assert (done.status, done.outcome.error) == (status, error)


def test_a_function_is_called_again(lab: Lab, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    def f(x: int) -> float:
        print("called with", x)
        return x * 2

    blob = lab.store.put_blob(cloudpickle.dumps(f))
    work = Function(name="f", folder=str(lab.folder), blob=blob)
    sweep = lab.sweep(space={"x": [3]}, work=work, goals=(Goal(metric="loss"),))
    lab.run(sweep)
    done = rerun(lab.store, sweep, lab.trials(sweep)[0], lab.root)
    assert (done.status, done.metrics) == (0, {"loss": 6.0})
    assert capfdbinary.readouterr().out == b"called with 3\n"
