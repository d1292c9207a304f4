"""Reductions of data to a Factorization: from a Gram matrix of the smaller side, or by SVD."""

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace

import numpy as np
import scipy.linalg
import scipy.sparse
from scipy.linalg.blas import dsymv, dsyr2

from sk_renorm._linalg._blocked_qr import blocked_svd
from sk_renorm._linalg._blocks import CentredData, is_constant, row_ranges
from sk_renorm._linalg._choose import choose_factorization, no_vectors_pay
from sk_renorm._linalg._factorization import RESOLVED, Factorization
from sk_renorm._linalg._moments import Moments
from sk_renorm._linalg._sparse import SparseData
from sk_renorm._linalg._threads import one_blas_thread
from sk_renorm._linalg._tridiagonal import TridiagonalFactorization, tridiagonal_factorization
from sk_renorm._linalg._vectors import ColumnGramVectors, RowGramVectors, StoredVectors

_EPS = np.finfo(float).eps
_TINY, _SMALL = 32, 512  # sizes of a Gram matrix: between them one thread is as good as two


def factorize(
    X: np.ndarray,
    Y: np.ndarray,
    weights: np.ndarray | None = None,
    *,
    fit_intercept: bool = True,
    precise: bool = False,
    traces: bool = False,
) -> Factorization:
    """Factorize centred, weighted data by its smaller side.

    Parameters
    ----------
    X : ndarray or csr_array of shape (n, p), float32 or float64
        Rows of data; read only.
    Y : ndarray of shape (n, q), float64
        Targets.
    weights : ndarray of shape (n,), float64, or None
        Positive sample weights.
    fit_intercept : bool, default=True
        Whether to centre.
    precise : bool, default=False
        Whether to decompose the rows themselves instead of a Gram matrix, at several times the
        cost.
    traces : bool, default=False
        Whether traces and coefficients are enough: then a large, well-conditioned Gram matrix is
        only made tridiagonal, at a quarter of the cost of its eigenvectors.  See `complete`.

    Returns
    -------
    Factorization
        Its ``resolution`` says below which penalty the Gram matrix has lost the answer.

    Notes
    -----
    Costs n p min(n, p) multiply-adds for the Gram matrix and about 9 min(n, p)**3 for its
    eigenvectors.
    """
    sparse = scipy.sparse.issparse(X)
    name, reason = choose_factorization(*X.shape, precise=precise, sparse=sparse)
    traces = traces and not sparse and no_vectors_pay(min(X.shape), Y.shape[1])
    if name == "column_gram":
        return replace(_from_column_gram(X, Y, weights, fit_intercept, traces), reason=reason)
    kind = SparseData if sparse else CentredData
    data = kind.from_rows(X, Y, weights, fit_intercept)
    if name == "row_gram":
        return replace(_from_row_gram(data, traces), reason=reason)
    reduce = {"svd": _from_svd, "blocked_qr": _from_blocked_qr}[name]
    return replace(reduce(data), reason=reason)


def complete(f: TridiagonalFactorization) -> Factorization:
    """Return the factorization of the same data that rows can be left out of."""
    data = f.data
    if f.of_rows:
        return replace(_from_row_gram(data), reason=f.reason)
    Y = data.targets if data.root_weight is None else data.targets / data.root_weight[:, None]
    weights = None if data.root_weight is None else np.square(data.root_weight)
    full = _from_column_gram(data.X, Y + data.y_mean, weights, data.fit_intercept)
    return replace(full, reason=f.reason)


def factorize_moments(
    moments: Moments,
    n_rows: int | None = None,
    tail_power: Callable[[np.ndarray], float] | None = None,
) -> Factorization:
    """Factorize second moments alone: enough for traces and coefficients, not for rows left out.

    Parameters
    ----------
    moments : Moments
        Not modified.
    n_rows : int, default=None
        Number of rows that they are made of; None where all weights are one.
    tail_power : callable, default=None
        Sum of the squared lengths of ``X~ directions`` (n, k), if rows can be asked for it; it
        tells a weak direction from one that is not there.

    Returns
    -------
    Factorization
        ``holding`` some rows, it knows the errors of those left out.
    """
    moments = moments.copy()
    data = CentredData(
        X=None,
        targets=None,
        constant=None,
        root_weight=None,
        x_mean=moments.x_mean,
        y_mean=moments.y_mean,
        total_weight=moments.total_weight,
        n_rows=round(moments.total_weight) if n_rows is None else n_rows,
        fit_intercept=moments.centre,
    )
    factorization = _from_moments("moments", moments, moments.xx, data, tail_power)
    return replace(factorization, reason="rows come in blocks, and only their sums are kept")


