"""Factorization: the value that everything else in the package is arithmetic on."""

import functools
import itertools
import operator
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeVar

import numpy as np

from sk_renorm._linalg.blocks import Scratch, row_ranges
from sk_renorm._linalg.centred_rows import CentredRows
from sk_renorm._linalg.limit import Limit
from sk_renorm._linalg.threads import enough_rows, map_ranges
from sk_renorm._linalg.vectors import KeptLeft, SingularVectors

Result = TypeVar("Result")

# A Gram matrix holds eigenvalues to a few eps times the largest: this ratio leaves six digits.
RESOLVED = 1e-9
_FEW_ENTRIES = 2**17  # of U, that are kept for the next pass


@dataclass(frozen=True)
class LeftBlock:
    """Some rows of the left side of the data.

    Attributes
    ----------
    U, squares : ndarray of shape (b, r)
        Left singular vectors, and their squares.
    constant : ndarray of shape (b,)
        The unit vector of the intercept; zeros without one.
    null : ndarray of shape (b,)
        ``1 - constant**2 - sum U**2``: the part of each row that no mode explains.  Exactly zero
        where rounding cannot tell it from zero.
    residual : ndarray of shape (b, q)
        Part of the weighted, centred targets that no mode explains; zero where ``null`` is.
    null_basis : ndarray of shape (b, k) or None
        Vectors that span it, where they are known.
    """

    U: np.ndarray
    squares: np.ndarray
    constant: np.ndarray
    null: np.ndarray
    residual: np.ndarray
    null_basis: np.ndarray | None = None

    @property
    def null_projector(self) -> np.ndarray:
        """This block (b, b) of the projector on what no mode explains."""
        if not self.null.any():
            return np.zeros((len(self.U), len(self.U)))
        if self.null_basis is not None:
            return self.null_basis @ self.null_basis.T
        explained = self.U @ self.U.T + np.outer(self.constant, self.constant)
        return np.eye(len(self.U)) - explained


