"""`/sweeps/.../files`: what a trial left: what it printed, and its artifacts."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Path, Query
from pydantic import BaseModel
from starlette.responses import Response

from sonde.agent.artifacts import list_artifacts, open_artifact
from sonde.agent.folder import TrialFolder
from sonde.agent.place import folder_of
from sonde.errors import NotFoundError
from sonde.server.answers import Json
from sonde.server.desk import Desk, TheDesk
from sonde.server.sent_file import media_type_of, send_file
from sonde.server.shapes import REFUSALS
from sonde.server.sweeps import SweepKey, TrialNumber
from sonde.store.protocol import Store

__all__ = ["router"]

router = APIRouter(prefix="/sweeps", tags=["files"], responses=REFUSALS)
Attempt = Annotated[
    int | None, Query(ge=1, le=2**31, description="Of this attempt; by default the last.")
]
Range = Annotated[str | None, Header(alias="range", max_length=200)]
_BYTES: dict[int | str, dict[str, Any]] = {
    200: {"description": "The bytes", "content": {"*/*": {}}},
    206: {"description": "The part of them that `Range` asks for", "content": {"*/*": {}}},
    416: REFUSALS[422] | {"description": "There is nothing of that range"},
}


class FileShape(BaseModel):
    """A file: its name below the trial's artifacts, its size in bytes, what it is."""

    path: str
    size: int
    modified: str
    media_type: str


class FilesShape(BaseModel):
    """What an attempt left; `logs` has the sizes of `stdout` and `stderr`."""

    attempt: int
    logs: dict[str, int]
    artifacts: list[FileShape]


@router.get("/{sweep}/trials/{number}/files", response_model=FilesShape)
async def list_files(
    desk: TheDesk, sweep: SweepKey, number: TrialNumber, attempt: Attempt = None
) -> Json:
    """List what a trial left."""

    def files(store: Store) -> dict[str, Any]:
        folder = _folder(desk, store, sweep, number, attempt)
        logs = {
            path.stem: path.stat().st_size
            for path in (folder.stdout, folder.stderr)
            if path.is_file()
        }
        artifacts = [
            {
                "path": one.path,
                "size": one.size,
                "modified": datetime.fromtimestamp(one.modified_ns / 1e9, UTC),
                "media_type": media_type_of(one.path),
            }
            for one in list_artifacts(folder.artifacts)
        ]
        return {"attempt": folder.attempt, "logs": logs, "artifacts": artifacts}

    return Json(await desk.ask(files))


@router.get("/{sweep}/trials/{number}/logs/{stream}", response_class=Response, responses=_BYTES)
async def show_log(
    desk: TheDesk,
    sweep: SweepKey,
    number: TrialNumber,
    stream: Literal["stdout", "stderr"],
    attempt: Attempt = None,
    wanted: Range = None,
) -> Response:
    """Give what a trial printed, or a part of it."""

    def opened(store: Store) -> tuple[int, str]:
        folder = _folder(desk, store, sweep, number, attempt)
        name = f"{stream}.log"
        try:
            return open_artifact(folder.path, name), name
        except NotFoundError:
            raise NotFoundError("nothing that it printed is here") from None

    return send_file(*await desk.ask(opened), wanted)


@router.get(
    "/{sweep}/trials/{number}/artifacts/{path:path}", response_class=Response, responses=_BYTES
)
async def show_artifact(
    desk: TheDesk,
    sweep: SweepKey,
    number: TrialNumber,
    path: Annotated[str, Path(description="Its name below the trial's artifacts.")],
    attempt: Attempt = None,
    save: Annotated[bool, Query(description="Have browsers save it.")] = False,
    wanted: Range = None,
) -> Response:
    """Give an artifact of a trial, or a part of it."""

    def opened(store: Store) -> int:
        folder = _folder(desk, store, sweep, number, attempt)
        return open_artifact(folder.artifacts, path)

    return send_file(await desk.ask(opened), path, wanted, save=save)


def _folder(desk: Desk, store: Store, sweep: str, number: int, attempt: int | None) -> TrialFolder:
    """Return the folder of an attempt at a trial."""
    with desk.sweep(sweep) as (record, history):
        if number >= len(history.trials):
            raise NotFoundError(f"{record.name} has no trial {number}")
        trial = history.trials[number]
    if attempt is not None and attempt > trial.attempts:
        raise NotFoundError(f"{record.name}/{number} has no attempt {attempt}")
    return folder_of(store.url, record.id, trial, attempt)
