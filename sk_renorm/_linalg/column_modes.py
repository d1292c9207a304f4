"""Modes from second moments of columns, and from the rows again only where moments do not suffice.

The plain way, an eigendecomposition of the Gram matrix, is right where it resolves all columns.
Else Cholesky, strong columns first, tells columns that depend on others from columns of other
scales: second moments hold both.  What they do not hold is columns alike to more than five digits
and not equal; these take the rows.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from sk_renorm._linalg.eigh import eigh
from sk_renorm._linalg.factorization import RESOLVED
from sk_renorm._linalg.graded import (
    EPS,
    Triangle,
    cholesky_by_scale,
    column_scales,
    moments_resolution,
    triangle_by_passes,
)
from sk_renorm._linalg.graded_svd import modes_of
from sk_renorm._linalg.sums.moments import Moments

_EVEN = 1e5  # ratio of lengths of columns: beyond it a Gram matrix resolves not even their scales
_SAFELY = 100.0  # penalties so much larger than the resolution are right to two digits more
_PROBES = 8  # combinations of dependent columns that stand for all


class RowsAgain(NamedTuple):
    """What rows can be asked for once more.

    Attributes
    ----------
    gram_of : callable
        Returns ``T' X~' X~ T`` (k, k) for some columns T (p, k).
    cross_of : callable
        Returns ``T' X~' (Y~ - X~ T z)`` (k, q) for z (k, q) too.
    """

    gram_of: Callable[[np.ndarray], np.ndarray]
    cross_of: Callable[[np.ndarray, np.ndarray], np.ndarray]


@dataclass(frozen=True)
class ColumnModes:
    """Modes of columns; see `GradedModes`.

    Attributes
    ----------
    singular_values : ndarray of shape (r,)
        Ascending.
    left_map : ndarray of shape (p, r)
        ``U = X~ left_map``.
    V : ndarray of shape (p, r) or None
        Right vectors; None where they are ``left_map * singular_values``.
    left_error : ndarray of shape (r,)
        Relative error of the squared left vectors.
    resolution : float
        Smallest penalty that is resolved; zero if all are.
    needs_rows : bool
        Whether second moments did not suffice.
    """

    singular_values: np.ndarray
    left_map: np.ndarray
    V: np.ndarray | None = None
    left_error: np.ndarray | None = None
    resolution: float = 0.0
    needs_rows: bool = False


def projections_of(
    modes: ColumnModes, left_map, cross: np.ndarray, rows: RowsAgain | None
) -> np.ndarray:
    """Return ``U' Y~`` (r, q) from ``cross = X~' Y~`` (p, q).

    Where moments did not suffice ``left_map`` cancels digits of ``cross`` too; the residuals have
    them, and a product ``X~ left_map`` as it is rounded is the basis of rows hardly changed.
    """
    projections = left_map.T @ cross
    return projections + rows.cross_of(left_map, projections) if modes.needs_rows else projections


def column_modes(
    moments: Moments, n_free: int, rows: RowsAgain | None, least: float
) -> ColumnModes:
    """Return the modes of columns from their second moments.

    Parameters
    ----------
    moments : Moments
        Columns whose sum of squares is zero are left out.
    n_free : int
        Number of rows, less one with an intercept: no more modes are there.
    rows : RowsAgain or None
        None where only the moments are known.
    least : float
        Smallest penalty that matters.
    """
    power = np.diagonal(moments.xx)
    some = np.flatnonzero(power > 0.0)
    whole = len(some) == len(power)
    gram = moments.xx if whole else moments.xx[np.ix_(some, some)]
    noise = np.sqrt(1.0 + moments.total_weight * moments.x_mean[some] ** 2 / power[some])
    if not whole and rows is not None:
        rows = _of_columns(rows, some, len(power))
    modes = _modes(gram, noise, n_free, rows, least)
    if whole:
        return modes
    return replace(
        modes,
        left_map=_in_rows(some, len(power), modes.left_map),
        V=None if modes.V is None else _in_rows(some, len(power), modes.V),
    )


def _in_rows(some: np.ndarray, n_rows: int, values: np.ndarray) -> np.ndarray:
    """Return ``values`` in ``some`` rows, zeros in the others."""
    whole = np.zeros((n_rows, values.shape[1]))
    whole[some] = values
    return whole


def _of_columns(rows: RowsAgain, some: np.ndarray, n_columns: int) -> RowsAgain:
    """Return the same for ``some`` columns."""

    def gram_of(T: np.ndarray) -> np.ndarray:
        return rows.gram_of(_in_rows(some, n_columns, T))

    return rows._replace(gram_of=gram_of)


def _modes(
    gram: np.ndarray, noise: np.ndarray, n_free: int, rows: RowsAgain | None, least: float
) -> ColumnModes:
    """Return the modes of a Gram matrix (p, p); ``noise`` (p,) is rounding of entries in eps."""
    p = len(gram)
    scales = column_scales(np.diagonal(gram))
    plain = None
    if p == 0 or scales.max() <= _EVEN * scales.min():
        plain = _plain_modes(gram)
        if len(plain.singular_values) == p:
            return plain
    A = gram / scales / scales[:, None]
    triangle = cholesky_by_scale(A, scales, RESOLVED)
    if triangle.rcond**2 >= RESOLVED and _is_all(triangle, noise, n_free, rows):
        if plain is not None and len(plain.singular_values) == len(triangle.R):
            return plain
        return _graded_modes(triangle, EPS / triangle.rcond**2)
    if rows is None or least > 0.0:
        resolution = moments_resolution(A, scales, RESOLVED)
        if rows is None or least > _SAFELY * resolution > 0.0:
            triangle = cholesky_by_scale(A, scales, 4.0 * p * EPS)
            return _graded_modes(triangle, EPS, n_free, resolution)
    tolerance = EPS * max(p, n_free) * noise
    triangle = triangle_by_passes(A, scales, tolerance, rows.gram_of)
    return replace(_graded_modes(triangle, EPS / triangle.rcond), needs_rows=True)


def _plain_modes(gram: np.ndarray) -> ColumnModes:
    """Return the modes that an eigendecomposition resolves."""
    eigenvalues, V = eigh(gram.T)
    strong = eigenvalues > RESOLVED * eigenvalues.max(initial=0.0)
    if not strong.all():
        eigenvalues, V = eigenvalues[strong], V[:, strong]
    singular_values = np.sqrt(eigenvalues)
    V /= singular_values
    return ColumnModes(singular_values, V, left_error=EPS * eigenvalues[-1:] / eigenvalues)


def _graded_modes(
    triangle: Triangle,
    left_error: float,
    most: int | None = None,
    resolution: float = 0.0,
) -> ColumnModes:
    """Return the strongest ``most`` modes of a triangle."""
    modes = modes_of(triangle)
    r = len(modes.singular_values)
    keep = slice(0 if most is None else max(r - most, 0), None)
    return ColumnModes(
        singular_values=modes.singular_values[keep],
        left_map=modes.left_map[:, keep],
        V=modes.V[:, keep],
        left_error=np.full(r, left_error)[keep],
        resolution=resolution,
    )


def _is_all(triangle: Triangle, noise: np.ndarray, n_free: int, rows: RowsAgain | None) -> bool:
    """Say whether columns called dependent are that, to rounding of their entries."""
    if len(triangle.dependent) == 0 or len(triangle.R) >= n_free:
        return True
    if rows is None:
        return False
    N = triangle.null_vectors()
    if N.shape[1] > _PROBES:  # of combinations none is short by chance
        N = N @ np.random.default_rng(0).standard_normal((N.shape[1], _PROBES))
    power = np.diagonal(rows.gram_of(N / triangle.scales[:, None]))
    rounding = np.square(N * noise[:, None]).sum(axis=0)
    return bool((power <= 64.0 * EPS**2 * n_free / triangle.rcond * rounding).all())
