"""Newton's method from the right, on all ridges at once, with a certificate for every root.

``f(kappa) = kappa (1 - df1(kappa) / n) - ridge`` is strictly convex, its largest root is the
physical one, and ``f(ridge + tr Sigma / n) >= 0``: Newton's method from there decreases
monotonically to the root, without a bracket.  The slope is ``f' = 1 - df2 / n = 1 - gamma``.
"""

from typing import NamedTuple

import numpy as np

from sk_renorm.theory._arguments import FloatArray
from sk_renorm.theory._degrees_of_freedom import blocks, sum_modes
from sk_renorm.theory._quadrature import Measure, compress, pays

_MAX_STEPS = 1000  # two dozen are typical; a thousand means a bug, not a hard spectrum
_CERTIFIED = 1e-12  # largest accepted residual, relative to the terms of the equation


class Modes(NamedTuple):
    """The n largest eigenvalues, the others, and how many samples are left over."""

    first: Measure
    others: Measure
    excess: float

    def compress(self) -> "Modes":
        """Return the same sums on short measures."""
        return Modes(compress(*self.first), compress(*self.others), self.excess)


def solve(
    eigenvalues: FloatArray, ridge: FloatArray, n: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return certified roots ``kappa`` and their relative residuals, for vectors of both."""
    eta = sorted_positive(eigenvalues)
    kappa, residual = np.array(ridge), np.zeros(ridge.shape)  # the answer for n = infinity
    for value, index in groups(n):
        if np.isfinite(value):
            kappa[index], residual[index] = _solve_one_n(eta, ridge[index], value)
    if (residual > _CERTIFIED).any():
        raise RuntimeError(
            f"The effective ridge has a relative residual of {residual.max():.1e}, above "
            f"{_CERTIFIED:g}; please report this spectrum."
        )
    return kappa, residual


def _solve_one_n(eta: FloatArray, ridge: FloatArray, n: float) -> tuple[FloatArray, FloatArray]:
    """Newton from the right; in exact arithmetic f stays positive, so f <= 0 means done."""
    kappa = ridge + eta.sum() / n
    if n >= len(eta):
        kappa[ridge == 0.0] = 0.0
    exact = split(eta, n)
    compressed = pays(len(eta), ridge)
    modes = exact.compress() if compressed else exact
    active = np.flatnonzero(kappa != 0.0)
    for _ in range(_MAX_STEPS):
        if active.size == 0:
            break
        here = kappa[active]
        rest, lag = spare(modes, here, n)
        excess, slope = here * rest - ridge[active], rest + lag
        # here - excess / slope, with the terms that cancel taken out: it can be far below here
        target = ridge[active] + here * lag
        kappa[active] = np.divide(target, slope, out=here.copy(), where=slope > 0.0)
        step = here - kappa[active]
        active = active[(excess > 0.0) & (step > np.finfo(float).eps * np.abs(here))]
    residual = _residual(modes, kappa, ridge, n)
    if compressed:  # certify the short measure too, at both ends and in the middle
        some = np.argsort(kappa)[[0, kappa.size // 2, -1]]
        residual[some] = _residual(exact, kappa[some], ridge[some], n)
    return kappa, residual


def _residual(modes: Modes, kappa: FloatArray, ridge: FloatArray, n: float) -> FloatArray:
    rest, _ = spare(modes, kappa, n)
    size = np.abs(kappa) + np.abs(ridge)
    gap = np.abs(kappa * rest - ridge)
    return np.divide(gap, size, out=np.zeros_like(gap), where=size > 0.0)


def kappa_at_df1(eigenvalues: FloatArray, df1: FloatArray) -> FloatArray:
    """Return the kappa with ``df1(kappa) = df1``: the ridgeless limit of that many samples."""
    kappa, _ = solve(eigenvalues, np.zeros(df1.size), np.ravel(df1))
    return kappa.reshape(df1.shape)


def split(eta: FloatArray, n: float) -> Modes:
    """Return the modes that n samples can learn and the others, from descending eigenvalues."""
    m = min(int(n), len(eta))
    first, others = (Measure(part, np.ones((1, len(part)))) for part in (eta[:m], eta[m:]))
    return Modes(first, others, n - m)


def spare(modes: Modes, kappa: FloatArray, n: float) -> tuple[FloatArray, FloatArray]:
    """Return ``1 - df1 / n`` and ``(df1 - df2) / n``.

    ``n - df1`` is summed as what the first n modes leave less what the others take,
    ``sum_{k <= n} U_k - sum_{k > n} L_k``: neither sum is close to n, so that eigenvalues that span
    thirty orders of magnitude do not cancel.
    """
    left, lag = _unlearned(modes.first, kappa, 0)
    taken, more_lag = _unlearned(modes.others, kappa, 1)
    return (modes.excess + kappa * left - taken) / n, kappa * (lag + more_lag) / n


def _unlearned(part: Measure, kappa: FloatArray, power: int) -> tuple[FloatArray, FloatArray]:
    """Return the weighted sums of ``eta**power / (eta + kappa)`` and ``eta / (eta + kappa)**2``."""
    eta, (weight,) = part
    sums = np.zeros((2, kappa.size))
    for block in blocks(kappa.size, max(1, len(eta))):
        inverse = 1.0 / (eta + kappa[block, None])
        sums[0, block] = sum_modes(inverse, weight * eta**power)
        inverse *= inverse
        sums[1, block] = sum_modes(inverse, weight * eta)
    return sums[0], sums[1]


def sorted_positive(eigenvalues: FloatArray) -> FloatArray:
    """Return the positive eigenvalues, descending."""
    return np.sort(eigenvalues[eigenvalues > 0.0])[::-1]


def groups(values: FloatArray) -> list[tuple[float, FloatArray]]:
    """Return the distinct values and where they are."""
    distinct, inverse = np.unique(values, return_inverse=True)
    if len(distinct) == 1:
        return [(float(distinct[0]), np.arange(values.size))]
    order = np.argsort(inverse, kind="stable")
    parts = np.split(order, np.flatnonzero(np.diff(inverse[order])) + 1)
    return [(float(v), part) for v, part in zip(distinct, parts, strict=True)]
