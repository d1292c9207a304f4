"""Triangular factors of columns of any scale, each column known to its own full precision.

With D the lengths of the columns, ``X~ = B D``, the entries of the Gram matrix are right relative
to the lengths of *their two columns*, and so is a triangle ``B = Q R`` that is made strong columns
first.  An eigendecomposition loses that: it knows all numbers to eps times the largest only.

A column of which nothing is left *depends* on columns before it, and gets no entry in later rows:
with pivots of all scales together the rounding of a strong column's copy would become a direction
among weak columns.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy.linalg
from scipy.linalg import lapack

from sk_renorm._linalg.eigh import eigh

EPS = float(np.finfo(float).eps)
LIKE = 1e3  # ratio of the lengths of columns that are pivoted together
_RESOLVED = 1e-6  # ratio of eigenvalues of a Gram matrix whose Cholesky factor is right
_PASSES = 2  # each brings singular values 1e5 times smaller within reach of a Gram matrix


@dataclass(frozen=True)
class Triangle:
    """``R`` with ``X~ = Q R diag(scales)`` and orthonormal Q.

    Attributes
    ----------
    R : ndarray of shape (r, p)
        Upper triangular if its columns are taken in the order of ``pivots``; columns that depend on
        others follow.
    pivots : ndarray of shape (r,), int
        Independent columns, strong ones first.
    scales : ndarray of shape (p,)
        Powers of two, so that scaling is exact.
    """

    R: np.ndarray
    pivots: np.ndarray
    scales: np.ndarray

    @property
    def square(self) -> np.ndarray:
        """The independent columns (r, r) of R, upper triangular."""
        return self.R[:, self.pivots]

    @property
    def rcond(self) -> float:
        """An estimate of one over the condition number of the independent columns."""
        if not len(self.R):
            return 1.0
        square = self.square  # its own LU decomposition, and scipy 1.13 has no dtrcon
        return float(lapack.dgecon(square, np.abs(square).sum(axis=0).max(), norm="1")[0])

    @property
    def dependent(self) -> np.ndarray:
        """Columns that depend on the pivots."""
        return np.setdiff1d(np.arange(len(self.scales)), self.pivots)

    def null_vectors(self) -> np.ndarray:
        """Return N (p, k) with ``R N = 0``, one for each dependent column, where its entry is 1."""
        others = self.dependent
        N = np.zeros((len(self.scales), len(others)))
        N[self.pivots] = -scipy.linalg.solve_triangular(self.square, self.R[:, others])
        N[others, np.arange(len(others))] = 1.0
        return N


def column_scales(power: np.ndarray) -> np.ndarray:
    """Return powers of two near the square roots of ``power`` (p,); one where it is zero."""
    scales = np.ones(len(power))
    some = power > 0.0
    scales[some] = np.exp2(np.round(0.5 * np.log2(power[some])))
    return scales


def are_of_like_scale(power: np.ndarray) -> bool:
    """Say whether all columns of some ``power`` (p,) are of like scale."""
    some = power[power > 0.0]
    return bool(len(some)) and bool(some.max() <= LIKE**2 * some.min())


def groups_of_like_scale(scales: np.ndarray) -> tuple[np.ndarray, list[slice]]:
    """Return an order (p,) of columns, strongest first, and slices of it of like scale."""
    order = np.argsort(-scales, kind="stable")
    ordered, groups, start = scales[order], [], 0
    while start < len(order):
        stop = int(np.searchsorted(-ordered, -ordered[start] / LIKE, side="right"))
        groups.append(slice(start, stop))
        start = stop
    return order, groups


def cholesky_by_scale(A: np.ndarray, scales: np.ndarray, tolerance: float) -> Triangle:
    """Factorize ``A = R' R`` (p, p) of unit diagonal, columns of strong ``scales`` first.

    Columns of which no more than ``tolerance`` is left are dependent.
    """
    p = len(A)
    order, groups = groups_of_like_scale(scales)
    rest = A[np.ix_(order, order)]
    rows, pivots = [np.zeros((0, p))], [np.zeros(0, dtype=int)]
    for group in groups:
        some = np.array(rest[group, group], order="F")
        if np.diagonal(some).max() <= tolerance:
            continue
        factor, places, rank, _ = lapack.dpstrf(some, tol=tolerance, lower=0, overwrite_a=1)
        places = group.start + places - 1
        factor = np.triu(factor)[:rank]
        R = np.zeros((rank, p))
        R[:, places] = factor
        later = slice(group.stop, p)
        R[:, later] = scipy.linalg.solve_triangular(
            factor[:, :rank], rest[places[:rank], later], trans=1
        )
        rest[later, later] -= R[:, later].T @ R[:, later]
        rows.append(R)
        pivots.append(order[places[:rank]])
    R = np.empty((sum(map(len, rows)), p))
    R[:, order] = np.concatenate(rows)
    return Triangle(R, np.concatenate(pivots), scales)


def qr_by_scale(
    B: np.ndarray, scales: np.ndarray, tolerance: np.ndarray, *, complete: bool = False
) -> tuple[np.ndarray, np.ndarray, Triangle]:
    """Factorize columns ``B`` (n, p) of about unit length, those of strong ``scales`` first.

    Columns of which no more than their ``tolerance`` (p,) is left are dependent.  Returns Q (n, r),
    what completes it if asked for (n, n - r), and the triangle.
    """
    n, p = B.shape
    order, groups = groups_of_like_scale(scales)
    Q, rest = np.eye(n), B[:, order]
    if n > p and not complete:
        Q, rest = scipy.linalg.qr(rest, mode="economic", check_finite=False)
    done, pivots = 0, [np.zeros(0, dtype=int)]
    for group in groups:
        if done == len(rest):
            break
        q, r, places = scipy.linalg.qr(rest[done:, group], pivoting=True, check_finite=False)
        limit = tolerance[order[group]].max()
        rank = int(np.count_nonzero(np.abs(np.diagonal(r)) > limit))
        rest[done:, group] = 0.0
        rest[done : done + rank, group.start + places] = r[:rank]
        rest[done:, group.stop :] = q.T @ rest[done:, group.stop :]
        Q[:, done:] = Q[:, done:] @ q
        pivots.append(order[group.start + places[:rank]])
        done += rank
    R = np.empty((done, p))
    R[:, order] = rest[:done]
    return Q[:, :done], Q[:, done:], Triangle(R, np.concatenate(pivots), scales)


def triangle_by_passes(
    A: np.ndarray,
    scales: np.ndarray,
    tolerance: np.ndarray,
    gram_of: Callable[[np.ndarray], np.ndarray],
) -> Triangle:
    """Factorize columns that a Gram matrix does not resolve, by passes over the rows.

    A pass takes the Gram matrix of columns that the last triangle has made nearly orthogonal, which
    resolves what the last could not: ``gram_of(T)`` returns ``T' X~' X~ T`` (k, k).  One is enough
    for columns alike to 1e-10.
    """
    p = len(A)
    R = np.eye(p)
    for left in range(_PASSES, -1, -1):
        values, vectors = eigh(A)
        if values[0] > _RESOLVED * values[-1]:
            R = scipy.linalg.cholesky(A) @ R
            break
        root = np.sqrt(np.maximum(values, 4.0 * p * EPS * values[-1]))
        (R,) = scipy.linalg.qr((root[:, None] * vectors.T) @ R, mode="r")
        if left:
            T = scipy.linalg.solve_triangular(R, np.eye(p)) / scales[:, None]
            A = gram_of(T)
    # what was lifted to the floor in every pass is rounding
    _, _, triangle = qr_by_scale(R, scales, np.maximum(tolerance, 8.0 * p * EPS))
    return triangle


def moments_resolution(A: np.ndarray, scales: np.ndarray, least: float) -> float:
    """Return the smallest penalty that second moments resolve.

    Directions of ``A`` (p, p), of unit diagonal, whose eigenvalues are below ``least`` of the
    largest are lost; a penalty hides each if in its units it is at least that.
    """
    values, vectors = eigh(A)
    weak = vectors[:, values < least * values[-1]] / scales[:, None]
    if not weak.size:
        return 0.0
    # the least singular value, to high relative accuracy: eigenvalues of the Gram matrix lose it
    shortest = scipy.linalg.svdvals(weak, check_finite=False)[-1]
    return float(least * values[-1] / shortest**2)
