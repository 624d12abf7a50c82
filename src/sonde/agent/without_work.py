"""What to do with a sweep that has nothing for an agent to run, in words."""

from sonde.store.protocol import SweepRecord

__all__ = ["way_on"]


def way_on(record: SweepRecord) -> tuple[str, str]:
    """Return why an agent can run none of a sweep's trials, and what to do instead."""
    if "logdir" in record.facts:
        return (
            f"it was imported from {record.facts['logdir']}, where no program is",
            f"begin a sweep that learns from it: sonde run --from {record.name} ...",
        )
    if "optuna" in record.facts or "define_by_run" in record.facts:
        came = "it was imported from Optuna" if "optuna" in record.facts else "it is a study"
        call = f"load_study(study_name={record.name!r}).optimize(objective, n_trials=10)"
        return (
            f"{came}, and what to run is the objective of a program",
            f"go on with it there: sonde.optuna.{call}",
        )
    return (
        "its trials are asked for and told by a program, so an agent has nothing to run",
        "run that program",
    )
