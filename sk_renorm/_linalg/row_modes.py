"""Modes of data with few rows: from the Gram matrix of rows where it resolves them, or from rows.

Where columns differ in scale, or rows nearly depend on each other, the rows are factorized.  If
there are more columns than rows, few of them matter one by one: strong columns stay as they are,
and from the first columns of like scale that outnumber the rows a triangle stands for the rest.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from sk_renorm._linalg.blocked_qr import blocked_triangle
from sk_renorm._linalg.blocks import CentredData
from sk_renorm._linalg.eigh import eigh
from sk_renorm._linalg.factorization import RESOLVED
from sk_renorm._linalg.graded import (
    EPS,
    Triangle,
    are_of_like_scale,
    column_scales,
    groups_of_like_scale,
    qr_by_scale,
)
from sk_renorm._linalg.graded_svd import modes_of
from sk_renorm._linalg.reflection import Reflection

_WELL = 1e-7  # reciprocal condition of the rest of wide data from which its triangle is right
_FEW_WEAK = 8  # modes
_REFINEMENTS = 2
_BLOCK_ENTRIES = 2**20


class RowModes(NamedTuple):
    """Modes ``X~ = U diag(singular_values) V'`` of few rows, weakest first.

    Attributes
    ----------
    U : ndarray of shape (n, r)
        Left vectors.
    singular_values : ndarray of shape (r,)
        Ascending.
    null_basis : ndarray of shape (n, k) or None
        What neither U nor the intercept span; None if that is nothing.
    left_error : ndarray of shape (r,)
        Relative error of the squared left vectors.
    strong : ndarray of shape (m,), int, or None
        Columns whose right vectors are known apart.
    V : ndarray of shape (m, r) or None
        Those.
    resolution : float
        Zero: all penalties are resolved.
    """

    U: np.ndarray
    singular_values: np.ndarray
    null_basis: np.ndarray | None
    left_error: np.ndarray
    strong: np.ndarray | None = None
    V: np.ndarray | None = None
    resolution: float = 0.0


def gram_modes(gram: np.ndarray, data: CentredData, reflection: Reflection) -> RowModes | None:
    """Return the modes that a reflected Gram matrix (n - skip, n - skip) resolves.

    None if some of the others may be there.
    """
    eigenvalues, rotated = eigh(gram)
    strong = eigenvalues > RESOLVED * eigenvalues.max(initial=0.0)

    def tail(directions: np.ndarray) -> np.ndarray:
        return data.right_product(reflection.back(directions.sum(axis=1, keepdims=True)))

    if not strong.all() and not is_nothing(eigenvalues, rotated[:, ~strong], tail, data):
        return _with_weak_modes(eigenvalues, rotated, strong, data, reflection)
    null_basis = None if strong.all() else reflection.back(rotated[:, ~strong])
    U = reflection.back(rotated if strong.all() else rotated[:, strong])
    eigenvalues = eigenvalues[strong]
    left_error = EPS * eigenvalues[-1:] / eigenvalues
    return RowModes(U, np.sqrt(eigenvalues), null_basis, left_error)


def _with_weak_modes(
    eigenvalues: np.ndarray,
    rotated: np.ndarray,
    strong: np.ndarray,
    data: CentredData,
    reflection: Reflection,
) -> RowModes | None:
    """Return all modes where few are weak and columns are of like scale, else None.

    The weak vectors of a Gram matrix span the right space but for what rounding mixes in of the
    strong ones; products with the rows, which are not squared, tell how much.
    """
    n_weak, U = np.count_nonzero(~strong), rotated[:, strong]
    if n_weak > max(_FEW_WEAK, len(strong) // 16) or not are_of_like_scale(data.column_power()):
        return None
    weak = rotated[:, ~strong]
    for _ in range(_REFINEMENTS):
        along = data.right_product(reflection.back(weak))
        product = reflection.apply(data.row_product(slice(None), along).copy())
        weak = weak - U @ (U.T @ product / eigenvalues[strong, None])
        weak, _ = np.linalg.qr(weak)
    along = data.right_product(reflection.back(weak))
    # a square triangle, for there may be more weak directions than columns
    triangle = np.zeros((weak.shape[1], weak.shape[1]))
    found = np.linalg.qr(along, mode="r")
    triangle[: len(found)] = found
    _, sigma, turn = np.linalg.svd(triangle)
    sigma, weak = sigma[::-1], weak @ turn[::-1].T
    top = np.sqrt(eigenvalues[-1])
    real = sigma > max(data.X.shape) * EPS * top
    singular_values = np.concatenate([sigma[real], np.sqrt(eigenvalues[strong])])
    left_error = np.where(
        np.arange(len(singular_values)) < np.count_nonzero(real),
        EPS * top / singular_values,
        EPS * eigenvalues[-1] / singular_values**2,
    )
    spare = weak[:, ~real]
    return RowModes(
        U=reflection.back(np.concatenate([weak[:, real], U], axis=1)),
        singular_values=singular_values,
        null_basis=reflection.back(spare) if spare.shape[1] else None,
        left_error=left_error,
    )


def is_nothing(eigenvalues: np.ndarray, weak, tail, data: CentredData) -> bool:
    """Say whether weak modes of a Gram matrix of rows are zero, not only lost in rounding.

    ``tail(weak)`` returns X~' times their sum (p, 1).  Rounding of the products is in it, and what
    errors of the weak vectors mix in from the strong ones: small in the unit of all columns, and in
    that of each.
    """
    top = eigenvalues.max(initial=0.0)
    if top == 0.0:
        return True
    strong = eigenvalues[eigenvalues > RESOLVED * top]
    size, n_weak = max(data.X.shape), len(eigenvalues) - len(strong)
    along = np.abs(tail(weak)[:, 0])
    noise = 64.0 * EPS**2 * top * (size + top / strong[0])
    if along @ along > noise * n_weak:
        return False
    of_column = 8.0 * EPS * (np.sqrt(size) + top / strong[0]) * np.sqrt(n_weak)
    return bool((along <= of_column * np.sqrt(data.column_power())).all())


def graded_row_modes(data: CentredData, reflection: Reflection) -> RowModes:
    """Return the modes of few rows, whatever the scales of their columns."""
    n, p = data.X.shape
    power = data.column_power()
    some = np.flatnonzero(power > 0.0)
    order, groups = groups_of_like_scale(column_scales(power[some]))
    order = some[order]
    large = [group.start for group in groups if group.stop - group.start > n]
    n_strong = large[0] if large else len(order)
    strong, rest = order[:n_strong], order[n_strong:]
    columns = reflection.apply(data.columns(strong))
    if len(rest):
        lower = blocked_triangle(_transposed_blocks(data, reflection, rest)).T
        found = Triangle(lower.T, np.arange(len(lower)), np.ones(len(lower)))
        if found.rcond < _WELL and not data.is_sparse:
            strong, columns = order, reflection.apply(data.columns(order))
        else:
            columns = np.concatenate([columns, lower], axis=1)
    scales = column_scales(np.square(columns).sum(axis=0))
    tolerance = np.full(len(scales), EPS * max(n, p))
    Q, spare, triangle = qr_by_scale(columns / scales, scales, tolerance, complete=True)
    modes = modes_of(triangle)
    return RowModes(
        U=reflection.back(Q @ modes.W),
        singular_values=modes.singular_values,
        null_basis=reflection.back(spare) if spare.shape[1] else None,
        left_error=np.full(len(modes.singular_values), 4.0 * EPS),
        strong=strong,
        V=modes.V[: len(strong)],
    )


def _transposed_blocks(
    data: CentredData, reflection: Reflection, columns: np.ndarray
) -> Iterator[np.ndarray]:
    """Yield some reflected columns, transposed, no fewer at a time than there are rows."""
    step = max(data.n_rows, _BLOCK_ENTRIES // data.n_rows)
    for start in range(0, len(columns), step):
        yield reflection.apply(data.columns(columns[start : start + step])).T
