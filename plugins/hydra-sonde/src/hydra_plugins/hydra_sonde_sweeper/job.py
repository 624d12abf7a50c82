"""A job as a launcher calls it: the user's function, which reports for its trial."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from hydra.types import TaskFunction
from omegaconf import DictConfig

from sonde import tracking
from sonde.errors import Stopped

__all__ = ["Job"]


class Job:
    """The user's function in the environment of a trial; it travels to wherever jobs run.

    Attributes:
        environment: Of the next trial, by the job's number.
    """

    def __init__(self, task_function: TaskFunction) -> None:
        self.task_function = task_function
        self.environment: dict[int, Mapping[str, str]] = {}

    def __call__(self, config: DictConfig) -> Any:
        """Call the function; None where it was ended because its trial was to end."""
        from hydra.core.hydra_config import HydraConfig

        environment = self.environment.get(HydraConfig.get().job.num, {})
        with _set(environment):
            tracking.reset()
            try:
                return self.task_function(config)
            except Stopped:
                return None
            finally:
                tracking.reset()


@contextmanager
def _set(environment: Mapping[str, str]) -> Iterator[None]:
    former = {name: os.environ.get(name) for name in environment}
    os.environ.update(environment)
    try:
        yield
    finally:
        for name, value in former.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
