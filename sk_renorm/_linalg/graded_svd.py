"""Singular values and vectors to high relative accuracy, whatever the scales of the columns.

``R D = W diag(sigma) V'`` of a triangle R and scales D has singular values that are determined to
cond(R) eps, however far apart they lie, and one-sided Jacobi rotations attain that (Demmel and
Veselic 1992; LAPACK's gejsv).  Then ``X~ = (Q W) diag(sigma) V'`` is the ordinary singular value
decomposition: the penalty stays ``alpha I``, and no result depends on units.
"""

from dataclasses import dataclass

import numpy as np
import scipy.linalg
from scipy.linalg import lapack

from sk_renorm._linalg.eigh import eigh
from sk_renorm._linalg.factorization import RESOLVED
from sk_renorm._linalg.graded import EPS, LIKE, Triangle, column_scales

_JACOBI = 300  # sizes up to which Jacobi rotations cost next to nothing
_STEPS = 8  # of splitting; two are enough for a gap of 1e8


@dataclass(frozen=True)
class GradedModes:
    """Modes of ``X~ = U diag(singular_values) V'``, weakest first.

    Attributes
    ----------
    W : ndarray of shape (r, r)
        ``U = Q W`` for the Q of the triangle.
    singular_values : ndarray of shape (r,)
        Ascending.
    left_map : ndarray of shape (p, r)
        ``U = X~ left_map``.
    V : ndarray of shape (p, r)
        Right vectors.
    """

    W: np.ndarray
    singular_values: np.ndarray
    left_map: np.ndarray
    V: np.ndarray


def modes_of(triangle: Triangle) -> GradedModes:
    """Return the modes of ``R diag(scales)``."""
    M = triangle.R * triangle.scales
    W, sigma = graded_svd(M, triangle.scales[triangle.pivots])
    order = np.argsort(sigma, kind="stable")
    W, sigma = W[:, order], sigma[order]
    left_map = _least_norm_map(triangle, W)
    # entry by entry the better of two: M' W / sigma loses weak modes in strong columns, the other
    # strong modes in weak columns
    weak = sigma < triangle.scales[:, None]
    V = np.where(weak, left_map * sigma, (M.T @ W) / sigma)
    return GradedModes(W, sigma, left_map, V)


def graded_svd(M: np.ndarray, scales: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return W (r, r) and sigma (r,) of ``M = R D`` (r, p), r <= p, in no order.

    Large ones are first split where the ``scales`` (r,) of the pivots, which descend but for a
    factor, have gaps: LQ and QR steps in turn shrink what couples the parts by the gap each time.
    """
    r = len(M)
    if r and scales.max() <= LIKE * scales.min():
        return _even_svd(M)
    if r <= _JACOBI:
        return _jacobi_svd(M)
    above = np.minimum.accumulate(scales)[:-1]
    below = np.maximum.accumulate(scales[::-1])[::-1][1:]
    cuts = np.flatnonzero(above > LIKE * below) + 1
    (L,) = scipy.linalg.qr(M.T, mode="r", check_finite=False)
    W, L = _decoupled(L[:r].T, cuts)
    if L is None:
        return _jacobi_svd(M)
    parts, values = [], []
    for start, stop in zip([0, *cuts], [*cuts, r], strict=True):
        part = slice(start, stop)
        rotation, sigma = _part_svd(L[part, part], scales[part])
        parts.append(W[:, part] @ rotation)
        values.append(sigma)
    return np.concatenate(parts, axis=1), np.concatenate(values)


def _decoupled(L: np.ndarray, cuts: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
    """Rotate a lower triangle until parts between ``cuts`` no longer matter to each other.

    A coupling E with ``|E inv(L)| <= eps`` changes no singular value by more than that.  Returns
    the rotation of the rows and the triangle, lower or upper, or None if it does not converge.
    """
    W, lower = np.eye(len(L)), True
    if not len(cuts):
        return W, L
    for _ in range(_STEPS):
        if max(np.abs(_coupling(L, cut, lower)).max() for cut in cuts) <= EPS:
            return W, L
        if lower:
            Q, L = scipy.linalg.qr(L, mode="economic", check_finite=False)
            W = W @ Q
        else:
            (L,) = scipy.linalg.qr(L.T, mode="r", check_finite=False)
            L = L.T
        lower = not lower
    return W, None


def _coupling(L: np.ndarray, cut: int, lower: bool) -> np.ndarray:
    strong = L[:cut, :cut]
    if lower:
        return scipy.linalg.solve_triangular(strong, L[cut:, :cut].T, lower=True, trans=1)
    return scipy.linalg.solve_triangular(strong, L[:cut, cut:])


def _part_svd(L: np.ndarray, scales: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return W, sigma of a part, the cheapest way that is exact."""
    values, W = eigh(L @ L.T)
    if values[0] > RESOLVED * values[-1]:
        return W, np.sqrt(values)
    return _jacobi_svd(L) if scales.max() > LIKE * scales.min() else _even_svd(L)


def _even_svd(M: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return W (r, r), sigma (r,) of ``M`` (r, p), r <= p, whose columns are of like scale."""
    try:
        W, sigma, _ = scipy.linalg.svd(M, full_matrices=False, check_finite=False)
    except scipy.linalg.LinAlgError:
        # divide and conquer fails on rare inputs; QR iterations do not
        W, sigma, _ = scipy.linalg.svd(
            M, full_matrices=False, check_finite=False, lapack_driver="gesvd"
        )
    return W, sigma


def _jacobi_svd(M: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return W (r, k), sigma (k,) of ``M`` (r, p), r <= p, by one-sided Jacobi rotations."""
    if not M.size:
        return np.zeros((len(M), 0)), np.zeros(0)
    # of columns scaled at will, with vectors of both sides, as they are: no transpose, no
    # perturbation of entries that are denormal
    how = {"joba": 2, "jobu": 0, "jobv": 0, "jobr": 1, "jobt": 1, "jobp": 1}
    values, _, V, work, counts, info = lapack.dgejsv(np.array(M.T, order="F"), **how)
    if info:
        raise np.linalg.LinAlgError(f"Jacobi rotations did not converge (gejsv: {info})")
    rank = int(counts[1])
    return V[:, :rank], values[:rank] * (work[0] / work[1])


def _least_norm_map(triangle: Triangle, W: np.ndarray) -> np.ndarray:
    """Return L (p, r) with ``X~ L = Q W`` and ``L sigma = V``.

    It is ``D^-1 inv(R) W`` if no column depends on others; else, with ``C = inv(R11) R`` of the
    pivots, ``D C' inv(C D^2 C') inv(R11) W``.
    """
    R, pivots, scales = triangle.R, triangle.pivots, triangle.scales
    r, p = R.shape
    square = triangle.square
    solved = scipy.linalg.solve_triangular(square, W)
    if r == p:
        L = np.empty_like(solved)
        L[pivots] = solved
        return L / scales[:, None]
    C = scipy.linalg.solve_triangular(square, R)
    C[:, pivots] = np.eye(r)
    C *= scales
    K = C @ C.T
    units = column_scales(np.diagonal(K))[:, None]
    factor = scipy.linalg.cho_factor(K / units / units.T)
    return C.T @ (scipy.linalg.cho_solve(factor, solved / units) / units)
