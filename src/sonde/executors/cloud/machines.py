"""The machines of a cluster, as the cloud itself knows them: which are up, and ending them.

Asked through Ray's node provider, so it is the same for every cloud, and true whatever became
of whoever started them.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sonde.errors import ConfigError, PlaceError

__all__ = ["CloudMachine", "down", "has_credentials", "provider_of", "up"]

_LOOK_S = 1.0
_PATIENCE_S = 180.0
_PACKAGES = {"aws": ("boto3", "boto3"), "gcp": ("googleapiclient", "google-api-python-client")}


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudMachine:
    """A machine that is up, or on its way up.

    Attributes:
        id: The cloud's.
        type: `head` or `worker`.
        ip: From outside; None: it has none yet.
        inner_ip: From the other machines.
        state: As Ray tags it: `up-to-date`, `setting-up`, ...
    """

    id: str
    type: str
    ip: str | None
    inner_ip: str | None
    state: str

    @property
    def is_head(self) -> bool:
        """Whether it is the one that runs no trials."""
        return self.type == "head"


def provider_of(config: Mapping[str, Any]) -> Any:
    """Return Ray's node provider of a cluster file.

    Raises:
        ConfigError: If a package for it is missing here.
    """
    kind = config["provider"]["type"]
    where = f"cloud {config['cluster_name']}"
    try:
        from ray.autoscaler._private.cli_logger import cli_logger
        from ray.autoscaler._private.providers import _get_node_provider

        if kind in _PACKAGES:
            __import__(_PACKAGES[kind][0])
    except ImportError as error:
        more = f" {_PACKAGES[kind][1]}" if kind in _PACKAGES else ""
        raise ConfigError(
            where, f"{error.name} is not installed here", f"pip install 'ray[default]'{more}"
        ) from error
    cli_logger.configure(verbosity=0)  # where nobody reads along it would say everything
    return _get_node_provider(dict(config["provider"]), config["cluster_name"], use_cache=False)


def has_credentials(cloud: str) -> bool:
    """Tell whether a cloud's own library finds credentials here; it asks no cloud."""
    if cloud == "ec2":
        import boto3

        return boto3.Session().get_credentials() is not None
    import google.auth
    from google.auth.exceptions import DefaultCredentialsError

    try:
        google.auth.default()
    except DefaultCredentialsError:
        return False
    return True


def up(config: Mapping[str, Any], provider: Any = None) -> list[CloudMachine]:
    """Return the machines that are not ended, the head first.

    Raises:
        PlaceError: If the cloud does not say.
    """
    with _asking(config):
        provider = provider_of(config) if provider is None else provider
        found = [_machine(provider, one) for one in provider.non_terminated_nodes({})]
    return sorted(found, key=lambda one: (not one.is_head, one.id))


def down(
    config: Mapping[str, Any],
    *,
    head_first: bool = True,
    patience_s: float = _PATIENCE_S,
    provider: Any = None,
    sleep: Callable[[float], None] = time.sleep,
) -> int:
    """End all machines of a cluster, and return how many were up.

    Args:
        config: The cluster file.
        head_first: The head is ended first, so that it starts no other workers; the head itself
            has to do it the other way round.
        patience_s: How long the cloud may take.

    Raises:
        PlaceError: If some are left after that.
    """
    with _asking(config):
        provider = provider_of(config) if provider is None else provider
    ended: set[str] = set()
    until = time.monotonic() + patience_s
    while True:
        there = up(config, provider)
        ended |= {one.id for one in there}
        if not there:
            return len(ended)
        if time.monotonic() > until:
            left = ", ".join(one.id for one in there)
            raise PlaceError(f"{config['cluster_name']}: still up are {left}")
        heads = [one for one in there if one.is_head]
        workers = [one for one in there if not one.is_head]
        order = (heads, workers) if head_first else (workers, [] if workers else heads)
        with _asking(config):
            for batch in order:
                if batch:
                    provider.terminate_nodes([one.id for one in batch])
        sleep(_LOOK_S)


class _asking:  # noqa: N801 - reads as a word of the sentence that it begins
    """A block in which whatever the cloud's library raises is one error of ours."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        self._name = config["cluster_name"]

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, _: object) -> None:
        if isinstance(error, Exception) and not isinstance(error, (ConfigError, PlaceError)):
            said = " ".join(str(error).split())[:300] or type(error).__name__
            raise PlaceError(f"{self._name}: the cloud does not answer: {said}") from error


def _machine(provider: Any, node: str) -> CloudMachine:
    tags = provider.node_tags(node)
    return CloudMachine(
        id=node,
        type="head" if tags.get("ray-node-type") == "head" else "worker",
        ip=_known(provider.external_ip, node),
        inner_ip=_known(provider.internal_ip, node),
        state=tags.get("ray-node-status", "unknown"),
    )


def _known(ask: Callable[[str], Any], node: str) -> str | None:
    answer = ask(node)
    return str(answer) if answer else None
