"""Parameters: sonde's distributions behind the other's names."""

from typing import Any, ClassVar

import jsonschema
import numpy as np

from sonde.core.distributions import Choice, Constant
from sonde.core.distributions.schema import from_json

from . import util
from .config import ParamValidationError, fill_parameter

__all__ = ["HyperParameter", "HyperParameterSet"]


class HyperParameter:
    """One parameter with its config filled."""

    CONSTANT = "param_constant"
    CATEGORICAL = "param_categorical"
    CATEGORICAL_PROB = "param_categorical_w_probabilities"
    INT_UNIFORM = "param_int_uniform"
    UNIFORM = "param_uniform"
    Q_UNIFORM = "param_q_uniform"
    NORMAL = "param_normal"
    Q_NORMAL = "param_q_normal"
    LOG_NORMAL = "param_log_normal"
    Q_LOG_NORMAL = "param_q_log_normal"
    BETA = "param_beta"
    Q_BETA = "param_q_beta"

    def __init__(self, name: str, config: dict[str, Any]) -> None:
        try:
            filled = fill_parameter(name, config)
        except ParamValidationError:
            filled = None
        if filled is None:
            raise jsonschema.ValidationError(f"{name}: {config} is no parameter")
        self.name = name
        self.type, self.config = filled
        self.distribution = from_json(self.config)
        self.value: Any = self.config.get("value")

    @property
    def is_constant(self) -> bool:
        """Whether it has one value only."""
        return isinstance(self.distribution, Constant)

    def ppf(self, u: Any) -> Any:
        """Return the values at quantiles."""
        if np.ndim(u) == 0:
            return self.distribution.at(float(u))
        return [self.distribution.at(float(x)) for x in u]

    def cdf(self, values: Any) -> Any:
        """Return the quantiles of values."""
        found = [self.distribution.quantile(value) for value in np.atleast_1d(values).tolist()]
        return np.array(found) if np.ndim(values) else found[0]

    def cdf_of(self, value: Any) -> float:
        """Return the quantile of one value; ValueError if it is none of a choice's."""
        if isinstance(self.distribution, Choice) and not self.distribution.contains(value):
            raise ValueError(f"{value} is no value of {self.name}")
        return self.distribution.quantile(value)

    def sample(self) -> Any:
        """Draw a value with NumPy's global generator, as the other does."""
        return thawed(self.ppf(np.random.uniform()))  # noqa: NPY002

    def _name_and_value(self) -> tuple[str, Any]:
        return self.name, self.value


class HyperParameterSet(list[HyperParameter]):
    """Parameters in the order of their names; nested ones have the delimiter between."""

    NESTING_DELIMITER: ClassVar[str] = ".wbnest."

    def __init__(self, items: list[Any]) -> None:
        if not all(isinstance(item, HyperParameter) for item in items):
            raise TypeError("only parameters")
        super().__init__(items)
        self.searchable_params = [item for item in items if not item.is_constant]

    @classmethod
    def from_config(cls, config: dict[Any, Any], prefix: str = "") -> "HyperParameterSet":
        """Read the parameters of a sweep."""
        found: list[HyperParameter] = []
        for name in sorted(config):
            assert isinstance(name, str)
            one = config[name]
            assert isinstance(one, dict)
            if isinstance(one, dict) and "parameters" in one:
                inner = f"{prefix}{name}{cls.NESTING_DELIMITER}"
                found += cls.from_config(one["parameters"], inner)
            else:
                found.append(HyperParameter(f"{prefix}{name}", one))
        return cls(found)

    def to_config(self) -> dict[str, Any]:
        """Return the present values as a run's config."""
        config: dict[str, Any] = {}
        for item in self:
            head, *inner = item.name.split(self.NESTING_DELIMITER)
            keys = [head, "value", *inner]
            target = config
            for key in keys[:-1]:
                target = target.setdefault(key, {})
                if not isinstance(target, dict):
                    raise ValueError(f"{item.name} lies in something that is no group")  # noqa: TRY004
            if keys[-1] in target:
                raise ValueError(f"{item.name} is there already")
            target[keys[-1]] = item.value
        return config

    def normalize_runs_as_array(self, runs: list[Any]) -> Any:
        """Return the quantiles of the runs' values, 0 where a run has none."""
        rows = []
        for run in runs:
            row = []
            for item in self.searchable_params:
                keys = item.name.split(self.NESTING_DELIMITER)
                keys.insert(1, "value")
                has = util.dict_has_nested_key(run.config, keys)
                row.append(item.cdf_of(util.get_nested_value(run.config, keys)) if has else 0.0)
            rows.append(row)
        return np.array(rows)


def thawed(value: Any) -> Any:
    """Return tuples as lists."""
    if isinstance(value, list | tuple):
        return [thawed(item) for item in value]
    if isinstance(value, dict):
        return {key: thawed(item) for key, item in value.items()}
    return value
