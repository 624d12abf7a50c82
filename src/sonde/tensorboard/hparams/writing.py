"""Writing an experiment and its trials, as `tensorboard.plugins.hparams.api` does.

What is written goes to the default writer: that of `sonde.tensorboard.summary`, or
TensorFlow's where a script uses that.
"""

import hashlib
import json
import sys
import time
from collections.abc import Iterable, Mapping
from typing import Any

from sonde.tensorboard import summary
from sonde.tensorboard.hparams.declared import HParam, Metric
from sonde.tensorboard.hparams.domains import Value
from sonde.tensorboard.hparams.messages import encode_experiment, encode_start

__all__ = [
    "RawSummary",
    "group_of",
    "hparams",
    "hparams_config",
    "hparams_config_pb",
    "hparams_pb",
    "plain_hparams",
    "write",
]


class RawSummary:
    """A summary as bytes, for where TensorBoard's own message class is not installed."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def SerializeToString(self) -> bytes:  # noqa: N802 - Protocol Buffers' name
        """Return the message as it is written to a file."""
        return self._data


def hparams(
    hparams: Mapping[Any, Any],
    trial_id: str | None = None,
    start_time_secs: float | None = None,
) -> Any:
    """Write the values that a trial is begun with to the default writer.

    Args:
        hparams: By `HParam` or by name; each a bool, int, float, str or a numpy scalar.
        trial_id: Trials of one id are repeats of each other, one row in TensorBoard. If not
            given, trials with the same values are.
        start_time_secs: Seconds since 1970; now, if not given.

    Returns:
        Whether there was a writer; TensorFlow says so with a tensor.

    Raises:
        TypeError: A value is of another type, or `trial_id` is no text.
        ValueError: A name is given twice.
    """
    return write(_start(hparams, trial_id, start_time_secs))


def hparams_pb(
    hparams: Mapping[Any, Any],
    trial_id: str | None = None,
    start_time_secs: float | None = None,
) -> Any:
    """Return what `hparams` would write: TensorBoard's `Summary` message if that is installed.

    If not, it is an object with `SerializeToString` alone.
    """
    return _message(_start(hparams, trial_id, start_time_secs))


def hparams_config(
    hparams: Iterable[HParam], metrics: Iterable[Metric], time_created_secs: float | None = None
) -> Any:
    """Write what the trials below this directory vary and measure to the default writer.

    Returns:
        Whether there was a writer; TensorFlow says so with a tensor.
    """
    return write(encode_experiment(hparams, metrics, time_created_secs))


def hparams_config_pb(
    hparams: Iterable[HParam], metrics: Iterable[Metric], time_created_secs: float | None = None
) -> Any:
    """Return what `hparams_config` would write; see `hparams_pb`."""
    return _message(encode_experiment(hparams, metrics, time_created_secs))


def plain_hparams(hparams: Mapping[Any, Any]) -> dict[str, Value]:
    """Return the values by name, numpy's as Python's own.

    Raises:
        TypeError: A value is none of bool, int, float and str.
        ValueError: A name is given twice.
    """
    plain: dict[str, Value] = {}
    for key, value in hparams.items():
        name = key.name if isinstance(key, HParam) else key
        if name in plain:
            raise ValueError(f"hparam {name!r} is given twice")
        if "numpy" in sys.modules and isinstance(value, sys.modules["numpy"].generic):
            value = value.item()
        if not isinstance(value, bool | int | float | str):
            raise TypeError(
                f"hparams[{name!r}] = {value!r} is of type {type(value).__name__}; "
                "it must be a bool, int, float or str"
            )
        plain[name] = value
    return plain


def group_of(hparams: Mapping[str, Value], trial_id: str | None) -> str:
    """Return the name that repeats of a trial share: its id, else a hash of its values.

    Raises:
        TypeError: The id is no text.
    """
    if trial_id is None:
        text = json.dumps(hparams, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()
    if not isinstance(trial_id, str):
        raise TypeError(f"trial_id must be a str, and {trial_id!r} is not")
    return trial_id


def write(encoded: bytes) -> Any:
    """Write a summary to the default writer; tell whether there is one."""
    if summary.write_summary(encoded):
        return True
    if "tensorflow" in sys.modules:  # a script with TensorFlow's writers has imported it
        return sys.modules["tensorflow"].summary.experimental.write_raw_pb(encoded, step=0)
    return False


def _start(given: Mapping[Any, Any], trial_id: str | None, started: float | None) -> bytes:
    values = plain_hparams(given)
    group = group_of(values, trial_id)
    return encode_start(values, group, time.time() if started is None else started)


def _message(encoded: bytes) -> Any:
    try:
        from tensorboard.compat.proto.summary_pb2 import Summary
    except ImportError:
        return RawSummary(encoded)
    return Summary.FromString(encoded)
