"""The searchers: sonde's methods by name, and Optuna's samplers as `optuna:NAME`.

Each is given the same space. Optuna gets it define-by-run, so that parameters whose condition does
not hold are not asked for, and constraints through `constraints_func`.
"""

import warnings
from collections.abc import Callable, Hashable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol

from problem import Outcome, Params, Problem
from sonde.core import search
from sonde.core.constraint import Constraint
from sonde.core.distributions import Choice, Float, Int
from sonde.core.metric import Goal, Summary
from sonde.core.space import Space
from sonde.core.trial import State, Trial
from sonde.errors import ConfigError

__all__ = ["OPTUNA", "Searcher", "Unsuitable", "known", "searcher", "told"]

_TIME = datetime(2026, 1, 1, tzinfo=UTC)


class Unsuitable(Exception):
    """The method does not work for this problem."""


class Searcher(Protocol):
    """Ask and tell, several asks at once."""

    def ask(self) -> tuple[Any, Params]:
        """Return a token and what to try.

        Raises:
            StopIteration: If there is nothing left to try.
        """

    def tell(self, token: Any, params: Params, outcome: Outcome) -> None:
        """Take in what was observed."""


def searcher(name: str, problem: Problem, seed: int, trials: int) -> Searcher:
    """Return a searcher.

    Raises:
        Unsuitable: If it cannot search this space or for these goals.
    """
    if name.startswith("optuna:"):
        return _Optuna(name.removeprefix("optuna:"), problem, seed)
    return _Sonde(name, problem, seed, trials)


def told(problem: Problem, seed: int, trials: int) -> search.Problem:
    """Return what sonde's methods are told of a problem."""
    return search.Problem(
        space=problem.space,
        goals=tuple(Goal(metric=f"loss{i}") for i in range(problem.goals)),
        constraints=tuple(Constraint(metric=f"limit{i}", bound=0.0) for i in range(problem.limits)),
        seed=seed,
        trials=trials,
    )


class _Sonde:
    def __init__(self, name: str, problem: Problem, seed: int, trials: int) -> None:
        self._space = problem.space
        self._method = search.method(name)
        try:
            self._state = self._method.start(told(problem, seed, trials))
        except ConfigError as fault:
            raise Unsuitable(str(fault)) from fault
        self._pending: dict[int, Params] = {}
        self._seen: set[Hashable] = set()
        self._next = 0

    def ask(self) -> tuple[int, Params]:
        request = search.Request(
            first=self._next, count=1, pending=tuple(self._pending.values()), seen=self._seen
        )
        found = self._method.propose(self._state, request)
        if not found:
            raise StopIteration
        number = self._next
        self._next += 1
        self._pending[number] = found[0]
        self._seen.add(self._space.key(found[0]))
        return number, found[0]

    def tell(self, token: int, params: Params, outcome: Outcome) -> None:
        del self._pending[token]
        metrics = {
            f"{name}{i}": Summary.of([(0, value)])
            for name, values in (("loss", outcome.losses), ("limit", outcome.limits))
            for i, value in enumerate(values)
        }
        trial = Trial(
            number=token, state=State.DONE, params=params, metrics=metrics, attempts=1,
            created=_TIME, started=_TIME, finished=_TIME, version=token + 1,
        )  # fmt: skip
        self._state = self._method.observe(self._state, trial)


class _Optuna:
    def __init__(self, name: str, problem: Problem, seed: int) -> None:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        warnings.simplefilter("ignore")
        if name not in OPTUNA:
            raise SystemExit(f"optuna:{name}: no such sampler; use {', '.join(OPTUNA)}")
        if problem.goals > 1 and name == "cmaes":
            raise Unsuitable("CmaEsSampler searches for one goal")
        if problem.limits and name in {"cmaes", "random"}:
            raise Unsuitable("it knows no constraints")
        limits: dict[str, Any] = {"constraints_func": _limits} if problem.limits else {}
        self._limited = bool(problem.limits)
        self._space: Space = problem.space
        sampler = OPTUNA[name](optuna.samplers, seed, limits)
        goals: list[Any] = ["minimize"] * problem.goals
        self._study = optuna.create_study(sampler=sampler, directions=goals)

    def ask(self) -> tuple[Any, Params]:
        trial = self._study.ask()
        params: dict[str, Any] = {}
        for parameter in self._space.parameters:
            if parameter.when is None or parameter.when.holds(params):
                params[parameter.name] = _suggested(trial, parameter.name, parameter.distribution)
        return trial, params

    def tell(self, token: Any, params: Params, outcome: Outcome) -> None:
        if self._limited:
            token.set_user_attr("limits", outcome.limits)
        self._study.tell(token, list(outcome.losses))


def _suggested(trial: Any, name: str, distribution: Any) -> Any:
    if isinstance(distribution, Choice):
        return trial.suggest_categorical(name, distribution.values)
    if isinstance(distribution, Int):
        return trial.suggest_int(name, distribution.low, distribution.high, log=distribution.log)
    assert isinstance(distribution, Float), f"{name}: Optuna has no such distribution"
    return trial.suggest_float(name, distribution.low, distribution.high, log=distribution.log)


def _limits(trial: Any) -> Sequence[float]:
    found: Sequence[float] = trial.user_attrs["limits"]
    return found


_Maker = Callable[[Any, int, Mapping[str, Any]], Any]
OPTUNA: Mapping[str, _Maker] = {
    "tpe": lambda s, seed, more: s.TPESampler(seed=seed, **more),
    "tpe-multivariate": lambda s, seed, more: s.TPESampler(
        seed=seed, multivariate=True, group=True, **more
    ),
    "tpe-univariate": lambda s, seed, more: s.TPESampler(
        seed=seed, multivariate=False, constant_liar=False, **more
    ),
    "gp": lambda s, seed, more: s.GPSampler(seed=seed, **more),
    "cmaes": lambda s, seed, more: s.CmaEsSampler(seed=seed),
    "nsga2": lambda s, seed, more: s.NSGAIISampler(seed=seed, **more),
    "random": lambda s, seed, more: s.RandomSampler(seed=seed),
}
"""Name to sampler; `tpe` is Optuna's default (since 5.0 multivariate, with a constant liar)."""


def known() -> list[str]:
    """Return the names of all searchers."""
    return ["auto", *search.METHODS, *(f"optuna:{name}" for name in OPTUNA)]
