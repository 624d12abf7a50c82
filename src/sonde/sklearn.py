"""scikit-learn: `SondeSearchCV`, in the place of `RandomizedSearchCV`.

    from sonde.sklearn import SondeSearchCV
    search = SondeSearchCV(SVC(), {"C": loguniform(1e-2, 1e3), "kernel": ["rbf", "poly"]})
    search.fit(X, y).best_params_

Everything but the choice of what to try is scikit-learn's own: folds, scoring, parallel
fits, `cv_results_`, the refit.
"""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np

try:
    from joblib import effective_n_jobs
    from sklearn.model_selection import check_cv
    from sklearn.model_selection._search import BaseSearchCV
    from sklearn.utils import check_random_state
except ImportError as error:
    raise ImportError("sonde.sklearn needs scikit-learn: pip install scikit-learn") from error

from sonde.controller import Controller
from sonde.core.distributions import Choice, Distribution, Float, Int
from sonde.core.expressions import Expression
from sonde.core.metric import Direction, Goal
from sonde.core.parameter import Parameter, parameter_of
from sonde.core.space import Space
from sonde.core.sweep import Budget, Sweep
from sonde.core.trial import Outcome, State
from sonde.errors import ConfigError
from sonde.store.memory import MemoryStore
from sonde.store.protocol import Ask

__all__ = ["SondeSearchCV"]

_PART = "part"  # which dictionary, where several are given
_EDGE = 1e-6  # quantiles nearer to 0 and 1 may be infinite
_DRAWS = 256  # of a distribution that can only be drawn from
_AGENT = "sklearn"
_LEASE_S = 1e9  # the one who asks is the one who tells


class SondeSearchCV(BaseSearchCV):  # type: ignore[misc]
    """Cross-validated search over hyperparameters, by sonde's methods.

    A drop-in for `sklearn.model_selection.RandomizedSearchCV`: all its arguments and attributes
    mean the same. Each candidate is chosen with the scores of those before it known; as many
    are tried at once as `n_jobs` has room for beside the folds.

    Args:
        estimator: What is fitted.
        param_distributions: Name to values: a list, a distribution of `scipy.stats`, a
            `sonde.Float`, `Int` or `Choice`, or text such as `"1e-5..1e-1:log"`. Or a list of
            such dictionaries, of which each candidate takes one.
        n_iter: How many candidates, fewer if there are no more.
        method: The search method, as `sonde run --method` names it.
        scoring: As in RandomizedSearchCV, like all that follow. Of several scores the one that
            `refit` names is searched for, else the first.
    """

    def __init__(
        self,
        estimator: Any,
        param_distributions: Mapping[str, Any] | Sequence[Mapping[str, Any]],
        *,
        n_iter: int = 10,
        method: str = "auto",
        scoring: Any = None,
        n_jobs: int | None = None,
        refit: Any = True,
        cv: Any = None,
        verbose: int = 0,
        pre_dispatch: int | str = "2*n_jobs",
        random_state: Any = None,
        error_score: Any = np.nan,
        return_train_score: bool = False,
    ) -> None:
        self.param_distributions = param_distributions
        self.n_iter = n_iter
        self.method = method
        self.random_state = random_state
        super().__init__(
            estimator=estimator,
            scoring=scoring,
            n_jobs=n_jobs,
            refit=refit,
            cv=cv,
            verbose=verbose,
            pre_dispatch=pre_dispatch,
            error_score=error_score,
            return_train_score=return_train_score,
        )

    def _run_search(self, evaluate_candidates: Callable[[list[dict[str, Any]]], Any]) -> None:
        """Try candidates; scikit-learn calls this from `fit`.

        Raises:
            ConfigError: If a parameter's values cannot be read; the message names it.
        """
        rng = check_random_state(self.random_state)
        asked = _Asked(self.param_distributions, rng, self.n_iter)
        store = MemoryStore()
        definition = Sweep(
            space=asked.space,
            goals=(Goal(metric="score", direction=Direction.MAXIMIZE),),
            method=self.method,
            seed=int(rng.randint(np.iinfo(np.int32).max)),
            budget=Budget(trials=self.n_iter),
        )
        record = store.create_sweep(definition, datetime.now(UTC))
        controller = Controller(store, record.id)
        failed: list[dict[str, Any]] = []  # scikit-learn has not recorded these yet
        while True:
            ask = Ask(agent=_AGENT, count=self._at_once(), lease_s=_LEASE_S)
            leases = controller.step(ask.count, ask)
            if not leases:
                break
            candidates = [asked.candidate(lease.params) for lease in leases]
            try:
                results = evaluate_candidates(failed + candidates)
            except ValueError as error:
                # Where all fits fail, scikit-learn gives up, as it sees all candidates at once
                # otherwise. These are tried again with the next ones, to be among the results.
                if self.error_score == "raise" or "fits failed" not in str(error):
                    raise
                failed += candidates
                scores = [math.nan] * len(leases)
            else:
                failed = []
                scores = results[f"mean_test_{self._goal(results)}"][-len(leases) :]
            for lease, score in zip(leases, scores, strict=True):
                outcome = Outcome(state=State.DONE, values={"score": float(score)})
                if math.isnan(score):
                    outcome = Outcome(state=State.FAILED, error="its fits or scores failed")
                store.finish(lease, outcome, datetime.now(UTC))
        if failed:
            evaluate_candidates(failed)

    def _at_once(self) -> int:
        """Return how many candidates to try together, so that every worker has a fold."""
        folds = check_cv(self.cv).get_n_splits() if not hasattr(self.cv, "split") else 1
        workers: int = effective_n_jobs(self.n_jobs)
        return max(1, round(workers / max(folds, 1)))

    def _goal(self, results: Mapping[str, Any]) -> str:
        """Return which score is searched for."""
        names = [key.removeprefix("mean_test_") for key in results if key.startswith("mean_test_")]
        return self.refit if isinstance(self.refit, str) and self.refit in names else names[0]


