"""The path of what is left out from few nodes: GCV knows its shape, and their ratio is smooth.

GCV costs next to nothing at any penalty.  The ratio of the two only knows how leverages differ
between rows, so it is interpolated between penalties far apart, and says itself where that fails.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.interpolate import make_interp_spline

from sk_renorm._linalg import Factorization
from sk_renorm._risk.gcv.gcv import GeneralizedCrossValidation

_DOUBT = 0.01  # of the ratio, when every other node is predicted from the rest


@dataclass(frozen=True)
class RatioToGCV:
    """Risks of left-out rows or folds between nodes.

    Attributes
    ----------
    gcv : callable
        GCV risks (L, k) at penalties (L,).
    nodes : ndarray of shape (K,)
        Penalties, ascending, where the risk is known.  The first is as good as none, and the last
        leaves nothing: towards these the ratio changes as alpha does, or as one over it.
    risks : ndarray of shape (K, k)
        Risks there.
    log_ratio : callable
        Interpolates the logarithm of the ratio (L, k) at logarithms of penalties (L,) in between.
    ends : ndarray of shape (2, k)
        That logarithm at the first node and the last.
    doubtful : ndarray of shape (k,), bool
        For which losses the ratio is too rough to interpolate.
    """

    gcv: Callable[[np.ndarray], np.ndarray]
    nodes: np.ndarray
    risks: np.ndarray
    log_ratio: Callable[[np.ndarray], np.ndarray]
    ends: np.ndarray
    doubtful: np.ndarray

    @classmethod
    def of(cls, f: Factorization, nodes: np.ndarray, risks: np.ndarray) -> "RatioToGCV":
        """Interpolate ``risks`` (k, K), K at least 10: a row for each target, or for their mean."""
        estimate = GeneralizedCrossValidation(f)

        def gcv(alphas: np.ndarray) -> np.ndarray:
            values = estimate.risk(alphas[:, None])
            return values if len(risks) == f.n_targets else values.mean(axis=1, keepdims=True)

        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = np.log(risks.T / gcv(nodes))
        ends, t, ratio = ratio[[0, -1]], np.log(nodes[1:-1]), ratio[1:-1]
        ends = np.where(np.isfinite(ends), ends, ratio[[0, -1]])
        known = np.isfinite(ratio).all(axis=0)
        ratio[:, ~known], ends[:, ~known] = 0.0, 0.0
        rest = make_interp_spline(t[::2], ratio[::2])(t[1:-1:2])
        smooth = np.abs(rest - ratio[1:-1:2]).max(axis=0) <= _DOUBT
        path = make_interp_spline(t, ratio, k=5)
        return cls(gcv, nodes, risks.T, path, ends, ~(known & smooth))

    def risk(self, alphas: np.ndarray) -> np.ndarray:
        """Return risks (L, k) at ``alphas`` (L,)."""
        (none, low), (high, all_) = self.nodes[:2], self.nodes[-2:]
        log_ratio = self.log_ratio(np.log(np.clip(alphas, low, high)))
        below, above = alphas < low, alphas > high
        from_none = (alphas[below] - none) / (low - none)
        from_all = (1.0 / alphas[above] - 1.0 / all_) / (1.0 / high - 1.0 / all_)
        for beyond, end, part in ((below, 0, from_none), (above, 1, from_all)):
            step = log_ratio[beyond] - self.ends[end]
            log_ratio[beyond] = self.ends[end] + np.maximum(part, 0.0)[:, None] * step
        return self.gcv(alphas) * np.exp(log_ratio)

    def finer_nodes(self) -> np.ndarray:
        """Return midpoints of the nodes about every minimum that is low enough to be the deepest.

        Nodes twice as close make the interpolated ratio some fifty times as accurate.  All of them
        if the ratio is in doubt.
        """
        nodes, ends = self.nodes[1:-1], self.risks[1:-1]
        middle = np.sqrt(nodes[1:] * nodes[:-1])
        lowest = np.minimum(np.minimum(ends[1:], ends[:-1]), self.risk(middle))
        near = (lowest <= (1.0 + _DOUBT) * lowest.min(axis=0)).any(axis=1)
        near |= self.doubtful.any()
        near[1:] |= near[:-1].copy()
        near[:-1] |= near[1:].copy()
        return middle[near]
