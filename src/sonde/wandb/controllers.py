"""`wandb.controller`: a program that decides what a sweep tries, one step after the other.

It may search by one of sonde's methods or by a function of its own, and stop runs likewise.
Agents, anywhere, run what it schedules. With a function of its own nobody else proposes; with a
method agents go on by themselves where no controller is at work.
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from inspect import Parameter, signature
from pathlib import Path
from typing import Any

from sonde.api.places import opened
from sonde.controller import Controller as Deciding
from sonde.core.decision import NewTrial
from sonde.core.notation.document import document_of
from sonde.core.notation.yaml_text import read_yaml
from sonde.core.search import CUSTOM
from sonde.core.sweep import Control
from sonde.core.trial import State
from sonde.core.wandb import nested
from sonde.errors import ConfigError, ExhaustedError
from sonde.store.protocol import Store
from sonde.sweep_file import declared, find
from sonde.wandb.seen import SweepRun, seen
from sonde.wandb.sweeps import make
from sonde.wandb.telling import say

__all__ = ["Controller", "Search", "Stopping", "controller"]

STEP_S = 1.0
_ENDED = {Control.STOPPED, Control.CANCELLED}


class Controller:
    """A sweep under the user's control.

    Attributes:
        sweep_id: The sweep's id, once it is made.
        sweep_config: The dict it is made from, as far as it is written.
    """

    def __init__(
        self,
        sweep_id_or_config: str | Mapping[str, Any] | None = None,
        entity: str | None = None,
        project: str | None = None,
        *,
        store: Store | None = None,
    ) -> None:
        self.sweep_id: str | None = None
        self.sweep_config: dict[str, Any] = {}
        self.entity, self.project = entity, project
        self._search: Search | None = None
        self._stopping: Stopping | None = None
        self._store = store
        self._deciding: Deciding | None = None
        self._actions: list[str] = []
        if isinstance(sweep_id_or_config, str):
            self._take_up(sweep_id_or_config)
        elif sweep_id_or_config is not None:
            given = dict(sweep_id_or_config)
            if callable(given.get("method")):
                self._search = given.pop("method")
            if callable(given.get("early_terminate")):
                self._stopping = given.pop("early_terminate")
            self.sweep_config = given
            self.create()

    # -- what the sweep is ----------------------------------------------------------------------

    def configure_search(self, search: "str | Search", **options: Any) -> None:
        """Choose how to search: a method's name, or a function that returns the next run.

        The function is given this controller, or, where it takes two arguments as W&B's do, the
        sweep's config and its runs.
        """
        if not isinstance(search, str) and not callable(search):
            raise _no_way("configure_search", search)
        self._configure("method", search if isinstance(search, str) else CUSTOM, options)
        self._search = None if isinstance(search, str) else search

    def configure_stopping(self, stopping: "str | Stopping", **options: Any) -> None:
        """Choose which runs end early: a rule's name with its options, or a function to runs.

        The function is called as that of `configure_search` is.
        """
        if isinstance(stopping, str):
            self._configure("early_terminate", {"type": stopping} | options, {})
            self._stopping = None
        else:
            if not callable(stopping):
                raise _no_way("configure_stopping", stopping)
            self._check_open("configure_stopping")
            self._stopping = stopping

    def configure_metric(self, metric: str, goal: str | None = None, **options: Any) -> None:
        """Say what is to be improved."""
        given = {"name": metric} | ({} if goal is None else {"goal": goal}) | options
        self._configure("metric", given, {})

    def configure_program(self, program: str) -> None:
        """Say what is run."""
        self._configure("program", program, {})

    def configure_name(self, name: str) -> None:
        """Name the sweep."""
        self._configure("name", name, {})

    def configure_description(self, description: str) -> None:
        """Describe the sweep."""
        self._configure("description", description, {})

    def configure_controller(self, type: str) -> None:  # noqa: A002 - W&B's name
        """Accept `local`, which it always is."""
        self._configure("controller", {"type": type}, {})

    def configure_parameter(
        self,
        name: str,
        values: Any = None,
        value: Any = None,
        distribution: str | None = None,
        min: Any = None,  # noqa: A002 - W&B's names
        max: Any = None,  # noqa: A002
        mu: float | None = None,
        sigma: float | None = None,
        q: float | None = None,
        a: float | None = None,
        b: float | None = None,
        **more: Any,
    ) -> None:
        """Add a parameter, in the words of sweep files."""
        given = {"values": values, "value": value, "distribution": distribution, "min": min,
                 "max": max, "mu": mu, "sigma": sigma, "q": q, "a": a, "b": b}  # fmt: skip
        written = {key: item for key, item in given.items() if item is not None} | more
        if value is None and not written:
            written = {"value": None}
        self._check_open("configure_parameter")
        self.sweep_config.setdefault("parameters", {})[name] = written

    def configure(
        self, sweep_dict_or_config: str | Mapping[str, Any] | None = None, /, **keys: Any
    ) -> None:
        """Set any keys of a sweep file: of a dict, of YAML text, or by name.

        Raises:
            ConfigError: If the sweep is made already, or the text is no YAML.
        """
        given = sweep_dict_or_config
        if isinstance(given, str):
            given = read_yaml(given, "configure").value
        if given is not None and not isinstance(given, Mapping):
            raise ConfigError("controller.configure", f"{given!r} has no keys", "give a dict")
        for key, value in {**(given or {}), **keys}.items():
            self._configure(key, value, {})

    def create(self) -> str:
        """Make the sweep and return its id.

        Raises:
            ConfigError: If something of it is wrong, or it is there already.
        """
        self._check_open("create")
        config = dict(self.sweep_config)
        if self._search is not None:
            config["method"] = CUSTOM
        found = declared(
            document_of(config), beside=Path.cwd(), project=self.project, needs_program=False
        )
        store = self._store = self._store or opened(None)
        record = make(store, found)
        self.sweep_id = record.id
        self._deciding = Deciding(store, record.id)
        say(f"made sweep {record.id} ({record.name}); agents run it: sonde agent {record.id}")
        return record.id

    # -- what happens with it ---------------------------------------------------------------------

    @property
    def method(self) -> str:
        """How it is searched, as the sweep says."""
        return self._at_work().record.sweep.method

    @property
    def runs(self) -> list[SweepRun]:
        """All runs as they are now, with what they logged."""
        deciding = self._at_work()
        deciding.refresh()
        curves = deciding.store.curves(deciding.sweep)
        groups = deciding.record.sweep.groups
        return [
            seen(deciding.sweep, trial, groups, curves.get(trial.number, {}))
            for trial in deciding.history.trials
        ]

    def run(
        self, verbose: bool | None = None, print_status: bool = True, print_actions: bool = False,
        print_debug: bool = False,
    ) -> None:  # fmt: skip
        """Take step after step until the sweep is done, or Ctrl-C."""
        if self.sweep_id is None:
            self.create()
        told = ""
        try:
            while not self.done():
                self.step()
                if print_status and told != (told := self.status()):
                    say(told)
                if print_actions or verbose:
                    self.print_actions()
                time.sleep(STEP_S)
            if print_status:
                self.print_status()
        except KeyboardInterrupt:
            say("the controller leaves; the sweep is as it is")

    def step(self) -> None:
        """Schedule a run where none waits, and stop what is to stop."""
        deciding = self._at_work()
        deciding.refresh()
        if self.done():
            return
        if not deciding.history.counts[State.WAITING]:
            self.schedule(self.search())
        self.stop_runs(self.stopping())

    def done(self) -> bool:
        """Tell whether nothing more will be scheduled, and nothing runs."""
        deciding = self._at_work()
        deciding.refresh()
        return deciding.record.is_ended or deciding.record.control in _ENDED

    def search(self) -> "SweepRun | Mapping[str, Any] | None":
        """Return the run to try next; None: there is none."""
        if self._search is not None:
            found: SweepRun | Mapping[str, Any] | None = self._asked(self._search)
            return found
        deciding = self._at_work()
        new = deciding.proposal()
        if new is None:
            return None
        # One that is proposed only, in the same form as the others.
        values = _as_config(new.params, deciding.record.sweep.groups)
        return SweepRun(config=values)

    def schedule(self, run: "SweepRun | Mapping[str, Any] | None") -> None:
        """Add a run for an agent to take; None: the sweep has no further one.

        Args:
            run: Its `config` counts: `{"lr": {"value": 0.1}}`, or `{"lr": 0.1}`.

        Raises:
            ConfigError: If it is no point of the sweep's space.
        """
        deciding = self._at_work()
        if run is None:
            if self._search is None and deciding.record.control is Control.RUNNING:
                deciding.step(1)  # the method itself says that it has come to its end
            return
        config = run.config if isinstance(run, SweepRun) else run.get("config", run)
        params = _flat(config, set(deciding.record.sweep.groups))
        try:
            number = deciding.add(NewTrial(params=params, origin="user"))
        except ExhaustedError:
            deciding.step(1)  # which says so in the store as well
            return
        self._actions.append(f"scheduled run {number}: {params}")

    def stopping(self) -> Sequence[SweepRun]:
        """Return the running runs that are to end now."""
        if self._stopping is not None:
            return list(self._asked(self._stopping))
        numbers = self._at_work().to_stop()
        return [run for run in self.runs if run.number in numbers] if numbers else []

    def stop_runs(self, runs: Iterable[SweepRun]) -> None:
        """Have running runs end; their results count."""
        deciding = self._at_work()
        for run in runs:
            if run.number is not None:
                deciding.stop(run.number, "the controller stopped it")
                self._actions.append(f"stopped run {run.number}")

    def status(self) -> str:
        """Return how the sweep stands, in one line."""
        deciding = self._at_work()
        counts = {state: n for state, n in deciding.history.counts.items() if n}
        states = ", ".join(f"{state.capitalize()}: {n}" for state, n in counts.items())
        method = CUSTOM if self._search is not None else deciding.record.sweep.method
        total = len(deciding.history.trials)
        runs = f"Runs: {total}" + (f" ({states})" if states else "")
        return f"Sweep: {self.sweep_id} ({method}) | {runs}"

    def print_status(self) -> None:
        """Print how the sweep stands."""
        say(self.status())

    def print_actions(self) -> None:
        """Print what was done since the last call."""
        for action in self._actions:
            say(action)
        self._actions.clear()

    def print_space(self) -> None:
        """Print the parameters."""
        for parameter in self._at_work().record.sweep.space.parameters:
            say(f"{parameter.name}: {parameter.distribution.describe()}")

    def __str__(self) -> str:
        """Name the sweep."""
        return f"controller of sweep {self.sweep_id}"

    # -- inside -----------------------------------------------------------------------------------

    def _asked(self, function: Callable[..., Any]) -> Any:
        """Call a function of the user's as it wants to be."""
        kinds = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)
        takes = [
            one for one in signature(function).parameters.values()
            if one.kind in kinds and one.default is Parameter.empty
        ]  # fmt: skip
        if len(takes) == 2:
            return function(dict(self.sweep_config), self.runs)
        return function(self)

    def _take_up(self, text: str) -> None:
        store = self._store = self._store or opened(None)
        record = find(store, text)
        self.sweep_id = record.id
        self._deciding = Deciding(store, record.id)

    def _configure(self, key: str, value: Any, options: Mapping[str, Any]) -> None:
        self._check_open(f"configure {key}")
        if options:
            inside = ", ".join(f"{name}={item!r}" for name, item in options.items())
            value = f"{value}({inside})"
        self.sweep_config[key] = value

    def _check_open(self, what: str) -> None:
        if self.sweep_id is not None:
            raise ConfigError(
                f"controller.{what}", f"the sweep {self.sweep_id} is made", "do it before create()"
            )

    def _at_work(self) -> Deciding:
        if self._deciding is None:
            raise ConfigError("wandb.controller", "there is no sweep yet", "call create()")
        return self._deciding


