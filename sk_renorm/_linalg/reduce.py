"""Reductions of data to a Factorization: by the smaller side, or from the rows if need be."""

from dataclasses import replace
from functools import partial

import numpy as np
import scipy.sparse

from sk_renorm._linalg.blocks import CentredData, is_constant
from sk_renorm._linalg.centred_rows import CentredRows
from sk_renorm._linalg.choose import choose_factorization, no_vectors_pay
from sk_renorm._linalg.column_modes import RowsAgain, column_modes, projections_of
from sk_renorm._linalg.factorization import Factorization
from sk_renorm._linalg.graded import are_of_like_scale
from sk_renorm._linalg.limit import Limit
from sk_renorm._linalg.reflection import Reflection
from sk_renorm._linalg.row_modes import RowModes, graded_row_modes, gram_modes
from sk_renorm._linalg.sparse import SparseData
from sk_renorm._linalg.sums.moments import Moments
from sk_renorm._linalg.tridiagonal import TridiagonalFactorization, tridiagonal_factorization
from sk_renorm._linalg.vectors import ColumnGramVectors, RowGramVectors

_LIMIT = Limit(
    "second moments of features that are nearly collinear",
    "drop features, or fit to rows in memory, where smaller ones are searched",
)


def factorize(
    X: np.ndarray,
    Y: np.ndarray,
    weights: np.ndarray | None = None,
    *,
    fit_intercept: bool = True,
    least: float = 0.0,
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
    least : float, default=0.0
        Smallest penalty that matters.  Directions that only weaker ones can tell from nothing are
        not looked for.
    traces : bool, default=False
        Whether traces and coefficients are enough: then a large, well-conditioned Gram matrix is
        only made tridiagonal, at a quarter of the cost of its eigenvectors.  See `complete`.

    Returns
    -------
    Factorization
        Its modes are right in units of each column, not of the longest one only.

    Notes
    -----
    Costs n p min(n, p) multiply-adds for the Gram matrix and about 9 min(n, p)**3 for its
    eigenvectors.  Columns that differ in scale, or of which some depend on others, add a few
    min(n, p)**3; columns alike to more than five digits, and not equal, one or two passes over the
    rows more.
    """
    sparse = scipy.sparse.issparse(X)
    name, reason = choose_factorization(*X.shape, sparse=sparse)
    traces = traces and not sparse and no_vectors_pay(min(X.shape), Y.shape[1])
    if name == "column_gram":
        f = _from_column_gram(X, Y, weights, fit_intercept, least, traces)
    else:
        kind = SparseData if sparse else CentredData
        f = _from_row_gram(kind.from_rows(X, Y, weights, fit_intercept), traces)
    return replace(f, reason=_with_route(f.name, reason))


def complete(f: Factorization) -> Factorization:
    """Return the factorization of the same data that rows can be left out of."""
    if not isinstance(f, TridiagonalFactorization):
        return f
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
    again: RowsAgain | None = None,
    least: float = 0.0,
) -> Factorization:
    """Factorize second moments alone: enough for traces and coefficients, not for rows left out.

    Parameters
    ----------
    moments : Moments
        Not modified.
    n_rows : int, default=None
        Number of rows that they are made of; None where all weights are one.
    again : RowsAgain, default=None
        What rows can be asked for, if they can be passed over again.
    least : float, default=0.0
        Smallest penalty that matters.

    Returns
    -------
    Factorization
        ``holding`` some rows, it knows the errors of those left out.  Its ``resolution`` says below
        which penalty the moments have lost the answer.
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
        low=moments.low_means(),
    )
    f = _from_moments("moments", moments, data, again, least)
    reason = "rows come in blocks, and only their sums are kept"
    return replace(f, reason=reason, limit=_LIMIT)


def factorization_of(
    name: str, data, modes, vectors, projections: np.ndarray, power: np.ndarray
) -> Factorization:
    """Assemble a Factorization; ``power`` (q,) is the squared length of the targets."""
    return Factorization(
        name=name,
        data=data,
        eigenvalues=modes.singular_values**2,
        projections=projections,
        null_power=np.maximum(power - np.square(projections).sum(axis=0), 0.0),
        vectors=vectors,
        left_error=modes.left_error,
        resolution=modes.resolution,
    )


