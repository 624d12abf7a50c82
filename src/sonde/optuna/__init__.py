"""Optuna's door, both ways.

Programs written for Optuna run here with one import changed (`import sonde.optuna as optuna`:
`create_study(...).optimize(objective)`), without Optuna being installed. `SondeSampler` has
sonde's methods in Optuna's studies, and `optuna:NAME` has Optuna's samplers as methods: both
need the extra `optuna`. Nothing is imported before it is asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from sonde.optuna.doors import door

if TYPE_CHECKING:
    from sonde.optuna.sampler import SondeSampler
    from sonde.studies.frozen import FrozenTrial, TrialState, create_trial
    from sonde.studies.listing import (
        copy_study,
        get_all_study_names,
        get_all_study_summaries,
    )
    from sonde.studies.opening import create_study, load_study
    from sonde.studies.study import Study
    from sonde.studies.trials import Trial, TrialPruned

__all__ = [
    "FrozenTrial",
    "SondeSampler",
    "Study",
    "Trial",
    "TrialPruned",
    "TrialState",
    "copy_study",
    "create_study",
    "create_trial",
    "distributions",
    "exceptions",
    "get_all_study_names",
    "get_all_study_summaries",
    "importance",
    "load_study",
    "logging",
    "pruners",
    "samplers",
    "storages",
    "study",
    "trial",
    "visualization",
]

_MODULES = {
    "distributions",
    "exceptions",
    "importance",
    "logging",
    "pruners",
    "samplers",
    "storages",
    "study",
    "trial",
    "visualization",
}
_find = door(
    "",
    {
        "FrozenTrial": "frozen",
        "Study": "study",
        "Trial": "trials",
        "TrialPruned": "trials",
        "TrialState": "frozen",
        "copy_study": "listing",
        "create_study": "opening",
        "create_trial": "frozen",
        "get_all_study_names": "listing",
        "get_all_study_summaries": "listing",
        "load_study": "opening",
    },
)


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return import_module(f"{__name__}.{name}")
    if name == "SondeSampler":
        from sonde.optuna.samplers import require

        require("sonde.optuna.SondeSampler")
        from sonde.optuna.sampler import SondeSampler

        return SondeSampler
    if name == "__version__":
        import sonde

        return sonde.__version__
    return _find(name)
