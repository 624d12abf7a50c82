"""What trials print and leave elsewhere lies on the server, as if they had run there."""

import hashlib
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from lab import Lab, until
from network import Network, network_to
from served import served
from sonde.agent.artifacts import list_artifacts
from sonde.agent.folder import TrialFolder
from sonde.agent.loop import AgentReport, Options, run
from sonde.agent.orders import Event
from sonde.controller import utc_now
from sonde.core.sweep import Control
from sonde.core.trial import State
from sonde.store.protocol import SweepRecord

SCRIPT = """\
echo "x is $SONDE_PARAM_X"
echo "odd" >&2
mkdir -p "$SONDE_TRIAL_DIR/artifacts/plots"
echo picture $SONDE_PARAM_X > "$SONDE_TRIAL_DIR/artifacts/plots/loss.png"
: > "$SONDE_TRIAL_DIR/artifacts/empty"
head -c 5000000 /dev/zero > "$SONDE_TRIAL_DIR/artifacts/same.bin"
ln -s /etc/passwd "$SONDE_TRIAL_DIR/artifacts/link"
"""


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
    """A folder on another machine."""
    folder = tmp_path / "far"
    folder.mkdir()
    return folder


def agent(url: str, sweep: SweepRecord, far: Path, **settings: object) -> AgentReport:
    """Run an agent on the other machine to its end."""
    options = {"store_url": url, "sweep": sweep.id, "root": far / ".sonde", "folder": far}
    return run(Options(**(options | {"allow": ("*",)} | settings)), on_event=events.append)  # type: ignore[arg-type]


events: list[Event] = []


@pytest.fixture(autouse=True)
def said() -> list[Event]:
    events.clear()
    return events


def made(lab: Lab, text: str, *values: int) -> SweepRecord:
    """A grid over a script."""
    lab.script(text)
    return lab.sweep("sh", "train.sh", space={"x": list(values or (1,))})


def there(lab: Lab, sweep: SweepRecord, number: int = 0, attempt: int = 1) -> dict[str, bytes]:
    """The files that the server has of a trial."""
    folder = lab.of(sweep, number, attempt)
    paths = [folder.stdout, folder.stderr]
    paths += [folder.artifacts / one.path for one in list_artifacts(folder.artifacts)]
    return {
        str(path.relative_to(folder.path)): path.read_bytes() for path in paths if path.exists()
    }


def test_what_trials_print_and_leave_is_on_the_server_when_the_agent_has_left(
    lab: Lab, network: Network, far: Path
) -> None:
    sweep = made(lab, SCRIPT, 1, 2)
    assert agent(network.url, sweep, far, workers=2).ran == 2
    for number, x in enumerate((1, 2)):
        assert there(lab, sweep, number) == {
            "stdout.log": f"x is {x}\n".encode(),
            "stderr.log": b"odd\n",
            "artifacts/plots/loss.png": f"picture {x}\n".encode(),
            "artifacts/empty": b"",
            "artifacts/same.bin": bytes(5_000_000),
        }
    same = [lab.of(sweep, number).artifacts / "same.bin" for number in (0, 1)]
    assert same[0].samefile(same[1])  # it was sent once
    assert not list(lab.root.glob("uploads/*/*"))
    assert not list(far.rglob("unsent.json"))


def test_who_sees_that_a_trial_has_ended_sees_all_that_it_printed(
    lab: Lab, network: Network, far: Path
) -> None:
    sweep = made(lab, "seq 1 20000; echo the end\n", *range(6))
    thread = threading.Thread(target=agent, args=(network.url, sweep, far))
    thread.start()
    seen: set[int] = set()
    while len(seen) < 6:
        for trial in lab.trials(sweep):
            if trial.state is State.DONE and trial.number not in seen:
                assert lab.of(sweep, trial.number).stdout.read_bytes().endswith(b"the end\n")
                seen.add(trial.number)
        time.sleep(0.005)
    thread.join()


def test_a_log_can_be_followed_while_the_trial_runs(lab: Lab, network: Network, far: Path) -> None:
    sweep = made(lab, "echo one; exec sleep 600\n")
    thread = threading.Thread(target=agent, args=(network.url, sweep, far))
    thread.start()
    until(lambda: there(lab, sweep).get("stdout.log") == b"one\n")
    lab.store.update_sweep(sweep.id, utc_now(), control=Control.CANCELLED)
    thread.join()


