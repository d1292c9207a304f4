"""Leave-fold-out errors of many small folds at once: pairs, triplets, neighbourhoods of a row.

The matrices of all folds and penalties come from one product, and are solved together by
elimination along their few rows: LAPACK's calls would cost more than the arithmetic.
"""

from collections.abc import Iterator, Sequence
from typing import TypeVar

import numpy as np

from sk_renorm._linalg import Factorization
from sk_renorm._risk.leave_fold_out.hat_block import lost_digits

MOST_ROWS = 24  # of a fold: above, calls of LAPACK are the faster way; also for one fold alone
_BLOCK_ENTRIES = 2**20  # made at a time
_LEAST_PIVOT, _AMPLE = 1e-7, 1e-3  # of its diagonal entry: leaves eight digits, and plenty

Item = TypeVar("Item")


def batches(
    folds: Sequence[Item], size: int, f: Factorization, penalties: np.ndarray
) -> Iterator[Sequence[Item]]:
    """Yield as many folds of ``size`` rows as fit the cache."""
    entries = max(size * f.rank, size * penalties.size, len(penalties) * f.n_targets)
    step = max(1, _BLOCK_ENTRIES // (size * entries))
    for start in range(0, len(folds), step):
        yield folds[start : start + step]


def small_fold_errors(
    f: Factorization, rows: np.ndarray, penalties: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return errors (k, m, L, q) of k folds of rows (k, m), and whether each has its digits."""
    n_folds, size = rows.shape
    block = f.left_block(rows.T.ravel())
    U = block.U.reshape(size, n_folds, f.rank)
    first, second = np.triu_indices(size)
    pairs = U[first] * U[second]
    gains = 1.0 / (f.eigenvalues[:, None, None] + penalties)
    entries = (pairs.reshape(-1, f.rank) @ gains.reshape(f.rank, -1)).reshape(
        len(first), n_folds, *penalties.shape
    )
    targets = gains * f.projections[:, None, :]
    right = (block.U @ targets.reshape(f.rank, -1)).reshape(size, n_folds, *targets.shape[1:])
    # if the modes explain a whole fold, residuals and I - H share the factor alpha: it drops out
    scaled = block.null.reshape(size, n_folds).any(axis=0)
    if scaled.any():
        entries[:, scaled] *= penalties
        entries[:, scaled] += _null_pairs(block, pairs, first, second)[:, scaled, None, None]
        right[:, scaled] *= penalties
        right[:, scaled] += block.residual.reshape(size, n_folds, 1, -1)[:, scaled]
    matrices = np.empty((size, size, *entries.shape[1:]))
    matrices[first, second] = entries
    matrices[second, first] = entries
    # the inverse is larger than one over the pivot that shows it
    least = 10.0 * lost_digits(f, block.squares).reshape(size, n_folds).sum(axis=0)
    usable = _solve(matrices, right, least.clip(_LEAST_PIVOT, _AMPLE)[:, None, None])
    # a row that the modes explain, among others: its equation is nothing but rounding as alpha -> 0
    usable &= block.null.reshape(size, n_folds).all(axis=0) | ~scaled
    errors = right.swapaxes(0, 1)
    if f.data.root_weight is not None:
        errors /= f.data.root_weight[rows, None, None]
    return errors, usable


def _null_pairs(block, pairs: np.ndarray, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Entries (pairs, k) of the projector on what no mode explains."""
    n_folds = pairs.shape[1]
    if block.null_basis is not None:
        basis = block.null_basis.reshape(-1, n_folds, block.null_basis.shape[1])
        return np.einsum("pkj,pkj->pk", basis[first], basis[second])
    constant = block.constant.reshape(-1, n_folds)
    explained = pairs.sum(axis=2) + constant[first] * constant[second]
    return (first == second)[:, None] - explained


def _solve(matrices: np.ndarray, right: np.ndarray, least: np.ndarray) -> np.ndarray:
    """Solve (m, m, k, ...) systems for ``right`` (m, k, ...) in place; say which k have digits.

    Those whose pivots are more than ``least`` (k, ...) of their diagonal entries.
    """
    size = len(matrices)
    diagonal = matrices[np.arange(size), np.arange(size)].copy()
    usable = np.ones(matrices.shape[2], dtype=bool)
    for step in range(size):
        pivot = matrices[step, step]
        good = pivot > least * diagonal[step]
        usable &= good.all(axis=(1, 2))
        pivot[~good] = 1.0  # of a fold that is not used
        ratios = matrices[step + 1 :, step] / pivot
        matrices[step + 1 :, step + 1 :] -= ratios[:, None] * matrices[step, step + 1 :]
        right[step + 1 :] -= ratios * right[step]
    for step in reversed(range(size)):
        right[step] -= (matrices[step, step + 1 :] * right[step + 1 :]).sum(axis=0)
        right[step] /= matrices[step, step]
    return usable
