"""Agents of a server: on machines without the folder, through cuts, and what they refuse."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lab import Lab, until
from network import Network, network_to
from served import served
from sonde.agent.folder import source_folder
from sonde.agent.loop import AgentReport, Options, run
from sonde.agent.orders import Event
from sonde.agent.snapshot import take
from sonde.controller import utc_now
from sonde.core.sweep import Command, Control
from sonde.core.trial import State
from sonde.errors import ConfigError, StoreError
from sonde.server.app import create_app
from sonde.server.serving import Address, serving
from sonde.store.http import HttpStore
from sonde.store.protocol import Decision, NewTrial, SweepRecord

GRID = {"x": [1, 2, 3]}
REPORT = """echo '{"step": 1, "loss": '$SONDE_PARAM_X'}' >> "$SONDE_TRIAL_DIR/reports.jsonl"\n"""
SLOW = f'{REPORT}touch "$SONDE_TRIAL_DIR/began"\nsleep 1\n{REPORT.replace(": 1,", ": 2,")}'
SLOW += 'touch "$SONDE_TRIAL_DIR/ended"\n'


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    lab = Lab(tmp_path / "home")
    yield lab
    lab.close()


@pytest.fixture
def network(lab: Lab) -> Iterator[Network]:
    """A network to a server of the lab's store, which decides."""
    with served(lab.store, decides=True) as client, network_to(str(client.base_url)) as network:
        yield network


@pytest.fixture
def far(tmp_path: Path) -> Path:
    """An empty folder on another machine."""
    folder = tmp_path / "far"
    folder.mkdir()
    return folder


def made(lab: Lab, *argv: str, **settings: Any) -> SweepRecord:
    """A sweep with the snapshot that `sonde run` takes."""
    sweep = lab.sweep(*argv, **({"space": GRID, "metric": "loss"} | settings))
    assert isinstance(sweep.sweep.work, Command)
    take(sweep.sweep.work, source_folder(lab.root, sweep.id))
    return sweep


def agent(url: str, sweep: SweepRecord, far: Path, **settings: Any) -> AgentReport:
    """Run an agent in the empty folder to its end."""
    given: dict[str, Any] = {"store_url": url, "sweep": sweep.id, "root": far / ".sonde"}
    given |= {"folder": far, "allow": ("*",)}
    return run(Options(**(given | settings)), on_event=events.append)


events: list[Event] = []


def test_an_agent_in_an_empty_folder_runs_the_code_that_the_sweep_carries(
    lab: Lab, network: Network, far: Path
) -> None:
    lab.script("x = 0\nimport part, os\nprint('x is', x * part.ten)\n", "train.py")
    lab.script("ten = 10\n", "part/__init__.py")
    sweep = made(
        lab, "/nowhere/venv/bin/python3.11", "train.py",
        metric=None, command={"script": "train.py", "substitute": "syntax"},
    )  # fmt: skip
    shutil.rmtree(lab.folder)
    report = agent(network.url, sweep, far)
    assert (report.ran, report.failed, report.reason) == (3, 0, "the sweep is done")
    logs = sorted(far.glob(f".sonde/trials/{sweep.id}/*/stdout.log"))
    assert [log.read_text() for log in logs] == ["x is 10\n", "x is 20\n", "x is 30\n"]


def test_a_sweep_made_through_a_server_takes_its_code_along(
    lab: Lab, network: Network, far: Path
) -> None:
    lab.script(REPORT)
    sonde = [sys.executable, "-m", "sonde"]
    run_it = [
        "run",
        "--store",
        network.url,
        "--hyperparam=x=1,2",
        "--metric=loss",
        "--name=carried",
    ]
    subprocess.run(
        [*sonde, *run_it, "--trials=2", "sh", "train.sh"],
        cwd=lab.folder, check=True, capture_output=True,
    )  # fmt: skip
    (record,) = lab.store.list_sweeps()
    assert record.counts[State.DONE] == 2
    code = record.facts["code"]
    assert lab.store.get_blob(code)
    with closing(HttpStore(network.url)) as store:
        assert store.get_code(record.id) == lab.store.get_blob(code)


