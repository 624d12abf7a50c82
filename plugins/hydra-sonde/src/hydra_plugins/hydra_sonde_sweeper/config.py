"""What can be set under `hydra.sweeper`, and the samplers under `hydra/sweeper/sampler`.

The keys are those of Hydra's Optuna sweeper, so that a config for it needs one word changed.
"""

from dataclasses import dataclass, field
from typing import Any

from hydra.core.config_store import ConfigStore
from omegaconf import MISSING

__all__ = ["SamplerConf", "SondeSweeperConf"]


@dataclass
class SamplerConf:
    """A search method.

    Attributes:
        method: As sonde names it, with options where it has some; `optuna:TPESampler(...)` too.
        seed: The same seed proposes the same trials; None is 0.
        _target_: An Optuna sampler's class, in configs that were written for it.
    """

    method: str = MISSING
    seed: int | None = None
    _target_: str | None = None


# Options that a config for Optuna's sampler may have. sonde's methods choose for themselves what
# these would set; what is set is named once in the log.


@dataclass
class TPEConf(SamplerConf):
    """`tpe`, with the options of Optuna's TPESampler."""

    method: str = "tpe"
    consider_prior: bool | None = None
    prior_weight: float | None = None
    consider_magic_clip: bool | None = None
    consider_endpoints: bool | None = None
    n_startup_trials: int | None = None
    n_ei_candidates: int | None = None
    multivariate: bool | None = None
    group: bool | None = None
    constant_liar: bool | None = None
    warn_independent_sampling: bool | None = None


@dataclass
class CmaEsConf(SamplerConf):
    """`cmaes`, with the options of Optuna's CmaEsSampler."""

    method: str = "cmaes"
    x0: dict[str, Any] | None = None
    sigma0: float | None = None
    independent_sampler: Any | None = None
    warn_independent_sampling: bool | None = None
    consider_pruned_trials: bool | None = None
    restart_strategy: Any | None = None
    inc_popsize: int | None = None
    use_separable_cma: bool | None = None
    source_trials: Any | None = None


@dataclass
class NSGAIIConf(SamplerConf):
    """`evolution`, with the options of Optuna's NSGAIISampler."""

    method: str = "evolution"
    population_size: int | None = None
    mutation_prob: float | None = None
    crossover_prob: float | None = None
    swapping_prob: float | None = None
    constraints_func: Any | None = None


@dataclass
class GPConf(SamplerConf):
    """`bayes`, with the options of Optuna's GPSampler."""

    method: str = "bayes"
    independent_sampler: Any | None = None
    n_startup_trials: int | None = None
    deterministic_objective: bool | None = None
    constraints_func: Any | None = None
    warn_independent_sampling: bool | None = None


@dataclass
class QMCConf(SamplerConf):
    """`quasirandom`, with the options of Optuna's QMCSampler."""

    method: str = "quasirandom"
    qmc_type: str | None = None
    scramble: bool | None = None
    independent_sampler: Any | None = None
    warn_asynchronous_seeding: bool | None = None
    warn_independent_sampling: bool | None = None


@dataclass
class AutoConf(SamplerConf):
    """`auto`: sonde picks the method, and switches as the sweep goes on."""

    method: str = "auto"


@dataclass
class RandomConf(SamplerConf):
    """`random`."""

    method: str = "random"


@dataclass
class GridConf(SamplerConf):
    """`grid`: each assignment once, in order."""

    method: str = "grid"
    _partial_: bool | None = None


@dataclass
class SondeSweeperConf:
    """The sweeper.

    Attributes:
        sampler: The search method.
        direction: `minimize` or `maximize`, or a list with one for each number that a job returns.
        storage: sonde's store: a path or URL, in which a sweep of the name goes on where it stands.
            None: a new sweep each time, in `SONDE_STORE` or `.sonde/sonde.db` of the project.
        study_name: The sweep's name.
        n_trials: How many trials in all, those of earlier runs included.
        n_jobs: How many jobs at once.
        max_failure_rate: The share of failed jobs from which on the sweep is given up.
        params: Key to value, as they would be written on the command line, which wins over them.
        search_space: The older way to write `params`: key to a dict with `type`, `low`, ...
        custom_search_space: The dotted path of a function that is called with the config and each
            trial, and may search more by `trial.suggest_float` and the like, as with Optuna.
        metric: What a job's number is called, or a list of names. Needed only where jobs return
            dicts or call `sonde.log`.
        pruner: A stopping rule, which hears what jobs report by `sonde.log`.
        timeout: Working time in all: seconds, or text such as `1h30m`.
        refill: Start the next job as soon as one ends, and not batch by batch. None: where the
            launcher is known to allow it (basic, joblib, submitit).
    """

    _target_: str = "hydra_plugins.hydra_sonde_sweeper.sonde_sweeper.SondeSweeper"
    _recursive_: bool = False
    defaults: list[Any] = field(default_factory=lambda: [{"sampler": "auto"}])
    sampler: SamplerConf = MISSING
    direction: Any = "minimize"
    storage: str | None = None
    study_name: str | None = None
    n_trials: int = 20
    n_jobs: int = 2
    max_failure_rate: float = 0.0
    params: dict[str, Any] | None = None
    search_space: dict[str, Any] | None = None
    custom_search_space: str | None = None
    metric: Any = None
    pruner: str | None = None
    timeout: Any = None
    refill: bool | None = None


_SAMPLERS: dict[str, type[SamplerConf]] = {
    "auto": AutoConf,
    "bayes": GPConf,
    "cmaes": CmaEsConf,
    "gp": GPConf,
    "grid": GridConf,
    "motpe": TPEConf,
    "nsgaii": NSGAIIConf,
    "qmc": QMCConf,
    "quasirandom": QMCConf,
    "random": RandomConf,
    "tpe": TPEConf,
}

_store = ConfigStore.instance()
_store.store(group="hydra/sweeper", name="sonde", node=SondeSweeperConf, provider="sonde")
for _name, _node in _SAMPLERS.items():
    _store.store(group="hydra/sweeper/sampler", name=_name, node=_node, provider="sonde")
