"""Covariance matrix adaptation: a normal distribution that follows the better points.

Source: Hansen, The CMA Evolution Strategy: A Tutorial, arXiv:1604.00772, 2016; numbers of
equations are those there and letters too (m, sigma, C, p_sigma, p_c, mu_eff, ...). Beside
it:

- Axes in steps keep a margin of probability for the neighbouring values: Hamano et al.,
  arXiv:2205.13482, 2022; A is the diagonal matrix there.
- Categorical axes have a probability for each value, moved by the same weights and kept
  above a minimum: Hamano et al., CatCMA, arXiv:2405.09962, 2024. Departure: their learning
  rate is fixed.
- Points that the distribution did not give, or an earlier one gave, are drawn in to the
  length that its own have: Hansen, arXiv:1110.4181, 2011.
- A coordinate beyond the box is moved to its side. One on the side, or in the outermost
  cell, is taken to come from halfway to where it may have been beyond: if none came from
  there, the distribution would shrink before it arrives in a corner, and if it came from
  as far as it may have, it would not shrink where the optimum is close to a side.
- When it has converged it starts again elsewhere with twice the population: Auger and
  Hansen, CEC 2005.
"""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri

__all__ = ["Cma"]

Array = npt.NDArray[np.float64]

_BEYOND = 0.5  # how far beyond the side, of where it may have been
_SIGMA = 0.2  # of the side of the box
_SMALLEST = 1e-10  # standard deviation at which it has converged
_LEAST_GAIN = 1e-12  # of the spread of losses in the first generation
_WORST_CONDITION = 1e14


