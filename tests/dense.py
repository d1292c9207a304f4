"""Brute force for the tables of contracts: dense problems, and all that one decomposition says."""

from functools import cached_property

import numpy as np
from reference import held_out_errors, one_by_one

SHAPES = {
    "n > p": (60, 8),
    "n < p": (20, 35),
    "n = p + 1": (21, 20),
    "few more rows": (30, 20),
    "one column": (40, 1),
    "one column, few rows": (12, 1),
    "rank deficient, n > p": (60, 8),
    "rank deficient, n < p": (20, 35),
    "graded, n > p": (60, 8),
    "alike, n > p": (60, 8),
    "alike, n < p": (20, 35),
    "n = p": (20, 20),
    "a row apart": (60, 8),
    "orthogonal, n > p": (60, 8),
    "orthogonal, n < p": (20, 35),
}
# weights, whether there is an intercept, number of targets
SETTINGS = {
    "plain": ("none", True, 3),
    "no intercept": ("none", False, 1),
    "weights": ("positive", True, 1),
    "weights, no intercept": ("positive", False, 3),
    "unequal weights": ("unequal", True, 3),
    "unequal weights, no intercept": ("unequal", False, 1),
}


def rows_of(shape, q, seed=0):
    """Return rows half of zeros, every other column far from zero, and targets and noise."""
    n, p = SHAPES[shape]
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p)) * (rng.random((n, p)) < 0.5)
    X[:, ::2] += 3.0
    if shape.startswith("rank deficient"):
        X = X[:, :4] @ rng.standard_normal((4, p))
    Y = X[:, :4] @ rng.standard_normal((min(p, 4), q)) + rng.standard_normal((n, q)) + 3.0
    if shape.startswith("graded"):
        X = X * np.geomspace(1.0, 1e-6, p)
    if shape.startswith("alike"):  # columns that a Gram matrix cannot tell apart
        X = X[:, :1] + 1e-6 * X
    if shape == "a row apart":
        X[0] *= 1e8
    return X, Y


def weights_of(kind, n, seed=1):
    """Return weights (n,) of random order, or None."""
    rng = np.random.default_rng(seed)
    if kind == "none":
        return None
    return (
        rng.uniform(0.3, 3.0, n)
        if kind == "positive"
        else rng.permutation(np.geomspace(1e-2, 1e2, n))
    )


class DenseFit:
    """Centred, weighted rows by numpy's singular values; penalties are single numbers."""

    def __init__(self, X, Y, weights=None, fit_intercept=True):
        self.given = X, Y, weights, fit_intercept
        self._left_out = {}
        self.X, self.Y, self.fit_intercept = X, Y, fit_intercept
        self.weights = np.ones(len(X)) if weights is None else weights
        self.total_weight = self.weights.sum()
        self.root = np.sqrt(self.weights)[:, None]
        shares = self.weights / self.total_weight * fit_intercept
        self.x_mean, self.y_mean = shares @ X, shares @ Y
        self.constant = fit_intercept * self.root[:, 0] / np.sqrt(self.total_weight)
        self.centred, self.targets = self.root * (X - self.x_mean), self.root * (Y - self.y_mean)
        U, s, Vt = np.linalg.svd(self.centred, full_matrices=False)
        kept = np.flatnonzero(s > 1e-11 * s[0])[::-1]  # ascending
        self.U, self.s, self.V = U[:, kept], s[kept] ** 2, Vt[kept].T
        self.projections = self.U.T @ self.targets
        self.unexplained = self.targets - self.U @ self.projections
        self.n_modes = self.total_weight - fit_intercept
        self.rank = len(self.s)
        self.interpolates = self.rank == len(X) - fit_intercept

    @cached_property
    def null_power(self):
        """Zero where it is but rounding."""
        return np.square(self.unexplained).sum(axis=0) * (not self.interpolates)

    @cached_property
    def null(self):
        return 1.0 - self.constant**2 - np.square(self.U).sum(axis=1)

    def shares(self, alphas):
        """What penalties (K,) leave of each mode's fit (r, K)."""
        return self.s[:, None] / (self.s[:, None] + alphas)

    def df(self, alpha):
        return np.sum(self.shares(alpha))

    def fitted(self, alpha):
        """Weighted fitted values (n, q), less the mean."""
        return self.U @ ((self.s / (self.s + alpha))[:, None] * self.projections)

    def residual_power(self, alpha):
        left = (alpha / (self.s + alpha))[:, None] * self.projections
        return np.square(left).sum(axis=0) + self.null_power

    def scaled_residual_power(self, alpha):
        """Of rows that modes explain in full, over ``alpha**2``."""
        return np.square(self.projections / (self.s + alpha)[:, None]).sum(axis=0)

    def coefficients(self, alpha):
        return self.V @ ((np.sqrt(self.s) / (self.s + alpha))[:, None] * self.projections)

    def leverages(self, alpha):
        """Shares of each row (n,) in its own fitted value, that in the mean included."""
        return np.square(self.U) @ (self.s / (self.s + alpha)) + self.constant**2

    def gcv(self, alpha, total_weight=None):
        """The renormalized training error (q,): the definition."""
        total = self.total_weight if total_weight is None else total_weight
        n = total - self.fit_intercept
        rest = n - self.df(alpha)
        training_error = self.residual_power(alpha) * total / self.total_weight / n
        return training_error * (n / rest) ** 2 * (1.0 + self.fit_intercept / total)

    def penalties(self, n_penalties=3):
        """Penalties (L,) over the whole spectrum and beyond."""
        return np.geomspace(0.3 * self.s[0], 10.0 * self.s[-1], n_penalties)

    def leave_one_out(self, alpha):
        """Errors (n, q) by refits."""
        if alpha not in self._left_out:
            X, Y, weights, fit_intercept = self.given
            errors = held_out_errors(X, Y, alpha, one_by_one(len(X)), weights, fit_intercept)
            self._left_out[alpha] = errors
        return self._left_out[alpha]
