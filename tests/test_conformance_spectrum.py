"""The contracts `Spectrum` and `Factorization`: every reduction, every clause, by brute force."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from reductions import CASES, in_table, made

from sk_renorm._linalg import Factorization, Spectrum


@pytest.fixture(params=in_table(CASES))
def reduced(request):
    """The spectrum, what brute force says, and the case."""
    return *made(*request.param), request.param[0]


@pytest.fixture(params=in_table(case for case in CASES if case.knows_rows))
def with_rows(request):
    """The same, where it knows single rows."""
    return *made(*request.param), request.param[0]


def per_target(function, penalties):
    """Return ``function(alpha)[j]`` at the penalty alpha (L, q) of each target j."""
    return np.array([[function(a)[j] for j, a in enumerate(row)] for row in penalties])


def penalties_of(f, exact):
    """Penalties (L,) that it resolves; no shrinkage too, if it resolves that."""
    low = f.resolution
    return np.concatenate([[] if low else [0.0], np.maximum(exact.penalties(), 2.0 * low)])


def assert_trace(f, found, shares, rtol):
    """Compare traces (K,) with the sums of exact ``shares`` (r, K).

    A random vector of signs has a trace of squared error ``2 sum shares**2`` at most (Hutchinson
    1990): five standard errors.
    """
    exact, error = shares.sum(axis=0), 0.0
    if f.trace_weights is not None:
        error = 5.0 * np.sqrt(2.0 * np.square(shares).sum(axis=0) / f.trace_weights.shape[1])
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
    f, exact, _ = reduced
    assert f.n_targets == exact.Y.shape[1]
    assert_allclose(f.n_modes, exact.n_modes)
    assert_trace(f, np.array([f.rank]), np.ones((exact.rank, 1)), 1e-9)
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
        gains = s[:, None] / (s[:, None] + alphas)
        for j, probe in enumerate(f.probes[:2]):  # those that are kept: their own quadratic forms
            z = probe.length * probe.basis[0] @ (exact.V if f.is_tall else exact.U)
            n_short = exact.X.shape[1] if f.is_tall else len(exact.Y) - exact.fit_intercept
            form = n_short * z**2 @ exact.shares(alphas) / probe.length**2
            assert_allclose(f.trace_weights[:, j] @ gains, form, rtol=case.rtol)
    for power in (1, 2):
        found = f.trace((s[:, None] / (s[:, None] + alphas)) ** power)
        assert_trace(f, found, exact.shares(alphas) ** power, case.rtol)


def test_what_penalties_leave(reduced):
    """Residuals and modes, of shared penalties and of one per target, up to common factors."""
    f, exact, case = reduced
    shared = penalties_of(f, exact)[:, None]
    q = f.n_targets
    for penalties in (shared, np.stack([np.roll(shared[:, 0], j) for j in range(q)], axis=1)):
        residual, rest = f.shrunk(penalties)
        each = np.broadcast_to(penalties, (len(penalties), q))
        residual_power = per_target(exact.residual_power, each)
        assert residual.shape == residual_power.shape
        assert rest.shape == penalties.shape
        if f.trace_weights is None and exact.interpolates and exact.n_modes == exact.rank:
            # both vanish: what is common may be left out, and at no shrinkage has to be
            gains = np.vectorize(lambda a: np.sum(1.0 / (exact.s + a)))(penalties)
            scaled = per_target(exact.scaled_residual_power, each)
            assert_allclose(residual / rest**2, scaled / gains**2, rtol=case.rtol)
            continue
        size = np.square(exact.targets).sum(axis=0).max()
        assert_allclose(residual, residual_power, rtol=case.rtol, atol=1e-3 * case.rtol * size)
        for row, alphas in zip(rest, penalties, strict=True):
            assert_trace(f, exact.n_modes - row, exact.shares(alphas), case.rtol)
            if f.trace_weights is None:  # no digits are lost where little is left
                left = (
                    exact.n_modes - exact.rank + (alphas / (exact.s[:, None] + alphas)).sum(axis=0)
                )
                assert_allclose(row, left, rtol=case.rtol)


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
    f, exact, case = reduced
    assert f.participation.shape == f.eigenvalues.shape
    assert f.resolution >= 0.0
    if case.knows_rows:
        rows = len(exact.Y) * (exact.U**4).sum(axis=0)
        assert_allclose(f.participation, 1.0 / rows, rtol=1e-5)
    else:
        assert np.all(f.participation == (not f.leaves_rows_out))
    assert isinstance(f.is_rough, bool)
    assert not f.is_rough or f.resolution > 0.0


@pytest.mark.parametrize("rows", [slice(3, 9), np.array([7, 0, 4])], ids=["slice", "some"])
def test_rows_that_are_left_out(with_rows, rows):
    """All that leave-out formulas take of them, none of it depending on signs of vectors."""
    f, exact, case = with_rows
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


def test_singular_vectors(with_rows):
    f, exact, case = with_rows
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


def test_blocks_of_rows_are_all_rows_in_order(with_rows):
    f, exact, _ = with_rows
    blocks = f.map_left_blocks(lambda rows, block, scratch: block.squares.sum(axis=1).copy())
    assert_allclose(np.concatenate(blocks), np.square(exact.U).sum(axis=1), rtol=1e-6)
    total = f.sum_left_blocks(lambda rows, block, scratch: block.squares.sum())
    assert_allclose(total, exact.rank, rtol=1e-6)