def _from_column_gram(
    X: np.ndarray,
    Y: np.ndarray,
    weights: np.ndarray | None,
    fit_intercept: bool,
    traces: bool = False,
) -> Factorization:
    if scipy.sparse.issparse(X):
        data = SparseData.from_rows(X, Y, weights, fit_intercept)
        moments = data.moments()
    else:
        moments = Moments.from_rows(X, Y, weights, centre=fit_intercept)
        means = moments.x_mean, moments.y_mean
        data = CentredData.from_rows(X, Y, weights, fit_intercept, means)

    def tail_power(directions: np.ndarray) -> float:
        # the columns of X~ V are orthogonal, so one sum of them has the power of all
        direction = directions.sum(axis=1, keepdims=True)
        blocks = row_ranges(0, *X.shape)
        products = (data.row_product(rows, direction) for rows in blocks)
        return sum(float(np.sum(np.square(product))) for product in products)

    constant = is_constant(np.diagonal(moments.xx), data.x_mean, data.total_weight)
    if traces and not constant.any():
        lower = moments.xx.copy().T
        known = {"null_power": moments.yy, "of_rows": False}
        factorization = tridiagonal_factorization(data, lower, moments.xy, **known)
        if factorization is not None:
            return factorization
    return _from_moments("column_gram", moments, moments.xx, data, tail_power)


def _from_moments(
    name: str,
    moments: Moments,
    gram: np.ndarray,
    data: CentredData,
    tail_power: Callable[[np.ndarray], float] | None,
) -> Factorization:
    """Factorize a Gram matrix of columns, which is overwritten."""
    constant = is_constant(np.diagonal(gram), data.x_mean, data.total_weight)
    gram[constant] = 0.0
    gram[:, constant] = 0.0
    moments.xy[constant] = 0.0
    moments.xy[:, moments.yy == 0.0] = 0.0
    eigenvalues, V = _eigh(gram.T)
    V[constant] = 0.0  # not only to rounding of the largest entry
    keep, resolution = _keep(eigenvalues, V, tail_power, data.n_rows)
    more_than_rows = len(keep) - (data.n_rows - data.fit_intercept)
    if more_than_rows > 0:  # moments of few rows: so many modes are certainly zero
        keep[:more_than_rows] = False
        if (eigenvalues[keep] > RESOLVED * eigenvalues[-1]).all():
            resolution = 0.0
    if not keep.all():
        eigenvalues, V = eigenvalues[keep], V[:, keep]
    singular_values = np.sqrt(eigenvalues)
    V /= singular_values
    vectors = ColumnGramVectors(data, data.arranged(V), singular_values)
    projections = V.T @ moments.xy
    left_error = _left_error(eigenvalues, resolution)
    return _factorization(
        name, data, eigenvalues, projections, moments.yy, vectors, left_error, resolution
    )


def _from_row_gram(data: CentredData, traces: bool = False) -> Factorization:
    """Factorize the Gram matrix of the rows, in a basis whose first vector is the intercept's.

    A reflection turns the intercept's direction into the first axis, which is then left out: the
    null direction that centring makes never meets the spectrum.
    """
    n, skip = data.n_rows, int(data.fit_intercept)
    gram, constant = data.row_gram()
    data = replace(data, constant_columns=constant)
    reflect = data.constant.copy()
    if skip:
        reflect[0] += 1.0
        reflect *= np.sqrt(2.0) / np.linalg.norm(reflect)
        image = dsymv(1.0, gram, reflect)
        image -= 0.5 * (image @ reflect) * reflect
        gram = dsyr2(-1.0, reflect, image, a=gram, overwrite_a=1)
        gram = gram[skip:, skip:].copy(order="F")

    def turn_back(columns: np.ndarray) -> np.ndarray:
        U = np.empty((n, columns.shape[1]))
        U[:skip] = 0.0
        U[skip:] = columns
        U -= np.outer(reflect, reflect[skip:] @ columns)
        return U

    if traces:
        turned = data.targets - np.outer(reflect, reflect @ data.targets)
        known = {
            "null_power": np.zeros(turned.shape[1]),
            "of_rows": True,
            "to_features": lambda columns: data.right_product(turn_back(columns)),
        }
        factorization = tridiagonal_factorization(
            data, gram.T.copy(order="F"), turned[skip:], **known
        )
        if factorization is not None:
            return factorization
    eigenvalues, rotated = _eigh(gram)

    def tail_power(directions: np.ndarray) -> float:
        direction = turn_back(directions.sum(axis=1, keepdims=True))
        return float(np.sum(np.square(data.right_product(direction))))

    keep, resolution = _keep(eigenvalues, rotated, tail_power, max(data.X.shape))
    eigenvalues = eigenvalues[keep]
    null_basis = None
    if not (keep.all() or resolution):
        null_basis = turn_back(rotated[:, ~keep])
    U = turn_back(rotated if keep.all() else rotated[:, keep])
    vectors = RowGramVectors(data, U, np.sqrt(eigenvalues), null_basis)
    power = np.square(data.targets).sum(axis=0)
    left_error = _left_error(eigenvalues, resolution)
    return _factorization(
        "row_gram", data, eigenvalues, U.T @ data.targets, power, vectors, left_error, resolution
    )


