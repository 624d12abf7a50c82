"""The sweeper that Hydra finds; all else is imported when a sweep begins."""

from typing import TYPE_CHECKING, Any

from hydra.plugins.sweeper import Sweeper

# Found by `hydra/sweeper=sonde` once this module is imported.
from hydra_plugins.hydra_sonde_sweeper import config as _config

if TYPE_CHECKING:
    from hydra.core.utils import JobReturn
    from hydra.types import HydraContext, TaskFunction
    from omegaconf import DictConfig

__all__ = ["SondeSweeper"]


class SondeSweeper(Sweeper):
    """Searches with sonde; the arguments are those of `config.SondeSweeperConf`."""

    def __init__(self, **settings: Any) -> None:
        known = _config.SondeSweeperConf.__dataclass_fields__
        self.settings = {name: value for name, value in settings.items() if name in known}

    def setup(
        self, *, hydra_context: "HydraContext", task_function: "TaskFunction", config: "DictConfig"
    ) -> None:
        """Take what jobs are made from."""
        self.hydra_context = hydra_context
        self.task_function = task_function
        self.config = config
        self.launcher = None

    def sweep(self, arguments: list[str]) -> "list[list[JobReturn]]":
        """Run the sweep; return what the jobs of this run returned, in batches of `n_jobs`.

        Raises:
            CompactHydraException: If something in the config or the overrides cannot be used.
            Exception: What a job raised, where more have failed than `max_failure_rate` allows.
        """
        from hydra.errors import CompactHydraException

        from hydra_plugins.hydra_sonde_sweeper.running import Running
        from sonde import ConfigError

        assert self.hydra_context is not None  # Hydra calls `setup` first
        assert self.config is not None
        try:
            running = Running(
                self.settings, arguments, self.hydra_context, self.task_function, self.config
            )
            running.declare()
        except ConfigError as fault:
            # Of this kind Hydra prints what it says, of all others a traceback.
            raise CompactHydraException(str(fault)) from fault
        return running.run()
