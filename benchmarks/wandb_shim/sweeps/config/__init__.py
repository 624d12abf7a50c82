"""Checking a config: every fault that sonde's reader of sweep files finds is a violation."""

from copy import deepcopy
from typing import Any

import jsonschema

from sonde.core.notation.document import document_of
from sonde.core.wandb import read_sweep
from sonde.core.wandb.parameters import read_parameters
from sonde.errors import ConfigError, ConfigErrors

from .schema import fill_validate_metric

__all__ = [
    "ParamValidationError",
    "SweepConfig",
    "fill_parameter",
    "fill_validate_early_terminate",
    "fill_validate_metric",
    "fill_validate_metrics",
    "fill_validate_schema",
    "schema_violations_from_proposed_config",
]

DEFAULTS: dict[str, dict[str, Any]] = {
    "normal": {"mu": 0.0, "sigma": 1.0}, "log_normal": {"mu": 0.0, "sigma": 1.0},
    "q_normal": {"mu": 0.0, "sigma": 1.0, "q": 1.0}, "beta": {"a": 1.0, "b": 1.0},
    "q_log_normal": {"mu": 0.0, "sigma": 1.0, "q": 1.0}, "q_beta": {"a": 1.0, "b": 1.0, "q": 1.0},
    "q_uniform": {"q": 1.0}, "q_log_uniform": {"q": 1.0}, "q_log_uniform_values": {"q": 1.0},
}  # fmt: skip


class ParamValidationError(Exception):
    """A parameter that cannot be filled."""


def violations(config: Any) -> list[str]:
    """Return what sonde finds wrong with a config, and what it warns of."""
    try:
        return [note for note in read_sweep(document_of(config)).notes if "exponents" in note]
    except ConfigErrors as several:
        return [str(fault) for fault in several.faults]
    except ConfigError as fault:
        return [str(fault)]


def schema_violations_from_proposed_config(config: Any) -> list[str]:
    """Return all faults as text."""
    if not isinstance(config, dict):
        raise ValueError("no dict")  # noqa: TRY004 - as there
    return violations(config)


def kind_of(config: dict[str, Any]) -> str:
    """Return the distribution that a parameter's keys imply."""
    if "distribution" in config:
        return str(config["distribution"])
    if "value" in config:
        return "constant"
    if "values" in config:
        return "categorical_w_probabilities" if "probabilities" in config else "categorical"
    whole = all(type(config[key]) is int for key in ("min", "max"))
    return "int_uniform" if whole else "uniform"


def fill_parameter(name: str, config: dict[str, Any]) -> tuple[str, dict[str, Any]] | None:
    """Return the name of its schema and the config with defaults; None: it is no parameter."""
    faults = read_parameters(document_of({"x": config}, "parameters")).faults
    if faults:
        if any("is not above min" in str(fault) for fault in faults):
            raise ValueError(str(faults[0]))
        return None
    if "parameters" in config:
        raise ParamValidationError(name)
    kind = kind_of(config)
    return f"param_{kind}", {**DEFAULTS.get(kind, {}), **config, "distribution": kind}


def fill_validate_early_terminate(config: dict[str, Any]) -> dict[str, Any]:
    """Return a copy with the defaults of hyperband."""
    config = deepcopy(config)
    config["early_terminate"] = {"eta": 3, "strict": True} | config["early_terminate"]
    return config


def fill_validate_metrics(config: dict[str, Any]) -> dict[str, Any]:
    """Return a copy with the defaults of each metric."""
    config = deepcopy(config)
    if not isinstance(config.get("metrics"), list):
        raise ValueError("metrics: expected list")  # noqa: TRY004 - as there
    if not all(isinstance(metric, dict) for metric in config["metrics"]):
        raise ValueError("metrics: expected dict")
    metrics = [fill_validate_metric({"metric": metric})["metric"] for metric in config["metrics"]]
    return config | {"metrics": metrics}


def fill_validate_schema(config: dict[str, Any]) -> dict[str, Any]:
    """Return a checked copy with all defaults."""
    return dict(SweepConfig(config))


class SweepConfig(dict[str, Any]):
    """A checked config with its defaults."""

    def __init__(self, config: dict[str, Any]) -> None:
        if not isinstance(config, SweepConfig) and (found := violations(config)):
            raise jsonschema.ValidationError("\n".join(found))
        super().__init__(deepcopy(config))
        if "early_terminate" in self:
            self["early_terminate"] = fill_validate_early_terminate(self)["early_terminate"]
        for name, one in self["parameters"].items():
            if "parameters" not in one:
                filled = fill_parameter(name, one)
                assert filled is not None
                self["parameters"][name] = filled[1]
