"""KrylovFactorization: what a few Krylov spaces know of data too large for a spectrum."""

import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy.linalg
from scipy.sparse.linalg import LinearOperator, cg

from sk_renorm._linalg.krylov.space import KrylovSpace, Lanczos
from sk_renorm._linalg.sparse import SparseData
from sk_renorm._linalg.threads import one_blas_thread
from sk_renorm.exceptions import UnresolvedPenaltyWarning

_EPS = np.finfo(float).eps
_STEPS = (5, 8, 12, 18, 27, 40, 60, 90)
_N_PROBES = 4
_N_KEPT_PROBES = 2  # whose bases are kept: what leverages take
_SETTLED = 3e-3  # change of the log risk since two thirds of the steps: the error is far smaller
_LEAST = 1e-10  # penalty over largest eigenvalue
_SAMPLE_ROWS = 4096  # for the scatter of leverages
_TOLERANCE = 1e-8  # of the normal equations at the penalty chosen


@dataclass(frozen=True)
class KrylovFactorization:
    """A `Spectrum` of fewer modes that each count several times, and leaves no rows out.

    The modes are those of random vectors, the probes.  Traces have a Monte-Carlo error:
    ``trace_weights`` differ between probes.

    Attributes
    ----------
    data : SparseData
        What was factorized.
    targets, probes : tuple of KrylovSpace
        Of the Gram matrix of the shorter side, for every target and every probe.
    resolution : float
        Smallest penalty whose results have settled.
    reason : str
        Why it was made so.
    """

    data: SparseData
    targets: tuple[KrylovSpace, ...]
    probes: tuple[KrylovSpace, ...]
    resolution: float
    reason: str
    name: str = "krylov"
    leaves_rows_out: bool = False
    limit: None = None
    known_from: float = 0.0
    # of least squares, which Krylov spaces do not reach
    null_power: None = None

    @property
    def is_rough(self) -> bool:
        """Whether the eigenvalues are too rough to convert penalties: not if resolved."""
        return False

    @property
    def participation(self) -> np.ndarray:
        """No row is left out: gaps of the spectrum are gaps."""
        return np.ones(len(self.eigenvalues))

    @property
    def is_tall(self) -> bool:
        """Whether the shorter side is that of the features."""
        return self.data.n_rows > self.data.x_mean.size

    @cached_property
    def _modes(self) -> tuple[np.ndarray, np.ndarray]:
        """Eigenvalues (r,), ascending, and trace weights (r, b)."""
        n_short = self.data.x_mean.size
        if not self.is_tall:
            n_short = self.data.n_rows - self.data.fit_intercept
        nodes = np.concatenate([probe.nodes for probe in self.probes])
        weights = scipy.linalg.block_diag(
            *(n_short * np.square(probe.weights / probe.length)[:, None] for probe in self.probes)
        )
        keep = nodes > self._rounding
        order = np.flatnonzero(keep)[np.argsort(nodes[keep])]
        return nodes[order], weights[order]

    @cached_property
    def _rounding(self) -> float:
        """Node up to which there is only rounding."""
        top = max(probe.nodes[-1] for probe in self.probes)
        return max(self.data.X.shape) * _EPS * top

    @property
    def eigenvalues(self) -> np.ndarray:
        """Nodes (r,), ascending."""
        return self._modes[0]

    @property
    def trace_weights(self) -> np.ndarray:
        """How often each mode counts in traces (r, b), by every probe."""
        return self._modes[1]

    @cached_property
    def multiplicity(self) -> np.ndarray:
        """The same (r,), by all probes."""
        return self.trace_weights.mean(axis=1)

    def trace(self, shares: np.ndarray) -> np.ndarray:
        """Return the sum (K,) over modes of their ``shares`` (r, K)."""
        return self.multiplicity @ shares

    @property
    def rank(self) -> float:
        """Number of modes, each as often as it counts."""
        rank = float(self.multiplicity.sum())
        return round(rank) if abs(rank - round(rank)) < 1e-6 else rank

    @property
    def n_targets(self) -> int:
        """Number of targets."""
        return len(self.targets)

    @property
    def n_modes(self) -> float:
        """Sum of the weights less the intercept's one: all modes, in the sense of traces."""
        return self.data.total_weight - self.data.fit_intercept

    def shrunk(self, penalties: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        rows = self.data.n_rows - self.data.fit_intercept
        return self.residual_power(penalties), self.n_modes - rows + self.remaining(penalties)

    def residual_power(self, penalties: np.ndarray) -> np.ndarray:
        """Return the squared length (L, q) of the residuals at ``penalties`` (L, 1) or (L, q)."""
        columns = np.broadcast_to(penalties, (len(penalties), self.n_targets)).T
        result = np.empty((len(penalties), self.n_targets))
        for target, (space, alphas) in enumerate(zip(self.targets, columns, strict=True)):
            keep = space.nodes > self._rounding
            nodes, power = space.nodes[keep], np.square(space.weights[keep])
            if self.is_tall:
                power = power / nodes
            shrink = alphas[:, None] / (nodes + alphas[:, None])
            result[:, target] = np.square(shrink) @ power
            result[:, target] += max(self._power[target] - power.sum(), 0.0)
        return result

    @cached_property
    def _power(self) -> np.ndarray:
        """Squared length (q,) of the targets."""
        return np.square(self.data.targets).sum(axis=0)

    def remaining(self, penalties: np.ndarray) -> np.ndarray:
        """Return modes of the rows less degrees of freedom, in the shape of ``penalties``.

        A row counts as one, whatever its weight.
        """
        shares = penalties / (self.eigenvalues[:, None, None] + penalties)
        return (
            self.data.n_rows
            - self.data.fit_intercept
            - self.rank
            + np.tensordot(self.multiplicity, shares, axes=1)
        )

    def solutions(self, penalties: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
        """Return approximate solutions on the shorter side at ``penalties`` (L, q).

        For every target as a product of few columns (m, c) with (c, L).
        """
        products = []
        for space, alphas in zip(self.targets, penalties.T, strict=True):
            inner = space.coordinates(alphas)
            if len(inner) < len(alphas):
                products.append((np.ascontiguousarray(space.basis.T), inner))
            else:
                products.append((space.basis.T @ inner, np.eye(len(alphas))))
        return products

    def residuals(
        self, rows: slice, solutions: list[tuple[np.ndarray, np.ndarray]], penalties: np.ndarray
    ) -> np.ndarray:
        """Return weighted residuals (b, L, q) of some rows, of `solutions` at ``penalties``."""
        residuals = []
        for target, (columns, inner) in enumerate(solutions):
            if self.is_tall:
                fitted = self.data.row_product(rows, columns) @ inner
                residuals.append(self.data.targets[rows, target, None] - fitted)
            else:
                residuals.append(penalties[:, target] * (columns[rows] @ inner))
        return np.stack(residuals, axis=2)

    def coefficients(self, alpha: float | np.ndarray) -> np.ndarray:
        """Return ridge coefficients (p, q) at one penalty, or at one for each target (q,).

        By conjugate gradients, from the solution in the Krylov space.
        """
        alphas = np.broadcast_to(alpha, self.n_targets)
        starts = np.hstack([a @ b for a, b in self.solutions(alphas[None, :])])
        right = self.data.targets
        right = self.data.right_product(right) if self.is_tall else right
        solved = np.empty_like(starts)
        for target, penalty in enumerate(alphas):
            shifted = LinearOperator(
                (len(starts), len(starts)),
                lambda v, a=penalty: _gram_product(self.data, v[:, None])[:, 0] + a * v,
            )
            with one_blas_thread():
                solved[:, target], failed = cg(
                    shifted, right[:, target], x0=starts[:, target], rtol=_TOLERANCE
                )
            if failed:
                warnings.warn(
                    f"Conjugate gradients for the coefficients did not converge at alpha="
                    f"{penalty:.3g}; bring the features to one scale, or give a stronger penalty.",
                    UnresolvedPenaltyWarning,
                    stacklevel=2,
                )
        return solved if self.is_tall else self.data.right_product(solved)

    def leverage_scatter(self, penalties: np.ndarray) -> np.ndarray:
        """Return the variance of the leverages (L,) at ``penalties`` (L,), from a sample of rows.

        A probe z gives every leverage with an error, as a product of two numbers; those of two
        probes are independent, so that their covariance over the rows is the leverages' variance.
        """
        n = self.data.n_rows
        rows = np.arange(0, n, -(-n // _SAMPLE_ROWS))
        estimates = []
        for probe in self.probes[:_N_KEPT_PROBES]:
            z, solved = probe.length * probe.basis[0], probe.solve(penalties)
            if self.is_tall:
                products = self.data.row_product(rows, np.column_stack([z, solved]))
                estimates.append(products[:, :1] * products[:, 1:])
            else:
                estimates.append(z[rows, None] * (z[:, None] - penalties * solved)[rows])
        first, second = (values - values.mean(axis=0) for values in estimates)
        return np.maximum(np.mean(first * second, axis=0), 0.0)


def krylov_factorizations(
    data: SparseData, seed: int, reason: str
) -> Iterable[KrylovFactorization]:
    """Yield factorizations of more and more steps.

    Parameters
    ----------
    data : SparseData
        What to factorize.
    seed : int
        Of the probes.
    reason : str
        Why it is done so.

    Notes
    -----
    A step is two products of X with one vector for every target and probe.  Kept are as many
    vectors of the shorter side as there are steps, for every target and two probes.
    """
    n, p = data.X.shape
    short = min(n, p)
    probes = np.random.default_rng(seed).choice([-1.0, 1.0], size=(short, _N_PROBES))
    if n <= p:
        probes -= np.multiply.outer(data.constant, data.constant @ probes)
    targets = data.right_product(data.targets) if n > p else data.targets
    n_targets = targets.shape[1]
    starts = np.concatenate([targets, probes], axis=1)
    lanczos = Lanczos(
        lambda v: _gram_product(data, v), starts, n_targets + _N_KEPT_PROBES, n_targets
    )
    previous = None
    for n_steps in _STEPS:
        lanczos.extend(n_steps)
        spaces = tuple(lanczos.space(column, n_steps) for column in range(starts.shape[1]))
        say = (
            f"{reason}; {n_steps} Krylov steps from y and {_N_PROBES} random vectors give traces, "
            "not the leverage of a row, so the risk is that of generalized cross-validation"
        )
        current = KrylovFactorization(data, spaces[:n_targets], spaces[n_targets:], np.inf, say)
        if previous is not None:
            resolution = _settled_from(current, previous)
            yield KrylovFactorization(data, current.targets, current.probes, resolution, say)
        previous = current


def _settled_from(current: KrylovFactorization, previous: KrylovFactorization) -> float:
    """Return the least penalty from which on the risk is that of fewer steps."""
    top = current.eigenvalues.max(initial=0.0)
    if not top:
        return 0.0
    penalties = top * np.geomspace(_LEAST, 1e3, 79)[:, None]
    logs = []
    for f in (current, previous):
        power, remaining = f.residual_power(penalties), f.remaining(penalties)
        logs.append(np.log(np.maximum(power, np.finfo(float).tiny)) - 2.0 * np.log(remaining))
    moved = np.abs(logs[0] - logs[1]).max(axis=1) > _SETTLED
    if not moved.any():
        return float(penalties[0, 0])
    return float(penalties[min(np.flatnonzero(moved)[-1] + 1, len(penalties) - 1), 0])


def _gram_product(data: SparseData, v: np.ndarray) -> np.ndarray:
    """Return the product of the Gram matrix of the shorter side with ``v`` (m, c)."""
    if data.n_rows > data.x_mean.size:
        return data.right_product(data.row_product(slice(None), v))
    return data.row_product(slice(None), data.right_product(v))
