"""sonde's search methods as a sampler of Optuna.

What all trials so far have in common is searched at once; a parameter beside that, as of a
branch that only some trials take, by itself. The state follows from the study's trials:
a sampler that was pickled, or made anew with the same seed, goes on as the old one would
have. So it does not matter either which of several workers asks.
"""

import secrets
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from threading import RLock
from typing import Any
from weakref import WeakKeyDictionary
from zlib import crc32

from optuna.distributions import BaseDistribution, FloatDistribution
from optuna.samplers import BaseSampler
from optuna.search_space import IntersectionSearchSpace
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from sonde.core.search import Method, Problem, choose
from sonde.core.streams import WHOLE_SWEEP, check_seed, words
from sonde.errors import ConfigError
from sonde.optuna.folding import Fold
from sonde.plugins.methods import method as method_of

__all__ = ["SondeSampler"]

_CONSTRAINTS = "constraints"  # where Optuna keeps what a `constraints_func` gave
_BY_ITSELF = "tpe"  # for one parameter and one goal
_NAIVE = {"random", "quasirandom"}


class SondeSampler(BaseSampler):
    """Suggests what a search method of sonde proposes.

    Args:
        method: As in `sonde run --method`: `auto`, `bayes`, `tpe`, a plugin's, ...
        seed: The same seed and history give the same suggestions; without one it is drawn.
        constraints_func: Gives what a trial that has ended keeps to where it is 0 or less.
            What the objective sets by `trial.set_constraint` is heeded as well.

    Raises:
        ConfigError: If there is no such method, or the seed is none.
    """

    _lock: Any  # RLock is no type
    _is_checked: bool
    _studies: WeakKeyDictionary[
        Study, tuple[dict[str, tuple[Mapping[str, Any], Fold]], IntersectionSearchSpace]
    ]

    def __init__(
        self,
        method: str = "auto",
        *,
        seed: int | None = None,
        constraints_func: Callable[[FrozenTrial], Sequence[float]] | None = None,
    ) -> None:
        self._seed = secrets.randbelow(2**31) if seed is None else seed
        check_seed(self._seed)
        if method != "auto":
            method_of(method)
        self._method = method
        self._constraints_func = constraints_func
        self._forget()

    def __getstate__(self) -> dict[str, Any]:
        kept = ("_seed", "_method", "_constraints_func")
        return {name: self.__dict__[name] for name in kept}

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        self.__dict__.update(state)
        self._forget()

    def reseed_rng(self) -> None:
        """Do nothing: each trial has its own random numbers, whoever asks for it."""

    def infer_relative_search_space(
        self, study: Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        """Return what all trials that have ended have in common, but for constants."""
        with self._lock:
            _, space = self._of(study)
            found = space.calculate(study)
        return {name: d for name, d in found.items() if not d.single()}

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Return values for a search space.

        Raises:
            ValueError: If the method cannot search it, or not for several goals.
        """
        if not search_space:
            self._check_goals(study)
            return {}
        return self._sample(study, trial, "", search_space, self._method, fresh=True) or {}

    def sample_independent(
        self,
        study: Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        """Return a value for a parameter by itself.

        Raises:
            ValueError: If the method is not one for several goals.
        """
        self._check_goals(study)
        by_itself = self._method in _NAIVE or len(study.directions) > 1
        method = "random" if by_itself else _BY_ITSELF
        space = {param_name: param_distribution}
        # Each has its own stream: with one for all of them, all would move alike.
        found = self._sample(study, trial, param_name, space, method, fresh=False)
        assert found is not None  # where repeating is allowed nothing is used up
        return found[param_name]

    def after_trial(
        self,
        study: Study,
        trial: FrozenTrial,
        state: TrialState,
        values: Sequence[float] | None,
    ) -> None:
        """Note what the trial keeps to."""
        if self._constraints_func is None or state not in {
            TrialState.COMPLETE,
            TrialState.PRUNED,
        }:
            return
        kept = tuple(float(value) for value in self._constraints_func(trial))
        study._storage.set_trial_system_attr(trial._trial_id, _CONSTRAINTS, kept)

    def _sample(
        self,
        study: Study,
        trial: FrozenTrial,
        name: str,
        search_space: dict[str, BaseDistribution],
        method: str,
        *,
        fresh: bool,
    ) -> dict[str, Any] | None:
        """Propose for one search space; `name` is that of a parameter by itself."""
        trials = study.get_trials(deepcopy=False)
        with self._lock:
            folds, _ = self._of(study)
            known = folds.get(name)
            if known is not None and known[0] == search_space:
                fold = known[1]
            else:
                fold = self._fold(study, name, search_space, method, ())
            names = fold.names
            fold.look(trials)
            if fold.names != names:
                fold = self._fold(study, name, search_space, method, fold.names)
                fold.look(trials)
            folds[name] = (dict(search_space), fold)
            return fold.propose(trials, trial.number, fresh=fresh)

    def _fold(
        self,
        study: Study,
        name: str,
        search_space: Mapping[str, BaseDistribution],
        method: str,
        constraints: Sequence[str],
    ) -> Fold:
        seed = self._seed
        if name:
            seed = words(seed, WHOLE_SWEEP, crc32(name.encode()), 1)[0] >> 1
        try:
            find = partial(_found, method)
            return Fold(find, search_space, study.directions, constraints, seed)
        except ConfigError as refusal:
            raise ValueError(str(refusal)) from refusal

    def _check_goals(self, study: Study) -> None:
        """Refuse several goals where the method has one, also before it is asked."""
        if self._method != "auto" and len(study.directions) > 1 and not self._is_checked:
            self._fold(study, "", {"x": FloatDistribution(0, 1, step=0.5)}, self._method, ())
            self._is_checked = True

    def _of(
        self, study: Study
    ) -> tuple[dict[str, tuple[Mapping[str, Any], Fold]], IntersectionSearchSpace]:
        if study not in self._studies:
            self._studies[study] = {}, IntersectionSearchSpace()
        return self._studies[study]

    def _forget(self) -> None:
        self._lock = RLock()
        self._is_checked = False
        self._studies = WeakKeyDictionary()


def _found(text: str, problem: Problem) -> Method[Any]:
    """Return the method; where `auto` begins with one that learns nothing, that one."""
    first, _ = choose(problem, text)
    method = method_of(first)
    return method_of(text) if method.adaptive else method
