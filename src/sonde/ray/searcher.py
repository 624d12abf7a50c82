"""sonde's search methods in Ray Tune: `SondeSearch`, in the place of `OptunaSearch` and its kind.

    from sonde.ray import SondeSearch
    tune.Tuner(train, param_space={"lr": tune.loguniform(1e-5, 1e-1)}, tune_config=tune.TuneConfig(
        metric="loss", mode="min", num_samples=50, search_alg=SondeSearch()))

Everything but the choice of what to try is Tune's own. What is saved are the trials: a search
that is restored has observed them again and goes on as the old one would have.
"""

import pickle
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

try:
    from ray.tune.search import Searcher
except ImportError as error:
    raise ImportError('sonde.ray.SondeSearch needs Ray Tune: pip install "ray[tune]"') from error

from sonde.core.decide import Decider, check
from sonde.core.distributions.values import Params
from sonde.core.history import History
from sonde.core.metric import Direction, Goal, Summary
from sonde.core.streams import check_seed
from sonde.core.sweep import Sweep
from sonde.core.trial import State, Trial
from sonde.errors import ConfigError
from sonde.plugins.methods import method as method_of
from sonde.ray.tune_space import TuneSpace

__all__ = ["SondeSearch"]

_TIME = datetime(2020, 1, 1, tzinfo=UTC)  # of trials; no method asks for it
_MODES = {"min": Direction.MINIMIZE, "max": Direction.MAXIMIZE}
_STEP = "training_iteration"
_FORMAT = 1


@dataclass(slots=True, kw_only=True)
class _Told:
    """A trial as Tune has told of it."""

    id: str
    params: Params
    curves: dict[str, list[tuple[int, float]]] = field(default_factory=dict)
    state: State = State.RUNNING
    is_given: bool = False  # by `add_evaluated_point`


