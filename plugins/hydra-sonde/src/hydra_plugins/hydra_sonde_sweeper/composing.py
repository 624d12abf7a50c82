"""The config of each job, of which what all jobs share is composed once.

Hydra composes a job's config from its files anew, which takes tens of milliseconds. Jobs of one
sweep differ in values, and at times in the options of config groups: here what the options make
is composed once for each combination of them, by Hydra, and the values are set in a copy.

How Hydra sets values is no public matter of its own, so one config is made both ways before the
sweep begins (`Composed.check`). Where the two differ, or setting raises, Hydra composes all.
"""

import logging
import os
import pickle
from collections.abc import Sequence
from typing import Any

from hydra._internal import config_loader_impl
from hydra.core.config_loader import ConfigLoader
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf, open_dict

__all__ = ["Composed"]

log = logging.getLogger(__name__)


class Composed:
    """Hydra's config loader, for jobs; where it travels to another process it is Hydra's again."""

    def __init__(self, loader: ConfigLoader) -> None:
        self._loader = loader
        self._is_right = False
        self._parser = OverridesParser.create()
        self._groups: dict[tuple[str, ...], frozenset[str]] = {}  # of the keys that are written
        self._shared: dict[tuple[str, ...], bytes] = {}  # what options of groups make, pickled

    def check(self, master: DictConfig, overrides: Sequence[str]) -> None:
        """Compose a job's config both ways, and tell from that whether the quick one will do.

        Raises:
            Exception: What Hydra has to say against the overrides.
        """
        wanted = self._loader.load_sweep_config(master, list(overrides))
        try:
            found = self._quickly(master, overrides)
            self._is_right = _plain(found) == _plain(wanted)
        except Exception as error:  # noqa: BLE001 - inner parts of Hydra; it goes without them
            log.debug("configs are composed one by one: %r", error)

    def load_sweep_config(
        self, master_config: DictConfig, sweep_overrides: list[str]
    ) -> DictConfig:
        """Return the config of a job, as Hydra's loader does."""
        if self._is_right:
            try:
                return self._quickly(master_config, sweep_overrides)
            except Exception as error:  # noqa: BLE001 - Hydra says it better, or can do it
                log.debug("%s: %r", sweep_overrides, error)
        return self._loader.load_sweep_config(master_config, sweep_overrides)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)

    def __reduce__(self) -> tuple[Any, ...]:
        # Elsewhere, for one job, there is nothing to share.
        return _itself, (self._loader,)

    def _quickly(self, master: DictConfig, overrides: Sequence[str]) -> DictConfig:
        parsed: list[Override] = self._parser.parse_overrides(list(overrides))
        if any(override.is_hydra_override() for override in parsed):
            # They come before all else, and may change how values are set.
            return self._loader.load_sweep_config(master, list(overrides))
        groups = self._groups_of(master, parsed)
        options = tuple(str(o.input_line) for o in parsed if _shape(o) in groups)
        config = self._copy(master, options)
        values = [override for override in parsed if _shape(override) not in groups]
        config_loader_impl.ConfigLoaderImpl._apply_overrides_to_config(values, config)
        with open_dict(config.hydra):
            config.hydra.overrides.task = [str(override.input_line) for override in parsed]
            for key in config.hydra.job.env_copy:
                config.hydra.job.env_set[key] = os.environ[key]
            config.hydra.runtime.cwd = os.getcwd()  # noqa: PTH109 - as text, as Hydra has it
            dirname = getattr(config_loader_impl, "get_overrides_dirname", None)
            if dirname is not None:  # from Hydra 1.4 on the config says how it is made
                how = config.hydra.job.config.override_dirname
                config.hydra.job.override_dirname = dirname(
                    parsed, how.exclude_keys, how.item_sep, how.kv_sep
                )
        OmegaConf.copy_cache(from_config=master, to_config=config)
        return config

    def _groups_of(self, master: DictConfig, parsed: Sequence[Override]) -> frozenset[str]:
        """Return which of the overrides choose options of config groups."""
        shapes = tuple(map(_shape, parsed))
        found = self._groups.get(shapes)
        if found is None:
            hydra = [str(line) for line in master.hydra.overrides.hydra]
            defaults = self._loader.compute_defaults_list(
                master.hydra.job.config_name,
                [*hydra, *(str(override.input_line) for override in parsed)],
                RunMode.RUN,
            )
            values = {_shape(override) for override in defaults.config_overrides}
            found = self._groups[shapes] = frozenset(shapes) - values
        return found

    def _copy(self, master: DictConfig, options: tuple[str, ...]) -> DictConfig:
        pickled = self._shared.get(options)
        if pickled is None:
            config = self._loader.load_sweep_config(master, list(options))
            # Pickled rather than copied: six times as quick.
            pickled = self._shared[options] = pickle.dumps(config)
        copy = pickle.loads(pickled)  # noqa: S301 - our own
        assert isinstance(copy, DictConfig)
        return copy


def _shape(override: Override) -> str:
    """Return what tells whether an override is about a group: a dict never is."""
    kind = " {" if isinstance(override.value(), dict) else ""
    return f"{override.get_key_element()}{kind}"


def _plain(config: DictConfig) -> Any:
    return OmegaConf.to_container(config, resolve=False, enum_to_str=True)


def _itself(loader: ConfigLoader) -> ConfigLoader:
    return loader
