"""`/sweeps/...`: the definition of a sweep, its versions, and edits of it while it runs."""

from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from sonde.agent.reaching import check_reaches
from sonde.core.edit import Edit
from sonde.core.sweep import sweep_to_json
from sonde.editing import edit, history_of
from sonde.errors import ConfigError
from sonde.server.answers import Json
from sonde.server.desk import TheDesk
from sonde.server.shapes import REFUSALS
from sonde.server.sweeps import SweepKey
from sonde.store.protocol import Store

__all__ = ["router"]

router = APIRouter(prefix="/sweeps", tags=["definition"], responses=REFUSALS)


class EditShape(BaseModel):
    """What is to be different; what is left out stays as it is."""

    model_config = ConfigDict(extra="forbid")

    parameters: dict[str, Any] = Field(
        default={},
        description="By name: an object in W&B's words (as in a definition's space), a list of "
        "choices, text such as `1e-5..1e-1:log`, or one value that it is frozen at.",
        examples=[{"lr": {"min": 1e-05, "max": 0.1, "distribution": "log_uniform_values"}}],
    )
    remove: list[str] = Field(default=[], description="Names of parameters to take out.")
    where: list[str] | None = Field(default=None, description="All relations from now on.")
    backfill: dict[str, Any] = Field(
        default={},
        description="The values that later parameters had in the trials of before.",
        examples=[{"momentum": 0.9}],
    )
    method: str | None = None
    stopping: str | None = Field(default=None, description="The stopping rule; `none` for none.")
    trials: int | None = Field(default=None, ge=1, le=2**53, description="How many in all.")
    time_s: float | None = Field(
        default=None, gt=0, allow_inf_nan=False, description="Working time in all."
    )
    why: str = Field(default="", max_length=1000, description="For people.")
    version: int | None = Field(
        default=None,
        ge=1,
        le=2**53,
        description="The version that the edit was thought out for; of another one it is refused.",
    )
    dry_run: bool = Field(default=False, description="Change nothing, only say what would be.")


class ChangeShape(BaseModel):
    """One thing that differs from the version before.

    `kind` is `added`, `removed`, `frozen`, `freed`, `widened`, `narrowed`, `moved`, `changed` or
    `backfilled` for a parameter, `relation added` or `relation removed`, and `set` for the rest.
    """

    kind: str
    what: str
    before: str | None
    after: str | None
    text: str
    backfill: Any = None


class EffectShape(BaseModel):
    """What it makes of the trials that there are.

    The search goes on from `counting`; `outside` are no assignments of the new space, of which
    those in `lacking` only lack a back-fill. `withdrawn` waited and are called off;
    `running_outside` run, and go on.
    """

    counting: int
    outside: int
    lacking: dict[str, int]
    withdrawn: list[int]
    running_outside: list[int]


class EditedShape(BaseModel):
    """What came of an edit; without `changes` nothing is different, and nothing was done."""

    sweep: str
    name: str
    version: int
    made: bool
    changes: list[ChangeShape]
    trials: EffectShape


class VersionShape(BaseModel):
    """A version of a definition; `first_trial` and later ones are of it, up to the next one's."""

    version: int
    made: str
    first_trial: int
    why: str
    changes: list[ChangeShape]
    definition: dict[str, Any]


@router.get("/{sweep}/versions", response_model=list[VersionShape])
async def list_versions(desk: TheDesk, sweep: SweepKey) -> Json:
    """List the versions of a sweep's definition, oldest first; the last one is at work."""

    def steps(store: Store) -> list[dict[str, Any]]:
        return [
            step.to_json() | {"definition": sweep_to_json(step.version.sweep)}
            for step in history_of(store, store.find_sweep(sweep).id)
        ]

    return Json(await desk.ask(steps))


@router.post("/{sweep}/definition", response_model=EditedShape)
async def edit_definition(desk: TheDesk, sweep: SweepKey, wanted: EditShape) -> Json:
    """Change what is searched, and how, while trials run.

    A second time the same edit changes nothing, so it may be sent again.
    """
    wish = Edit(
        parameters=wanted.parameters,
        remove=wanted.remove,
        where=wanted.where,
        backfill=wanted.backfill,
        method=wanted.method,
        stopping=wanted.stopping,
        trials=wanted.trials,
        time_s=wanted.time_s,
    )

    def change(store: Store) -> dict[str, Any]:
        try:
            record = store.find_sweep(sweep)
            return edit(
                store,
                record.id,
                lambda old: check_reaches(store, record, wish.apply(old)),
                datetime.now(UTC),
                why=wanted.why,
                dry_run=wanted.dry_run,
                version=wanted.version,
            ).to_json()
        except (OverflowError, RecursionError) as error:
            raise ConfigError(
                "definition", "a number in it is too large, or a list too deep", "use less"
            ) from error

    return Json(await desk.ask(change))
