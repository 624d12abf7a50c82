"""What `hydra.sweeper` says, checked and in sonde's terms."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from omegaconf import DictConfig, ListConfig, OmegaConf

from sonde import ConfigError
from sonde.api.goals import seconds_of

__all__ = ["Settings", "settings_of"]

log = logging.getLogger(__name__)

_OPTUNA = {
    "TPESampler": "tpe",
    "RandomSampler": "random",
    "CmaEsSampler": "cmaes",
    "NSGAIISampler": "evolution",
    "NSGAIIISampler": "evolution",
    "GridSampler": "grid",
    "GPSampler": "bayes",
    "QMCSampler": "quasirandom",
    "MOTPESampler": "tpe",
}
_OURS = {"method", "seed", "_target_", "_partial_"}
_DIRECTIONS = ("minimize", "maximize")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of a sweep.

    Attributes:
        goals: As `sonde.sweep` takes them.
        params: From the config, before what the command line says.
    """

    method: str
    seed: int
    goals: tuple[str, ...]
    storage: str | None
    study_name: str | None
    n_trials: int
    n_jobs: int
    max_failure_rate: float
    params: Mapping[str, Any]
    pruner: str | None
    timeout: float | None
    refill: bool | None
    custom: str | None


def settings_of(given: Mapping[str, Any]) -> Settings:
    """Read what `hydra.sweeper` says.

    Raises:
        ConfigError: If something there cannot be used.
    """
    plain = {name: _plain(value) for name, value in given.items()}
    method, seed = _sampler(plain.get("sampler") or {})
    goals = _goals(plain.get("direction") or "minimize", plain.get("metric"))
    if method == "tpe" and len(goals) > 1:
        log.info("sonde's tpe is for one direction; auto takes its place for %d", len(goals))
        method = "auto"  # Optuna's does several
    return Settings(
        method=method,
        seed=seed,
        goals=goals,
        storage=plain.get("storage"),
        study_name=plain.get("study_name"),
        n_trials=_count("n_trials", plain.get("n_trials", 20)),
        n_jobs=_count("n_jobs", plain.get("n_jobs", 2)),
        max_failure_rate=_rate(plain.get("max_failure_rate", 0.0)),
        params={**(plain.get("search_space") or {}), **(plain.get("params") or {})},
        pruner=plain.get("pruner"),
        timeout=_seconds(plain.get("timeout")),
        refill=plain.get("refill"),
        custom=plain.get("custom_search_space"),
    )


def _plain(value: Any) -> Any:
    if isinstance(value, DictConfig | ListConfig):
        return OmegaConf.to_container(value, resolve=True)
    return value


def _sampler(sampler: Mapping[str, Any]) -> tuple[str, int]:
    method = sampler.get("method") or "auto"
    target = sampler.get("_target_")
    if target is not None:
        name = str(target).rpartition(".")[2]
        if name not in _OPTUNA:
            raise ConfigError(
                f"hydra.sweeper.sampler._target_={target}",
                "sonde has no method in its place",
                f"write hydra/sweeper/sampler=auto, or method: optuna:{name}()",
            )
        method = _OPTUNA[name]
    unused = sorted(k for k, v in sampler.items() if k not in _OURS and v is not None)
    if unused:
        log.info("sonde's %s chooses by itself what %s would set", method, ", ".join(unused))
    return method, int(sampler.get("seed") or 0)


def _goals(direction: Any, metric: Any) -> tuple[str, ...]:
    directions = [direction] if isinstance(direction, str) else list(direction)
    known = [str(each).rpartition(".")[2].lower() for each in directions]
    if not known or not set(known) <= set(_DIRECTIONS):
        raise ConfigError(
            f"hydra.sweeper.direction={direction}", "that is no direction", "minimize or maximize"
        )
    if metric is None:
        names = ["value"] if len(known) == 1 else [f"value_{k}" for k in range(len(known))]
    else:
        names = [metric] if isinstance(metric, str) else [str(name) for name in metric]
    if len(names) != len(known):
        raise ConfigError(
            f"hydra.sweeper.metric={metric}",
            f"these are {len(names)}, and directions there are {len(known)}",
            "name one for each direction",
        )
    return tuple(f"{name}:{way}" for name, way in zip(names, known, strict=True))


def _count(name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ConfigError(f"hydra.sweeper.{name}={value}", "that is no count", "use 1, 2, ...")
    return value


def _seconds(value: Any) -> float | None:
    try:
        return seconds_of(value)
    except ConfigError as fault:
        raise ConfigError(f"hydra.sweeper.timeout={value}", fault.found, fault.remedy) from fault


def _rate(value: Any) -> float:
    if not isinstance(value, int | float) or not 0 <= value <= 1:
        raise ConfigError(
            f"hydra.sweeper.max_failure_rate={value}", "that is no share", "use 0.0 to 1.0"
        )
    return float(value)
