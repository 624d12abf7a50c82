"""The current run of this process, and the functions that speak to it.

One process trains one model at a time, so there is one run. In a function that `wandb.agent`
calls, `begin` has been told the trial's values beforehand.
"""

import atexit
import os
from collections.abc import Mapping

from sonde import tracking
from sonde.errors import ConfigError
from sonde.wandb.running import Run
from sonde.wandb.telling import warn
from sonde.wandb.values import Config

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from sonde.wandb.running import Settings

__all__ = [
    "begin", "config", "define_metric", "finish", "init", "log", "mark_preempting", "run",
    "summary",
    "teardown",
]  # fmt: skip

_DEFAULTS = "config-defaults.yaml"
_run: "Run | None" = None
_last_exit: "int | None" = None
_values: "dict[str, Any] | None" = None  # what the agent has chosen for the function it calls


def run() -> "Run | None":
    """Return the current run, None before `init` and after `finish`."""
    return _run


def begin(values: "Mapping[str, Any] | None") -> None:
    """Take note of the values of the trial whose function is called next; None: there is none."""
    global _values, _run, _last_exit  # noqa: PLW0603 - the one run of this process
    _values = None if values is None else dict(values)
    _run = _last_exit = None


def _ended(one: Run) -> None:
    """Take note that a run is finished."""
    global _run, _last_exit  # noqa: PLW0603
    _last_exit = one.exit_code
    if _run is one:
        _run = None


def last_exit() -> "int | None":
    """Return the exit code that the last run was finished with."""
    return _last_exit


def init(
    entity: str | None = None,
    project: str | None = None,
    dir: str | None = None,  # noqa: A002 - W&B's names, here and below
    id: str | None = None,  # noqa: A002
    name: str | None = None,
    notes: str | None = None,
    tags: "Sequence[str] | None" = None,
    config: "Mapping[str, Any] | str | Any | None" = None,
    config_exclude_keys: "Sequence[str] | None" = None,
    config_include_keys: "Sequence[str] | None" = None,
    allow_val_change: bool | None = None,
    group: str | None = None,
    job_type: str | None = None,
    mode: str | None = None,
    force: bool | None = None,
    reinit: "bool | str | None" = None,
    resume: "bool | str | None" = None,
    resume_from: str | None = None,
    fork_from: str | None = None,
    save_code: bool | None = None,
    tensorboard: bool | None = None,
    sync_tensorboard: bool | None = None,
    monitor_gym: bool | None = None,
    settings: "Settings | Mapping[str, Any] | None" = None,
) -> Run:
    """Begin a run and return it; in a trial of a sweep its config has the trial's values.

    These win over `config`, which wins over a file `config-defaults.yaml` in this folder. Of the
    rest `mode="disabled"` keeps nothing, and names, notes and tags are kept with the run object;
    what concerns W&B's server means nothing.
    """
    global _run  # noqa: PLW0603
    env = os.environ
    if _run is not None:
        if not reinit or reinit == "return_previous":
            warn("init: there is a run already, which is gone on with; finish() ends it")
            _run.config.update(_given(config), allow_val_change=True)
            return _run
        _run.finish()
    set_mode = None if settings is None else dict(vars(settings) if not isinstance(
        settings, Mapping) else settings).get("mode")  # fmt: skip
    chosen = mode or set_mode or env.get("WANDB_MODE") or "online"
    if env.get("WANDB_DISABLED", "").lower() in {"1", "true"}:
        chosen = "disabled"
    if chosen not in {"online", "offline", "disabled", "dryrun", "run", "shared"}:
        raise ConfigError(
            f"init(mode={chosen!r})", "there is no such mode", "use disabled, or none"
        )
    listed = [tag.strip() for tag in env.get("WANDB_TAGS", "").split(",") if tag.strip()]
    one = Run(
        mode=chosen,
        name=name,
        project=project or env.get("WANDB_PROJECT"),
        entity=entity or env.get("WANDB_ENTITY"),
        group=group or env.get("WANDB_RUN_GROUP"),
        job_type=job_type or env.get("WANDB_JOB_TYPE"),
        notes=notes or env.get("WANDB_NOTES"),
        tags=[tags] if isinstance(tags, str) else tags or listed,
        id=id,
        folder=dir or env.get("WANDB_DIR"),
        allow_val_change=bool(allow_val_change),
        on_end=_ended,
    )
    given = _given(config)
    if config_include_keys:
        given = {key: value for key, value in given.items() if key in config_include_keys}
    for key in config_exclude_keys or ():
        given.pop(key, None)
    one.config.update({**_file_defaults(), **given}, allow_val_change=True)
    one.config.lock(_chosen())
    _run = one
    atexit.register(_finish_at_exit, one)
    return one


