"""Sweeps on a Slurm cluster: jobs that are put back in the queue, nodes and drivers that die."""

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from slurm_cluster import SlurmCluster
from sonde.controller import utc_now
from sonde.core.metric import Goal
from sonde.core.space import space_of
from sonde.core.sweep import Command, Sweep
from sonde.core.trial import State, Trial
from sonde.errors import ConfigError
from sonde.executors.drive import Result, View, drive
from sonde.executors.protocol import AgentSpec
from sonde.executors.resources import Resources
from sonde.executors.slurm import SlurmExecutor
from sonde.store import open_store
from sonde.testing.executors import Silent, until

# It counts to STEPS, keeps how far it came, and notes what it was when it is done. While AMID is
# there, those that are in their middle stay there.
SCRIPT = """\
kept="$SONDE_CHECKPOINT_DIR/steps"
touch "$kept"
task="${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID"
echo "$SONDE_ATTEMPT $task $SLURMD_NODENAME" > "$SONDE_CHECKPOINT_DIR/task"
from=$(wc -l < "$kept")
while [ -e HOLD ] && [ "$SONDE_TRIAL" -ge 3 ]; do sleep 0.1; done
while n=$(wc -l < "$kept"); [ "$n" -lt STEPS ]; do
    sleep 0.1
    [ -e AMID ] && [ "$n" -ge 2 ] && [ "$n" -le 6 ] || echo step >> "$kept"
done
echo '{"loss": 1}' >> "$SONDE_TRIAL_DIR/reports.jsonl"
echo "$SONDE_TRIAL $SONDE_ATTEMPT $from $SLURMD_NODENAME ${CUDA_VISIBLE_DEVICES:--} $KIND" >> ENDED
"""


@dataclass(frozen=True, slots=True)
class Amid:
    """A trial that is in its middle, and where it runs."""

    number: int
    attempt: int
    task: str
    node: str


class Site:
    """A store, and a folder with a script that notes each trial that it ends."""

    def __init__(self, base: Path) -> None:
        self.base, self.ended_file = base, base / "ended"
        self.hold = base / "hold"  # while it is there, only the first three trials end
        self.stay = base / "amid"  # while it is there, trials stay in their middle
        self.folder = base / "project"
        self.folder.mkdir()
        self.store = open_store(str(self.folder / ".sonde" / "sonde.db"))
        self.script(1)

    def script(self, steps: int) -> None:
        text = SCRIPT.replace("STEPS", str(steps)).replace("ENDED", str(self.ended_file))
        text = text.replace("HOLD", str(self.hold)).replace("AMID", str(self.stay))
        (self.folder / "train.sh").write_text(text)

    def sweep(self, points: int, steps: int = 1) -> str:
        self.script(steps)
        work = Command(argv=("sh", "train.sh"), folder=str(self.folder))
        sweep = Sweep(
            space=space_of({"x": list(range(points))}), goals=(Goal(metric="loss"),),
            method="grid", work=work,
        )  # fmt: skip
        return self.store.create_sweep(sweep, utc_now()).id

    def drive(
        self, sweep: str, listener: Silent, each: Resources | None = None,
        agents: int | None = None, **options: object,
    ) -> Result:  # fmt: skip
        spec = AgentSpec(
            store=self.store.url, sweep=sweep, root=str(self.folder / ".sonde"),
            each=each or Resources(),
        )  # fmt: skip
        return drive(
            self.store, sweep, executor=SlurmExecutor(**options), agent=spec, agents=agents,
            listener=listener, signals=False,
        )  # fmt: skip

    def states(self, sweep: str) -> Counter[State]:
        return Counter(trial.state for trial in self.store.changes(sweep).trials)

    @contextmanager
    def amid(
        self, sweep: str, count: int = 1, *, are_given_back: bool = True
    ) -> Iterator[list[Amid]]:
        """Give so many trials of one node that are in their middle; there they stay meanwhile.

        Also until they were given back, if they are to be.
        """
        self.stay.touch()
        found: list[Amid] = []

        def look() -> bool:
            nodes: dict[str, list[Amid]] = {}
            for one in self._middles(sweep):
                nodes.setdefault(one.node, []).append(one)
            found[:] = max(nodes.values(), key=len, default=[])[:count]
            return len(found) == count

        def are_back() -> bool:
            trials = self.store.changes(sweep).trials
            return all(
                trials[one.number].state is State.WAITING
                or trials[one.number].attempts > one.attempt
                for one in found
            )

        until(look)
        yield found
        if are_given_back:
            until(are_back)
        self.stay.unlink()

    def _middles(self, sweep: str) -> Iterator[Amid]:
        for trial in self.store.changes(sweep).trials:
            kept = self.folder / ".sonde" / "trials" / sweep / str(trial.number) / "checkpoint"
            if trial.state is not State.RUNNING or not (kept / "task").exists():
                continue
            attempt, *place = (kept / "task").read_text().split() or ["0"]
            # One more than these may go is a step, and at that they stay too.
            is_amid = 2 <= (kept / "steps").read_text().count("\n") <= 5
            if is_amid and len(place) == 2 and int(attempt) == trial.attempts:
                yield Amid(trial.number, trial.attempts, *place)

    @property
    def ended(self) -> list[list[str]]:
        """Trial, attempt, the step that it began at, node, devices, kind of each that ended."""
        if not self.ended_file.exists():
            return []
        return [line.split(" ") for line in self.ended_file.read_text().splitlines()]

    def check_ended(self, count: int, again: Sequence[Trial] = ()) -> None:
        """Each came to its end, once; twice only where word of it was lost with its agent."""
        ends = Counter(int(number) for number, *_ in self.ended)
        assert sorted(ends) == list(range(count))
        assert {number for number in ends if ends[number] > 1} <= {t.number for t in again}


