"""The keys of a sweep file that stand for themselves, read one by one."""

from typing import Any

from sonde.core.notation.document import Node, kind_of, near
from sonde.core.notation.spans import seconds_of
from sonde.core.sweep import Budget
from sonde.errors import ConfigError

__all__ = ["Keys"]


class Keys:
    """The keys of a file; what is wrong with them is collected, and what is worth telling.

    Attributes:
        node: The whole file.
        top: Its keys.
    """

    def __init__(self, node: Node, top: dict[str, Node]) -> None:
        self.node, self.top = node, top
        self.faults: list[ConfigError] = []
        self.notes: list[str] = []

    def text(self, key: str) -> None:
        """Refuse what is no text."""
        one = self.top.get(key)
        if one is not None and (not isinstance(one.value, str) or not one.value.strip()):
            found = kind_of(one) if not isinstance(one.value, str) else "the text is empty"
            self.faults.append(one.fault(f"{found}, and text is needed", "write some text"))

    def value(self, key: str) -> Any:
        """Return what a key says, None where it is not there."""
        return self.top[key].value if key in self.top else None

    def whole(self, key: str, least: int) -> int | None:
        """Return a whole number, None where there is none or it is a fault."""
        one = self.top.get(key)
        return None if one is None else self.whole_node(one, least)

    def whole_node(self, one: Node, least: int) -> int | None:
        """Return a whole number that stands inside a key, likewise."""
        if type(one.value) is not int:
            self.faults.append(
                one.fault(f"{kind_of(one)} is no whole number", f"write {least}, ...")
            )
            return None
        if one.value < least:
            self.faults.append(one.fault(f"{one.value} is too few", f"write {least} or more"))
            return None
        return one.value

    def budget(self) -> Budget:
        """Return what `run_cap` and `budget` say together."""
        trials, time_s = self.whole("run_cap", 1), None
        one = self.top.get("budget")
        if one is None:
            return Budget(trials=trials)
        if one.entries is None:
            self.faults.append(
                one.fault(f"{kind_of(one)} is no budget", "write {trials: 100, time: 2h}")
            )
            return Budget(trials=trials)
        for key, part in one.entries.items():
            if key == "trials":
                if trials is not None:
                    self.faults.append(part.key_fault("run_cap says it already", "keep one"))
                trials = self.whole_node(part, 1)
            elif key == "time":
                try:
                    time_s = seconds_of(str(part.value), "time")
                except ConfigError as fault:
                    self.faults.append(part.fault(fault.found, fault.remedy))
            else:
                self.faults.append(
                    part.key_fault("a budget has no such key", near(key, ("trials", "time")))
                )
        return Budget(trials=trials, time_s=time_s)

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a text, or a list of them."""
        one = self.top.get(key)
        if one is None:
            return ()
        nodes = one.items if one.items is not None else (one,)
        for node in nodes:
            if not isinstance(node.value, str):
                self.faults.append(node.fault(f"{kind_of(node)} is no text", "quote it"))
        return tuple(str(node.value) for node in nodes)

    def choice(self, key: str, known: tuple[str, ...]) -> str:
        """Return one of some words, the first where the key is not there."""
        one = self.top.get(key)
        if one is None:
            return known[0]
        if one.value not in known:
            self.faults.append(one.fault(f"there is no {key} {one.value!r}", near("", known)))
        return str(one.value)

    def command(self) -> tuple[str, ...] | None:
        """Return the words of the command."""
        one = self.top.get("command")
        if one is None:
            return None
        if not one.items:
            self.faults.append(
                one.fault(
                    f"{kind_of(one)} where a list of words is needed",
                    "write [python, train.py, '${args}']",
                )
            )
            return None
        words = []
        for word in one.items:
            if word.entries is not None or word.items is not None or word.value is None:
                self.faults.append(word.fault(f"{kind_of(word)} is no word", "quote it"))
            words.append(str(word.value))
        return tuple(words)

    def launch(self) -> None:
        """Take what belongs to W&B's cloud where it harms nobody, and refuse it where it would."""
        top = self.top
        if "kind" in top and top["kind"].value != "sweep":
            self.faults.append(
                top["kind"].fault(f"{kind_of(top['kind'])} is no kind", "write sweep")
            )
        if "controller" in top:
            given = (top["controller"].entries or {}).get("type")
            if given is None or given.value not in {"cloud", "local"}:
                self.faults.append(
                    top["controller"].fault("its type is neither local nor cloud", "leave it out")
                )
        for key in ("job", "image_uri"):
            if key not in top:
                continue
            if "program" in top or "command" in top:
                self.notes.append(f"{top[key].where}: left aside: sonde runs the program")
            else:
                self.faults.append(
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
        self.faults.append(node.key_fault("it is for W&B Launch, which is not here", remedy))
