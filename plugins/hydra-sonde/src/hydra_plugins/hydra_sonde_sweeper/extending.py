"""`custom_search_space`: a function of the user's that says trial by trial what else is searched.

It is called with the config and a trial that has what Optuna's have: `params`, by the keys that
were written, and `suggest_float`, `suggest_int`, `suggest_categorical`. What it asks for becomes
overrides of the job, and parameters of the sweep.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from hydra.core.override_parser.types import Transformer
from hydra.utils import get_method
from omegaconf import DictConfig

import sonde
from hydra_plugins.hydra_sonde_sweeper.overrides import Plan, quoted
from sonde import ConfigError
from sonde.api.asked import Asked
from sonde.core.distributions import Distribution
from sonde.core.metric import Goal
from sonde.store.protocol import Store
from sonde.studies.room import make_bounds, make_room, settle
from sonde.studies.trials import Trial

__all__ = ["Extending", "extender_of"]


def extender_of(path: str) -> Callable[[DictConfig, Trial], object]:
    """Return the function of a dotted path.

    Raises:
        ConfigError: If there is none.
    """
    try:
        return get_method(path)
    except Exception as error:
        raise ConfigError(
            f"hydra.sweeper.custom_search_space={path}",
            f"it cannot be loaded: {str(error).splitlines()[0]}",
            "name a function, such as train.configure",
        ) from error


class Extending:
    """The trials of one sweep, each extended once it was asked for."""

    def __init__(
        self,
        extender: Callable[[DictConfig, Trial], object],
        config: DictConfig,
        sweep: sonde.Sweep,
        plan: Plan,
    ) -> None:
        self._extender, self._config, self._plan = extender, config, plan
        self._sweep = sweep
        self._keys = dict(plan.keys)  # name -> key as it was written

    @property
    def store(self) -> Store:
        """Where the sweep is."""
        return self._sweep.store

    @property
    def goals(self) -> Sequence[Goal]:
        """What is to be improved."""
        return self._sweep.goals

    @property
    def has_space(self) -> bool:
        """Whether anything is known to be searched."""
        return bool(self.store.get_sweep(self._sweep.id).sweep.space.parameters)

    def make_room(self, asked: Mapping[str, Distribution]) -> None:
        """Bring what a trial asks for into the definition."""
        make_room(self.store, self._sweep.id, asked)

    def make_bounds(self, metrics: Sequence[str]) -> None:
        """Have the definition know that these are to be 0 at most."""
        make_bounds(self.store, self._sweep.id, metrics)

    def extend(self, asked: Asked) -> None:
        """Call the function for a trial, which has the values that it asked for afterwards."""
        trial = Trial(
            self, asked._held, asked._judged, asked._sweep_seed, asked.params, self._named
        )
        for name, key in self._plan.keys.items():
            trial.take(key, self._plan.space[name].distribution)
        self._extender(self._config, trial)
        trial.keep()
        asked.params = dict(trial.values)

    def overrides(self, params: Mapping[str, Any]) -> list[str]:
        """Return a trial's values as a job's overrides."""
        late = [name for name in params if name not in self._plan.keys]
        written = self._plan.overrides(params)
        return written + [f"{self._keys.get(name, name)}={_text(params[name])}" for name in late]

    def params(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Return a trial's values under the keys that were written."""
        return {self._keys.get(name, name): value for name, value in params.items()}

    def settle(self) -> None:
        """Have the definition say which trials have which parameters, where it does not."""
        changes = self.store.changes(self._sweep.id)
        space = changes.record.sweep.space
        if not all(space.admits(t.params) for t in changes.trials if t.is_ended and t.metrics):
            settle(self.store, self._sweep.id, changes.trials)

    def _named(self, key: str) -> str:
        """Return a key as a parameter's name, as the plan has it: `+w` is `w`."""
        for name, known in self._keys.items():
            if known == key:
                return name
        plain = re.sub(r"[^\w.-]", ".", key.lstrip("+~"), flags=re.ASCII)
        name = plain if re.match(r"[A-Za-z_]", plain) else f"_{plain}"
        self._keys.setdefault(name, key)
        return name


def _text(value: Any) -> str:
    return quoted(value) if isinstance(value, str) or value is None else str(Transformer.str(value))