class Acting(Silent):
    """A listener that does things, each as soon as so many trials have ended."""

    def __init__(self, *acts: tuple[int, Callable[[], None]]) -> None:
        super().__init__()
        self._acts = list(acts)

    def update(self, view: View, changed: object) -> None:
        while self._acts and view.history.counts[State.DONE] >= self._acts[0][0]:
            self._acts.pop(0)[1]()


class Hastening(Acting):
    """And jobs that are in the queue again begin at once, when that was told."""

    def __init__(self, slurm: SlurmCluster, *acts: tuple[int, Callable[[], None]]) -> None:
        super().__init__(*acts)
        self._slurm = slurm

    def note(self, text: str) -> None:
        super().note(text)
        if "is in the queue again" in text:
            with suppress(subprocess.CalledProcessError):  # it has begun by now
                self._slurm.hasten(text.split()[1])


class Filling(Silent):
    """A listener that lets trials end when so many run at once."""

    def __init__(self, count: int, hold: Path) -> None:
        super().__init__()
        self._count, self._hold = count, hold
        hold.touch()

    def update(self, view: View, changed: object) -> None:
        if len(view.running) >= self._count:
            self._hold.unlink(missing_ok=True)


@pytest.fixture
def site(tmp_path: Path, slurm: SlurmCluster) -> Iterator[Site]:
    site = Site(tmp_path)
    yield site
    site.store.close()
    slurm.clear()


def running(slurm: SlurmCluster) -> list[str]:
    """Return the tasks that run."""
    return slurm.call("squeue", "-h", "-r", "-t", "RUNNING", "-o", "%F_%K").split()


def test_an_array_of_agents_runs_a_grid_each_point_exactly_once_on_all_nodes(site: Site) -> None:
    sweep = site.sweep(24, steps=3)
    listener = Filling(6, site.hold)
    result = site.drive(sweep, listener)
    assert (result.code, listener.notes) == (0, [])
    assert site.states(sweep) == {State.DONE: 24}
    site.check_ended(24)
    assert {node for _, _, _, node, *_ in site.ended} == {"n1", "n2", "n3"}
    assert {attempt for _, attempt, *_ in site.ended} == {"1"}


