"""Every sampler of Optuna as a search method: `optuna:TPESampler(multivariate=true)`.

The method keeps a study in memory with the trials that have ended, in the order in which
they did. For each proposal a sampler is made anew, seeded by (seed, trial), is shown the
running trials as running, and asked parameter by parameter, so that conditions decide
which there are. What it left in the study is taken back afterwards. Samplers that
remember how a trial was asked for (generations, an optimizer, a place in a sequence) are
asked for each trial that ends, as if it had been the next: so the state follows from the
history alone. Points that were seen are asked for again a few times, then even ones are
drawn.
"""

import math
from collections.abc import Hashable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import optuna
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.pruners import NopPruner
from optuna.samplers import BaseSampler
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState, create_trial

from sonde.core.constraint import excesses
from sonde.core.distributions import Constant
from sonde.core.distributions.values import Params, Value
from sonde.core.parameter import in_order_of_need
from sonde.core.search.even import even
from sonde.core.search.protocol import Problem, Request
from sonde.core.streams import WHOLE_SWEEP, words
from sonde.core.trial import State, Trial, losses
from sonde.errors import ConfigError
from sonde.optuna.building import Recipe, quiet
from sonde.optuna.ledger import Ledger
from sonde.optuna.suggesting import Suggested

__all__ = ["Sampled"]

_TRIES = 4  # times a sampler is asked until a point is feasible and new
_DRAWS = 2**34  # the first draw of a trial's stream that nobody else makes
_AFTERWARDS = _DRAWS + _TRIES  # the draw for the asking when a trial has ended
_SEEDS = 2**32
_LARGEST = 1e300  # of a constraint's excess: a metric that is missing breaks it by infinity
# What they propose follows from the trials in the study, and nothing else that they note there.
_FORGETFUL = {"TPESampler", "GPSampler", "RandomSampler"}
_BLIND = {"RandomSampler", "QMCSampler", "GridSampler", "BruteForceSampler"}
_CONSTRAINED = {"TPESampler", "GPSampler", "NSGAIISampler", "NSGAIIISampler"}


class Study:
    """What a sampler is shown.

    Attributes:
        ledger: The trials that have ended; in `propose`, for a time, others as well.
    """

    def __init__(self, recipe: Recipe, problem: Problem) -> None:
        self.recipe, self.problem = recipe, problem
        self.drawer = even(problem.space, problem.seed)
        self.ledger = Ledger([StudyDirection.MINIMIZE] * max(len(problem.goals), 1))
        self._order = in_order_of_need(problem.space.parameters)
        self._suggested = {
            parameter.name: Suggested(parameter.distribution)
            for parameter in problem.space.dimensions
        }

    def frozen(
        self, params: Mapping[str, Value], state: TrialState, **facts: Any
    ) -> FrozenTrial | None:
        """Return a trial in Optuna's words; None: it is from before the space was edited."""
        try:
            theirs = {
                name: self._suggested[name].to_theirs(value)
                for name, value in params.items()
                if name in self._suggested
            }
            distributions = {name: self._suggested[name].theirs for name in theirs}
            with quiet():
                return create_trial(
                    state=state, params=theirs, distributions=distributions, **facts
                )
        except ValueError:
            return None

    def observe(self, trial: Trial) -> None:
        """Take in a trial that has ended."""
        if trial.state is State.CANCELLED:
            return
        ended, facts = _result(trial, self.problem)
        frozen = self.frozen(trial.params, ended, **facts)
        if frozen is None:
            return
        self.enter(frozen, trial.number)
        self.ledger.keep()

    def enter(self, trial: FrozenTrial, number: int) -> None:
        """Add a trial with what the sampler notes when it is asked for one."""
        ledger = self.ledger
        if self.recipe.name in _FORGETFUL:
            ledger.add(trial)
            return
        asked = ledger.create_new_trial(0)
        study = self.study(self.sampler(number, _AFTERWARDS))
        with quiet():
            _ = optuna.trial.Trial(study, asked).relative_params
        ledger.replace(asked, trial)

    def sampler(self, number: int, draw: int) -> BaseSampler:
        """Return the sampler for a trial and a try."""
        seed, space = self.problem.seed, self.problem.space
        if self.recipe.is_sequence:
            number, draw = WHOLE_SWEEP, _DRAWS
        return self.recipe.make(words(seed, number, draw, 1)[0] % _SEEDS, space)

    def study(self, sampler: BaseSampler) -> optuna.Study:
        """Return the study with a sampler."""
        return optuna.Study("sonde", self.ledger, sampler, NopPruner())

    def ask(self, number: int, draw: int) -> Params:
        """Ask for a point; the trial that was asked for stays in the study, as failed."""
        with _refused(self.recipe.where), quiet():
            sampler = self.sampler(number, draw)
            trial = optuna.trial.Trial(self.study(sampler), self.ledger.create_new_trial(0))
            found: Params = {}
            for parameter in self._order:
                name = parameter.name
                if parameter.when is not None and not parameter.when.holds(found):
                    continue
                if isinstance(parameter.distribution, Constant):
                    found[name] = parameter.distribution.value
                else:
                    suggested = self._suggested[name]
                    found[name] = suggested.to_ours(_suggest(trial, name, suggested.theirs))
        self.ledger.set_trial_state_values(trial.number, TrialState.FAIL)
        return {p.name: found[p.name] for p in self.problem.space.parameters if p.name in found}