def test_a_cut_in_the_middle_of_a_file_goes_on_where_it_was(
    lab: Lab, network: Network, far: Path
) -> None:
    data = hashlib.sha256(b"x").digest() * 500_000  # 16 MB
    (lab.folder / "model.bin").write_bytes(data)
    sweep = made(lab, 'cp model.bin "$SONDE_TRIAL_DIR/artifacts/"; seq 1 200000\n')
    grown: list[int] = []
    over = threading.Event()

    def disturb() -> None:
        for _ in range(3):
            before = max(grown, default=0)
            until(lambda before=before: over.is_set() or _size(lab) > before)  # type: ignore[misc]
            if over.is_set():
                return
            network.cut()
            grown.append(_size(lab))
            time.sleep(0.3)
            network.mend()

    thread = threading.Thread(target=disturb)
    thread.start()
    agent(network.url, sweep, far)
    over.set()
    thread.join()
    found = there(lab, sweep)
    assert found["artifacts/model.bin"] == data
    assert found["stdout.log"] == b"".join(b"%d\n" % n for n in range(1, 200001))
    assert grown
    assert grown == sorted(grown)


def _size(lab: Lab) -> int:
    """How much of a file is on its way."""
    size = 0
    for path in lab.root.glob("uploads/*/*"):
        with suppress(FileNotFoundError):  # it is whole now, and elsewhere
            size += path.stat().st_size
    return size


def test_answers_that_are_lost_double_nothing(lab: Lab, network: Network, far: Path) -> None:
    sweep = made(lab, "seq 1 500000; " + SCRIPT, 1, 2)
    done = threading.Event()

    def disturb() -> None:
        while not done.wait(0.1):
            network.losing = 1

    thread = threading.Thread(target=disturb)
    thread.start()
    agent(network.url, sweep, far)
    done.set()
    thread.join()
    log = b"".join(b"%d\n" % n for n in range(1, 500001))
    assert there(lab, sweep)["stdout.log"] == log + b"x is 1\n"
    assert there(lab, sweep, 1)["artifacts/same.bin"] == bytes(5_000_000)


def test_the_next_agent_sends_what_a_dead_one_left(lab: Lab, network: Network, far: Path) -> None:
    sweep = made(lab, SCRIPT)
    agent(network.url, sweep, far, upload=False)
    assert there(lab, sweep) == {}
    folder = TrialFolder(far / ".sonde", sweep.id, 0, 1)
    (trial,) = lab.trials(sweep)
    dead = "/".join([*(trial.agent or "").split("/")[:3], "4194303", "1"])
    _rename_agent(lab, sweep, trial.agent or "", dead)
    (folder.path / "unsent.json").write_text(f'{{"agent": "{dead}", "attempt": 1}}')
    assert agent(network.url, sweep, far).ran == 0
    assert there(lab, sweep)["stdout.log"] == b"x is 1\n"
    assert there(lab, sweep)["artifacts/plots/loss.png"] == b"picture 1\n"
    assert not (folder.path / "unsent.json").exists()


def _rename_agent(lab: Lab, sweep: SweepRecord, old: str, new: str) -> None:
    import sqlite3

    with sqlite3.connect(lab.root / "sonde.db") as database:
        database.execute("UPDATE trial SET agent = ? WHERE agent = ?", (new, old))


def test_no_upload_sends_nothing_and_a_limit_only_what_is_within(
    lab: Lab, network: Network, far: Path
) -> None:
    sweep = made(lab, SCRIPT)
    agent(network.url, sweep, far, upload=False)
    assert there(lab, sweep) == {}
    sweep = made(lab, SCRIPT)
    agent(network.url, sweep, far, upload_limit=1000)
    assert set(there(lab, sweep)) == {
        "stdout.log", "stderr.log", "artifacts/empty", "artifacts/plots/loss.png",
    }  # fmt: skip
    (note,) = [event.text for event in events if event.kind == "note"]
    assert note.startswith("trial 0: same.bin was not sent: with it the trial's artifacts have")


def test_an_agent_in_the_servers_own_folder_sends_nothing(lab: Lab, network: Network) -> None:
    lab.script(SCRIPT)
    sweep = lab.sweep("sh", "train.sh")
    agent(network.url, sweep, lab.folder, root=lab.root)
    assert there(lab, sweep)["stdout.log"] == b"x is 1\n"
    assert not list(lab.root.glob("objects/*/*"))
    assert [event.text for event in events if event.kind == "note"] == []