def test_what_is_put_back_in_the_queue_or_preempted_goes_on_from_its_checkpoint(
    site: Site, slurm: SlurmCluster
) -> None:
    back: list[str] = []

    def requeue() -> None:
        with site.amid(sweep) as (one,):
            back.append(one.task)
            slurm.call("scontrol", "requeue", one.task)

    def preempt() -> None:
        with site.amid(sweep, 2) as (one, _):
            where = ["-p", "high", "-w", one.node, "--exclusive", "-o", "/dev/null"]
            slurm.call("sbatch", *where, "--wrap", "sleep 1")

    sweep = site.sweep(18, steps=10)
    listener = Hastening(slurm, (1, requeue), (4, preempt))
    result = site.drive(sweep, listener)
    assert result.code == 0
    assert site.states(sweep) == {State.DONE: 18}
    again = [trial for trial in result.history.trials if trial.attempts > 1]
    site.check_ended(18, again)
    assert 2 <= len(again) <= 3  # one of the job that was put back, the others of a node
    assert all(trial.failures == 0 for trial in again)
    begun = {int(number): int(step) for number, _, step, *_ in site.ended}
    assert all(begun[trial.number] >= 2 for trial in again)
    assert all(begun[trial.number] == 0 for trial in result.history.trials if trial not in again)
    assert [note for note in listener.notes if f"job {back[0]} is in the queue again" in note]


def test_a_node_that_is_lost_costs_its_trials_an_attempt(site: Site, slurm: SlurmCluster) -> None:
    lost: list[str] = []

    def lose() -> None:
        with site.amid(sweep, are_given_back=False) as (one,):
            lost.append(one.node)
            slurm.lose(one.node)

    sweep = site.sweep(12, steps=8)
    listener = Acting((2, lose))
    try:
        result = site.drive(sweep, listener)
    finally:
        for node in lost:
            slurm.start(node)
    assert result.code == 0
    assert site.states(sweep) == {State.DONE: 12}
    again = [trial for trial in result.history.trials if trial.attempts > 1]
    site.check_ended(12, again)
    assert 1 <= len(again) <= 2


def test_before_the_time_limit_trials_are_given_back_and_the_job_queues_again(
    site: Site, slurm: SlurmCluster
) -> None:
    warned: list[str] = []

    def warn() -> None:  # as Slurm does by --signal=B:USR2@60
        with site.amid(sweep) as (one,):
            warned.append(one.task)
            slurm.call("scancel", "--batch", "--signal=USR2", one.task)

    sweep = site.sweep(6, steps=10)
    listener = Acting((1, warn))
    result = site.drive(sweep, listener, agents=2, time="1h")
    assert result.code == 0
    (again,) = [trial for trial in result.history.trials if trial.attempts > 1]
    site.check_ended(6, [again])
    assert again.failures == 0
    assert [note for note in listener.notes if f"job {warned[0]} is in the queue again" in note]


def test_a_job_that_somebody_cancels_gives_its_trial_to_the_others(
    site: Site, slurm: SlurmCluster
) -> None:
    cancelled: list[str] = []

    def cancel() -> None:
        with site.amid(sweep) as (one,):
            cancelled.append(one.task)
            slurm.call("scancel", one.task)

    sweep = site.sweep(6, steps=8)
    listener = Acting((1, cancel))
    result = site.drive(sweep, listener, agents=3)
    assert result.code == 0
    site.check_ended(6, [trial for trial in result.history.trials if trial.attempts > 1])
    assert listener.notes == [f"job {cancelled[0]} was cancelled; no other is started for it"]


def test_trials_share_a_gpu_and_find_what_the_setup_has_set(site: Site) -> None:
    sweep = site.sweep(4, steps=4)
    each = Resources(cpus=1, gpus=0.5)
    result = site.drive(
        sweep, Silent(), each, agents=4, setup="export KIND=set", container="env SHOWN=1",
        python=sys.executable,
    )  # fmt: skip
    assert result.code == 0
    assert {tuple(line[4:]) for line in site.ended} <= {("0", "set"), ("1", "set")}
    assert len(list((site.folder / ".sonde" / "slurm" / sweep).glob("*.log"))) == 2


def test_a_container_program_that_is_not_there_is_named(site: Site) -> None:
    sweep = site.sweep(2)
    result = site.drive(
        sweep, Silent(), agents=1, container="apptainer exec --nv image.sif", setup="PATH=/usr/bin"
    )
    assert result.code == 1
    assert "agent: there is no apptainer on " in result.reason
    assert set(site.states(sweep)) == {State.WAITING}


