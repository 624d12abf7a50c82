"""`SondeSearchCV` against scikit-learn's own checks, and beside `RandomizedSearchCV`."""

import pickle
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
from scipy import stats
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import KFold, RandomizedSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC
from sklearn.utils.estimator_checks import estimator_checks_generator

from sonde import Float, Int
from sonde.errors import ConfigError
from sonde.sklearn import SondeSearchCV

X, y = load_digits(return_X_y=True)
X, y = X[:300] / 16, y[:300]


# Checks with arrays of other libraries (CuPy, dpnp) ask for hardware.
CHECKS = [
    pytest.param(estimator, space, check, id=f"{estimator}-{check.func.__name__}-{number}")
    for estimator, space in (
        (LogisticRegression(), {"C": [0.1, 1.0]}),
        (Ridge(), {"alpha": [0.1, 1.0]}),
    )
    for number, (_, check) in enumerate(
        estimator_checks_generator(SondeSearchCV(estimator, space, n_iter=2, cv=2))
    )
    if "array_api" not in check.func.__name__
]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("estimator", "space", "check"), CHECKS)
def test_it_passes_the_checks_of_scikit_learn_that_randomized_search_passes(
    estimator: Any, space: Any, check: Callable[[Any], None]
) -> None:
    def fault(search: type) -> str | None:
        given = {"n_iter": 2, "cv": 2, "error_score": "raise", "random_state": 0}
        try:
            check(search(estimator, space, **given))
        except Exception as error:  # noqa: BLE001 - whatever a check says
            return type(error).__name__
        return None

    assert fault(SondeSearchCV) == fault(RandomizedSearchCV)


