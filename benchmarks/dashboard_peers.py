"""The same 10,000 trials in optuna-dashboard, in TensorBoard's HParams, and in ours.

python benchmarks/dashboard_peers.py [--trials 10000] [--limit 120] [--venv FOLDER]

The peers are installed into a virtual environment that is thrown away (or kept in FOLDER). For
each: what it takes until the page shows the trials (in our case: history, parallel coordinates,
the table; in optuna-dashboard its first chart; in HParams its first row), as CPU of the page's
main thread and of the server, bytes over the wire and the heap. What is not there within the
limit is said to be so.
"""

import argparse
import json
import math
import resource
import socket
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
from playwright.sync_api import Browser, sync_playwright
from playwright.sync_api import TimeoutError as TooLong

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "builders"))

from browsing import launched
from many_trials import many
from sonde.core.trial import State, Trial
from sonde.store import open_store
from sonde.tensorboard.export import Export

_PEERS = ("optuna-dashboard==0.21.0", "optuna==5.0.0", "tensorboard==2.21.0", "setuptools<81")
# A study of the same trials, in Optuna's journal: its SQLite takes ten minutes to be filled.
_STUDY = """
import json, sys
import optuna
from optuna.distributions import CategoricalDistribution as Cat
from optuna.distributions import FloatDistribution as Float, IntDistribution as Int
optuna.logging.set_verbosity(optuna.logging.ERROR)
kinds = {"lr": Float(1e-5, 1, log=True), "weight_decay": Float(1e-6, 0.1, log=True),
    "dropout": Float(0, 0.9), "units": Int(8, 512, log=True), "layers": Int(1, 8),
    "batch": Cat([16, 32, 64, 128]), "optimizer": Cat(["adam", "sgd", "rmsprop"]),
    "nesterov": Cat([True, False]), "momentum": Float(0, 0.99)}
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
storage = JournalStorage(JournalFileBackend(sys.argv[2]))
study = optuna.create_study(storage=storage, study_name="many")
study.add_trials([
    optuna.trial.create_trial(params=one["params"], value=one["value"],
        state=optuna.trial.TrialState[one["state"]],
        distributions={name: kinds[name] for name in one["params"]})
    for one in json.load(open(sys.argv[1]))])
"""


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--trials", type=int, default=10_000)
    parser.add_argument("--limit", type=float, default=120.0, help="seconds for each")
    parser.add_argument("--venv", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as text, sync_playwright() as playwright:
        folder = Path(text)
        python = _installed(given.venv or folder / "venv")
        trials = _written(folder, given.trials)
        browser = launched(playwright)
        ours = ["-m", "sonde", "ui", "--no-browser", "--port={port}", f"--store={folder / 'x.db'}"]
        table = 'table.grid tbody tr[aria-rowindex="2"]'
        _measure("sonde", sys.executable, ours, "/?sweep=many", table, browser, given.limit)
        (folder / "trials.json").write_text(json.dumps(trials))
        study = folder / "study.log"
        subprocess.run(
            [python, "-c", _STUDY, str(folder / "trials.json"), str(study)], check=True, timeout=900
        )
        theirs = ["-m", "optuna_dashboard._cli", str(study), "--port={port}"]
        path, chart = "/dashboard/studies/0", ".js-plotly-plot g.trace path"
        _measure("optuna-dashboard", python, theirs, path, chart, browser, given.limit)
        board = ["-m", "tensorboard.main", f"--logdir={folder / 'events'}", "--port={port}"]
        row = "vaadin-grid-cell-content:has-text('trial 1')"
        _measure("TensorBoard HParams", python, board, "/#hparams", row, browser, given.limit)
        browser.close()


def _installed(folder: Path) -> str:
    python = folder / "bin" / "python"
    if not python.exists():
        venv.create(folder, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *_PEERS], check=True)
    return str(python)


def _written(folder: Path, count: int) -> list[dict[str, object]]:
    """Make the trials: a store of ours, event files, and what Optuna's study is made from."""
    store = open_store(str(folder / "x.db"))
    record = store.get_sweep(many(store, count))
    trials = store.changes(record.id).trials
    store.close()
    begin = time.perf_counter()
    Export(folder / "events", record.sweep, record.id, record.name).update(trials, {})
    print(f"event files of {count:,} trials written in {time.perf_counter() - begin:.0f} s")
    return [_plain(trial) for trial in trials]


def _plain(trial: Trial) -> dict[str, object]:
    summary = trial.metrics.get("val_loss")
    # Optuna knows no trial that is complete and has no number.
    is_complete = trial.state is not State.FAILED and summary and not math.isnan(summary.last)
    return {
        "params": dict(trial.params),
        "state": "COMPLETE" if is_complete else "FAIL",
        "value": summary.last if summary and is_complete else None,
    }


def _measure(
    name: str, python: str, argv: list[str], path: str, seen: str, browser: Browser, limit: float
) -> None:
    before = _cpu()
    with _serving(python, argv, limit) as url:
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        session = page.context.new_cdp_session(page)
        session.send("Performance.enable", {"timeDomain": "threadTicks"})
        session.send("Network.enable")
        sizes: list[float] = []
        session.on(
            "Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"])
        )
        begin = time.perf_counter()
        page.goto(url + path, wait_until="commit")
        shown = _within(limit, lambda left: page.wait_for_selector(seen, timeout=left * 1000))
        took = time.perf_counter() - begin
        page.wait_for_timeout(1500)
        metrics = {m["name"]: m["value"] for m in session.send("Performance.getMetrics")["metrics"]}
        page.close()
    print(
        f"{name}: {f'shown after {took:.1f} s' if shown else f'not shown in {limit:.0f} s'}; "
        f"page {metrics['TaskDuration']:.2f} s CPU, heap {metrics['JSHeapUsedSize'] / 1e6:.0f} MB; "
        f"server {_cpu() - before:.1f} s CPU, its start included; {sum(sizes) / 1e6:.1f} MB sent",
        flush=True,
    )


def _within(limit: float, wait: Callable[[float], object]) -> bool:
    try:
        wait(limit)
    except TooLong:
        return False
    return True


@contextmanager
def _serving(python: str, argv: list[str], limit: float) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [python, *(word.format(port=port) for word in argv)]
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + limit
        while time.monotonic() < deadline:
            with socket.socket() as test:
                if test.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        for one in psutil.Process(child.pid).children(recursive=True):
            one.terminate()
        child.terminate()
        child.wait(30)


def _cpu() -> float:
    """CPU seconds of the processes of ours that have ended, and of what they waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