Search = Callable[..., SweepRun | Mapping[str, Any] | None]
Stopping = Callable[..., Iterable[SweepRun]]


def controller(
    sweep_id_or_config: str | Mapping[str, Any] | None = None,
    entity: str | None = None,
    project: str | None = None,
) -> Controller:
    """Return a controller of a sweep that is there, of one that is made now, or of one to be made.

    Raises:
        ConfigError: If the dict is no sweep.
        NotFoundError: If there is no such sweep.
    """
    return Controller(sweep_id_or_config, entity, project)


def _no_way(what: str, given: object) -> ConfigError:
    return ConfigError(f"controller.{what}", f"{given!r} is none", "give a name or a function")


def _as_config(params: Mapping[str, Any], groups: tuple[str, ...]) -> dict[str, Any]:
    return {key: {"value": value} for key, value in nested(params, groups).items()}


def _flat(config: Mapping[str, Any], groups: set[str]) -> dict[str, Any]:
    """Return the values of a config by flat name."""
    values = {
        key: item["value"] if isinstance(item, Mapping) and set(item) <= {"value", "desc"} else item
        for key, item in config.items()
    }
    return dict(_leaves(values, "", groups))


def _leaves(values: Mapping[str, Any], prefix: str, groups: set[str]) -> Iterable[tuple[str, Any]]:
    for key, item in values.items():
        name = f"{prefix}{key}"
        if name in groups and isinstance(item, Mapping):
            yield from _leaves(item, f"{name}.", groups)
        else:
            yield name, item
