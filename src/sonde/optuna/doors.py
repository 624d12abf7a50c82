"""How the modules under Optuna's names show what stands in `sonde.studies`.

A module is loaded by name and when something of it is first asked for: the command line uses
this package, and studies stand above it. What Optuna has and sonde has not says why, and what to
use instead.
"""

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

__all__ = ["ABSENT", "door", "shown"]

_NAMES = "names and ranges are those of `sonde.optuna.distributions`"
_KEPT = "a store keeps what was tried: make a study of another name, or another store"
_NO_TYPE = "it is for classes of one's own"
_NO_LOCK = "a store locks by itself, and gives back what a dead process held"

ABSENT: Mapping[str, str] = {
    "artifacts": "files are yours: note where one is, trial.set_user_attr('model', path)",
    "delete_study": _KEPT,
    "integration": "callbacks of frameworks are sonde's own, docs/frameworks.md",
    "search_space": "the space of a study is study.sweep, and `sonde show NAME`",
    "version": "use __version__",
    "study.delete_study": _KEPT,
    "trial.BaseTrial": f"{_NO_TYPE}: use Trial",
    "pruners.BasePruner": f"{_NO_TYPE}: use the name of a stopping rule, docs/stopping.md",
    "pruners.WilcoxonPruner": "repeats of the same values are a sweep's, docs/noise.md: --repeats",
    "samplers.BaseSampler": f"{_NO_TYPE}: use the name of a search method, docs/methods.md",
    "samplers.BaseGASampler": f"{_NO_TYPE}: use the name of a search method, docs/methods.md",
    "samplers.nsgaii": "an operator is given as text: NSGAIISampler(crossover='UniformCrossover')",
    "distributions.CategoricalChoiceType": "it is for type checkers: use Any",
    "distributions.DISTRIBUTION_CLASSES": _NAMES,
    "distributions.DiscreteUniformDistribution": "use FloatDistribution(step=...)",
    "distributions.IntLogUniformDistribution": "use IntDistribution(log=True)",
    "distributions.IntUniformDistribution": "use IntDistribution",
    "distributions.LogUniformDistribution": "use FloatDistribution(log=True)",
    "distributions.UniformDistribution": "use FloatDistribution",
    "distributions.check_distribution_compatibility": "a range that changes becomes the widest",
    "distributions.distribution_to_json": "`sonde show NAME --format json` has the space as JSON",
    "distributions.json_to_distribution": "`sonde show NAME --format json` has the space as JSON",
    "importance.BaseImportanceEvaluator": f"{_NO_TYPE}: name a method, docs/importance.md",
    "importance.MeanDecreaseImpurityImportanceEvaluator": "use evaluator='permutation'",
    "storages.BaseStorage": f"{_NO_TYPE}: docs/plugins.md says how to write a store",
    "storages.BaseJournalLogStorage": f"{_NO_TYPE}: docs/plugins.md says how to write a store",
    "storages.GrpcStorageProxy": "`sonde serve` is the server: storage='http://HOST:7733'",
    "storages.JournalFileOpenLock": _NO_LOCK,
    "storages.JournalFileStorage": "use storages.journal.JournalFileBackend, or a path",
    "storages.JournalFileSymlinkLock": _NO_LOCK,
    "storages.JournalRedisStorage": "storage='redis://HOST:6379/0'",
    "storages.RetryFailedTrialCallback": _NO_LOCK,
    "storages.RetryHeartbeatStaleTrialCallback": _NO_LOCK,
    "storages.fail_stale_trials": _NO_LOCK,
    "storages.run_grpc_proxy_server": "`sonde serve` is the server: storage='http://HOST:7733'",
    "visualization.matplotlib": "each figure is matplotlib's, too: plot_slice(study).figure",
    "visualization.plot_hypervolume_history": "`sonde best NAME --front`, plot_pareto_front",
    "visualization.plot_terminator_improvement": "nothing ends a study by itself but its limits",
}
"""What of Optuna's public names is not there: why, and what to use instead."""


def shown(module: str) -> Any:
    """Return a module of `sonde.studies`."""
    return import_module(f"sonde.studies.{module}")


def door(under: str, places: Mapping[str, str]) -> Callable[[str], Any]:
    """Return the `__getattr__` of a module under one of Optuna's names.

    Args:
        under: The module's name behind `sonde.optuna.`, empty for that itself.
        places: Where each name is: a module of `sonde.studies`, or `MODULE:NAME` where it has
            another name there.
    """

    def find(name: str) -> Any:
        place = places.get(name)
        if place is not None:
            module, _, other = place.partition(":")
            return getattr(shown(module), other or name)
        path = f"{under}.{name}" if under else name
        why = ABSENT.get(path)
        module = f"sonde.optuna.{under}".rstrip(".")
        if why is None:
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        raise AttributeError(f"{module} has no {name}: {why}")

    return find
