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
from sonde.core.notation.spans import seconds_of
from sonde.core.point import completed_points
from sonde.core.search import CUSTOM, Method, method
from sonde.core.space import Space
from sonde.core.stopping import Rule, rule
from sonde.core.stopping.judge import judge_of
from sonde.core.sweep import Budget, Sweep, check_name
from sonde.core.wandb.goals import read_constraints, read_goals
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
    "workspace", "link",
)  # fmt: skip
KEYS = (*_WANDB, *_SONDE)
_TEXTS = ("apiVersion", "program", "name", "description", "project", "entity", "job", "image_uri")


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepFile:
    """What a sweep file says.

    Attributes:
        sweep: The definition, without its work.
        program: The script, as it is written.
        command: What runs it, in W&B's notation; None where it is not said.
        workspace: `none` (in place, as W&B does) or `copy`.
        links: Paths that are linked into each copy.
        description: For people.
        nodes: The keys of the file, for those who find further faults.
        notes: What is worth telling the user.
    """

    sweep: Sweep
    program: str | None
    command: tuple[str, ...] | None
    workspace: str
    links: tuple[str, ...]
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


class _Reading:
    """The state of one reading: what was found so far."""

    def __init__(
        self,
        node: Node,
        top: dict[str, Node],
        find: Callable[[str], Method[Any]],
        find_rule: Callable[[str], Rule[Any]],
    ) -> None:
        self._node, self._top, self._find, self._find_rule = node, top, find, find_rule
        self._faults: list[ConfigError] = []
        self._notes: list[str] = []

    def result(self) -> SweepFile:
        top = self._top
        for key, one in top.items():
            if key not in KEYS:
                self._faults.append(one.key_fault("a sweep has no such key", near(key, KEYS)))
        for key in _TEXTS:
            self._text(key)
        self._launch()
        method_name = self._method()
        goals = read_goals(top, self._faults, self._notes)
        constraints = read_constraints(top, self._faults)
        stopping = read_stopping(top, self._find_rule, self._faults)
        read = self._parameters(method_name)
        seed, repeats = self._whole("seed", 0) or 0, self._whole("repeats", 1) or 1
        retries = self._whole("retries", 0) or 0
        budget = self._budget()
        tags, links = self._texts("tags"), self._texts("link")
        command = self._command()
        workspace = self._choice("workspace", ("none", "copy"))
        if "name" in top and isinstance(top["name"].value, str):
            self._gather("name", lambda: check_name(top["name"].value, "name"))
        space = self._space(read)
        sweep = None
        if space is not None and method_name is not None:
            sweep = Sweep(
                space=space, goals=goals, method=method_name, seed=seed, budget=budget,
                name=self._value("name"), project=self._value("project"), retries=retries,
                tags=tags, constraints=constraints, repeats=repeats,
                groups=tuple(read.groups), stopping=stopping,
            )  # fmt: skip
            sweep = self._started(sweep)
            if not self._faults:
                self._check(sweep, read)
        if self._faults or sweep is None:
            raise self._all()
        return SweepFile(
            sweep=sweep, program=self._value("program"), command=command, workspace=workspace,
            links=links, description=self._value("description") or "", nodes=top,
            notes=(*read.notes, *self._notes),
        )  # fmt: skip

    # -- keys one by one ------------------------------------------------------------------------

    def _text(self, key: str) -> None:
        one = self._top.get(key)
        if one is not None and (not isinstance(one.value, str) or not one.value.strip()):
            found = kind_of(one) if not isinstance(one.value, str) else "the text is empty"
            self._faults.append(one.fault(f"{found}, and text is needed", "write some text"))

    def _value(self, key: str) -> Any:
        return self._top[key].value if key in self._top else None

    def _launch(self) -> None:
        """What belongs to W&B's cloud: taken where it harms nobody, refused where it would."""
        top = self._top
        if "kind" in top and top["kind"].value != "sweep":
            self._faults.append(
                top["kind"].fault(f"{kind_of(top['kind'])} is no kind", "write sweep")
            )
        if "controller" in top:
            given = (top["controller"].entries or {}).get("type")
            if given is None or given.value not in {"cloud", "local"}:
                self._faults.append(
                    top["controller"].fault("its type is neither local nor cloud", "leave it out")
                )
        for key in ("job", "image_uri"):
            if key not in top:
                continue
            if "program" in top or "command" in top:
                self._notes.append(f"{top[key].where}: left aside: sonde runs the program")
            else:
                self._faults.append(
                    top[key].key_fault(
                        "it is for W&B Launch, and sonde runs programs", "write program: train.py"
                    )
                )
        if "scheduler" in top:
            self._scheduler(top["scheduler"])

    def _scheduler(self, node: Node) -> None:
        engine = (node.entries or {}).get("engine")
        if engine is not None and engine.value == "wandb" and len(node.entries or {}) == 1:
            return
        remedy = "leave it out; method: optuna:TPESampler uses Optuna, and others likewise"
        self._faults.append(node.key_fault("it is for W&B Launch, which is not here", remedy))

    def _method(self) -> str | None:
        one = self._top.get("method")
        if one is None:
            self._faults.append(
                self._node.fault("it has no method", "add method: auto, grid, random or bayes")
            )
            return None
        if not isinstance(one.value, str) or not one.value:
            self._faults.append(
                one.fault(f"{kind_of(one)} is no method", "write for instance auto")
            )
            return None
        try:
            self._find(one.value)
        except ConfigError as fault:
            self._faults.append(one.fault(fault.found, fault.remedy))
            return None
        return one.value

    def _parameters(self, method_name: str | None) -> Read:
        one = self._top.get("parameters")
        if one is None:
            self._faults.append(
                self._node.fault("it has no parameters", "add parameters: lr: {min: 0.001, max: 1}")
            )
            return Read()
        read = read_parameters(one, is_grid=method_name == "grid")
        self._faults += read.faults
        return read

    def _whole(self, key: str, least: int) -> int | None:
        one = self._top.get(key)
        return None if one is None else self._whole_node(one, least)

    def _whole_node(self, one: Node, least: int) -> int | None:
        if type(one.value) is not int:
            self._faults.append(
                one.fault(f"{kind_of(one)} is no whole number", f"write {least}, ...")
            )
            return None
        if one.value < least:
            self._faults.append(one.fault(f"{one.value} is too few", f"write {least} or more"))
            return None
        return one.value

    def _budget(self) -> Budget:
        trials, time_s = self._whole("run_cap", 1), None
        one = self._top.get("budget")
        if one is None:
            return Budget(trials=trials)
        if one.entries is None:
            self._faults.append(
                one.fault(f"{kind_of(one)} is no budget", "write {trials: 100, time: 2h}")
            )
            return Budget(trials=trials)
        for key, part in one.entries.items():
            if key == "trials":
                if trials is not None:
                    self._faults.append(part.key_fault("run_cap says it already", "keep one"))
                trials = self._whole_node(part, 1)
            elif key == "time":
                try:
                    time_s = seconds_of(str(part.value), "time")
                except ConfigError as fault:
                    self._faults.append(part.fault(fault.found, fault.remedy))
            else:
                self._faults.append(
                    part.key_fault("a budget has no such key", near(key, ("trials", "time")))
                )
        return Budget(trials=trials, time_s=time_s)

    def _texts(self, key: str) -> tuple[str, ...]:
        one = self._top.get(key)
        if one is None:
            return ()
        nodes = one.items if one.items is not None else (one,)
        for node in nodes:
            if not isinstance(node.value, str):
                self._faults.append(node.fault(f"{kind_of(node)} is no text", "quote it"))
        return tuple(str(node.value) for node in nodes)

    def _choice(self, key: str, known: tuple[str, ...]) -> str:
        one = self._top.get(key)
        if one is None:
            return known[0]
        if one.value not in known:
            self._faults.append(one.fault(f"there is no {key} {one.value!r}", near("", known)))
        return str(one.value)

    def _command(self) -> tuple[str, ...] | None:
        one = self._top.get("command")
        if one is None:
            return None
        if not one.items:
            self._faults.append(
                one.fault(
                    f"{kind_of(one)} where a list of words is needed",
                    "write [python, train.py, '${args}']",
                )
            )
            return None
        words = []
        for word in one.items:
            if word.entries is not None or word.items is not None or word.value is None:
                self._faults.append(word.fault(f"{kind_of(word)} is no word", "quote it"))
            words.append(str(word.value))
        return tuple(words)

    # -- what depends on several keys -----------------------------------------------------------

    def _space(self, read: Read) -> Space | None:
        relations = []
        for node in self._where_nodes():
            try:
                relations.append(Expression(node.value))
            except ConfigError as fault:
                self._faults.append(node.fault(f"{fault.where}: {fault.found}", fault.remedy))
        if read.faults or not read.parameters:
            return None
        try:
            return Space(tuple(read.parameters), tuple(relations))
        except ConfigErrors as several:
            self._faults += [self._placed(fault, read) for fault in several.faults]
        except ConfigError as fault:
            self._faults.append(self._placed(fault, read))
        return None

    def _where_nodes(self) -> tuple[Node, ...]:
        one = self._top.get("where")
        if one is None:
            return ()
        return one.items if one.items is not None else (one,)

    def _started(self, sweep: Sweep) -> Sweep:
        one = self._top.get("start")
        if one is None:
            return sweep
        points = []
        for node in one.items if one.items is not None else (one,):
            if node.entries is None:
                self._faults.append(node.fault(f"{kind_of(node)} is no point", "write {lr: 0.01}"))
            else:
                points.append((node.where, node.value))
        try:
            return replace(sweep, start=completed_points(points, sweep.space))
        except ConfigErrors as several:
            self._faults += several.faults
        except ConfigError as fault:
            self._faults.append(fault)
        return sweep

    def _check(self, sweep: Sweep, read: Read) -> None:
        if sweep.method == "bayes" and not sweep.goals:
            self._faults.append(
                self._top["method"].fault("bayes needs to know what to improve", "add metric")
            )
            return
        node = rule_at(self._top)
        if node is not None:
            try:
                judge_of(sweep, self._find_rule)
            except ConfigError as fault:
                self._faults.append(node.fault(fault.found, fault.remedy))
        if sweep.method == CUSTOM:
            self._notes.append(
                f"{self._top['method'].where}: custom proposes nothing by itself: a program of "
                "yours does, through sonde.wandb.controller"
            )
            return
        try:
            check(sweep, self._find)
        except ConfigErrors as several:
            self._faults += [self._placed(fault, read) for fault in several.faults]
        except ConfigError as fault:
            self._faults.append(self._placed(fault, read))

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
        place = f"{self._node.place}: " if self._node.place else ""
        return ConfigError(f"{place}{fault.where}", fault.found, fault.remedy)

    def _gather(self, key: str, part: Callable[[], object]) -> None:
        try:
            part()
        except ConfigError as fault:
            self._faults.append(self._top[key].fault(fault.found, fault.remedy))

    def _all(self) -> ConfigError:
        texts = in_file_order({str(fault): fault for fault in self._faults}.values())
        return texts[0] if len(texts) == 1 else ConfigErrors(texts)