class Sampled:
    """A sampler of Optuna."""

    def __init__(self, name: str | None, options: Mapping[str, Any]) -> None:
        self._recipe = Recipe(name, options)

    @property
    def name(self) -> str:
        """As the user writes it, without options."""
        return f"optuna:{self._recipe.name}"

    @property
    def adaptive(self) -> bool:
        """Whether proposals depend on results."""
        return self._recipe.name not in _BLIND

    def start(self, problem: Problem) -> Study:
        """Return an empty study.

        Raises:
            ConfigError: If the sampler cannot be made, or cannot heed the goals or constraints.
        """
        where = self._recipe.where
        if self.adaptive and not problem.goals:
            raise ConfigError(where, "it searches for a goal", "name the metric")
        if problem.constraints and self.adaptive and self._recipe.name not in _CONSTRAINED:
            found = f"{self._recipe.name} knows no constraints"
            raise ConfigError(where, found, f"use one of {', '.join(sorted(_CONSTRAINED))}")
        study = Study(self._recipe, problem)
        # What cannot be searched is refused now: with a package missing, or with several goals.
        mark = study.ledger.mark()
        study.ask(0, _DRAWS)
        study.ledger.back(mark)
        return study

    def observe(self, state: Study, trial: Trial) -> Study:
        """Take in a trial that has ended; cancelled ones do not count."""
        state.observe(trial)
        return state

    def propose(self, state: Study, request: Request) -> list[Params]:
        """Return what the sampler suggests, each new."""
        space, ledger = state.problem.space, state.ledger
        found: list[Params] = []
        taken: set[Hashable] = set()
        start = ledger.mark()
        try:
            for params in request.pending:
                _enter_running(state, params, request.first)
            for number in range(request.first, request.first + request.count):
                params_found = _fresh(state, number, request, taken)
                if params_found is None:
                    break
                found.append(params_found)
                taken.add(space.key(params_found))
                _enter_running(state, params_found, number)
        finally:
            ledger.back(start)
        return found


def _fresh(state: Study, number: int, request: Request, taken: set[Hashable]) -> Params | None:
    space = state.problem.space
    before = state.ledger.mark()
    try:
        # Of a space that is mostly seen a sampler would hardly ever name what is left.
        known = len(request.seen) + len(taken)
        is_scarce = space.size is not None and 2 * known > space.size
        for draw in range(1 if is_scarce else _TRIES):
            params = state.ask(number, _DRAWS + draw)
            key = space.key(params)
            if space.feasible(params) and key not in request.seen and key not in taken:
                return params
    finally:
        state.ledger.back(before)
    return state.drawer.fresh(number, request.seen, taken)


def _enter_running(state: Study, params: Mapping[str, Value], number: int) -> None:
    trial = state.frozen(params, TrialState.RUNNING)
    if trial is not None:
        state.enter(trial, number)


def _result(trial: Trial, problem: Problem) -> tuple[TrialState, dict[str, Any]]:
    """Return how a trial ended, in Optuna's words; without finite losses it failed."""
    # Without a goal every trial is as good as any other.
    found = losses(trial, problem.goals) if problem.goals else (0.0,)
    if found is None or not all(map(math.isfinite, found)):
        return TrialState.FAIL, {}
    facts: dict[str, Any] = {}
    if problem.constraints:
        broken = excesses(trial, problem.constraints)
        facts["constraints"] = {
            str(place): min(max(excess, -_LARGEST), _LARGEST) for place, excess in enumerate(broken)
        }
    if trial.state is State.STOPPED and len(found) == 1 and problem.goals:
        last = trial.metrics[problem.goals[0].metric].last_step
        return TrialState.PRUNED, facts | {"intermediate_values": {last: found[0]}}
    return TrialState.COMPLETE, facts | {"values": list(found)}


@contextmanager
def _refused(where: str) -> Iterator[None]:
    """Turn what a sampler raises for what it cannot search into an error for people."""
    try:
        yield
    except ImportError as error:
        first = (str(error).splitlines() or ["a package is missing"])[0]
        raise ConfigError(where, first, "install that package") from error
    except ValueError as error:
        first = (str(error).splitlines() or ["it refuses"])[0]
        raise ConfigError(where, first, "use another sampler") from error


def _suggest(trial: optuna.Trial, name: str, theirs: object) -> Any:
    if isinstance(theirs, FloatDistribution):
        return trial.suggest_float(name, theirs.low, theirs.high, step=theirs.step, log=theirs.log)
    if isinstance(theirs, IntDistribution):
        return trial.suggest_int(name, theirs.low, theirs.high, step=theirs.step, log=theirs.log)
    assert isinstance(theirs, CategoricalDistribution)
    return trial.suggest_categorical(name, theirs.choices)