def log(
    data: "Mapping[str, Any]",
    step: int | None = None,
    commit: bool | None = None,
    sync: bool | None = None,
) -> None:
    """Report values to the current run; see `Run.log`."""
    _needed("log").log(data, step, commit, sync)


def define_metric(name: str, *given: "Any", **options: "Any") -> None:
    """Say how the current run sums up a metric; see `Run.define_metric`."""
    _needed("define_metric").define_metric(name, *given, **options)


def mark_preempting() -> None:
    """Say that the machine is about to be taken away; see `Run.mark_preempting`."""
    _needed("mark_preempting").mark_preempting()


def finish(exit_code: int | None = None, quiet: bool | None = None) -> None:
    """End the current run, if there is one."""
    if _run is not None:
        _run.finish(exit_code, quiet)


def teardown(exit_code: int | None = None) -> None:
    """Do what `finish` does: there is no service to be ended."""
    finish(exit_code)


class _CurrentConfig(Config):
    """The config of whichever run is current."""

    @property
    def _values(self) -> "dict[str, Any]":  # type: ignore[override]
        return _needed("config").config._values

    @property
    def _locked(self) -> "dict[str, Any]":  # type: ignore[override]
        return _needed("config").config._locked

    @property
    def _may_change(self) -> bool:  # type: ignore[override]
        return _needed("config").config._may_change

    def __init__(self) -> None:
        pass


class _CurrentSummary(Mapping[str, "Any"]):
    """The summary of whichever run is current."""

    def __getitem__(self, name: str) -> "Any":
        return _needed("summary").summary[name]

    def __setitem__(self, name: str, value: "Any") -> None:
        _needed("summary").summary[name] = value

    def __getattr__(self, name: str) -> "Any":
        return getattr(_needed("summary").summary, name)

    def __setattr__(self, name: str, value: "Any") -> None:
        _needed("summary").summary[name] = value

    def __iter__(self) -> "Iterator[str]":
        return iter(_needed("summary").summary)

    def __len__(self) -> int:
        return len(_needed("summary").summary)

    def __repr__(self) -> str:
        return repr(None if _run is None else _run.summary)


config = _CurrentConfig()
summary = _CurrentSummary()


def _needed(what: str) -> Run:
    if _run is None:
        raise ConfigError(f"wandb.{what}", "there is no run", "call wandb.init() before")
    return _run


def _finish_at_exit(one: Run) -> None:
    if _run is one:
        one.finish()


def _given(config: "Any") -> "dict[str, Any]":
    """Return what `init(config=...)` was given, as a dict."""
    if config is None:
        return {}
    if isinstance(config, str):
        return _from_file(config)
    return dict(config if isinstance(config, Mapping) else vars(config))


def _file_defaults() -> "dict[str, Any]":
    return _from_file(_DEFAULTS) if os.path.exists(_DEFAULTS) else {}  # noqa: PTH110


def _from_file(path: str) -> "dict[str, Any]":
    """Return the values of a config file in W&B's form, `name: {value: 1}`, or plain ones."""
    import json

    try:
        with open(path, encoding="utf-8") as file:  # noqa: PTH123
            text = file.read()
    except OSError as error:
        raise ConfigError(path, f"it cannot be read: {error.strerror}", "check the path") from error
    try:
        data = json.loads(text)  # which is YAML, and what sonde's agents write
    except ValueError:
        from sonde.core.notation.yaml_text import read_yaml

        data = read_yaml(text, path).value
    if not isinstance(data, dict):
        raise ConfigError(path, "it has no names", "write lr: {value: 0.1}")
    plain = {key: value for key, value in data.items() if key != "wandb_version"}
    return {
        key: value["value"] if isinstance(value, dict) and "value" in value else value
        for key, value in plain.items()
    }


def _chosen() -> "dict[str, Any]":
    """Return the values of the trial that this process runs; empty outside of a sweep."""
    if _values is not None:
        return dict(_values)
    path = os.environ.get("WANDB_SWEEP_PARAM_PATH")
    if path and os.path.exists(path):  # noqa: PTH110
        return _from_file(path)
    return dict(tracking.current().config)
