"""A whole sweep file: W&B's keys, and sonde's own in the same place.

Every fault is told, each with its line and column. What W&B knows and means nothing here
(an account, a cloud) is left aside, with a note where somebody could miss it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sonde.core.decide import check
from sonde.core.expressions import Expression
from sonde.core.notation.document import Node, in_file_order, kind_of, near
from sonde.core.point import completed_points
from sonde.core.search import CUSTOM, Method, method
from sonde.core.space import Space
from sonde.core.stopping import Rule, rule
from sonde.core.stopping.judge import judge_of
from sonde.core.sweep import Sweep, check_name
from sonde.core.wandb.goals import read_constraints, read_goals
from sonde.core.wandb.keys import Keys
from sonde.core.wandb.parameters import Read, read_parameters
from sonde.core.wandb.stopping import read_stopping, rule_at
from sonde.errors import ConfigError, ConfigErrors

__all__ = ["KEYS", "SweepFile", "read_sweep"]

_WANDB = (
    "apiVersion", "kind", "method", "parameters", "metric", "metrics", "early_terminate",
    "program", "command", "name", "description", "project", "entity", "run_cap", "controller",
    "job", "image_uri", "scheduler",
)  # fmt: skip
_SONDE = (
    "goals", "stop", "where", "subject_to", "budget", "seed", "repeats", "retries", "start", "tags",
    "workspace", "link", "metric_regex", "max_failures", "backfill",
)  # fmt: skip
KEYS = (*_WANDB, *_SONDE)
_TEXTS = (
    "apiVersion", "program", "name", "description", "project", "entity", "job", "image_uri",
    "metric_regex",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepFile:
    """What a sweep file says.

    Attributes:
        sweep: The definition, without its work.
        program: The script, as it is written.
        command: What runs it, in W&B's notation; None where it is not said.
        workspace: `none` (in place, as W&B does) or `copy`.
        links: Paths that are linked into each copy.
        metric_regex: As `Command` has it.
        description: For people.
        nodes: The keys of the file, for those who find further faults.
        notes: What is worth telling the user.
    """

    sweep: Sweep
    program: str | None
    command: tuple[str, ...] | None
    workspace: str
    links: tuple[str, ...]
    metric_regex: str | None
    description: str
    nodes: Mapping[str, Node]
    notes: tuple[str, ...]


def read_sweep(
    node: Node,
    find: Callable[[str], Method[Any]] = method,
    find_rule: Callable[[str], Rule[Any]] = rule,
) -> SweepFile:
    """Read a sweep.

    Args:
        node: The whole file, or dict.
        find: Returns a search method by its name; by default only those of sonde.
        find_rule: Returns a stopping rule; the same.

    Raises:
        ConfigErrors: With all that is wrong, in the order of the file.
    """
    if node.entries is None:
        raise node.fault(f"{kind_of(node)} is no sweep", "write method: and parameters:")
    return _Reading(node, dict(node.entries), find, find_rule).result()


class _Reading(Keys):
    """The state of one reading: what was found so far."""

    def __init__(
        self,
        node: Node,
        top: dict[str, Node],
        find: Callable[[str], Method[Any]],
        find_rule: Callable[[str], Rule[Any]],
    ) -> None:
        super().__init__(node, top)
        self._find, self._find_rule = find, find_rule

    def result(self) -> SweepFile:
        top = self.top
        for key, one in top.items():
            if key not in KEYS:
                self.faults.append(one.key_fault("a sweep has no such key", near(key, KEYS)))
        for key in _TEXTS:
            self.text(key)
        self.launch()
        method_name = self._method()
        goals = read_goals(top, self.faults, self.notes)
        constraints = read_constraints(top, self.faults)
        stopping = read_stopping(top, self._find_rule, self.faults)
        read = self._parameters(method_name)
        seed, repeats = self.whole("seed", 0) or 0, self.whole("repeats", 1) or 1
        retries = self.whole("retries", 0) or 0
        max_failures = self.whole("max_failures", 0)
        budget = self.budget()
        tags, links = self.texts("tags"), self.texts("link")
        command = self.command()
        workspace = self.choice("workspace", ("none", "copy"))
        if "name" in top and isinstance(top["name"].value, str):
            self._gather("name", lambda: check_name(top["name"].value, "name"))
        space = self._space(read)
        sweep = None
        if space is not None and method_name is not None:
            sweep = Sweep(
                space=space, goals=goals, method=method_name, seed=seed, budget=budget,
                name=self.value("name"), project=self.value("project"), retries=retries,
                tags=tags, constraints=constraints, repeats=repeats,
                groups=tuple(read.groups), stopping=stopping, max_failures=max_failures,
                backfill=self._backfill(space),
            )  # fmt: skip
            sweep = self._started(sweep)
            if not self.faults:
                self._check(sweep, read)
        if self.faults or sweep is None:
            raise self._all()
        return SweepFile(
            sweep=sweep, program=self.value("program"), command=command, workspace=workspace,
            links=links, metric_regex=self.value("metric_regex"),
            description=self.value("description") or "", nodes=top,
            notes=(*read.notes, *self.notes),
        )  # fmt: skip

    # -- keys one by one ------------------------------------------------------------------------

    def _method(self) -> str | None:
        one = self.top.get("method")
        if one is None:
            self.faults.append(
                self.node.fault("it has no method", "add method: auto, grid, random or bayes")
            )
            return None
        if not isinstance(one.value, str) or not one.value:
            self.faults.append(one.fault(f"{kind_of(one)} is no method", "write for instance auto"))
            return None
        try:
            self._find(one.value)
        except ConfigError as fault:
            self.faults.append(one.fault(fault.found, fault.remedy))
            return None
        return one.value

    def _parameters(self, method_name: str | None) -> Read:
        one = self.top.get("parameters")
        if one is None:
            self.faults.append(
                self.node.fault("it has no parameters", "add parameters: lr: {min: 0.001, max: 1}")
            )
            return Read()
        read = read_parameters(one, is_grid=method_name == "grid")
        self.faults += read.faults
        return read

    # -- what depends on several keys -----------------------------------------------------------

    def _space(self, read: Read) -> Space | None:
        relations = []
        for node in self._where_nodes():
            try:
                relations.append(Expression(node.value))
            except ConfigError as fault:
                self.faults.append(node.fault(f"{fault.where}: {fault.found}", fault.remedy))
        if read.faults or not read.parameters:
            return None
        try:
            return Space(tuple(read.parameters), tuple(relations))
        except ConfigErrors as several:
            self.faults += [self._placed(fault, read) for fault in several.faults]
        except ConfigError as fault:
            self.faults.append(self._placed(fault, read))
        return None

    def _where_nodes(self) -> tuple[Node, ...]:
        one = self.top.get("where")
        if one is None:
            return ()
        return one.items if one.items is not None else (one,)

    def _backfill(self, space: Space) -> dict[str, Any]:
        """Return what trials of before had, for an update of a sweep that is there."""
        one = self.top.get("backfill")
        if one is None:
            return {}
        if one.entries is None:
            self.faults.append(one.fault(f"{kind_of(one)} is no back-fill", "write {lr: 0.01}"))
            return {}
        found = {}
        for name, node in one.entries.items():
            if name not in space:
                names = [parameter.name for parameter in space.parameters]
                self.faults.append(node.key_fault("there is no such parameter", near(name, names)))
            elif not space[name].distribution.contains(node.value):
                wrong = f"{node.value!r} is not in {space[name].distribution.describe()}"
                self.faults.append(node.fault(wrong, "choose a value from there"))
            else:
                found[name] = space[name].distribution.coerced(node.value)
        return found

    def _started(self, sweep: Sweep) -> Sweep:
        one = self.top.get("start")
        if one is None:
            return sweep
        points = []
        for node in one.items if one.items is not None else (one,):
            if node.entries is None:
                self.faults.append(node.fault(f"{kind_of(node)} is no point", "write {lr: 0.01}"))
            else:
                points.append((node.where, node.value))
        try:
            return replace(sweep, start=completed_points(points, sweep.space))
        except ConfigErrors as several:
            self.faults += several.faults
        except ConfigError as fault:
            self.faults.append(fault)
        return sweep

    def _check(self, sweep: Sweep, read: Read) -> None:
        if sweep.method == "bayes" and not sweep.goals:
            self.faults.append(
                self.top["method"].fault("bayes needs to know what to improve", "add metric")
            )
            return
        node = rule_at(self.top)
        if node is not None:
            try:
                judge_of(sweep, self._find_rule)
            except ConfigError as fault:
                self.faults.append(node.fault(fault.found, fault.remedy))
        if sweep.method == CUSTOM:
            self.notes.append(
                f"{self.top['method'].where}: custom proposes nothing by itself: a program of "
                "yours does, through sonde.wandb.controller"
            )
            return
        try:
            check(sweep, self._find)
        except ConfigErrors as several:
            self.faults += [self._placed(fault, read) for fault in several.faults]
        except ConfigError as fault:
            self.faults.append(self._placed(fault, read))

    def _placed(self, fault: ConfigError, read: Read) -> ConfigError:
        """Give a fault that names a parameter or a relation the place where that stands."""
        head, _, tail = fault.where.partition(" ")
        name = head.removeprefix("parameters.").removesuffix(".when")
        if name in read.nodes:
            node = read.nodes[name]
            when = (node.entries or {}).get("when")
            return (when if tail and when else node).fault(fault.found, fault.remedy)
        for node in self._where_nodes():
            if head == "where" and str(node.value).strip() == tail:
                return node.fault(fault.found, fault.remedy)
        place = f"{self.node.place}: " if self.node.place else ""
        return ConfigError(f"{place}{fault.where}", fault.found, fault.remedy)

    def _gather(self, key: str, part: Callable[[], object]) -> None:
        try:
            part()
        except ConfigError as fault:
            self.faults.append(self.top[key].fault(fault.found, fault.remedy))

    def _all(self) -> ConfigError:
        texts = in_file_order({str(fault): fault for fault in self.faults}.values())
        return texts[0] if len(texts) == 1 else ConfigErrors(texts)
