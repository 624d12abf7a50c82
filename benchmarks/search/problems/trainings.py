"""Real trainings on data that come with scikit-learn, cheap enough to run anew for every trial.

Each takes a few milliseconds on a few hundred rows; the loss is that on rows held out. The same
parameters give the same loss, so instances differ only in the seed of the search.
"""

import math
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from problem import Member, Outcome, Params, Problem, Split
from sonde.core.distributions import Choice, Float, Int
from sonde.core.space import space_of

__all__ = ["MEMBERS", "loss_of", "rows"]

Array = npt.NDArray[np.float64]
Rows = tuple[Array, Array, Array, Array]
WORST = 20.0
ROWS = 260


@cache
def rows(name: str) -> Rows:
    """Return inputs and targets to train on, and those held out; standardised."""
    from sklearn import datasets
    from sklearn.model_selection import train_test_split

    made: dict[str, Callable[[], Any]] = {
        "clusters": lambda: datasets.make_classification(
            600, 15, n_informative=5, n_redundant=4, n_classes=3, flip_y=0.05, random_state=2
        ),
        "friedman": lambda: datasets.make_friedman1(600, 12, noise=1.5, random_state=3),
        "sparse": lambda: datasets.make_regression(
            500, 60, n_informative=8, noise=30.0, effective_rank=20, random_state=4
        ),
    }
    if name in made:
        x, y = made[name]()
    else:
        x, y = getattr(datasets, f"load_{name}")(return_X_y=True)
    numbers = is_regression(name)
    if numbers:
        y = (y - y.mean()) / y.std()
    train, held, target, answer = train_test_split(
        x, y, test_size=0.45, random_state=0, stratify=None if numbers else y
    )
    train, target, held, answer = train[:ROWS], target[:ROWS], held[:ROWS], answer[:ROWS]
    centre, spread = train.mean(axis=0), train.std(axis=0) + 1e-9
    return (train - centre) / spread, target, (held - centre) / spread, answer


def is_regression(name: str) -> bool:
    """Tell whether the targets are numbers rather than classes."""
    return name in {"diabetes", "friedman", "sparse"}


def loss_of(model: Any, data: str) -> float:
    """Train it and return its loss on the rows held out: log loss, error rate, squared error.

    A training that fails or ends in nothing has the worst loss there is.
    """
    train, target, held, answer = rows(data)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            model.fit(train, target)
            if is_regression(data):
                found = float(np.mean((model.predict(held) - answer) ** 2))
            elif hasattr(model, "predict_proba"):
                chances = model.predict_proba(held)
                place = np.searchsorted(model.classes_, answer)
                right = chances[np.arange(len(answer)), place]
                found = float(-np.mean(np.log(np.clip(right, 1e-6, 1))))
            else:
                found = float(np.mean(model.predict(held) != answer))
        except ValueError:
            return WORST
    return min(found, WORST) if math.isfinite(found) else WORST


def _svm(params: Params, regress: bool) -> Any:
    from sklearn.svm import SVC, SVR

    given = dict(params)
    if regress:
        return SVR(max_iter=4000, **given)
    return SVC(max_iter=4000, random_state=0, **given)


def _boosting(params: Params, regress: bool) -> Any:
    from lightgbm import LGBMClassifier, LGBMRegressor

    model = LGBMRegressor if regress else LGBMClassifier
    return model(n_jobs=1, verbose=-1, subsample_freq=1, random_state=0, **params)


def _net(params: Params, regress: bool) -> Any:
    from sklearn.neural_network import MLPClassifier, MLPRegressor

    given = dict(params)
    model = MLPRegressor if regress else MLPClassifier
    return model(
        hidden_layer_sizes=(given["width"],) * given["layers"],
        alpha=given["decay"], batch_size=given["batch"],
        learning_rate_init=given["rate"], beta_1=given["beta"], activation=given["activation"],
        max_iter=given["epochs"], random_state=0,
    )  # fmt: skip


def _linear(params: Params, regress: bool) -> Any:
    from sklearn.linear_model import ElasticNet, SGDClassifier

    if regress:
        return ElasticNet(alpha=params["penalty"], l1_ratio=params["share"], max_iter=300)
    return SGDClassifier(
        loss=params["loss"], penalty="elasticnet", alpha=params["penalty"],
        l1_ratio=params["share"], eta0=params["rate"], learning_rate=params["schedule"],
        power_t=params["power"], max_iter=params["epochs"], tol=None, random_state=0,
    )  # fmt: skip