def test_code_that_is_sent_anew_is_what_agents_everywhere_run_from_then_on(
    lab: Lab, network: Network, far: Path
) -> None:
    def run_here(trials: int, *more: str) -> str:
        line = [
            "run",
            "--store",
            network.url,
            "-hp",
            "x=1,2,3,4",
            "--method=grid",
            "--name=carried",
        ]
        done = subprocess.run(
            [sys.executable, "-m", "sonde", *line, "--name=carried", f"--trials={trials}", *more,
             "sh", "train.sh"],
            cwd=lab.folder, check=True, capture_output=True, text=True,
        )  # fmt: skip
        return done.stderr

    lab.script("echo old $SONDE_PARAM_X\n")
    run_here(1)
    lab.script("echo new $SONDE_PARAM_X\n")
    (lab.folder / "more.txt").write_text("x")
    assert "files have changed since the sweep began" in run_here(2)
    assert "on all machines: + more.txt, train.sh" in run_here(3, "--update-code")
    (record,) = lab.store.list_sweeps()
    lab.store.update_sweep(
        record.id, utc_now(), budget=replace(record.budget, trials=4), control=Control.RUNNING
    )
    shutil.rmtree(lab.folder)
    assert agent(network.url, record, far).ran == 1
    printed = [lab.of(record, number).stdout.read_text() for number in range(4)]
    assert printed == ["old 1\n", "old 2\n", "new 3\n", "new 4\n"]
    codes = [trial.facts.get("code") for trial in lab.trials(record)]
    assert codes[:2] == [None, None]
    assert codes[2] == codes[3] is not None
    with closing(HttpStore(network.url)) as store:
        assert store.get_code(record.id) == lab.store.get_blob(str(codes[3]))


def test_a_functions_own_modules_travel_with_it(lab: Lab, network: Network, far: Path) -> None:
    lab.script("ten = 10\n", "lib/part.py")
    lab.script(
        "import part\n\n\n"
        "def train(x):\n"
        "    import late\n"
        "    print(part.__file__)\n"
        "    return late.twice(x * part.ten)\n",
        "lib/mine.py",
    )
    lab.script("def twice(x):\n    return 2 * x\n", "lib/late.py")
    lab.script(
        "import sys\nsys.path.insert(0, 'lib')\nimport mine, sonde\n"
        "sweep = sonde.sweep(mine.train, {'x': [1, 2, 3]}, minimize='y', method='grid',\n"
        f"                    name='f', store={network.url!r})\n"
        "sweep.run(trials=int(sys.argv[1]), workers=1)\n",
        "main.py",
    )
    subprocess.run([sys.executable, "main.py", "1"], cwd=lab.folder, check=True)
    record = lab.store.find_sweep("f")
    lab.store.update_sweep(
        record.id, utc_now(), budget=replace(record.budget, trials=3), control=Control.RUNNING
    )
    shutil.rmtree(lab.folder)
    assert agent(network.url, record, far, allow=("function train",)).ran == 2
    trials = lab.trials(record)
    assert [(trial.state, trial.metrics["y"].last) for trial in trials] == [
        (State.DONE, 20.0), (State.DONE, 40.0), (State.DONE, 60.0),
    ]  # fmt: skip
    there, elsewhere = (lab.of(record, number).stdout.read_text() for number in (0, 2))
    assert there.startswith(str(lab.folder))
    assert elsewhere.startswith(str(far / ".sonde"))


def test_without_code_an_agent_uses_the_checkout_that_it_stands_in(
    lab: Lab, network: Network, far: Path
) -> None:
    sweep = lab.sweep("sh", "train.sh", space=GRID, metric="loss")
    assert isinstance(sweep.sweep.work, Command)
    shutil.rmtree(lab.folder)
    (far / "train.sh").write_text(REPORT)
    assert agent(network.url, sweep, far).ran == 3
    assert [trial.metrics["loss"].last for trial in lab.trials(sweep)] == [1.0, 2.0, 3.0]