@dataclass(slots=True)
class _Axis:
    """One parameter: as it is searched, and how a value of the search becomes the user's."""

    parameter: Parameter
    name: str
    part: int
    meant: Callable[[Any], Any] = field(default=lambda value: value)


class _Asked:
    """What the user wrote, as a space and back."""

    def __init__(self, written: Any, rng: np.random.RandomState, n_iter: int) -> None:
        parts = [written] if isinstance(written, Mapping) else list(written)
        if not parts or not all(isinstance(part, Mapping) for part in parts):
            raise ConfigError(
                "param_distributions",
                f"{written!r} is no dictionary and no list of dictionaries",
                "write {'C': [0.1, 1, 10]}",
            )
        self._axes: dict[str, _Axis] = {}
        for part, given in enumerate(parts):
            for name, values in given.items():
                prefix = f"p{part}." if len(parts) > 1 else ""
                distribution, meant = _read(name, values, rng, max(_DRAWS, n_iter))
                when = Expression(f"{_PART} == {part}") if prefix else None
                parameter = Parameter(prefix + name, distribution, when)
                self._axes[prefix + name] = _Axis(parameter, name, part, meant)
        parameters = [axis.parameter for axis in self._axes.values()]
        if len(parts) > 1:
            parameters.insert(0, Parameter(_PART, Choice(tuple(range(len(parts))))))
        self.space = Space(tuple(parameters))

    def candidate(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Return an assignment as the user's parameters and values."""
        axes = [(self._axes[name], value) for name, value in params.items() if name in self._axes]
        return {axis.name: axis.meant(value) for axis, value in axes}


def _read(
    name: str, values: Any, rng: np.random.RandomState, draws: int
) -> tuple[Distribution, Callable[[Any], Any]]:
    """Return how a parameter is searched, and what turns its values into the user's.

    Raises:
        ConfigError: If it is none of what the class says.
    """
    if isinstance(values, Distribution | str | Mapping):
        return parameter_of(name, values).distribution, _same
    if hasattr(values, "rvs"):
        return _of_scipy(values, rng, draws)
    if isinstance(values, np.ndarray):
        values = values.tolist()
    try:
        listed = list(values)
    except TypeError:
        listed = []
    if not listed:
        raise ConfigError(
            f"param_distributions[{name!r}]",
            f"{values!r} is neither a distribution nor a list with something in it",
            "write for instance [0.1, 1, 10] or scipy.stats.loguniform(1e-3, 1e3)",
        )
    plain = [value.item() if isinstance(value, np.generic) else value for value in listed]
    if all(value is None or isinstance(value, bool | int | float | str) for value in plain):
        unlike = len({json.dumps(value) for value in plain}) == len(plain)
        if unlike and all(not isinstance(v, float) or math.isfinite(v) for v in plain):
            return Choice(tuple(plain)), _same
    # Estimators, functions and the like are searched by their place in the list.
    return Choice(tuple(f"{place}" for place in range(len(listed)))), lambda at: listed[int(at)]


def _of_scipy(
    frozen: Any, rng: np.random.RandomState, draws: int
) -> tuple[Distribution, Callable[[Any], Any]]:
    """Read a frozen distribution of scipy, or anything else that can be drawn from."""
    kind = getattr(getattr(frozen, "dist", None), "name", "")
    if hasattr(frozen, "support") and kind in {"uniform", "loguniform", "reciprocal", "randint"}:
        low, high = frozen.support()
        if kind == "randint":
            return Int(int(low), int(high)), _same
        return Float(float(low), float(high), log=kind != "uniform"), _same
    if hasattr(frozen, "ppf"):
        whole = hasattr(getattr(frozen, "dist", frozen), "pmf")

        def value_at(quantile: float) -> float:
            value = frozen.ppf(quantile)
            return int(value) if whole else float(value)

        return Float(_EDGE, 1 - _EDGE), value_at
    drawn = [frozen.rvs(random_state=rng) for _ in range(draws)]
    with suppress(TypeError):
        drawn = sorted(set(drawn))  # so that neighbours are alike, where they can be ordered
    return Choice(tuple(range(len(drawn))), ordered=True), lambda at: drawn[at]


def _same(value: Any) -> Any:
    return value