@dataclass(frozen=True)
class Factorization:
    """Centred, weighted data as ``X~ = U diag(sqrt(s)) V'``, with its targets ``Y~``.

    Everything is in the *sum* convention: the ridge coefficients at scikit-learn's ``alpha`` are
    ``V diag(sqrt(s) / (s + alpha)) U' Y~``.

    Attributes
    ----------
    name : str
        What it was made of: ``"row_gram"``, ``"column_gram"``, ``"rows"``, ``"moments"`` or
        ``"tridiagonal"``.
    data : CentredRows
        What was factorized.
    eigenvalues : ndarray of shape (r,)
        ``s``, the squared singular values that differ from zero, ascending.
    projections : ndarray of shape (r, q)
        ``U' Y~``.
    null_power : ndarray of shape (q,)
        Squared length of the part of ``Y~`` that no mode explains.
    vectors : SingularVectors
        The singular vectors.
    left_error : ndarray of shape (r,)
        Relative rounding error of the squared left vectors.
    resolution : float
        Smallest penalty whose results this factorization can tell from those of alpha = 0; zero if
        it resolves them all.
    reason : str
        Why it was made so.
    limit : Limit or None
        Why it resolves no penalties below ``resolution``.
    """

    name: str
    data: CentredRows
    eigenvalues: np.ndarray
    projections: np.ndarray
    null_power: np.ndarray
    vectors: SingularVectors
    left_error: np.ndarray
    resolution: float = 0.0
    reason: str = ""
    limit: Limit | None = None

    # modes that count several times, and traces with an error, are those of KrylovFactorization
    multiplicity = 1.0
    trace_weights = None
    leaves_rows_out = True
    known_from = 0.0  # and penalties that are only roughly told, that of TridiagonalFactorization

    @property
    def is_rough(self) -> bool:
        """Whether the eigenvalues are too rough to convert penalties."""
        return self.resolution > 0.0

    def trace(self, shares: np.ndarray) -> np.ndarray:
        """Return the sum (K,) over modes of their ``shares`` (r, K)."""
        return shares.sum(axis=0)

    @cached_property
    def participation(self) -> np.ndarray:
        """Share (r,) of the rows that each mode is made of: one over ``n sum U**4``.

        Zeros where rows are not at hand.
        """
        if not self.data.is_at_hand:
            return np.zeros(self.rank)
        return 1.0 / (self.data.n_rows * self.vectors.fourth_powers())

    @property
    def rank(self) -> int:
        """Number of modes."""
        return len(self.eigenvalues)

    @property
    def n_targets(self) -> int:
        """Number of targets."""
        return self.projections.shape[1]

    @property
    def n_modes(self) -> float:
        """Sum of the weights less the intercept's one: all modes, in the sense of traces."""
        return self.data.total_weight - self.data.fit_intercept

    @property
    def interpolates(self) -> bool:
        """Whether the modes can fit any targets exactly."""
        return self.rank >= self.data.n_rows - self.data.fit_intercept

    def shrunk(self, penalties: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return what ``penalties`` (L, 1) or (L, q) leave of the targets and of the modes.

        The squared length of the residuals (L, q), and the trace ``n - df`` (L, 1) or (L, q).  If
        there is nothing but modes, both vanish as alpha -> 0: then a factor drops out of the second
        and its square out of the first.
        """
        s = self.eigenvalues[:, None, None]
        spare, null_power = self.n_modes - self.rank, self.null_power
        if spare == 0.0 and self.rank:
            shrink, null_power = (s[0] + penalties) / (s + penalties), 0.0
        else:
            shrink = penalties / (s + penalties)
        power = np.square(self.projections)
        # (L, 1) penalties are one matrix product; (L, q) pair each target with its own
        if penalties.shape[1] == 1:
            residual = np.square(shrink[:, :, 0]).T @ power
        else:
            residual = np.einsum("klq,kq->lq", np.square(shrink), power)
        return residual + null_power, spare + shrink.sum(axis=0)

    def holding(self, X: np.ndarray, Y: np.ndarray, weights: np.ndarray | None) -> "Factorization":
        """Return this factorization of moments with some of the rows at hand."""
        data = self.data.holding(X, Y, weights)
        return replace(self, data=data, vectors=replace(self.vectors, data=data))

    def keeping_left(self) -> "Factorization":
        """Return this factorization with its left vectors stored, for many passes over them."""
        if hasattr(self.vectors, "U"):  # stored already
            return self
        blocks = row_ranges(0, self.data.n_rows, self.data.width)
        U = np.concatenate([self.vectors.left(rows) for rows in blocks])
        return replace(self, vectors=KeptLeft(self.vectors, U))

    def left_block(self, rows: slice | np.ndarray, scratch: Scratch | None = None) -> LeftBlock:
        """Return what leave-out formulas need of some ``rows``, partly in ``scratch`` space."""
        U = self.vectors.left(rows, scratch)
        # the rows are used up: their buffer takes the squares
        squares = np.square(U, out=None if scratch is None else scratch("rows", *U.shape))
        constant = self.data.constant[rows]
        if self.interpolates:
            nothing = np.zeros((len(U), self.n_targets))
            return LeftBlock(U, squares, constant, np.zeros(len(U)), nothing)
        basis = self.vectors.null_basis
        if basis is None:
            explained, error = (squares @ self._sum_and_error).T
            null = 1.0 - constant**2 - explained
            rounding = 4.0 * (np.finfo(float).eps + error)
            residual = self.data.targets[rows] - U @ self.projections
        else:
            basis = basis[rows]
            null = np.square(basis).sum(axis=1)
            rounding = basis.shape[1] * (8.0 * self.left_error.max(initial=0.0)) ** 2
            residual = basis @ self._null_projections
        lost = null <= rounding
        if lost.any():
            null[lost] = 0.0
            residual[lost] = 0.0
        return LeftBlock(U, squares, constant, null, residual, basis)

    @cached_property
    def _sum_and_error(self) -> np.ndarray:
        both = np.ones((self.rank, 2))
        both[:, 1] = self.left_error
        return both

    @cached_property
    def _null_projections(self) -> np.ndarray:
        return self.vectors.null_basis.T @ self.data.targets

    def coefficients(self, alpha: float | np.ndarray) -> np.ndarray:
        """Return ridge coefficients (k, q) at one penalty, or at one for each target (q,)."""
        gains = np.sqrt(self.eigenvalues)[:, None] / (self.eigenvalues[:, None] + alpha)
        return self.vectors.right_product(gains * self.projections)

    def residuals(self, alpha: float | np.ndarray) -> np.ndarray:
        """Return the residuals (n, q) of ``Y~`` at one penalty, or at one for each target (q,)."""
        coef, width = self.data.arranged(self.coefficients(alpha)), self.data.x_mean.size
        residuals = np.empty(self.data.targets.shape)

        def over_range(start: int, stop: int) -> None:
            scratch = Scratch()
            for rows in row_ranges(start, stop, width):
                fitted = self.data.row_product(rows, coef, scratch)
                np.subtract(self.data.targets[rows], fitted, out=residuals[rows])

        map_ranges(over_range, len(residuals), min_items=enough_rows(width))
        return residuals

    def map_left_blocks(self, task: Callable[[slice, LeftBlock, Scratch], Result]) -> list[Result]:
        """Call ``task(rows, block, scratch)`` on blocks of rows, spread over the cores.

        Results are in row order; they must not be views of the block or of scratch space, which the
        next block overwrites.
        """
        return list(itertools.chain.from_iterable(self._over_ranges(task, list)))

    def sum_left_blocks(self, task: Callable[[slice, LeftBlock, Scratch], Result]) -> Result:
        """Sum ``task(rows, block, scratch)`` over blocks of rows; keeps no more than the sums."""
        sums = self._over_ranges(task, lambda results: functools.reduce(operator.add, results))
        return functools.reduce(operator.add, sums)

    @cached_property
    def _whole(self) -> LeftBlock | None:
        """All rows as one block, if they are few; else None."""
        n_rows = self.data.n_rows
        few = n_rows * max(self.data.width, self.rank) <= _FEW_ENTRIES
        return self.left_block(slice(0, n_rows)) if few else None

    def _over_ranges(self, task, collect: Callable[[Iterator], object]) -> list:
        """Return for every core's range of rows what ``collect`` makes of its results."""
        if self._whole is not None:
            return [collect(iter([task(slice(0, self.data.n_rows), self._whole, Scratch())]))]
        width = self.data.width

        def over_range(start: int, stop: int):
            scratch = Scratch()
            return collect(
                task(rows, self.left_block(rows, scratch), scratch)
                for rows in row_ranges(start, stop, width)
            )

        return map_ranges(over_range, len(self.data.targets), min_items=enough_rows(width))
