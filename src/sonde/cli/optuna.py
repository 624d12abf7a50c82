"""`sonde optuna`: studies of Optuna as sweeps, and the other way round."""

from datetime import UTC, datetime

import click

from sonde.cli.options import format_option, opened, store_option
from sonde.errors import ConfigError

__all__ = ["optuna"]


@click.group()
def optuna() -> None:
    """Take a study of Optuna into the store, or write a sweep as one."""


@optuna.command("import")
@click.argument("storage")
@click.argument("study", required=False)
@click.option("--name", metavar="NAME", help="Of the sweep. Default: the study's.")
@click.option(
    "--metric",
    "metrics",
    metavar="NAME",
    multiple=True,
    help="What the study's values are called, one for each direction. Default: value.",
)
@store_option
@format_option
def import_(
    storage: str,
    study: str | None,
    name: str | None,
    metrics: tuple[str, ...],
    store: str | None,
    form: str,
) -> None:
    """Take the trials of STUDY that have ended into the store, with their curves.

    STORAGE is sqlite:///FILE, postgresql://..., the file of a journal, or redis://... of one.
    Without STUDY the only one is taken. Again, it adds what has ended since.
    """
    _require("sonde optuna import")
    from sonde.cli.output import say
    from sonde.cli.reading import load
    from sonde.cli.report import report
    from sonde.cli.tensorboard import Progress
    from sonde.core.sweep import check_name
    from sonde.optuna.studies import import_study, opened_study

    if name is not None:
        check_name(name, f"--name {name}")
    found = opened_study(storage, study)
    with opened(store, new=True) as opened_store:
        result = import_study(
            found,
            opened_store,
            datetime.now(UTC),
            origin=storage,
            name=name,
            metrics=metrics,
            told=Progress("trials"),
        )
        left = f"; {result.left} run or wait in Optuna and are left out" if result.left else ""
        say(f"{result.record.name}: {result.added} new trials{left}")
        report(*load(opened_store, result.record.id), form)


@optuna.command("export")
@click.argument("sweep")
@click.argument("storage")
@click.option("--study", metavar="NAME", help="Of the study. Default: the sweep's name.")
@store_option
def export_(sweep: str, storage: str, study: str | None, store: str | None) -> None:
    """Write the trials of SWEEP that have ended into a study of Optuna.

    STORAGE is what Optuna calls so, such as sqlite:///FILE, and is made if it is not there. Again,
    it adds what has ended since.
    """
    _require("sonde optuna export")
    from sonde.cli.output import say
    from sonde.cli.tensorboard import Progress
    from sonde.optuna.exporting import export_sweep
    from sonde.optuna.studies import storage_of

    with opened(store) as opened_store:
        changes = opened_store.changes(opened_store.find_sweep(sweep).id)
        written, count = export_sweep(
            changes.record,
            changes.trials,
            opened_store.curves(changes.record.id),
            storage_of(storage, new=True),
            name=study,
            told=Progress("trials"),
        )
    say(f"study {written.study_name} in {storage}: {count} new trials of {changes.record.name}")


def _require(where: str) -> None:
    from importlib.util import find_spec

    if find_spec("optuna") is None:
        raise ConfigError(where, "Optuna is not installed", "pip install optuna cmaes")
    from optuna.logging import WARNING, set_verbosity

    set_verbosity(WARNING)
