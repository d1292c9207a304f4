"""Correlated rows: simulations of matched, unmatched, near-horizon and weighted risks; limits."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from sk_renorm import theory
from theory.simulation import assert_no_gaps, enlarge, ridge_coefficients

N_ROWS, P, RIDGE, NOISE = 90, 60, 0.02, 0.3
SPECTRUM = theory.Spectrum(np.arange(1.0, 61.0) ** -0.8, np.full(P, P**-0.5))
REPETITIONS = 400


def correlation(n):
    return np.exp(-np.abs(np.subtract.outer(np.arange(n), np.arange(n))) / 4.0)


K = correlation(N_ROWS)


def root_of(matrix):
    values, vectors = np.linalg.eigh(matrix)
    return (vectors * np.sqrt(np.clip(values, 0.0, None))) @ vectors.T


def gaps(scale, row_root, noise_root, result, weights=None):
    """Return risks on fresh data and training errors of repeated fits, less the theory's."""
    rng = np.random.default_rng(scale)
    spectrum, n = enlarge(SPECTRUM, scale), scale * N_ROWS
    eta, w = spectrum.eigenvalues, spectrum.signal
    risks, training = [], []
    for _ in range(REPETITIONS):
        X = row_root @ rng.standard_normal((n, len(eta))) * np.sqrt(eta)
        y = X @ w + np.sqrt(NOISE) * (noise_root @ rng.standard_normal(n))
        c = np.ones(n) if weights is None else weights
        v = ridge_coefficients(np.sqrt(c)[:, None] * X, np.sqrt(c) * y, RIDGE)
        risks.append((v - w) ** 2 @ eta + NOISE)
        training.append(np.mean(c * (y - X @ v) ** 2))
    return {
        "risk": np.array(risks) - result.risk,
        "training_error": np.array(training) - result.training_error,
    }


@pytest.mark.slow
@pytest.mark.parametrize("matched", [True, False])
def test_matched_and_unmatched_noise(matched):
    def samples(scale):
        rows, eye = correlation(scale * N_ROWS), np.eye(scale * N_ROWS)
        noise = None if matched else eye
        result = theory.correlated_risk(
            enlarge(SPECTRUM, scale), RIDGE, rows, NOISE, noise_correlation=noise
        )
        root = root_of(rows)
        return gaps(scale, root, root if matched else eye, result)

    assert_no_gaps(samples)


@pytest.mark.slow
@pytest.mark.parametrize("equal_noise", [True, False])
def test_weights(equal_noise):
    some = np.random.default_rng(1).gamma(2.0, 0.5, N_ROWS)

    def samples(scale):
        weights = np.repeat(some, scale)
        noise = np.ones(len(weights)) if equal_noise else 1.0 / weights
        result = theory.weighted_risk(
            enlarge(SPECTRUM, scale), RIDGE, weights, NOISE, noise_scale=noise
        )
        return gaps(scale, np.eye(len(weights)), np.diag(np.sqrt(noise)), result, weights)

    assert_no_gaps(samples)


@pytest.mark.slow
@pytest.mark.parametrize("steps", [1, 4])
def test_near_the_horizon(steps):
    """Test rows, with their noise, continue the training series."""

    def samples(scale):
        rng, spectrum, n = np.random.default_rng(scale), enlarge(SPECTRUM, scale), scale * N_ROWS
        eta, w = spectrum.eigenvalues, spectrum.signal
        rows, k = correlation(n), np.exp(-np.abs(np.arange(n) - (n - 1 + steps)) / 4.0)
        joint = root_of(np.block([[rows, k[:, None]], [k[None], np.ones((1, 1))]]))
        solve_k = np.linalg.solve(rows, k)
        near = theory.near_horizon_risk(spectrum, RIDGE, rows, k, NOISE)
        plain, kriged = [], []
        for _ in range(REPETITIONS):
            X = joint @ rng.standard_normal((n + 1, len(eta))) * np.sqrt(eta)
            noise = joint @ rng.standard_normal((n + 1, 8)) * np.sqrt(NOISE)
            y = (X @ w)[:, None] + noise  # eight noises for each X
            v = ridge_coefficients(X[:-1], y[:-1], RIDGE)
            error = y[-1] - X[-1] @ v
            plain.append(np.mean(error**2) - near.risk)
            kriged.append(
                np.mean((error - solve_k @ (y[:-1] - X[:-1] @ v)) ** 2) - near.kriging_risk
            )
        return {"near": plain, "kriging": kriged}

    assert_no_gaps(samples)


def test_no_correlation_is_ridge_regression():
    plain = theory.ridge_risk(SPECTRUM, [1e-3, 0.1], N_ROWS, NOISE)
    for rows in (np.eye(N_ROWS), np.ones(N_ROWS), theory.white_wishart(N_ROWS)):
        result = theory.correlated_risk(SPECTRUM, [1e-3, 0.1], rows, NOISE)
        for name in ("kappa", "df1", "df2", "gamma", "bias2", "risk", "training_error"):
            assert_allclose(getattr(result, name), getattr(plain, name), rtol=1e-10, err_msg=name)
        assert_allclose(result.gcv_limit, result.risk, rtol=1e-10)


