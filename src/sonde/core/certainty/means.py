"""What assignments are truly worth, from repeats of each: a hierarchical model.

    y_ij = mu_i + e_ij,  e_ij ~ N(0, v_i),  mu_i ~ N(m, t^2 / w_i),  w_i ~ Gamma(nu/2, nu/2)

    v_i ~ scaled inverse chi^2(kappa, s^2)

so the true means are drawn towards their own middle, the more the fewer the repeats, which
takes back what being picked as the best has added (no multiple-comparison correction is
needed: Gelman, Hill and Yajima, J. Res. Educ. Effect. 5, 2012). The w_i make their
distribution a Student t one, for hopeless assignments are far off the rest; and as the
noise may differ, the variances share a distribution of which the data say how narrow it is
(kappa large: one pooled variance). log t, m and log s^2 are flat, nu and kappa are uniform over
a few values. A flat t in place of log t says too often that one is the best where all are alike.

Drawn by Gibbs sampling, with m and t drawn together with m integrated out, from chains of
which the first third is left out (Gelman et al., Bayesian Data Analysis, 3rd ed., 5.4 and
11.6). Assumed: noise is normal and independent from trial to trial.
"""

from collections.abc import Sequence
from typing import Any

from sonde.core.streams import WHOLE_SWEEP, generator

__all__ = ["draws_of_means"]

_CHAINS, _STEPS, _LEFT_OUT = 64, 75, 25
_SHAPES = (3.0, 8.0, 100.0)  # of nu
_TIGHTNESS = (3.0, 8.0, 25.0, 200.0)  # of kappa
_SCALES = 40  # of t
_MOST = 150  # assignments with the lowest means that are looked at
_FEWEST, _FEWEST_SPARE = 3, 3
_STREAM = WHOLE_SWEEP - 2**40


def draws_of_means(groups: Sequence[Sequence[float]], seed: int) -> "tuple[Any, list[int]] | str":
    """Return draws of the true losses (n, k) with the places of the k groups, or why not.

    Args:
        groups: Finite losses of each assignment.
        seed: The sweep's.
    """
    import numpy as np

    order = sorted(
        (i for i, g in enumerate(groups) if g), key=lambda i: sum(groups[i]) / len(groups[i])
    )
    places = sorted(order[:_MOST])
    if len(places) < _FEWEST:
        return f"it takes {_FEWEST} assignments with results"
    n = np.array([len(groups[i]) for i in places], dtype=float)
    if (n - 1).sum() < _FEWEST_SPARE:
        return f"it takes {_FEWEST_SPARE} assignments with two results each"
    means = np.array([sum(groups[i]) / len(groups[i]) for i in places])
    squares = np.array(
        [sum((y - m) ** 2 for y in groups[i]) for i, m in zip(places, means, strict=True)]
    )
    middle, unit = float(np.median(means)), float(means.std())
    if not squares.sum() > 1e-24 * (unit * unit + middle * middle):
        return np.repeat(means[None], 2, axis=0), places  # there is no noise
    unit = unit or 1.0
    random = generator(seed, _STREAM)
    drawn = _gibbs((means - middle) / unit, squares / unit**2, n, random)
    return drawn * unit + middle, places


def _gibbs(means: Any, squares: Any, n: Any, random: Any) -> Any:
    import numpy as np

    k, chains = len(means), _CHAINS
    pooled = squares.sum() / (n - 1).sum()
    scales = np.geomspace(
        0.03 * np.sqrt(pooled / n.max()), 10 * max(means.std(), np.sqrt(pooled)), _SCALES
    )
    shapes, tightness = np.array(_SHAPES), np.array(_TIGHTNESS)
    v = np.full((chains, k), pooled) * random.gamma(20, 1 / 20, (chains, k))
    w = np.ones((chains, k))
    nu = random.choice(shapes, chains)
    kappa = random.choice(tightness, chains)
    found = []
    for step in range(_STEPS):
        noise = v / n
        m, t = _middle_and_scale(means, noise, w, scales, random)
        prior = (t * t)[:, None] / w
        share = prior / (prior + noise)
        mu = m[:, None] + share * (means - m[:, None])
        mu += np.sqrt(share * noise) * random.standard_normal((chains, k))
        far = ((mu - m[:, None]) / t[:, None]) ** 2
        w = random.gamma((nu[:, None] + 1) / 2) / ((nu[:, None] + far) / 2)
        w = np.maximum(w, 1e-6)
        nu = _one_of(shapes, _gamma_log_density(w, shapes), random)
        about = squares + n * (means - mu) ** 2
        s2 = random.gamma(k * kappa / 2 + 1e-9) / (kappa / 2 * (1 / v).sum(axis=1))
        v = (kappa[:, None] * s2[:, None] + about) / 2 / random.gamma((kappa[:, None] + n) / 2)
        kappa = _one_of(tightness, _gamma_log_density(s2[:, None] / v, tightness), random)
        if step >= _LEFT_OUT:
            found.append(mu)
    return np.concatenate(found)


def _middle_and_scale(means: Any, noise: Any, w: Any, scales: Any, random: Any) -> tuple[Any, Any]:
    """Draw m and t given the variances; t from a grid, with m integrated out."""
    import numpy as np

    variance = noise[:, None, :] + (scales**2)[None, :, None] / w[:, None, :]
    precision = 1 / variance
    total = precision.sum(axis=2)
    centre = (precision * means).sum(axis=2) / total
    log = -0.5 * (np.log(variance).sum(axis=2) + np.log(total))
    log -= 0.5 * (precision * (means - centre[:, :, None]) ** 2).sum(axis=2)
    chosen = _index(log, random)
    rows = np.arange(len(chosen))
    m = centre[rows, chosen] + random.standard_normal(len(rows)) / np.sqrt(total[rows, chosen])
    return m, scales[chosen]


def _gamma_log_density(values: Any, shapes: Any) -> Any:
    """Return log densities (chains, shapes) of rows drawn from Gamma(a/2, a/2)."""
    import numpy as np
    from scipy.special import gammaln

    half = shapes / 2
    count = values.shape[1]
    logs, sums = np.log(values).sum(axis=1)[:, None], values.sum(axis=1)[:, None]
    found: Any = count * (half * np.log(half) - gammaln(half)) + (half - 1) * logs - half * sums
    return found


def _one_of(values: Any, log: Any, random: Any) -> Any:
    return values[_index(log, random)]


def _index(log: Any, random: Any) -> Any:
    """Draw an index for each row of unnormalised log probabilities."""
    import numpy as np

    return (log + random.gumbel(size=log.shape)).argmax(axis=1) if len(log) else np.empty(0, int)
