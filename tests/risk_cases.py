"""The table of estimates of the risk: classes, data, and the digits that they keep."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
import scipy.sparse as sp
from dense import SETTINGS, DenseFit, rows_of, weights_of
from estimates import (
    all_sampled,
    apart,
    by_block,
    correlated,
    folds,
    gaps,
    gcv,
    groups,
    growing,
    overlapping,
    pairs,
    place_kept,
    plain,
    quadrature,
    quarters,
    risk_weights,
    sampled,
)
from reductions import STORAGE

from sk_renorm._risk import (
    CorrelatedRows,
    GeneralizedCrossValidation,
    LeaveFoldOut,
    LeaveOneOut,
    LeaveOneOutByBlock,
    QuadratureGCV,
    SampledGCV,
)
from sk_renorm._risk.leave_one_out.on_device import DeviceLeaveOneOut


@dataclass(frozen=True)
class Case:
    """An estimate of a class, ``kind``, for data of some shapes; the digits that it keeps."""

    kind: type
    make: Callable
    shapes: str
    storage: str = "float64"
    settings: str = "; ".join(SETTINGS)
    rtol: float = 1e-8

    def __str__(self):
        return f"{self.kind.__name__} {self.make.__name__} {self.storage}"


ALL = "n > p; n < p; n = p + 1; few more rows; one column; rank deficient, n > p"
THREE = "n > p; n < p; few more rows"
ORDERED = "plain; no intercept"
FEW = "plain; unequal weights, no intercept"  # for another storage of the same
HALF = "plain; weights; unequal weights, no intercept"  # for a variant of the same
CASES = [
    Case(LeaveOneOut, plain, ALL + "; one column, few rows; graded, n > p"),
    Case(LeaveOneOut, plain, "rank deficient, n < p", settings=HALF),
    Case(LeaveOneOut, plain, "n > p; n < p", "float32", FEW),
    Case(LeaveOneOut, plain, "n > p; n < p", "Fortran", FEW),
    Case(LeaveOneOut, plain, THREE, "sparse", FEW),
    # columns alike to six digits: the refits of brute force keep as many fewer
    Case(LeaveOneOut, plain, "alike, n > p; alike, n < p", rtol=1e-5),
    Case(LeaveOneOut, risk_weights, "n > p; n < p; n = p + 1", settings=HALF),
    # beside a row of length 1e8 others keep eight digits
    Case(LeaveOneOut, apart, "a row apart", rtol=1e-6),
    Case(DeviceLeaveOneOut, place_kept, ALL),
    Case(LeaveOneOutByBlock, by_block, "n > p; rank deficient, n > p", settings=HALF),
    Case(LeaveFoldOut, folds(quarters), ALL + "; rank deficient, n < p"),
    Case(LeaveFoldOut, folds(quarters), "n > p; n < p", "sparse", FEW),
    Case(LeaveFoldOut, folds(quarters), "n > p; n < p", "float32", FEW),
    Case(LeaveFoldOut, folds(pairs), THREE, settings=HALF),
    Case(LeaveFoldOut, folds(quarters, weighted_risk=True), "n > p; n < p", settings=HALF),
    Case(LeaveFoldOut, folds(groups, of_groups=True), THREE),
    Case(
        LeaveFoldOut,
        folds(groups, of_groups=True, weighted_risk=True),
        "n > p; n < p",
        settings=HALF,
    ),
    Case(LeaveFoldOut, folds(overlapping), THREE, settings=HALF),
    Case(LeaveFoldOut, folds(gaps), THREE, settings=HALF),
    Case(LeaveFoldOut, folds(growing), "n > p; n < p", settings=HALF),
    Case(GeneralizedCrossValidation, gcv, ALL),
    Case(GeneralizedCrossValidation, gcv, "n > p; n < p", "sparse", FEW),
    Case(SampledGCV, sampled, "n > p; few more rows", settings=HALF),
    Case(SampledGCV, all_sampled, "n > p; rank deficient, n > p", settings=HALF),
    Case(QuadratureGCV, quadrature, "orthogonal, n > p", "sparse", rtol=1e-6),
    Case(
        QuadratureGCV,
        quadrature,
        "orthogonal, n < p",
        "sparse",
        "no intercept; weights, no intercept; unequal weights, no intercept",
        1e-6,
    ),
    Case(CorrelatedRows, correlated("lags", True), THREE, settings=ORDERED),
    Case(
        CorrelatedRows,
        correlated("lags", False),
        "n > p; few more rows",
        settings=ORDERED,
        rtol=1e-6,
    ),
    Case(CorrelatedRows, correlated("matrix", True), THREE, settings=ORDERED),
    Case(CorrelatedRows, correlated("matrix", False), "n > p; n < p", settings=ORDERED, rtol=1e-6),
]


@cache
def made(case, shape, setting, factor=1.0):
    """Return the estimate and brute force, for weights times a ``factor``."""
    kind, fit_intercept, q = SETTINGS[setting]
    X, Y = rows_of(shape, q)
    weights = weights_of(kind, len(X))
    if shape.startswith("orthogonal"):
        X = _disjoint(X, weights, fit_intercept)
    weights = None if weights is None else factor * weights
    stored = STORAGE[case.storage](X)
    dense = (stored.toarray() if sp.issparse(stored) else stored).astype(float)
    exact = _exact(shape, setting, case.storage == "float32", factor, dense, Y, weights)
    return case.make(stored, Y, weights, fit_intercept, exact)


_SHARED = {}


def _exact(shape, setting, single, factor, X, Y, weights):
    """Return brute force, whose refits all cases of the same rows share."""
    key = shape, setting, single, factor
    if key not in _SHARED:
        _SHARED[key] = DenseFit(X, Y, weights, SETTINGS[setting][1])
    return _SHARED[key]


def _disjoint(X, weights, fit_intercept):
    """Return entries of X such that no two columns, or rows, share any; means are zero then."""
    n, p = X.shape
    X = np.random.default_rng(0).uniform(1.0, 2.0, X.shape)
    X[np.arange(n)[:, None] % p != np.arange(p)[None, :] % min(n, p)] = 0.0
    if n <= p:
        X *= np.arange(n)[:, None] == np.arange(p) % n
    if fit_intercept:
        w = np.ones(n) if weights is None else weights
        X = np.where(X != 0.0, X - (w @ X) / (w @ (X != 0.0)), 0.0)
    return X
