"""What differs between two versions of a sweep's definition, in words and in parts."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sonde.core.distributions import Constant, Distribution, Float, Int
from sonde.core.distributions.values import Value, canonical, text_of
from sonde.core.parameter import Parameter
from sonde.core.sweep import Budget, Function, Sweep, differences

__all__ = ["Change", "changes"]

_MOST_COMPARED = 10_000  # values of two finite distributions that are compared one by one
_ELSEWHERE = ("space.", "backfill", "goals", "constraints", "work.blob", "work.code")


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One thing that differs.

    Attributes:
        kind: Of a parameter `added`, `removed`, `frozen`, `freed`, `widened`, `narrowed`, `moved`
            (neither holds the other) or `changed` (the same values, drawn otherwise), and
            `backfilled` (only that is new); `relation added` and `relation removed`; of all
            else `set`.
        what: `parameters.lr`, `where`, `method`, `budget` ...
        before: In words; None where there was nothing.
        after: The same.
        backfill: Of an added parameter, in a tuple: what trials of before had. Empty: not said.
    """

    kind: str
    what: str
    before: str | None
    after: str | None
    backfill: tuple[Value, ...] = ()

    @property
    def text(self) -> str:
        """The change in a line for people."""
        name = self.what.removeprefix("parameters.")
        had = f"; trials of before had {text_of(self.backfill[0])}" if self.backfill else ""
        if self.kind == "added":
            return f"{name}: added, {self.after}{had or '; trials of before had no known value'}"
        if self.kind == "removed":
            return f"{name}: removed, was {self.before}"
        if self.kind == "backfilled":
            return f"{name}: as it is{had}"
        if self.kind.startswith("relation"):
            return f"where: {self.after or self.before} ({self.kind.partition(' ')[2]})"
        kind = "" if self.kind == "set" else f" ({self.kind})"
        return f"{name}: {self.before}, now {self.after}{kind}{had}"

    def to_json(self) -> dict[str, Any]:
        """Return it for programs."""
        found: dict[str, Any] = {"kind": self.kind, "what": self.what}
        found |= {"before": self.before, "after": self.after, "text": self.text}
        return found | ({"backfill": self.backfill[0]} if self.backfill else {})


def changes(old: Sweep, new: Sweep) -> list[Change]:
    """Return what differs, parameters first."""
    found = [*_parameters(old, new), *_relations(old, new)]
    found += [
        Change(kind="set", what=key, before=text_of(before), after=text_of(after))
        for key, before, after in differences(old, new)
        if not key.startswith(_ELSEWHERE) and key != "space"
    ]
    targets = [", ".join(goal.describe() for goal in sweep.goals) for sweep in (old, new)]
    bounds = [
        " and ".join(constraint.describe() for constraint in sweep.constraints)
        for sweep in (old, new)
    ]
    if _code(old) != _code(new):
        kind = "function" if isinstance(new.work, Function) else "code"
        found.append(Change(kind="set", what=kind, before="as it was", after="as it was sent anew"))
    for what, before, after in (
        ("goals", *targets),
        ("subject_to", *bounds),
        ("budget", _budget(old.budget), _budget(new.budget)),
        ("max_failures", _text(old.max_failures), _text(new.max_failures)),
        ("project", old.project, new.project),
        ("tags", ", ".join(old.tags), ", ".join(new.tags)),
    ):
        if before != after:
            found.append(
                Change(kind="set", what=what, before=before or "none", after=after or "none")
            )
    return found


def _parameters(old: Sweep, new: Sweep) -> Iterator[Change]:
    for parameter in new.space.parameters:
        name = parameter.name
        given = new.backfill.get(name)
        is_given = name in new.backfill and (
            name not in old.backfill or canonical(old.backfill[name]) != canonical(given)
        )
        backfill = (given,) if is_given else ()
        was = old.space[name] if name in old.space else None  # noqa: SIM401 - it is no dict
        if was is None:
            kind = "added"
        elif was.to_json() != parameter.to_json():
            kind = _kind(was, parameter)
        elif is_given:
            kind = "backfilled"
        else:
            continue
        yield Change(
            kind=kind,
            what=f"parameters.{name}",
            before=None if was is None else _described(was),
            after=_described(parameter),
            backfill=backfill,
        )
    for parameter in old.space.parameters:
        if parameter.name not in new.space:
            what, before = f"parameters.{parameter.name}", _described(parameter)
            yield Change(kind="removed", what=what, before=before, after=None)


def _relations(old: Sweep, new: Sweep) -> Iterator[Change]:
    before = [relation.text for relation in old.space.where]
    after = [relation.text for relation in new.space.where]
    for text in after:
        if text not in before:
            yield Change(kind="relation added", what="where", before=None, after=text)
    for text in before:
        if text not in after:
            yield Change(kind="relation removed", what="where", before=text, after=None)


def _kind(before: Parameter, after: Parameter) -> str:
    """Say how a parameter's values changed."""
    if before.when != after.when and before.distribution == after.distribution:
        return "changed"
    old, new = before.distribution, after.distribution
    if isinstance(new, Constant):
        return "moved" if isinstance(old, Constant) else "frozen"
    if isinstance(old, Constant):
        return "freed"
    wider, narrower = _holds(new, old), _holds(old, new)
    if wider is None or narrower is None or (wider and narrower):
        return "changed"
    return "widened" if wider else "narrowed" if narrower else "moved"


def _holds(one: Distribution, other: Distribution) -> bool | None:
    """Tell whether all values of the other are values of one; None: not known."""
    if other.size is not None and other.size <= _MOST_COMPARED:
        return all(one.contains(value) for value in other.grid())
    if isinstance(one, Float | Int) and isinstance(other, Float | Int):
        is_fine = isinstance(one, Float) or isinstance(other, Int)
        return is_fine and one.step is None and one.low <= other.low and other.high <= one.high
    if isinstance(other, Float) and one.size is not None:
        return False
    return None


def _described(parameter: Parameter) -> str:
    distribution = parameter.distribution
    guess = f", guess {text_of(distribution.middle)}" if distribution.has_guess else ""
    when = f" when {parameter.when.text}" if parameter.when else ""
    return f"{distribution.describe()}{guess}{when}"


def _code(sweep: Sweep) -> tuple[str | None, ...]:
    """Return the keys of what travels to agents."""
    work = sweep.work
    if isinstance(work, Function):
        return work.blob, work.code
    return (None if work is None else work.code,)


def _text(number: int | None) -> str | None:
    return None if number is None else str(number)


def _budget(budget: Budget) -> str | None:
    parts = [f"{budget.trials} trials"] if budget.trials is not None else []
    parts += [f"{budget.time_s:g} s"] if budget.time_s is not None else []
    text = " or ".join(parts)
    if budget.workers is not None:
        text = f"{text}, {budget.workers} at once" if text else f"{budget.workers} at once"
    return text or None
