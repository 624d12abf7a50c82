"""`sonde artifacts`: the files that a trial left."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sonde.cli.options import format_option, opened, store_option, trial_key

if TYPE_CHECKING:
    from sonde.store.protocol import Store

__all__ = ["artifacts"]

_CHUNK = 1 << 20
_Read = Callable[[str], Iterator[bytes]]


@click.command()
@click.argument("trial", metavar="SWEEP/N")
@click.argument("names", metavar="[NAME]...", nargs=-1)
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, file_okay=False), metavar="FOLDER",
    help="Copy them there.",
)  # fmt: skip
@click.option(
    "--attempt", type=click.IntRange(min=1), metavar="K", help="Of this attempt; else the last."
)
@store_option
@format_option
def artifacts(
    trial: str,
    names: tuple[str, ...],
    output: Path | None,
    attempt: int | None,
    store: str | None,
    form: str,
) -> None:
    """List the files that a trial left in its artifacts, or copy them.

    With NAMEs only those: 'plots/loss.png', or with patterns such as 'plots/*'.
    """
    from fnmatch import fnmatchcase

    from sonde.cli.output import emit, say
    from sonde.cli.reading import load, one_trial
    from sonde.cli.table import Column
    from sonde.errors import NotFoundError

    name, number = trial_key(trial)
    with opened(store) as opened_store:
        record, history = load(opened_store, name)
        found = one_trial(record, history, number)
        if attempt is not None and attempt > found.attempts:
            raise NotFoundError(f"{record.name}/{number} has no attempt {attempt}")
        files, read = _source(opened_store, record.id, number, attempt or max(found.attempts, 1))
        for wanted in names:
            if not any(fnmatchcase(file["path"], wanted) for file in files):
                raise NotFoundError(f"{record.name}/{number} left no {wanted}")
        files = [
            file
            for file in files
            if not names or any(fnmatchcase(file["path"], wanted) for wanted in names)
        ]
        if output is None:
            if form == "table" and not files:
                say(f"{record.name}/{number} left no artifacts")
                return
            columns = [
                Column(key="path", title="artifact"),
                Column(key="size", title="size", right=True),
            ]
            cells = [{"path": file["path"], "size": _shown(file["size"])} for file in files]
            emit(form, files, columns, cells)
            return
        for file in files:
            _copy(read(file["path"]), output, file["path"])
        size = _shown(sum(file["size"] for file in files))
        many = "1 file" if len(files) == 1 else f"{len(files)} files"
        say(f"{many}, {size}, {'is' if len(files) == 1 else 'are'} in {output}")


def _source(
    store: "Store", sweep: str, number: int, attempt: int
) -> tuple[list[dict[str, Any]], _Read]:
    """Return what there is, and how to read one of them."""
    from sonde.agent.artifacts import list_artifacts, open_artifact
    from sonde.agent.folder import TrialFolder
    from sonde.agent.place import root_of
    from sonde.store import is_served

    folder = TrialFolder(root_of(store.url), sweep, number, attempt)
    if folder.params.exists() or not is_served(store.url):

        def read_here(path: str) -> Iterator[bytes]:
            with os.fdopen(open_artifact(folder.artifacts, path), "rb") as source:
                while data := source.read(_CHUNK):
                    yield data

        listed = list_artifacts(folder.artifacts)
        return [{"path": one.path, "size": one.size} for one in listed], read_here

    from sonde.store.http import HttpStore

    assert isinstance(store, HttpStore)

    def read_there(path: str) -> Iterator[bytes]:
        offset = 0
        while data := store.read_file(sweep, number, f"artifacts/{path}", offset, attempt):
            yield data
            offset += len(data)

    found = store.list_files(sweep, number, attempt)["artifacts"]
    return [{"path": file["path"], "size": file["size"]} for file in found], read_there


def _copy(parts: Iterator[bytes], output: Path, path: str) -> None:
    """Write a file below a folder, whole or not at all."""
    from sonde.agent.artifacts import parent_of

    with parent_of(output, path) as (parent, name):
        draft = f".{name[:200]}.{os.getpid()}.tmp"
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
        try:
            with os.fdopen(os.open(draft, flags, 0o644, dir_fd=parent), "wb") as target:
                for data in parts:
                    target.write(data)
            os.replace(draft, name, src_dir_fd=parent, dst_dir_fd=parent)
        except BaseException:
            os.unlink(draft, dir_fd=parent)
            raise


def _shown(size: int) -> str:
    for unit, name in ((10**9, "GB"), (10**6, "MB"), (10**3, "kB")):
        if size >= unit:
            return f"{size / unit:.3g} {name}"
    return f"{size} B"