def test_what_nobody_allowed_is_not_run(lab: Lab, network: Network, far: Path) -> None:
    sweep = made(lab, "sh", "train.sh", "--x={x}")
    for allow in ((), ("sh other.sh *",), ("python *",)):
        with pytest.raises(ConfigError, match=r"allowed its command: sh train.sh '--x=\{x\}'"):
            agent(network.url, sweep, far, allow=allow)
    assert lab.store.get_sweep(sweep.id).trials == 0
    lab.script(REPORT)
    assert agent(network.url, sweep, lab.folder).ran == 3


def test_a_command_that_is_changed_under_an_agent_ends_it(
    lab: Lab, network: Network, far: Path
) -> None:
    lab.script("exec sleep 60\n")
    sweep = made(lab, "sh", "train.sh")
    evil = replace(sweep.sweep, work=Command(argv=("sh", "evil.sh"), folder=str(lab.folder)))

    def change() -> None:
        until(lambda: lab.store.get_sweep(sweep.id).counts[State.RUNNING])
        lab.store.update_sweep(sweep.id, utc_now(), definition=evil)

    thread = threading.Thread(target=change)
    thread.start()
    report = agent(network.url, sweep, far, allow=("sh train.sh",))
    thread.join()
    assert "nobody here has allowed its command: sh evil.sh" in report.reason
    assert [trial.state for trial in lab.trials(sweep)] == [State.WAITING]


@pytest.mark.parametrize(
    ("argv", "command", "says"),
    [
        (("/nowhere/solver", "x"), {}, "its program /nowhere/solver is not on this machine"),
        (("no-such-solver", "x"), {}, "its program no-such-solver is not on this machine"),
        (("sh", "train.sh"), {"links": ("data",)}, "it links data, which is not in"),
    ],
)
def test_what_a_machine_lacks_is_said_before_anything_is_leased(
    lab: Lab, network: Network, far: Path, argv: tuple[str, ...], command: Any, says: str
) -> None:
    sweep = lab.sweep(*argv, space=GRID, command=command)
    with pytest.raises(ConfigError, match=says):
        agent(network.url, sweep, far)
    assert lab.store.get_sweep(sweep.id).trials == 0


def test_a_cut_network_stops_no_training_and_loses_no_report(
    lab: Lab, network: Network, far: Path
) -> None:
    lab.script(SLOW)
    sweep = made(lab, "sh", "train.sh", space={"x": [7]})
    events.clear()

    def cut() -> None:
        until(lambda: list(far.glob(f".sonde/trials/{sweep.id}/0/began")))
        network.cut()
        until(lambda: any("does not answer" in event.text for event in events))
        until(lambda: list(far.glob(f".sonde/trials/{sweep.id}/0/ended")))
        network.mend()

    thread = threading.Thread(target=cut)
    thread.start()
    report = agent(network.url, sweep, far)
    thread.join()
    (trial,) = lab.trials(sweep)
    assert (trial.state, trial.attempts, report.ran) == (State.DONE, 1, 1)
    assert list(lab.store.curves(sweep.id)[0]["loss"].steps) == [1, 2]
    said = [event.text for event in events if event.kind == "note"]
    assert any("the store does not answer, trying again" in text for text in said)
    assert "the store answers again" in said


def test_answers_that_are_lost_start_nothing_twice(lab: Lab, network: Network, far: Path) -> None:
    lab.script(REPORT)
    sweep = made(lab, "sh", "train.sh", space={"x": list(range(8))})
    done = threading.Event()

    def disturb() -> None:
        while not done.wait(0.15):
            network.losing = 1

    thread = threading.Thread(target=disturb)
    thread.start()
    try:
        agent(network.url, sweep, far)
    finally:
        done.set()
        thread.join()
    trials = lab.trials(sweep)
    assert [trial.params["x"] for trial in trials] == list(range(8))
    assert {(trial.state, trial.attempts) for trial in trials} == {(State.DONE, 1)}


