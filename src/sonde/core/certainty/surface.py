"""What assignments are truly worth, from one result each: a Gaussian process and its noise.

Neighbours stand in for repeats. The losses, some of them warped, are a smooth function of
the parameters (Matern 5/2, a lengthscale for each dimension) and normal noise of one
variance; what the function is at the points that were tried, all at once, is drawn from
its posterior, so that it counts how much points tell of each other. The amplitude is
integrated out (inverse-gamma, so the draws are Student t ones), and so are, over a grid,
the noise and a factor common to all lengthscales; their ratios stay at the mode.

Source: Rasmussen and Williams, Gaussian Processes for Machine Learning, 2006, 2.2 and 5.4;
the kernel and the encoding are those of `bayes`; the prior expects more noise, as to call
noise a result is the dearer mistake here. Assumed: smooth as the kernel says, the
same noise everywhere. Where there is next to no noise the order of the results is certain.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from sonde.core.distributions.values import Value
from sonde.core.space import Space
from sonde.core.streams import WHOLE_SWEEP, generator

__all__ = ["draws_of_losses"]

_FEWEST = 8  # results; and _SPARE more than there are dimensions
_SPARE = 4
_MOST = 200  # results that are looked at: the best half, and others at random
_DRAWS = 4000
_WARPS: tuple[float | None, ...] = (None, 0.3)
_NOISE, _NOISE_SD = -1.0, 2.0  # of the log ratio of noise to signal, before any data
_NOISES = (math.log(1e-6), math.log(100.0), 25)
_FACTORS = (-1.4, -0.7, 0.0, 0.7, 1.4)  # logs of the common factor of lengthscales
_A, _B = 1.0, 1.0  # inverse-gamma prior of the amplitude
_STREAM = WHOLE_SWEEP - 2**40 - 1


def draws_of_losses(
    space: Space, results: Sequence[tuple[Mapping[str, Value], float]], seed: int
) -> "tuple[Any, list[int]] | str":
    """Return draws of the true losses (n, k) with the places of the k results, or why not.

    Args:
        space: The sweep's.
        results: Assignments with their finite losses.
        seed: The sweep's.
    """
    import numpy as np

    from sonde.core.surrogates.encoding import Encoding

    encoding = Encoding(space)
    rows, places = [], []
    for place, (params, _) in enumerate(results):
        try:
            rows.append(encoding.row(params))
        except (KeyError, ValueError):  # from before the space was edited
            continue
        places.append(place)
    needed = max(_FEWEST, encoding.dimensions + _SPARE)
    if len(places) < needed:
        return f"it takes {needed} results, or repeats"
    losses = np.array([results[place][1] for place in places])
    if not losses.max() > losses.min():
        return "all results are the same"
    random = generator(seed, _STREAM)
    kept = _part(losses, random)
    columns = encoding.columns(np.array(rows)[kept])
    drawn = _drawn(columns, losses[kept], encoding, random)
    return drawn, [places[i] for i in kept]


def _part(losses: Any, random: Any) -> list[int]:
    import numpy as np

    order = np.argsort(losses, kind="stable")
    if len(order) > _MOST:
        others = random.choice(order[_MOST // 2 :], _MOST - _MOST // 2, replace=False)
        order = np.append(order[: _MOST // 2], others)
    return sorted(int(i) for i in order)


def _drawn(columns: Any, losses: Any, encoding: Any, random: Any) -> Any:
    import numpy as np

    from sonde.core.surrogates.gaussian_process import Prior, fit
    from sonde.core.surrogates.kernel import Kernel

    low, noises = float(losses.min()), np.exp(np.linspace(*_NOISES))
    span = float(np.median(losses)) - low or float(losses.max()) - low
    z = (losses - low) / span
    prior = Prior.of(
        encoding.active, noise=_NOISE, noise_sd=_NOISE_SD, noise_bounds=(_NOISES[0], _NOISES[1])
    )
    scores, models = [], []
    for offset in _WARPS:
        values = z if offset is None else np.log(z + offset)
        middle, deviation = float(values.mean()), float(values.std())
        y = (values - middle) / deviation
        jacobian = -len(y) * math.log(deviation) - (0.0 if offset is None else float(values.sum()))
        starts = [prior.start(encoding.dimensions, noise) for noise in (-4.0, -1.0, 1.0)]
        theta, _ = fit(columns, y, Kernel(encoding.group), prior, starts)
        lengths = theta[:-1]
        r = _distances(columns * np.exp(-lengths)[encoding.group])
        for factor in _FACTORS:
            scaled = r * math.exp(-factor)
            values_, vectors = np.linalg.eigh((1 + scaled + scaled**2 / 3) * np.exp(-scaled))
            eigen = np.maximum(values_, 1e-10)
            white = (vectors.T @ y) ** 2
            rate = _B + (white / (eigen + noises[:, None])).sum(axis=1) / 2
            shape = _A + len(y) / 2
            score = -shape * np.log(rate) - np.log(eigen + noises[:, None]).sum(axis=1) / 2
            score -= ((np.log(noises) - _NOISE) / _NOISE_SD) ** 2 / 2
            score -= (((lengths + factor - prior.length) / prior.length_sd) ** 2).sum() / 2
            scores.append(score + jacobian)
            models.append((offset, middle, deviation, eigen, vectors, vectors.T @ y, rate))
    found = []
    counts = random.multinomial(_DRAWS, _weights(np.array(scores)))
    for place in np.flatnonzero(counts):
        model, noise = divmod(int(place), len(noises))
        offset, middle, deviation, eigen, vectors, projected, rate = models[model]
        g, count = noises[noise], int(counts[place])
        amplitude = rate[noise] / random.gamma(_A + len(losses) / 2, size=(count, 1))
        spread = np.sqrt(amplitude * eigen * g / (eigen + g))
        f = (
            eigen / (eigen + g) * projected + spread * random.standard_normal(spread.shape)
        ) @ vectors.T
        f = f * deviation + middle
        with np.errstate(over="ignore"):
            found.append(f if offset is None else np.exp(np.minimum(f, 300.0)) - offset)
    return np.concatenate(found) * span + low


def _distances(x: Any) -> Any:
    import numpy as np

    norms = (x * x).sum(axis=1)
    squared = norms[:, None] + norms[None, :] - 2 * (x @ x.T)
    np.fill_diagonal(squared, 0.0)
    return np.sqrt(5.0 * np.maximum(squared, 0.0))


def _weights(scores: Any) -> Any:
    import numpy as np

    flat = np.exp(scores - scores.max()).ravel()
    return flat / flat.sum()