def from_row_modes(name: str, data: CentredRows, modes: RowModes) -> Factorization:
    """Return the factorization that the modes of ``data`` are."""
    vectors = RowGramVectors(
        data, modes.U, modes.singular_values, modes.null_basis, modes.strong, modes.V
    )
    power = np.square(data.targets).sum(axis=0)
    return _with_exact_power(
        factorization_of(name, data, modes, vectors, modes.U.T @ data.targets, power)
    )


def _with_route(name: str, reason: str) -> str:
    if name != "rows":
        return reason
    return f"{reason}, and second moments would lose what sets some apart"


def _from_column_gram(
    X: np.ndarray,
    Y: np.ndarray,
    weights: np.ndarray | None,
    fit_intercept: bool,
    least: float = 0.0,
    traces: bool = False,
) -> Factorization:
    if scipy.sparse.issparse(X):
        data = SparseData.from_rows(X, Y, weights, fit_intercept)
        moments = data.moments()
    else:
        moments = Moments.from_rows(X, Y, weights, centre=fit_intercept)
        means = moments.x_mean, moments.y_mean
        data = CentredData.from_rows(X, Y, weights, fit_intercept, means, moments.low_means())
    if traces and not _constant(moments, data).any():
        lower = moments.xx.copy().T
        known = {"power": moments.yy, "of_rows": False}
        are_alike = partial(are_of_like_scale, np.diagonal(moments.xx))
        factorization = tridiagonal_factorization(data, lower, moments.xy, are_alike, **known)
        if factorization is not None:
            return factorization
    again = RowsAgain(data.gram_of, data.cross_of)
    return _from_moments("column_gram", moments, data, again, least)


def _constant(moments: Moments, data: CentredData) -> np.ndarray:
    return is_constant(np.diagonal(moments.xx), data.x_mean, data.total_weight)


def _from_moments(
    name: str, moments: Moments, data: CentredData, again: RowsAgain | None, least: float = 0.0
) -> Factorization:
    """Factorize moments, which are overwritten."""
    constant = _constant(moments, data)
    if constant.any():
        moments.xx[constant] = 0.0
        moments.xx[:, constant] = 0.0
        moments.xy[constant] = 0.0
    moments.xy[:, moments.yy == 0.0] = 0.0
    modes = column_modes(moments, data.n_rows - data.fit_intercept, again, least)
    left_map = data.arranged(modes.left_map)
    vectors = ColumnGramVectors(data, left_map, modes.singular_values, modes.V)
    projections = projections_of(modes, left_map, moments.xy, again)
    name = "rows" if modes.needs_rows and data.X is not None else name
    return _with_exact_power(factorization_of(name, data, modes, vectors, projections, moments.yy))


def _from_row_gram(data: CentredData, traces: bool = False) -> Factorization:
    """Factorize the Gram matrix of the rows, or the rows where it does not resolve them."""
    gram, data = data.row_gram()
    reflection = Reflection.of(data.constant)
    gram = reflection.of_gram(gram)
    if traces:
        turned = reflection.apply(data.targets.copy())
        known = {
            "of_rows": True,
            "to_features": lambda columns: data.right_product(reflection.back(columns)),
        }
        factorization = tridiagonal_factorization(
            data,
            gram.T.copy(order="F"),
            turned,
            lambda: are_of_like_scale(data.column_power()),
            **known,
        )
        if factorization is not None:
            return factorization
    name, modes = "row_gram", gram_modes(gram, data, reflection)
    if modes is None:
        name, modes = "rows", graded_row_modes(data, reflection)
    return from_row_modes(name, data, modes)


def _with_exact_power(f: Factorization) -> Factorization:
    """Replace a difference of nearly equal numbers, which has lost its digits, by the residuals."""
    if f.data.X is None:
        return f
    explained = np.square(f.projections).sum(axis=0)
    if not np.any(f.null_power < 1e-8 * (f.null_power + explained)):
        return f
    power = f.sum_left_blocks(lambda rows, block, scratch: np.square(block.residual).sum(axis=0))
    return replace(f, null_power=power)