@pytest.mark.parametrize("call", ["lease", "finish", "commit"])
def test_a_lease_whose_answer_was_lost_for_good_is_taken_up_and_not_waited_for(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    lab.script(REPORT)
    sweep = lab.sweep("sh", "train.sh", space={"x": [1, 2, 3, 4]}, metric="loss", lease_s=3600.0)
    decision = Decision(against=0, add=[NewTrial(params={"x": x}) for x in (1, 2)])
    lab.store.commit(sweep.id, decision, utc_now())
    real, calls = getattr(lab.store, call), []

    def deaf(*given: Any, **more: Any) -> Any:
        done = real(*given, **more)
        calls.append(done)
        if len(calls) == 1:
            raise StoreError("the server was killed before it answered")
        return done

    monkeypatch.setattr(lab.store, call, deaf)
    lab.run(sweep)
    assert len(calls) > 1
    trials = lab.trials(sweep)
    assert [trial.params["x"] for trial in trials] == [1, 2, 3, 4]
    assert {(trial.state, trial.attempts) for trial in trials} == {(State.DONE, 1)}


def test_an_agent_leaves_when_so_many_trials_in_a_row_have_failed(
    lab: Lab, network: Network, far: Path
) -> None:
    lab.script('[ $SONDE_PARAM_X = 1 ] && exit 0\necho "no such data" >&2; exit 4\n')
    sweep = made(lab, "sh", "train.sh", space={"x": [0, 1, 2, 3, 4]})
    report = agent(network.url, sweep, far, most_failed=2)
    assert report.reason == "2 trials in a row have failed"
    states = [trial.state for trial in lab.trials(sweep)][:4]
    assert states == [State.FAILED, State.DONE, State.FAILED, State.FAILED]


def test_an_agent_that_is_started_before_its_server_waits_and_says_so(lab: Lab, far: Path) -> None:
    lab.script(REPORT)
    sweep = made(lab, "sh", "train.sh")
    taken = socket.socket()  # bound, so that nobody else gets it, but nobody listens
    taken.bind(("127.0.0.1", 0))
    port = taken.getsockname()[1]
    place = f"http://127.0.0.1:{port}/{sweep.id}"
    line = [sys.executable, "-m", "sonde", "agent", place, "--allow-command", "*"]
    with subprocess.Popen(line, cwd=far, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        said = process.stderr.readline()
        app = create_app(lab.store, decides=True)
        taken.close()
        with serving(app, Address(port=port)):
            rest = process.stderr.read()
    assert re.search(r"no answer: .*is `sonde serve` running there\?; trying again for 60 s", said)
    assert (process.returncode, rest.count(" done ")) == (0, 3), rest


@pytest.mark.parametrize(
    ("number", "status", "state"),
    [
        (signal.SIGINT, 0, State.DONE),
        (signal.SIGTERM, 0, State.DONE),
        (signal.SIGINT, 3, State.WAITING),
    ],
)
def test_a_forwarded_signal_lets_programs_end_as_they_like(
    lab: Lab, number: int, status: int, state: State
) -> None:
    lab.script(
        "import signal, pathlib, sys, time\n"
        f"def end(number, _): print('said', number); sys.exit({status})\n"
        f"signal.signal({int(number)}, end)\npathlib.Path('ready').touch()\ntime.sleep(60)\n",
        "train.py",
    )
    sweep = lab.sweep(sys.executable, "train.py")

    def send() -> None:
        until(lambda: list(lab.root.rglob("ready")))
        os.kill(os.getpid(), number)

    thread = threading.Thread(target=send)
    thread.start()
    lab.run(sweep, forward_signals=True)
    thread.join()
    assert [trial.state for trial in lab.trials(sweep)] == [state]
    assert lab.of(sweep).stdout.read_text() == f"said {int(number)}\n"


def test_a_server_ends_a_sweep_and_its_agents_hear_of_it(
    lab: Lab, network: Network, far: Path
) -> None:
    lab.script("exec sleep 60\n")
    sweep = made(lab, "sh", "train.sh")

    def cancel() -> None:
        until(lambda: lab.store.get_sweep(sweep.id).counts[State.RUNNING])
        lab.store.update_sweep(sweep.id, utc_now(), control=Control.CANCELLED)

    thread = threading.Thread(target=cancel)
    thread.start()
    report = agent(network.url, sweep, far)
    thread.join()
    assert report.reason == "the sweep is cancelled"
    assert [trial.state for trial in lab.trials(sweep)] == [State.CANCELLED]
