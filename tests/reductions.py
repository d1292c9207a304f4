"""Every reduction of rows, by name, for the tables of contracts."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest
import scipy.sparse as sp
from dense import SETTINGS, DenseFit, rows_of, weights_of

from sk_renorm._linalg import (
    DaskRows,
    Device,
    Moments,
    SparseData,
    factorize,
    factorize_moments,
    factorize_on_device,
    krylov_factorizations,
)
from sk_renorm._linalg import reduce as _reduce

STORAGE = {
    "float64": np.asarray,
    "float32": lambda X: X.astype(np.float32),
    "Fortran": np.asfortranarray,
    "sparse": sp.csr_array,
}


def without_vectors(X, Y, weights, fit_intercept):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_reduce, "no_vectors_pay", lambda size, n_targets: True)
        return factorize(X, Y, weights, fit_intercept=fit_intercept, traces=True)


def krylov(X, Y, weights, fit_intercept):
    *_, f = krylov_factorizations(SparseData.from_rows(X, Y, weights, fit_intercept), 0, "large")
    return f


def moments(X, Y, weights, fit_intercept):
    sums = Moments.from_rows(X, Y, weights, centre=fit_intercept)
    return factorize_moments(sums, len(X))


def moments_with_rows(X, Y, weights, fit_intercept):
    return moments(X, Y, weights, fit_intercept).holding(X, Y, weights)


def rows_in_blocks(X, Y, weights, fit_intercept):
    rows = dask_rows(X, Y, weights)
    sums = rows.moments()[2]
    sums = sums if fit_intercept else sums.about_zero()
    return factorize_moments(sums, len(X), rows.again(sums)).holding(X, Y, weights)


def dask_rows(X, Y, weights, size=25):
    """Blocks of unequal size."""
    array = pytest.importorskip("dask.array").from_array
    lazy = array(X, chunks=(size, X.shape[1])), array(Y, chunks=(size, Y.shape[1]))
    return DaskRows.of(*lazy, None if weights is None else array(weights, chunks=size))


def on_device(X, Y, weights, fit_intercept):
    place = device()
    return factorize_on_device(place, place.put(X), Y, weights, fit_intercept=fit_intercept)


def device():
    """A device whose arrays numpy cannot read by accident."""
    if os.environ.get("SCIPY_ARRAY_API") != "1":
        pytest.skip("SCIPY_ARRAY_API=1 is not set")
    xp = pytest.importorskip("array_api_strict")

    def to_host(array):
        return np.asarray(xp.asarray(array, device=xp.Device("CPU_DEVICE")))

    return Device(xp, xp.Device("device1"), to_host)


def in_memory(X, Y, weights, fit_intercept):
    return factorize(X, Y, weights, fit_intercept=fit_intercept)


@dataclass(frozen=True)
class Case:
    """How data of some shapes are reduced, and how many digits that keeps.

    ``rtol`` is 1e-9 where a Gram matrix of columns or rows as these, of condition 100, is all.
    """

    name: str
    make: Callable
    shapes: str
    storage: str = "float64"
    rtol: float = 1e-9
    settings: str = "; ".join(SETTINGS)

    def __str__(self):
        return f"{self.make.__name__} {self.storage}"

    @property
    def knows_rows(self):
        return self.make not in (without_vectors, krylov, moments)


FEW = "plain; unequal weights, no intercept"  # for another storage of the same
CASES = [
    Case("column_gram", in_memory, "n > p; one column; rank deficient, n > p"),
    Case("column_gram", in_memory, "n > p", "float32", settings=FEW),
    Case("column_gram", in_memory, "n > p", "Fortran", settings=FEW),
    Case("column_gram", in_memory, "n > p; one column; rank deficient, n > p", "sparse"),
    Case("row_gram", in_memory, "n < p; n = p + 1; few more rows; one column, few rows"),
    Case("row_gram", in_memory, "rank deficient, n < p"),
    Case("row_gram", in_memory, "n < p; few more rows", "float32", settings=FEW),
    Case("row_gram", in_memory, "n < p; few more rows", "Fortran", settings=FEW),
    Case("row_gram", in_memory, "n < p; n = p + 1; few more rows", "sparse"),
    Case("column_gram", in_memory, "graded, n > p"),
    # centring leaves nine digits of what is a millionth of its column
    Case("rows", in_memory, "alike, n > p; alike, n < p", rtol=1e-7),
    Case("rows", in_memory, "alike, n > p; alike, n < p", "sparse", rtol=1e-7),
    Case("tridiagonal", without_vectors, "n > p; n < p; n = p"),
    Case("tridiagonal", without_vectors, "n > p; n < p", "float32", settings=FEW),
    # conjugate gradients stop at 1e-8 of the right side; traces have an error of their own
    Case("krylov", krylov, "n > p; n < p; n = p + 1; one column", "sparse", rtol=1e-6),
    Case("krylov", krylov, "rank deficient, n > p; rank deficient, n < p", "sparse", rtol=1e-6),
    Case("moments", moments, "n > p; one column; rank deficient, n > p"),
    Case("moments", moments_with_rows, "n > p; one column; rank deficient, n > p"),
    Case("moments", moments_with_rows, "n > p", "float32", settings=FEW),
    Case("moments", rows_in_blocks, "n > p; rank deficient, n > p; graded, n > p", rtol=1e-7),
    Case("column_gram", on_device, "n > p; one column; rank deficient, n > p"),
    Case("column_gram", on_device, "n > p; graded, n > p", "float32", rtol=1e-7),
    Case("row_gram", on_device, "n < p; n = p + 1; few more rows; rank deficient, n < p"),
    Case("row_gram", on_device, "alike, n < p", rtol=1e-7),
]


def in_table(cases):
    """Return every case in every shape and setting, named."""
    return [
        pytest.param((case, shape, setting), id=f"{case} {shape}; {setting}")
        for case in cases
        for shape in case.shapes.split("; ")
        for setting in case.settings.split("; ")
    ]


@cache
def made(case, shape, setting):
    """Return the spectrum, and what brute force says of the same rows."""
    kind, fit_intercept, q = SETTINGS[setting]
    X, Y = rows_of(shape, q)
    weights = weights_of(kind, len(X))
    stored = STORAGE[case.storage](X)
    exact = (stored.toarray() if sp.issparse(stored) else stored).astype(float)
    return case.make(stored, Y, weights, fit_intercept), DenseFit(exact, Y, weights, fit_intercept)
