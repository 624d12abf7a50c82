"""A trial's folder: what lies where in it, one for each attempt.

params.json    the values         reports.jsonl   what the trial reports
stdout.log     stderr.log         process.json    who runs it
work/          its own copy of the user's folder  artifacts/   what it keeps
stop           is there when the trial is to end
preempting     is there when its machine is about to be taken away
args.json      sweep_params.yaml              the values as W&B's agent hands them on
"""

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from sonde.agent.identity import boot_id

__all__ = ["TrialFolder", "source_folder", "variable"]


def source_folder(root: Path, sweep: str, code: str | None = None) -> Path:
    """Return where the snapshot of the user's folder lies from which trials are copied.

    Args:
        root: The `.sonde` folder.
        sweep: The sweep's id.
        code: Key of what a server was sent anew; None: what the sweep was made with.
    """
    return root / "sweeps" / sweep / ("source" if code is None else f"source-{code[:16]}")


class TrialFolder:
    """The folder of one attempt at a trial."""

    def __init__(
        self, root: Path, sweep: str, number: int, attempt: int, *, path: Path | None = None
    ) -> None:
        """Name the folder; with `path` it is elsewhere, and shares nothing with the trial."""
        self.root, self.sweep, self.number, self.attempt = root, sweep, number, attempt
        first = path or root / "trials" / sweep / str(number)
        self.path = first if attempt == 1 else first.with_name(f"{number}.{attempt}")
        self.checkpoint = first / "checkpoint"
        self.params = self.path / "params.json"
        self.reports = self.path / "reports.jsonl"
        self.stdout = self.path / "stdout.log"
        self.stderr = self.path / "stderr.log"
        self.work = self.path / "work"
        self.artifacts = self.path / "artifacts"
        self.process = self.path / "process.json"
        self.stop = self.path / "stop"
        self.preempting = self.path / "preempting"
        self.args = self.path / "args.json"
        self.sweep_params = self.path / "sweep_params.yaml"

    def create(self, params: Mapping[str, Any]) -> None:
        """Make the folder with the values in it.

        Raises:
            FileExistsError: If something was run in it already; it is never overwritten.
        """
        self.path.mkdir(parents=True, exist_ok=True)  # the checkpoint may have made it
        with open(self.params, "x", encoding="utf-8") as target:  # noqa: PTH123 - exclusive
            json.dump(dict(params), target)
        self.checkpoint.mkdir(parents=True, exist_ok=True)
        self.artifacts.mkdir(exist_ok=True)

    def environment(
        self, params: Mapping[str, Any], store: str, parent: int | None = None
    ) -> dict[str, str]:
        """Return the variables by which a trial knows what it is.

        Args:
            params: Its values.
            store: The store's URL.
            parent: The trial whose checkpoint it begins with.
        """
        env = {
            "SONDE_TRIAL_DIR": str(self.path),
            "SONDE_SWEEP": self.sweep,
            "SONDE_TRIAL": str(self.number),
            "SONDE_ATTEMPT": str(self.attempt),
            "SONDE_PARAMS": str(self.params),
            "SONDE_CHECKPOINT_DIR": str(self.checkpoint),
            "SONDE_STORE": store,
        }
        if parent is not None:
            env["SONDE_PARENT"] = str(parent)
        return env | {variable(name): _text(value) for name, value in params.items()}

    def write_for_wandb(self, values: Mapping[str, Any]) -> dict[str, str]:
        """Leave the values as W&B's agent does; return the variables that it sets.

        Args:
            values: As programs are given them, groups as dicts.
        """
        self.args.write_text(json.dumps(dict(values)))
        # JSON is YAML.
        as_config = {name: {"value": value} for name, value in values.items()}
        self.sweep_params.write_text(json.dumps({"wandb_version": 1} | as_config, indent=1))
        return {
            "WANDB_SWEEP_ID": self.sweep,
            "WANDB_RUN_ID": f"{self.sweep}-{self.number}",
            "WANDB_SWEEP_PARAM_PATH": str(self.sweep_params),
        }

    def write_process(self, pid: int, started: str, agent: str) -> None:
        """Leave word who runs here, for whoever finds the folder after a crash."""
        note = {"pid": pid, "pgid": pid, "started": started, "boot": boot_id(), "agent": agent}
        self.process.write_text(json.dumps(note))

    def read_process(self) -> dict[str, Any] | None:
        """Return what `write_process` wrote in this boot of this machine."""
        try:
            note = json.loads(self.process.read_text())
        except (OSError, ValueError):
            return None
        return note if isinstance(note, dict) and note.get("boot") == boot_id() else None

    def mark_stop(self) -> None:
        """Let the trial know that it is to end."""
        try:
            self.stop.touch()
        except OSError:
            return  # its folder is gone; it hears of it by signal

    def earlier(self) -> Iterator["TrialFolder"]:
        """Return the folders of the attempts before this one, latest first."""
        for attempt in range(self.attempt - 1, 0, -1):
            yield TrialFolder(self.root, self.sweep, self.number, attempt)


def variable(name: str) -> str:
    """Return the environment variable that carries a parameter."""
    return "SONDE_PARAM_" + "".join(c if c.isalnum() and c.isascii() else "_" for c in name.upper())


def _text(value: object) -> str:
    return value if isinstance(value, str) else os.fsdecode(str(value))