def _from_svd(data: CentredData) -> Factorization:
    X = data.rows(slice(None))
    power = np.einsum("ij,ij->j", X, X)
    X[:, is_constant(power, data.x_mean, data.total_weight)] = 0.0
    try:
        U, values, Vt = scipy.linalg.svd(X, full_matrices=False, check_finite=False)
    except scipy.linalg.LinAlgError:
        # divide and conquer fails on rare inputs; QR iterations do not
        U, values, Vt = scipy.linalg.svd(
            X, full_matrices=False, check_finite=False, lapack_driver="gesvd"
        )
    keep = np.flatnonzero(values > max(X.shape) * _EPS * values[0])[::-1]
    U, values, V = U[:, keep], values[keep], Vt[keep].T
    power = np.square(data.targets).sum(axis=0)
    left_error = np.full(len(values), 4.0 * _EPS)
    return _factorization(
        "svd", data, values**2, U.T @ data.targets, power, StoredVectors(U, V), left_error, 0.0
    )


def _from_blocked_qr(data: SparseData) -> Factorization:
    n, p = data.X.shape
    values, short = blocked_svd(data.tall_blocks(), max(n, p))
    if n > p:
        vectors = ColumnGramVectors(data, data.arranged(short / values), values)
        projections = vectors.left_map.T @ data.right_product(data.targets)
    else:
        vectors = RowGramVectors(data, short, values)
        projections = short.T @ data.targets
    power = np.square(data.targets).sum(axis=0)
    left_error = 4.0 * _EPS * values[-1:] / values
    return _factorization(
        "blocked_qr", data, values**2, projections, power, vectors, left_error, 0.0
    )


def _factorization(
    name, data, eigenvalues, projections, power, vectors, left_error, resolution
) -> Factorization:
    """Assemble a Factorization; ``power`` (q,) is the squared length of the targets."""
    null_power = np.maximum(power - np.square(projections).sum(axis=0), 0.0)
    factorization = Factorization(
        name, data, eigenvalues, projections, null_power, vectors, left_error, resolution
    )
    if data.X is None or not np.any(null_power < 1e-8 * power):
        return factorization
    # a difference of nearly equal numbers has lost its digits: take the residuals themselves
    power = factorization.sum_left_blocks(
        lambda rows, block, scratch: np.square(block.residual).sum(axis=0)
    )
    return replace(factorization, null_power=power)


def _eigh(gram: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Eigenvalues, clipped at zero, and eigenvectors of an upper triangle; overwrites it."""
    # a single row has nothing left once it is centred; and scipy 1.13 refuses a 1 x 1 matrix
    if len(gram) < 2:
        return np.maximum(np.diagonal(gram), 0.0), np.eye(len(gram))
    # more threads gain little here, and would spin beside those of the next pass over the rows
    with one_blas_thread() if _TINY < len(gram) <= _SMALL else nullcontext():
        eigenvalues, vectors = scipy.linalg.eigh(
            gram, lower=False, overwrite_a=True, check_finite=False, driver="evd"
        )
    return np.maximum(eigenvalues, 0.0), vectors


def _keep(
    eigenvalues: np.ndarray,
    vectors: np.ndarray,
    tail_power: Callable[[np.ndarray], float] | None,
    size: int,
) -> tuple[np.ndarray, float]:
    """Say which modes of a Gram matrix are real, and the smallest penalty that it resolves.

    Eigenvalues below the resolved ones are either zero (constant or duplicate columns) or real and
    lost in rounding.  ``tail_power`` tells them apart: the squared singular values of some modes,
    summed, measured on the data itself, where they are not squared.
    """
    top = eigenvalues.max(initial=0.0)
    strong = eigenvalues > RESOLVED * top
    if strong.all() or top == 0.0:
        return strong, 0.0
    if tail_power is not None:
        # rounding of the products, and what errors of the weak vectors mix in from the strong ones
        noise = 64.0 * _EPS**2 * top * (size + top / eigenvalues[strong][0])
        if tail_power(vectors[:, ~strong]) <= noise * np.count_nonzero(~strong):
            return strong, 0.0
    return eigenvalues > 4.0 * _EPS * top, RESOLVED * top


def _left_error(eigenvalues: np.ndarray, resolution: float) -> np.ndarray:
    """Relative error of the squared left vectors of a Gram matrix."""
    if resolution:  # weak modes only ever meet penalties that hide their error
        return np.full(len(eigenvalues), _EPS)
    return _EPS * eigenvalues[-1:] / eigenvalues