class Cma:
    """The distribution and its adaptation, over points of [0, 1]^d and some categories.

    Args:
        edges: For each numeric axis the coordinates between its cells, None where it is
            continuous.
        shares: For each categorical axis the probabilities to begin with.
        doublings: How often the population has been doubled.
        mean: Where to begin, (d,).
    """

    def __init__(
        self,
        edges: Sequence[Array | None],
        shares: Sequence[Array],
        doublings: int,
        mean: Array,
    ) -> None:
        d, c = len(edges), len(shares)
        self._edges = edges
        self.m, self.sigma = mean.copy(), _SIGMA
        self.A = np.ones(d)
        self.probabilities = [share.copy() for share in shares]
        self._p_sigma, self._p_c = np.zeros(d), np.zeros(d)
        self.C = np.eye(d)
        self._B, self._D = np.eye(d), np.ones(d)
        self._generation = 0
        self._bests: list[float] = []
        self._spread = 0.0
        self._has_converged = False
        self.size = (4 + math.floor(3 * math.log(max(d + c, 1)))) * 2**doublings  # eq. 48
        self._set_rates(max(d, 1))

    def _set_rates(self, n: int) -> None:
        size = self.size
        raw = math.log((size + 1) / 2) - np.log(np.arange(1, size + 1))  # eq. 49
        good, bad = raw[raw > 0], raw[raw <= 0]
        self._mu = len(good)
        mu_eff = good.sum() ** 2 / (good**2).sum()
        mu_eff_bad = bad.sum() ** 2 / (bad**2).sum()
        self._mu_eff = mu_eff
        self._c_c = (4 + mu_eff / n) / (n + 4 + 2 * mu_eff / n)  # eq. 56
        self._c_sigma = (mu_eff + 2) / (n + mu_eff + 5)  # eq. 55
        above = max(0.0, math.sqrt((mu_eff - 1) / (n + 1)) - 1)
        self._d_sigma = 1 + 2 * above + self._c_sigma  # eq. 55
        self._c_1 = 2 / ((n + 1.3) ** 2 + mu_eff)  # eq. 57
        rank = 2 * (0.25 + mu_eff + 1 / mu_eff - 2) / ((n + 2) ** 2 + mu_eff)
        self._c_mu = min(1 - self._c_1, rank)  # eq. 58
        most = min(
            1 + self._c_1 / self._c_mu,  # eq. 50
            1 + 2 * mu_eff_bad / (mu_eff + 2),  # eq. 51
            (1 - self._c_1 - self._c_mu) / (n * self._c_mu),  # eq. 52
        )
        self._w = np.concatenate([good / good.sum(), bad * most / -bad.sum()])  # eq. 53
        self._chi = math.sqrt(n) * (1 - 1 / (4 * n) + 1 / (21 * n * n))
        self._longest = math.sqrt(n) + 2 * n / (n + 2)
        free = sum(len(share) - 1 for share in self.probabilities)
        self._c_share = 1 / math.sqrt(max(free, 4))

    @property
    def deviations(self) -> Array:
        """The standard deviation along each numeric axis, (d,)."""
        found: Array = self.sigma * self.A * np.sqrt(np.diag(self.C))
        return found

    def sample(self, random: np.random.Generator, count: int, scale: float = 1.0) -> Array:
        """Draw points of the box, (count, d).

        Args:
            scale: By how much to widen the distribution.
        """
        z = random.standard_normal((count, len(self.m)))
        found: Array = self.m + scale * self.sigma * self.A * ((z * self._D) @ self._B.T)
        return found.clip(0.0, 1.0)

    def latent(self, point: Array, active: npt.NDArray[np.bool_], u: Array) -> Array:
        """Return where a point that was tried may have come from, (d,).

        A value in steps only tells the cell that the coordinate was in, an inactive parameter
        nothing: these are drawn from this distribution, given what is known.

        Args:
            u: Uniform random numbers, (d,).
        """
        deviations = self.deviations
        found = point.copy()
        for j, edges in enumerate(self._edges):
            low, high = -math.inf, math.inf
            if active[j] and edges is not None:
                cell = int(np.searchsorted(edges, point[j]))
                low = edges[cell - 1] if cell else low
                high = edges[cell] if cell < len(edges) else high
            elif active[j]:
                if 0 < point[j] < 1:
                    continue
                low, high = (low, 0.0) if point[j] <= 0 else (1.0, high)
            below, above = ndtr((np.array([low, high]) - self.m[j]) / deviations[j])
            if above - below > 1e-12:
                place = ndtri(below + (above - below) * min(max(u[j], 1e-12), 1 - 1e-12))
                drawn = self.m[j] + deviations[j] * place
                side = min(max(drawn, 0.0), 1.0) if active[j] else drawn
                found[j] = side + _BEYOND * (drawn - side)
        return found

    def adapt(self, points: Array, chosen: npt.NDArray[np.intp], losses: Array) -> None:
        """Move after a generation.

        Args:
            points: What was tried, best first, (size, d).
            chosen: Which category each had, (size, c); -1 where it was inactive.
            losses: Ascending, infinite for failures, (size,).
        """
        finite = int(np.isfinite(losses).sum())
        if not finite:
            return
        w = self._w.copy()
        if finite < self._mu:  # failures are never followed
            w[finite : self._mu] = 0.0
            w[:finite] /= w[:finite].sum()
        self._generation += 1
        if len(self.m):
            self._adapt_normal(points, w)
        for place, share in enumerate(self.probabilities):
            self._adapt_share(share, chosen[:, place], w)
        self._judge(losses[:finite])

    def _adapt_normal(self, points: Array, w: Array) -> None:
        n, mu = len(self.m), self._mu
        y = (points - self.m) / (self.sigma * self.A)
        white = (y @ self._B) / self._D  # rows of B^T C^-1/2 y
        lengths = np.sqrt((white**2).sum(axis=1))
        y *= np.minimum(1.0, self._longest / np.maximum(lengths, 1e-300))[:, None]
        lengths = np.minimum(lengths, self._longest)
        y_w = w[:mu] @ y[:mu]  # eq. 41
        self.m = self.m + self.sigma * self.A * y_w  # eq. 42
        self.m = self.m.clip(0.0, 1.0)
        rate = self._c_sigma
        self._p_sigma = (1 - rate) * self._p_sigma + math.sqrt(rate * (2 - rate) * self._mu_eff) * (
            self._B @ ((self._B.T @ y_w) / self._D)
        )  # eq. 43
        length = float(np.linalg.norm(self._p_sigma))
        step = rate / self._d_sigma * (length / self._chi - 1)
        self.sigma = min(self.sigma * math.exp(min(step, 1.0)), 1.0)  # eq. 44
        steady = length / math.sqrt(1 - (1 - rate) ** (2 * self._generation))
        h = float(steady < (1.4 + 2 / (n + 1)) * self._chi)
        rate = self._c_c
        self._p_c = (1 - rate) * self._p_c + h * math.sqrt(rate * (2 - rate) * self._mu_eff) * y_w
        # eq. 45; below eq. 46 and 47
        w_o = np.where(w >= 0, w, w * n / np.maximum(lengths, 1e-150) ** 2)
        keep = 1 + self._c_1 * (1 - h) * rate * (2 - rate) - self._c_1 - self._c_mu * w.sum()
        self.C = (
            keep * self.C
            + self._c_1 * np.outer(self._p_c, self._p_c)
            + self._c_mu * (y.T * w_o) @ y
        )
        self.C = (self.C + self.C.T) / 2
        values, self._B = np.linalg.eigh(self.C)
        if values[0] <= 0 or values[-1] > _WORST_CONDITION * values[0]:
            self._has_converged = True
            values = np.maximum(values, values[-1] / _WORST_CONDITION)
            self.C = (self._B * values) @ self._B.T
        self._D = np.sqrt(values)
        self._keep_margins()

    def _keep_margins(self) -> None:
        """Let no value beside the mean's become less probable than alpha / 2 (Hamano, 2022)."""
        alpha = 1 / (self.size * len(self.m))
        deviations = self.deviations
        for j, edges in enumerate(self._edges):
            if edges is None or not len(edges):
                continue
            cell = int(np.searchsorted(edges, self.m[j]))
            if cell in {0, len(edges)}:  # an outermost cell has one neighbour
                edge = edges[0] if cell == 0 else edges[-1]
                reach = -ndtri(alpha) * deviations[j]
                away = self.m[j] - edge
                self.m[j] = edge + math.copysign(min(abs(away), reach), away)
                continue
            low, high = edges[cell - 1], edges[cell]
            below = ndtr((low - self.m[j]) / deviations[j])
            above = ndtr((self.m[j] - high) / deviations[j])
            if min(below, above) >= alpha / 2:
                continue
            inside = 1 - below - above
            below, above = max(below, alpha / 2), max(above, alpha / 2)
            inside = max(inside, alpha / 2)
            total = below + above + inside
            excess = (1 - total) / (total - 1.5 * alpha)
            below, above = (
                below + excess * (below - alpha / 2),
                above + excess * (above - alpha / 2),
            )
            left, right = -ndtri(below), -ndtri(above)
            # The mean and deviation with which exactly these lie beyond the edges.
            self.m[j] = (low * right + high * left) / (left + right)
            self.A[j] *= (high - low) / (left + right) / deviations[j]

    def _adapt_share(self, share: Array, chosen: npt.NDArray[np.intp], w: Array) -> None:
        if len(share) < 2:
            return
        move = np.zeros_like(share)
        for place, weight in zip(chosen[: self._mu], w[: self._mu], strict=True):
            if place >= 0:
                move -= weight * share
                move[place] += weight
        share += self._c_share * move
        least = (1 - 0.73 ** (1 / len(self.probabilities))) / (len(share) - 1)
        least = min(least, 0.5 / len(share))
        np.maximum(share, least, out=share)
        share += (1 - share.sum()) / (share - least).sum() * (share - least)

    def _judge(self, losses: Array) -> None:
        best = float(losses[0])
        if not self._bests:
            self._spread = float(losses[-1]) - best
        self._bests.append(best)
        lately = self._bests[-(10 + math.ceil(30 * max(len(self.m), 1) / self.size)) :]
        if len(lately) < len(self._bests):
            del self._bests[0]
            if max(lately) - min(lately) <= _LEAST_GAIN * self._spread:
                self._has_converged = True
        free = [j for j, edges in enumerate(self._edges) if edges is None]
        if free and float(self.deviations[free].max()) < _SMALLEST:
            self._has_converged = True

    @property
    def has_converged(self) -> bool:
        """Whether nothing more is to be gained from here."""
        return self._has_converged
