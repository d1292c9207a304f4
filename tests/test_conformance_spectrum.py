"""The contracts `Spectrum` and `Factorization`: every reduction, every clause, by brute force."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest
import scipy.sparse as sp
from dense import SETTINGS, DenseFit, rows_of, weights_of
from numpy.testing import assert_allclose, assert_array_equal

from sk_renorm._linalg import (
    DaskRows,
    Device,
    Factorization,
    Moments,
    SparseData,
    Spectrum,
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


CASES = [
    Case("column_gram", in_memory, "n > p; one column; rank deficient, n > p"),
    Case("column_gram", in_memory, "n > p", "float32"),
    Case("column_gram", in_memory, "n > p", "Fortran"),
    Case("column_gram", in_memory, "n > p; one column; rank deficient, n > p", "sparse"),
    Case("row_gram", in_memory, "n < p; n = p + 1; few more rows; one column, few rows"),
    Case("row_gram", in_memory, "rank deficient, n < p"),
    Case("row_gram", in_memory, "n < p; few more rows", "float32"),
    Case("row_gram", in_memory, "n < p; few more rows", "Fortran"),
    Case("row_gram", in_memory, "n < p; n = p + 1; few more rows", "sparse"),
    # numpy's own singular values of such columns have nine digits
    Case("rows", in_memory, "graded, n > p; graded, n < p", rtol=1e-7),
    Case("rows", in_memory, "graded, n > p; graded, n < p", "sparse", rtol=1e-7),
    Case("tridiagonal", without_vectors, "n > p; n < p; n = p + 1; one column"),
    Case("tridiagonal", without_vectors, "n > p; n < p", "float32"),
    # conjugate gradients stop at 1e-8 of the right side; traces have an error of their own
    Case("krylov", krylov, "n > p; n < p; n = p + 1; one column", "sparse", rtol=1e-6),
    Case("krylov", krylov, "rank deficient, n > p; rank deficient, n < p", "sparse", rtol=1e-6),
    Case("moments", moments, "n > p; one column; rank deficient, n > p"),
    Case("moments", moments_with_rows, "n > p; one column; rank deficient, n > p"),
    Case("moments", moments_with_rows, "n > p", "float32"),
    Case("moments", rows_in_blocks, "n > p; rank deficient, n > p; graded, n > p", rtol=1e-7),
    Case("column_gram", on_device, "n > p; one column; rank deficient, n > p"),
    Case("column_gram", on_device, "n > p; graded, n > p", "float32", rtol=1e-7),
    Case("row_gram", on_device, "n < p; n = p + 1; few more rows; rank deficient, n < p"),
    Case("row_gram", on_device, "graded, n < p", rtol=1e-7),
]
TABLE = [
    pytest.param((case, shape, setting), id=f"{case.make.__name__} {case.storage} {shape}; {setting}")
    for case in CASES
    for shape in case.shapes.split("; ")
    for setting in SETTINGS
]


@cache
def made(case, shape, setting):
    kind, fit_intercept, q = SETTINGS[setting]
    X, Y = rows_of(shape, q)
    weights = weights_of(kind, len(X))
    stored = STORAGE[case.storage](X)
    exact = (stored.toarray() if sp.issparse(stored) else stored).astype(float)
    return case.make(stored, Y, weights, fit_intercept), DenseFit(exact, Y, weights, fit_intercept)


@pytest.fixture(params=TABLE)
def reduced(request):
    """The spectrum, what brute force says, and the case."""
    case, shape, setting = request.param
    return *made(case, shape, setting), case


def penalties_of(f, exact):
    """Penalties (L,) that it resolves; no shrinkage too, if it resolves that."""
    low = f.resolution
    return np.concatenate([[] if low else [0.0], np.maximum(exact.penalties(), 2.0 * low)])


def assert_trace(f, found, shares, exact, rtol):
    """Compare traces (K,) of ``shares`` (r, K), within six times the Monte-Carlo error they claim."""
    error = 0.0
    if f.trace_weights is not None:
        by_probe = f.trace_weights.T @ shares
        error = 6.0 * by_probe.std(axis=0, ddof=1) / np.sqrt(len(by_probe))
    assert np.all(np.abs(found - exact) <= rtol * np.abs(exact) + rtol + error)


def test_is_a_spectrum(reduced):
    f, exact, case = reduced
    assert isinstance(f, Spectrum)
    assert f.name == case.name
    assert f.reason
    assert f.leaves_rows_out == (case.name not in ("tridiagonal", "krylov"))
    assert (f.data.n_rows, f.data.fit_intercept) == (len(exact.Y), exact.fit_intercept)
    assert_allclose(f.data.total_weight, exact.total_weight)
    assert_allclose(f.data.x_mean, exact.x_mean, rtol=1e-6, atol=1e-6)


def test_numbers_of_modes(reduced):
    f, exact, case = reduced
    assert f.n_targets == exact.Y.shape[1]
    assert_allclose(f.n_modes, exact.n_modes)
    ones = np.ones((len(f.eigenvalues), 1))
    assert_trace(f, np.array([f.rank]), ones, exact.rank, 1e-9)
    if isinstance(f, Factorization):
        assert f.rank == len(f.eigenvalues) == exact.rank
        assert f.interpolates == exact.interpolates


def test_eigenvalues_and_traces(reduced):
    f, exact, case = reduced
    s, alphas = f.eigenvalues, exact.penalties(6)
    assert np.all(np.diff(s) >= 0.0)
    if f.trace_weights is None:
        assert_allclose(s, exact.s, rtol=case.rtol)
        assert f.multiplicity == 1.0
    else:
        assert f.trace_weights.shape[0] == len(s)
        assert_allclose(f.trace_weights.mean(axis=1), f.multiplicity)
    for power in (1, 2):
        shares = (s[:, None] / (s[:, None] + alphas)) ** power
        expected = np.sum((exact.s[:, None] / (exact.s[:, None] + alphas)) ** power, axis=0)
        assert_trace(f, f.trace(shares), shares, expected, case.rtol)


def test_what_penalties_leave(reduced):
    """Residuals and modes, of shared penalties and of one per target, up to common factors."""
    f, exact, case = reduced
    shared = penalties_of(f, exact)[:, None]
    q = f.n_targets
    for penalties in (shared, np.stack([np.roll(shared[:, 0], j) for j in range(q)], axis=1)):
        residual, rest = f.shrunk(penalties)
        each = np.broadcast_to(penalties, (len(penalties), q))
        power = np.array([[exact.residual_power(a)[j] for j, a in enumerate(row)] for row in each])
        left = np.vectorize(lambda a: exact.n_modes - exact.df(a))(penalties)
        assert residual.shape == power.shape
        assert rest.shape == penalties.shape
        if exact.interpolates and exact.n_modes == exact.rank:
            # both vanish: what is common may be left out, and at no shrinkage has to be
            gains = np.vectorize(lambda a: np.sum(1.0 / (exact.s + a)))(penalties)
            some = np.array(
                [
                    [np.sum((exact.projections[:, j] / (exact.s + a)) ** 2) for j, a in enumerate(row)]
                    for row in each
                ]
            )
            assert_allclose(residual / rest**2, some / gains**2, rtol=case.rtol)
            continue
        scale = np.square(exact.targets).sum(axis=0)
        assert_allclose(residual, power, rtol=case.rtol, atol=1e-3 * case.rtol * scale.max())
        for row in range(len(penalties)):
            shares = f.eigenvalues[:, None] / (f.eigenvalues[:, None] + penalties[row])
            assert_trace(f, rest[row], shares, left[row], case.rtol)


def test_coefficients(reduced):
    f, exact, case = reduced
    alphas = penalties_of(f, exact)[::-1]
    unit = np.linalg.norm(exact.centred, axis=0)[:, None]  # of each column
    for alpha in alphas:
        expected = exact.coefficients(alpha) * unit
        size = np.abs(expected).max()
        assert_allclose(f.coefficients(alpha) * unit, expected, rtol=0, atol=case.rtol * size)
    each = np.resize(alphas, f.n_targets)
    expected = unit * np.stack([exact.coefficients(a)[:, j] for j, a in enumerate(each)], axis=1)
    found = unit * f.coefficients(each)
    assert_allclose(found, expected, rtol=0, atol=case.rtol * np.abs(expected).max())


def test_what_no_mode_explains(reduced):
    f, exact, case = reduced
    if f.null_power is None:
        assert f.trace_weights is not None
        return
    size = np.square(exact.targets).sum(axis=0)
    assert_allclose(f.null_power, exact.null_power, rtol=case.rtol, atol=1e-12 * size.max())


def test_participation_and_resolution(reduced):
    f, exact, _ = reduced
    assert f.participation.shape == f.eigenvalues.shape
    assert f.resolution >= 0.0
    if f.leaves_rows_out and f.data.X is not None:
        rows = len(exact.Y) * (exact.U**4).sum(axis=0)
        assert_allclose(f.participation, 1.0 / rows, rtol=1e-5)
    else:
        assert np.all(f.participation == (not f.leaves_rows_out))
    assert isinstance(f.is_rough, bool)
    assert not f.is_rough or f.resolution > 0.0


@pytest.mark.parametrize("rows", [slice(3, 9), np.array([7, 0, 4])], ids=["slice", "some"])
def test_rows_that_are_left_out(reduced, rows):
    """All that leave-out formulas take of them, none of it depending on signs of vectors."""
    f, exact, case = reduced
    if not f.leaves_rows_out or f.data.X is None:
        pytest.skip("knows no rows")
    for f_ in (f, f.keeping_left()):
        block = f_.left_block(rows)
        U, gains = exact.U[rows], exact.s / (exact.s + exact.penalties()[1])
        found = f.eigenvalues / (f.eigenvalues + exact.penalties()[1])
        assert_allclose(block.squares, block.U**2)
        assert_allclose(block.U * found @ block.U.T, U * gains @ U.T, atol=case.rtol)
        fitted = exact.fitted(exact.penalties()[1])
        assert_allclose(block.U * found @ f.projections, fitted[rows], rtol=case.rtol, atol=1e-7)
        assert_allclose(block.constant, exact.constant[rows])
        unexplained = exact.unexplained[rows] * (not exact.interpolates)
        assert_allclose(block.null, exact.null[rows], atol=case.rtol)
        assert_allclose(block.residual, unexplained, atol=case.rtol * np.abs(exact.targets).max())
        everything = np.column_stack([exact.U, exact.constant])[rows]
        rest = np.eye(len(U)) - everything @ everything.T
        assert_allclose(block.null_projector, rest, atol=case.rtol)


def test_singular_vectors(reduced):
    f, exact, case = reduced
    if not f.leaves_rows_out or f.data.X is None:
        pytest.skip("knows no rows")
    alpha = exact.penalties()[1]
    z = f.projections / (f.eigenvalues + alpha)[:, None]
    size = np.abs(exact.targets).max()
    fitted = f.vectors.left_product(f.eigenvalues[:, None] * z)
    assert_allclose(fitted, exact.fitted(alpha), rtol=case.rtol, atol=case.rtol * size)
    new = 1.0 * exact.X[:5] + 1.0
    predicted = f.vectors.project(new - exact.x_mean) @ (np.sqrt(f.eigenvalues)[:, None] * z)
    expected = (new - exact.x_mean) @ exact.coefficients(alpha)
    assert_allclose(predicted, expected, rtol=0, atol=case.rtol * np.abs(expected).max())
    rows = np.array([4, 0])
    assert_array_equal(f.vectors.left(rows).shape, (2, f.rank))
    assert_allclose(f.vectors.leading(rows, 1), f.vectors.left(rows)[:, -1:], atol=1e-12)


def test_blocks_of_rows_are_all_rows_in_order(reduced):
    f, exact, _ = reduced
    if not f.leaves_rows_out or f.data.X is None:
        pytest.skip("knows no rows")
    blocks = f.map_left_blocks(lambda rows, block, scratch: block.squares.sum(axis=1).copy())
    assert_allclose(np.concatenate(blocks), np.square(exact.U).sum(axis=1), rtol=1e-6)
    total = f.sum_left_blocks(lambda rows, block, scratch: block.squares.sum())
    assert_allclose(total, exact.rank, rtol=1e-6)