class SondeSearch(Searcher):  # type: ignore[misc]
    """Suggests what a search method of sonde proposes.

    Args:
        space: As Tune's `param_space`: nested dicts with `tune.uniform`, `tune.choice` and so
            on; `tune.grid_search` is searched as a choice. By default that of the Tuner.
        metric: What to improve, by default that of the `TuneConfig`; or several of them.
        mode: `min` or `max`; one for each metric.
        method: As in `sonde run --method`: `auto`, `bayes`, `tpe`, `grid`, a plugin's, ...
        seed: The same seed and history give the same suggestions; without one it is drawn.
        points_to_evaluate: Configs to try first, in this order.

    Raises:
        ConfigError: If there is no such method, or the space cannot be searched.
    """

    def __init__(
        self,
        space: Mapping[str, Any] | None = None,
        metric: str | Sequence[str] | None = None,
        mode: str | Sequence[str] | None = None,
        *,
        method: str = "auto",
        seed: int | None = None,
        points_to_evaluate: Sequence[Mapping[str, Any]] | None = None,
    ) -> None:
        super().__init__(metric=metric, mode=mode)
        self._seed = secrets.randbelow(2**31) if seed is None else seed
        check_seed(self._seed)
        if method != "auto":
            method_of(method)
        self._method, self._points = method, list(points_to_evaluate or ())
        self._given = space
        self._space: TuneSpace | None = None
        self._told: list[_Told] = []  # in the order of their numbers
        self._ends: list[int] = []  # numbers in the order in which they ended
        self._known: dict[str, int] = {}
        self._history: History | None = None
        self._decider: Decider | None = None
        if space is not None:
            self._begin(space)

    def set_search_properties(
        self, metric: str | None, mode: str | None, config: dict[str, Any], **spec: Any
    ) -> bool:
        """Take what the Tuner was given; called by Tune. False: there is a space already."""
        if self._space is not None and config:
            return False
        if metric:
            self._metric = metric
        if mode:
            self._mode = mode
        if self._space is None:
            self._begin(config)
        return True

    def suggest(self, trial_id: str) -> dict[str, Any] | str | None:
        """Return the config of a new trial; FINISHED where nothing is left to try."""
        space, decider, history = self._started()
        new = decider.propose(history, 1)
        if not new:
            return str(Searcher.FINISHED)
        params = dict(new[0].params)
        self._add(_Told(id=trial_id, params=params))
        return space.to_theirs(params)

    def on_trial_result(self, trial_id: str, result: dict[str, Any]) -> None:
        """Note what a trial has reported."""
        number = self._known.get(trial_id)
        if number is not None:
            self._note(self._told[number], result)

    def on_trial_complete(
        self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False
    ) -> None:
        """Take in how a trial ended; one that a scheduler of Tune's stopped counts as done."""
        number = self._known.get(trial_id)
        if number is None:
            return
        told = self._told[number]
        if result and not error:
            self._note(told, result)
        has_all = all(goal.metric in told.curves for goal in self._goals)
        if error or (result and not has_all):
            told.state = State.FAILED
        else:
            told.state = State.DONE if has_all else State.CANCELLED
        self._end(number)

    def add_evaluated_point(
        self,
        parameters: dict[str, Any],
        value: float,
        error: bool = False,
        pruned: bool = False,
        intermediate_values: list[float] | None = None,
    ) -> None:
        """Learn from a trial of before.

        Raises:
            ConfigError: If its values are not of the space.
        """
        space, _, _ = self._started()
        curve = [*(intermediate_values or ()), *([] if error else [value])]
        told = _Told(
            id=f"given-{len(self._told)}", params=space.to_ours(parameters), is_given=True,
            curves={self._goals[0].metric: list(enumerate(map(float, curve), 1))} if curve else {},
            state=State.FAILED if error else State.STOPPED if pruned else State.DONE,
        )  # fmt: skip
        self._add(told)
        self._end(len(self._told) - 1)

    def save(self, checkpoint_path: str) -> None:
        """Write the trials to a file; called by Tune."""
        state = {
            "format": _FORMAT, "seed": self._seed, "method": self._method, "points": self._points,
            "space": None if self._space is None else self._given,
            "metric": self._metric, "mode": self._mode,
            "told": [(t.id, t.params, t.curves, str(t.state), t.is_given) for t in self._told],
            "ends": self._ends,
        }  # fmt: skip
        import ray.cloudpickle as cloudpickle  # options may be functions of the program

        Path(checkpoint_path).write_bytes(cloudpickle.dumps(state))

    def restore(self, checkpoint_path: str) -> None:
        """Read what `save` has written; called by Tune.

        Raises:
            ConfigError: If it was written by another version.
        """
        state = pickle.loads(Path(checkpoint_path).read_bytes())  # noqa: S301 - Tune's own folder
        if state.get("format") != _FORMAT:
            raise ConfigError(
                checkpoint_path, "another version of sonde has written it", "begin a new run"
            )
        self._seed, self._method, self._points = state["seed"], state["method"], state["points"]
        self._metric, self._mode = state["metric"], state["mode"]
        self._told, self._ends, self._known = [], [], {}
        self._space = self._history = self._decider = None
        if state["space"] is None:
            return
        self._begin(state["space"])
        for one_id, params, curves, text, is_given in state["told"]:
            self._add(_Told(id=one_id, params=params, curves=curves, is_given=is_given))
            self._told[-1].state = State(text)
        for number in state["ends"]:
            self._end(number)

    # -- the sweep that it is -----------------------------------------------------------

    @property
    def _goals(self) -> tuple[Goal, ...]:
        metrics = [self._metric] if isinstance(self._metric, str) else list(self._metric or ())
        modes = [self._mode] if isinstance(self._mode, str) else list(self._mode or ())
        if not metrics or len(modes) not in {1, len(metrics)}:
            raise ConfigError(
                "metric, mode", f"they are {self._metric!r} and {self._mode!r}",
                "name them in TuneConfig(metric=..., mode='min') or here",
            )  # fmt: skip
        modes *= len(metrics) // len(modes)
        return tuple(
            Goal(metric=metric, direction=_MODES[mode])
            for metric, mode in zip(metrics, modes, strict=True)
        )

    def _begin(self, given: Mapping[str, Any]) -> None:
        """Read the space, so that what is wrong with it is said at once."""
        space = TuneSpace(given)
        for point in self._points:
            space.to_ours(point)
        self._given, self._space = given, space

    def _started(self) -> tuple[TuneSpace, Decider, History]:
        if self._space is None:
            raise ConfigError(
                "SondeSearch", "it was told of no space",
                "give it one, or give the Tuner a param_space",
            )  # fmt: skip
        if self._decider is None or self._history is None:
            sweep = Sweep(
                space=self._space.space, goals=self._goals, method=self._method, seed=self._seed,
                start=tuple(self._space.to_ours(point) for point in self._points),
            )  # fmt: skip
            check(sweep, method_of)
            self._decider, self._history = Decider(sweep, method_of), History(sweep)
        return self._space, self._decider, self._history

    def _add(self, told: _Told) -> None:
        _, _, history = self._started()
        number = len(self._told)
        self._told.append(told)
        self._known[told.id] = number
        history.add([self._trial(number, State.RUNNING, number + 1)])

    def _end(self, number: int) -> None:
        _, decider, history = self._started()
        told = self._told[number]
        del self._known[told.id]
        self._ends.append(number)
        version = len(self._told) + len(self._ends)
        decider.observe(history.add([self._trial(number, told.state, version)]))

    def _trial(self, number: int, state: State, version: int) -> Trial:
        told = self._told[number]
        ended = state is not State.RUNNING
        metrics = {
            goal.metric: Summary.of(told.curves[goal.metric])
            for goal in self._goals
            if ended and goal.metric in told.curves
        }
        trial = Trial(
            number=number, state=state, params=told.params, metrics=metrics, attempts=1,
            created=_TIME, started=_TIME, version=version,
        )  # fmt: skip
        return replace(trial, finished=_TIME) if ended else trial

    def _note(self, told: _Told, result: Mapping[str, Any]) -> None:
        for goal in self._goals:
            value = _number(result, goal.metric)
            if value is None:
                continue
            curve = told.curves.setdefault(goal.metric, [])
            step = int(result.get(_STEP) or len(curve) + 1)
            if not curve or curve[-1] != (step, value):
                curve.append((step, value))


def _number(result: Mapping[str, Any], metric: str) -> float | None:
    """Return a metric's value; one of nested results is named by its path, `eval/loss`."""
    found: Any = result
    if metric in result:
        found = result[metric]
    else:
        for key in metric.split("/"):
            if not isinstance(found, Mapping) or key not in found:
                return None
            found = found[key]
    try:
        value = float(found)
    except (TypeError, ValueError):
        return None
    return value