class Told(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Scores what it is told to; remembers nothing else."""

    def __init__(self, a: Any = 0.0, b: Any = 0.0, f: Any = None) -> None:
        self.a, self.b, self.f = a, b, f

    def fit(self, X: Any, y: Any = None) -> "Told":
        self.classes_ = np.unique(y)
        if self.a == "fails":
            raise ValueError("told to fail")
        return self

    def score(self, X: Any, y: Any = None) -> float:
        return float(-((self.a - 0.3) ** 2) - (self.b - 0.7) ** 2)


def test_it_has_every_argument_and_attribute_of_randomized_search() -> None:
    theirs = RandomizedSearchCV(SVC(), {"C": [1, 10]}, n_iter=2, cv=2, random_state=0).fit(X, y)
    ours = SondeSearchCV(SVC(), {"C": [1, 10]}, n_iter=2, cv=2, random_state=0).fit(X, y)
    assert set(theirs.get_params()) - set(ours.get_params()) == set()
    assert set(vars(theirs)) <= set(vars(ours))
    assert set(ours.cv_results_) == set(theirs.cv_results_)
    assert ours.best_params_ == theirs.best_params_
    assert ours.best_score_ == theirs.best_score_
    assert np.array_equal(ours.predict(X), theirs.predict(X))


def test_it_finds_better_than_chance_with_as_many_candidates() -> None:
    space = {"a": stats.uniform(0, 1), "b": stats.uniform(0, 1)}
    wins = 0
    for seed in range(5):
        given = {"n_iter": 25, "cv": KFold(2), "random_state": seed}
        ours = SondeSearchCV(Told(), space, **given).fit(X, y)
        theirs = RandomizedSearchCV(Told(), space, **given).fit(X, y)
        wins += ours.best_score_ > theirs.best_score_
    assert wins >= 4


@pytest.mark.parametrize(
    ("written", "holds"),
    [
        ([1, 2, 3], lambda v: v in {1, 2, 3} and type(v) is int),
        (np.array([0.5, 1.5]), lambda v: v in {0.5, 1.5} and type(v) is float),
        (np.logspace(-3, 0, 4), lambda v: 1e-3 <= v <= 1),
        (stats.uniform(1, 2), lambda v: 1 <= v <= 3),
        (stats.loguniform(1e-3, 1), lambda v: 1e-3 <= v <= 1),
        (stats.randint(2, 5), lambda v: v in {2, 3, 4} and type(v) is int),
        (stats.expon(scale=10), lambda v: v > 0 and type(v) is float),
        (stats.poisson(5), lambda v: v >= 0 and type(v) is int),
        (Float(0, 1), lambda v: 0 <= v <= 1),
        (Int(3, 9), lambda v: 3 <= v <= 9),
        ("1e-5..1e-1:log", lambda v: 1e-5 <= v <= 1e-1),
        ([True, False], lambda v: v is True or v is False),
        ([1, 1.0, True], lambda v: v == 1),
    ],
)
def test_values_are_what_was_asked_for(written: Any, holds: Callable[[Any], bool]) -> None:
    search = SondeSearchCV(Told(b=0.7), {"a": written}, n_iter=4, cv=2, random_state=0).fit(X, y)
    tried = [params["a"] for params in search.cv_results_["params"]]
    assert tried
    assert all(map(holds, tried))


def test_any_object_may_be_a_value() -> None:
    objects = [np.sum, np.mean, PCA(2), None, [1, 2]]
    search = SondeSearchCV(Told(), {"f": objects}, n_iter=9, cv=2).fit(X, y)
    tried = [params["f"] for params in search.cv_results_["params"]]
    assert len(tried) == 5  # there are no more
    assert {id(value) for value in tried} == {id(value) for value in objects}


def test_what_can_only_be_drawn_from_is_drawn_from() -> None:
    class Die:
        def rvs(self, random_state: np.random.RandomState) -> int:
            return int(random_state.randint(1, 7))

    search = SondeSearchCV(Told(), {"a": Die()}, n_iter=10, cv=2, random_state=0).fit(X, y)
    assert sorted(search.cv_results_["param_a"]) == [1, 2, 3, 4, 5, 6]


def test_of_several_dictionaries_each_candidate_takes_one() -> None:
    written = [{"a": [0.1, 0.2]}, {"b": [0.5, 0.6], "a": [0.3]}]
    search = SondeSearchCV(Told(), written, n_iter=9, cv=2, random_state=0).fit(X, y)
    tried = {tuple(sorted(params.items())) for params in search.cv_results_["params"]}
    one = {(("a", 0.1),), (("a", 0.2),)}
    assert tried == one | {(("a", 0.3), ("b", 0.5)), (("a", 0.3), ("b", 0.6))}


@pytest.mark.filterwarnings("ignore")
def test_a_fit_that_fails_is_a_failed_candidate_and_the_search_goes_on() -> None:
    search = SondeSearchCV(Told(b=0.7), {"a": ["fails", 0.3, 0.4]}, cv=2, n_iter=3)
    search.fit(X, y)
    assert search.best_params_ == {"a": 0.3}
    assert np.isnan(search.cv_results_["mean_test_score"]).sum() == 1
    assert len(search.cv_results_["params"]) == 3


def test_where_every_fit_fails_it_gives_up_as_randomized_search_does() -> None:
    search = SondeSearchCV(Told(), {"a": ["fails", "fails"]}, cv=2, n_iter=2)
    with pytest.raises(ValueError, match="fits failed"):
        search.fit(X, y)


def test_of_several_scores_the_one_that_refit_names_is_searched_for() -> None:
    scoring: Mapping[str, Callable[..., float]] = {
        "up": lambda told, X, y: told.a,
        "down": lambda told, X, y: -told.a,
    }
    given = {"n_iter": 12, "cv": KFold(2), "scoring": scoring, "random_state": 0}
    for refit, better in (("up", 0.9), ("down", 0.1)):
        search = SondeSearchCV(Told(), {"a": Float(0, 1)}, refit=refit, **given).fit(X, y)
        assert abs(search.best_params_["a"] - better) <= 0.1


def test_the_same_random_state_tries_the_same() -> None:
    def tried(seed: int) -> list[dict[str, Any]]:
        space = {"a": stats.norm(0, 1), "b": Float(0, 1)}
        search = SondeSearchCV(Told(), space, n_iter=5, cv=2, random_state=seed).fit(X, y)
        found: list[dict[str, Any]] = search.cv_results_["params"]
        return found

    assert tried(3) == tried(3)
    assert tried(3) != tried(4)


def test_it_works_in_pipelines_in_parallel_cloned_and_pickled() -> None:
    pipe = make_pipeline(PCA(), SVC())
    space = {"pca__n_components": [5, 10], "svc__C": stats.loguniform(0.1, 100)}
    search = clone(SondeSearchCV(pipe, space, n_iter=4, cv=2, n_jobs=2, random_state=0)).fit(X, y)
    again = pickle.loads(pickle.dumps(search))
    assert again.best_params_ == search.best_params_
    assert again.score(X, y) > 0.8


@pytest.mark.parametrize(
    "written", [[], {"a": []}, {"a": 3}, {"a": "loguniform(1)"}, 7, [{"a": [1]}, 3]]
)
def test_what_cannot_be_read_is_refused_by_name(written: Any) -> None:
    with pytest.raises((ConfigError, TypeError)):
        SondeSearchCV(Told(), written, cv=2).fit(X, y)
