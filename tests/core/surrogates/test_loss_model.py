"""Models are fitted when due, and are the same however one comes to them."""

import numpy as np

from sonde.core.streams import generator
from sonde.core.surrogates.gaussian_process import Prior
from sonde.core.surrogates.kernel import Kernel
from sonde.core.surrogates.loss_model import LossModel, anchor_and_due


def test_a_fit_is_due_when_results_have_grown_by_a_tenth() -> None:
    due = [anchor_and_due(n)[1] for n in range(3, 1000)]
    assert due == sorted(due)
    assert all(d <= n < max(1.1 * d + 1, d + 1) for n, d in zip(range(3, 1000), due, strict=True))
    anchors = sorted({anchor_and_due(n)[0] for n in range(3, 1000)})
    assert all(a in due for a in anchors)
    assert len(anchors) <= 13


def test_a_model_that_followed_the_history_is_the_one_that_reads_it_at_once() -> None:
    random = np.random.default_rng(0)
    x, losses = random.random((460, 3)), random.random(460)
    old = LossModel([Kernel(np.arange(3))], Prior.of(3), seed=0, rough=True)
    for n in [*range(3, 60), 150, 280, 399, 401, 402, 455, 460]:
        followed = old.given(x[:n], losses[:n], generator(0, n))
        if n in {7, 31, 59, 280, 401, 460}:
            new = LossModel([Kernel(np.arange(3))], Prior.of(3), seed=0, rough=True)
            read = new.given(x[:n], losses[:n], generator(0, n))
            assert np.array_equal(followed.fitted, read.fitted)
            assert np.array_equal(followed.indices, read.indices)
            at = followed.posterior.predict(x[:5]), read.posterior.predict(x[:5])
            assert np.array_equal(at[0].sd, at[1].sd)
            assert len(followed.others) == len(read.others)
            for one, other in zip(followed.others, read.others, strict=True):
                assert np.array_equal(one.mean(x[:5]), other.mean(x[:5]))


def test_only_of_few_results_are_several_models_made() -> None:
    random = np.random.default_rng(0)
    x, losses = random.random((40, 3)), random.random(40)
    model = LossModel([Kernel(np.arange(3))], Prior.of(3), seed=0)
    assert len(model.given(x[:12], losses[:12], generator(0, 12)).others) > 1
    assert not model.given(x, losses, generator(0, 40)).others


def test_of_many_results_the_best_and_the_latest_are_seen() -> None:
    random = np.random.default_rng(0)
    x, losses = random.random((950, 2)), random.random(950)
    given = LossModel([Kernel(np.arange(2))], Prior.of(2), seed=0).given(x, losses, generator(0, 0))
    assert len(given.indices) <= 500
    assert set(range(900, 950)) <= set(given.indices.tolist())
    assert set(np.argsort(losses[:900])[:200].tolist()) <= set(given.indices.tolist())
