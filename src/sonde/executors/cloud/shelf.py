"""What is known here of clusters that were started: kept beside the store until they are ended.

One folder each under `.sonde/cloud`: the cluster file, what it was to cost, what Ray's launcher
said. So `sonde cloud status` and `sonde cloud down` work after whatever became of the process
that started them. A lock tells whether that still lives; the system lets go of it in any case.
"""

import fcntl
import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TextIO

import yaml

from sonde.errors import NotFoundError
from sonde.executors.cloud.cost import Bill

__all__ = ["Kept", "Shelf"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A cluster that was started from here.

    Attributes:
        sweep: Id of the sweep that it was started for.
        began: When; aware, in UTC.
        timeout_s: After how long without a driver its machines end.
    """

    name: str
    cloud: str
    sweep: str
    began: datetime
    timeout_s: float
    bill: Bill
    folder: Path

    @property
    def file(self) -> Path:
        """The cluster file."""
        return self.folder / "cluster.yaml"

    @property
    def config(self) -> dict[str, Any]:
        """What stands in it."""
        found: dict[str, Any] = yaml.safe_load(self.file.read_text("utf-8"))
        return found

    @property
    def is_driven(self) -> bool:
        """Whether the process that started it still lives, on this machine."""
        try:
            with (self.folder / "driver").open("a") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except FileNotFoundError:
            return False
        except BlockingIOError:
            return True
        return False


class Shelf:
    """The clusters of a `.sonde` folder."""

    def __init__(self, root: Path) -> None:
        self._root = root / "cloud"

    def folder(self, name: str) -> Path:
        """Return the folder of a cluster; nobody else may look into it."""
        path = self._root / name
        path.mkdir(parents=True, exist_ok=True)
        path.chmod(0o700)
        return path

    def put(self, kept: Kept, config: Mapping[str, Any]) -> TextIO:
        """Keep a cluster, and return what holds the lock of whoever drives it."""
        folder = self.folder(kept.name)
        # Never by an alias: whoever reads it, may know less of YAML than we do.
        text = yaml.safe_dump(json.loads(json.dumps(config)), sort_keys=False, width=1000)
        _write(folder / "cluster.yaml", text)
        facts = {
            "name": kept.name, "cloud": kept.cloud, "sweep": kept.sweep,
            "began": kept.began.isoformat(), "timeout_s": kept.timeout_s,
            "bill": asdict(kept.bill),
        }  # fmt: skip
        _write(folder / "state.json", json.dumps(facts, indent=1) + "\n")
        lock = (folder / "driver").open("a")
        fcntl.flock(lock, fcntl.LOCK_SH)
        return lock

    def all(self) -> list[Kept]:
        """Return the clusters that were started and not seen to be ended, oldest first."""
        found = [_read(path.parent) for path in sorted(self._root.glob("*/state.json"))]
        return sorted(found, key=lambda kept: kept.began)

    def get(self, name: str) -> Kept:
        """Return one by its name.

        Raises:
            NotFoundError: If there is none.
        """
        for kept in self.all():
            if kept.name == name:
                return kept
        known = ", ".join(kept.name for kept in self.all()) or "none"
        raise NotFoundError(f"there is no cluster {name} of this folder; known are {known}")

    def remove(self, name: str) -> None:
        """Forget a cluster, which is ended; what the launcher said of it goes, too."""
        shutil.rmtree(self._root / name, ignore_errors=True)


def _read(folder: Path) -> Kept:
    facts = json.loads((folder / "state.json").read_text("utf-8"))
    return Kept(
        name=facts["name"], cloud=facts["cloud"], sweep=facts["sweep"],
        began=datetime.fromisoformat(facts["began"]), timeout_s=facts["timeout_s"],
        bill=Bill(**facts["bill"]), folder=folder,
    )  # fmt: skip


def _write(path: Path, text: str) -> None:
    beside = path.with_suffix(".new")
    beside.write_text(text, "utf-8")
    beside.replace(path)