def test_agents_on_other_machines_reach_the_store_through_the_driver(
    site: Site, slurm: SlurmCluster
) -> None:
    sweep = site.sweep(4)
    listener = Silent()
    with slurm.elsewhere("n3"):
        result = site.drive(
            sweep, listener, agents=2, extra="--nodelist=n3", python=sys.executable,
            container="unshare --uts sh -c 'hostname elsewhere; exec \"$@\"' sh",
        )  # fmt: skip
    assert result.code == 0
    assert {trial.facts["host"] for trial in result.history.trials} == {"elsewhere"}
    assert [trial.metrics["loss"].last for trial in result.history.trials] == [1.0] * 4
    assert [note.partition(",")[0] for note in listener.notes] == [
        "the nodes reach the store through this process"
    ]
    # They see the project's folder, so it is where trials lie.
    assert len(list((site.folder / ".sonde" / "trials" / sweep).iterdir())) >= 4


def sonde(site: Site, *words: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "sonde", words[0], "--store", site.store.url, *words[1:]],
        cwd=site.folder, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True,
        env=os.environ | {"COLUMNS": "200"},
    )  # fmt: skip


def run(first: int, last: int) -> tuple[str, ...]:
    return (
        "run", "--on", "slurm(time='1h')", "--hyperparam", f"x={first}:{last}", "--metric", "loss",
        "--progress", "plain", "--name", "mine", "-j", "3", "sh", "train.sh", "{x}",
    )  # fmt: skip


def test_a_driver_that_is_killed_leaves_jobs_that_resume_knows(
    site: Site, slurm: SlurmCluster
) -> None:
    site.hold.touch()
    driver = sonde(site, *run(0, 8))
    until(lambda: site.ended)
    until(lambda: len(running(slurm)) == 3)
    driver.send_signal(signal.SIGKILL)
    driver.communicate()
    jobs = running(slurm)
    assert len(jobs) == 3
    resumed = sonde(site, "resume", "--on", "slurm(time='1h')", "-j", "3", "mine")
    assert resumed.stderr is not None
    assert any("agents of an earlier driver go on: jobs " in line for line in resumed.stderr)
    site.hold.unlink()
    _, said = resumed.communicate(timeout=200)
    assert resumed.returncode == 0, said
    assert {task.partition("_")[0] for task in jobs} == {
        path.name.partition("_")[0] for path in (site.folder / ".sonde").glob("slurm/*/*.log")
    }
    assert site.states(site.store.find_sweep("mine").id) == {State.DONE: 9}
    site.check_ended(9)


def test_ctrl_c_lets_trials_end_and_leaves_no_job(site: Site, slurm: SlurmCluster) -> None:
    site.script(10)
    driver = sonde(site, *run(0, 60))  # far more than end before the jobs have heard of it
    until(lambda: site.ended)
    driver.send_signal(signal.SIGINT)
    _, said = driver.communicate(timeout=200)
    assert driver.returncode == 3, said
    states = site.states(site.store.find_sweep("mine").id)
    assert set(states) <= {State.DONE, State.WAITING}
    assert states[State.DONE] == len(site.ended)
    assert slurm.call("squeue", "-h") == ""


@pytest.mark.parametrize(
    ("options", "each", "message"),
    [
        ({"partition": "nosuch"}, {}, "there is no partition nosuch; there are high, main, short"),
        ({}, {"gpus": 8}, "each is to have 1 cpus, 8 gpus, and node n1 has 2 cpus, 2 gpus"),
        ({"partition": "short", "time": "5m"}, {}, "the partition ends jobs after 1 min;"),
        ({"extra": "--constraint=big"}, {}, "Slurm refuses it: Invalid feature specification"),
    ],
)
def test_what_slurm_would_never_run_is_refused_before_anything_waits(
    slurm: SlurmCluster, options: dict[str, str], each: dict[str, float], message: str
) -> None:
    with pytest.raises(ConfigError) as refusal:
        SlurmExecutor(**options).room(Resources(**each))  # type: ignore[arg-type]
    assert str(refusal.value).startswith("--on slurm")
    assert message in str(refusal.value)
    assert slurm.call("squeue", "-h") == ""