@pytest.mark.parametrize("n", [200, 1200])
def test_closed_form_is_the_limit_of_the_matrix(n):
    t = np.arange(n)
    spectrum = theory.isotropic(n // 2)
    matrix = theory.correlated_risk(spectrum, 0.01, np.exp(-np.abs(t[:, None] - t) / 4.0), 0.2)
    closed = theory.correlated_risk(spectrum, 0.01, theory.exponential_samples(n, 4.0), 0.2)
    for name in ("kappa", "row_kappa", "df2", "row_df2", "gamma", "risk", "training_error"):
        assert_allclose(getattr(closed, name), getattr(matrix, name), rtol=10.0 / n, err_msg=name)


def test_corr_gcv_holds_and_gcv_fails_if_matched():
    r = theory.correlated_risk(SPECTRUM, [1e-3, 0.1], K, NOISE)
    assert_allclose(r.corr_gcv_limit, r.risk, rtol=1e-10)
    assert (r.gcv_limit < 0.5 * r.risk).all()
    assert (r.naive_correction_limit > 1.1 * r.risk).all() or (
        r.naive_correction_limit < 0.9 * r.risk
    ).all()


def test_corr_gcv_fails_if_noise_is_independent():
    r = theory.correlated_risk(SPECTRUM, 0.01, K, NOISE, noise_correlation=np.eye(N_ROWS))
    assert r.corr_gcv_limit > 1.5 * r.risk


def test_both_sides_see_the_same_df1():
    r = theory.correlated_risk(SPECTRUM, [1e-4, 1.0], K, NOISE)
    for kappa, df1 in zip(r.row_kappa, r.df1, strict=True):
        assert_allclose(np.trace(np.linalg.solve(K + kappa * np.eye(N_ROWS), K)), df1, rtol=1e-10)
    assert_allclose(r.kappa * r.row_kappa * r.df1 / N_ROWS, r.ridge, rtol=1e-10)
    assert_allclose(r.gamma, (r.df2 / r.df1) * (r.row_df2 / r.df1), rtol=1e-10)


@pytest.mark.parametrize("n_features", [40, 200])
def test_ridgeless_limit(n_features):
    spectrum = theory.power_law(n_features, 0.9)
    at = theory.correlated_risk(spectrum, 0.0, K[:90, :90], 0.1)
    near = theory.correlated_risk(spectrum, 1e-11, K[:90, :90], 0.1)
    assert_allclose(at.risk, near.risk, rtol=1e-6)
    assert_allclose(at.training_error, near.training_error, rtol=1e-5, atol=1e-15)


def test_interpolating_fits_have_their_estimates():
    """GCV and CorrGCV of a ridgeless fit are 0 / 0 and have a limit."""
    closed = theory.exponential_samples(90, 4.0)
    lacking = np.r_[np.ones(60), np.zeros(30)]
    for rows, noise in ((K, None), (K, np.eye(90)), (closed, None), (lacking, None)):
        for p in (40, 200):
            spectrum = theory.power_law(p, 0.9)
            at, near = (
                theory.correlated_risk(spectrum, ridge, rows, 0.1, noise_correlation=noise)
                for ridge in (0.0, 1e-9)
            )
            for name in ("gcv_limit", "naive_correction_limit", "corr_gcv_limit"):
                atol = 1e-9 * at.risk  # GCV of rows that K lacks is zero
                assert_allclose(getattr(at, name), getattr(near, name), rtol=1e-5, atol=atol)


def test_far_test_point_is_an_independent_one():
    near = theory.near_horizon_risk(SPECTRUM, RIDGE, K, np.zeros((2, N_ROWS)), NOISE)
    far = theory.correlated_risk(SPECTRUM, RIDGE, K, NOISE).risk
    assert_allclose(near.risk, [far, far], rtol=1e-12)
    assert_allclose(near.kriging_risk, far, rtol=1e-12)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: theory.correlated_risk([1.0], 0.1, [[1.0, 2.0], [2.0, 1.0]]), "semidefinite"),
        (lambda: theory.correlated_risk([1.0], 0.1, np.ones((2, 3))), "square"),
        (
            lambda: theory.correlated_risk(
                [1.0], 0.1, theory.white_wishart(3), noise_correlation=np.eye(3)
            ),
            "closed form",
        ),
        (
            lambda: theory.correlated_risk([1.0], 0.1, np.eye(3), noise_correlation=np.eye(2)),
            "must have shape",
        ),
        (lambda: theory.weighted_risk([1.0], 0.1, [1.0, -1.0]), "zero or positive"),
        (lambda: theory.weighted_risk([1.0], 0.1, [1.0], noise_scale=[1.0, 1.0]), "shape"),
        (lambda: theory.near_horizon_risk([1.0], 0.1, np.ones((2, 2)), [0, 0]), "definite"),
        (lambda: theory.near_horizon_risk([1.0], 0.1, np.eye(2), [1.0, 1.0]), "impossible"),
        (lambda: theory.near_horizon_risk([1.0], 0.1, np.eye(2), [1.0]), "must have shape"),
    ],
)
def test_bad_input_is_a_sentence(call, message):
    with pytest.raises(ValueError, match=message):
        call()