_SVM: Mapping[str, Any] = {
    "kernel": ["rbf", "poly", "sigmoid"], "C": Float(1e-3, 1e3, log=True),
    "gamma": Float(1e-4, 10.0, log=True), "coef0": Float(-1.0, 1.0), "degree": Int(2, 5),
}  # fmt: skip
_BOOSTING: Mapping[str, Any] = {
    "n_estimators": Int(5, 60, log=True), "learning_rate": Float(0.01, 1.0, log=True),
    "num_leaves": Int(2, 40, log=True), "min_child_samples": Int(2, 60, log=True),
    "subsample": Float(0.3, 1.0), "colsample_bytree": Float(0.2, 1.0),
    "reg_lambda": Float(1e-4, 100.0, log=True), "min_split_gain": Float(1e-5, 1.0, log=True),
}  # fmt: skip
_NET: Mapping[str, Any] = {
    "width": Int(4, 48, log=True), "layers": Int(1, 3), "decay": Float(1e-6, 10.0, log=True),
    "rate": Float(1e-5, 0.3, log=True), "batch": Int(16, 128, log=True), "epochs": Int(2, 10),
    "beta": Float(0.5, 0.99), "activation": ["relu", "tanh", "logistic"],
}  # fmt: skip
_ELASTIC: Mapping[str, Any] = {"penalty": Float(1e-5, 10.0, log=True), "share": Float(0.0, 1.0)}
_DESCENT: Mapping[str, Any] = {
    **_ELASTIC, "loss": ["log_loss", "modified_huber"], "rate": Float(1e-5, 10.0, log=True),
    "schedule": ["constant", "invscaling", "adaptive"], "power": Float(0.0, 1.0),
    "epochs": Int(1, 20),
}  # fmt: skip


# A pipeline is a choice of model; parameters are called by the model's name and their own.
_MODELS: Mapping[str, tuple[Mapping[str, Any], Callable[[Params, bool], Any]]] = {
    "svm": (_SVM, _svm), "boosting": (_BOOSTING, _boosting),
    "net": (_NET, _net), "elastic": (_ELASTIC, _linear), "descent": (_DESCENT, _linear),
}  # fmt: skip


def _pipeline(models: tuple[str, ...]) -> Mapping[str, Any]:
    written: dict[str, Any] = {"model": list(models)}
    for word in models:
        for name, value in _MODELS[word][0].items():
            carrier = Choice(tuple(value)) if isinstance(value, list) else value
            written[f"{word}.{name}"] = replace(carrier, when=f"model == '{word}'")
    return written


def _any_model(params: Params, regress: bool) -> Any:
    word = params["model"]
    own = {name.split(".", 1)[1]: value for name, value in params.items() if name != "model"}
    return _MODELS[word][1](own, regress)


def _size(params: Params) -> float:
    """The order of magnitude of the numbers that a model keeps."""
    if "num_leaves" in params:
        return math.log10(params["n_estimators"] * params["num_leaves"])
    return math.log10(params["width"] * 13 + params["width"] ** 2 * (params["layers"] - 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """A training as a problem.

    Attributes:
        sized: Whether the model's size is a second goal.
        within: A limit of the model's size.
    """

    name: str
    data: str
    space: Mapping[str, Any]
    model: Callable[[Params, bool], Any]
    suite: str = "trainings"
    sized: bool = False
    within: float | None = None

    def __call__(self, instance: int) -> Problem:
        """Return the problem."""
        return Problem(
            name=self.name, suite=self.suite, instance=instance, space=space_of(self.space),
            true=self.outcome, goals=1 + self.sized, limits=int(self.within is not None),
        )  # fmt: skip

    def outcome(self, params: Params) -> Outcome:
        """Train."""
        loss = loss_of(self.model(params, is_regression(self.data)), self.data)
        losses = (loss, _size(params)) if self.sized else (loss,)
        return Outcome(losses, () if self.within is None else (_size(params) - self.within,))


def _member(split: Split, made: Training) -> Member:
    return Member(name=made.name, suite=made.suite, split=split, moves=False, slow=True, make=made)


def _plain(split: Split, word: str, data: str, **more: Any) -> Member:
    space, model = _MODELS[word]
    name = f"{word}-{data}"
    return _member(split, Training(name=name, data=data, space={**space, **more}, model=model))


_TUBE = Float(1e-3, 1.0, log=True)
_PIPELINES: tuple[tuple[Split, str, tuple[str, ...]], ...] = (
    ("tune", "wine", ("net", "boosting", "descent")),
    ("tune", "friedman", ("svm", "boosting", "elastic")),
    ("judge", "diabetes", ("svm", "boosting", "elastic")),
    ("judge", "clusters", ("boosting", "descent", "net")),
)

MEMBERS = (
    _plain("tune", "svm", "friedman", epsilon=_TUBE),
    _plain("tune", "svm", "diabetes", epsilon=_TUBE),
    _plain("tune", "boosting", "friedman"),
    _plain("tune", "net", "wine"),
    _plain("tune", "descent", "breast_cancer"),
    _plain("judge", "svm", "clusters"),
    _plain("judge", "boosting", "breast_cancer"),
    _plain("judge", "boosting", "diabetes"),
    _plain("judge", "net", "diabetes"),
    _plain("judge", "elastic", "sparse"),
    *(
        _member(
            split,
            Training(
                name=f"pipeline-{data}", data=data, space=_pipeline(models), model=_any_model,
                suite="conditional",
            ),
        )
        for split, data, models in _PIPELINES
    ),
    _member("tune", Training(name="net-size-wine", data="wine", space=_NET, model=_net,
                             suite="several", sized=True)),
    _member("judge", Training(name="boosting-size-diabetes", data="diabetes", space=_BOOSTING,
                              model=_boosting, suite="several", sized=True)),
    _member("tune", Training(name="boosting-within-friedman", data="friedman", space=_BOOSTING,
                             model=_boosting, suite="constrained", within=2.0)),
    _member("judge", Training(name="net-within-clusters", data="clusters", space=_NET, model=_net,
                              suite="constrained", within=2.5)),
)  # fmt: skip
