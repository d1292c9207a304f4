"""Rows that follow the training rows: risks and kriging, in simulation and in closed cases."""

import os

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.linalg import toeplitz
from test_correlated import autoregression

from sk_renorm import RenormalizedRidge, TheoryGuidedRidgeCV
from sk_renorm.report.ahead import expected_errors, risks_ahead
from sk_renorm.report.parts import Correlation
from sk_renorm.theory import near_horizon_risk

FULL = os.environ.get("SK_RENORM_SLOW") == "1"
RHO, STEPS = 0.8, np.array([1, 2, 5, 40])


def fit_and_follow(seed, n, p, noise_rho, alpha=1.0, sigma=0.7):
    """Fit the first n rows; return the errors on those that follow, plain and with kriging."""
    rng = np.random.default_rng(seed)
    eta = 1.0 / np.arange(1, p + 1)
    X = autoregression(rng, n + STEPS[-1], RHO, p) * np.sqrt(eta)
    noise = autoregression(rng, len(X), noise_rho, 1)[:, 0]
    y = X.sum(axis=1) / np.sqrt(eta.sum()) + sigma * noise
    known = RHO ** np.arange(n)
    risk = "gcv" if noise_rho else "loo"
    model = TheoryGuidedRidgeCV([alpha], sample_correlation=known, risk=risk).fit(X[:n], y[:n])
    rows = n - 1 + STEPS
    plain = y[rows] - model.predict(X[rows])
    kriging = y[rows] - model.predict_ahead(X[rows], STEPS)
    return model.report_.risk_ahead(STEPS), plain, kriging


@pytest.mark.slow
@pytest.mark.parametrize("noise_rho", [0.0, RHO])
@pytest.mark.parametrize(("n", "p"), [(200, 50), (100, 200)])
def test_risks_ahead_are_those_of_simulation(n, p, noise_rho):
    repetitions = 4000 if FULL else 800
    runs = [fit_and_follow(seed, n, p, noise_rho) for seed in range(repetitions)]
    for name, place in (("risk", 1), ("kriging_risk", 2)):
        claimed = np.mean([getattr(run[0], name) for run in runs], axis=0)
        losses = np.square([run[place] for run in runs])
        spread = 3.0 * losses.std(axis=0) / np.sqrt(repetitions)
        # 5 % for what the deterministic equivalents leave out at this size
        assert np.all(np.abs(claimed - losses.mean(axis=0)) < spread + 0.05 * claimed)


def test_kriging_helps_near_and_is_lost_far_ahead():
    ahead, _, _ = fit_and_follow(0, 150, 40, RHO)
    assert np.all(np.diff(ahead.risk) > 0.0)
    assert np.all(np.diff(ahead.kriging_risk) > 0.0)
    assert np.all(ahead.kriging_risk <= ahead.risk)
    assert ahead.kriging_risk[0] < 0.7 * ahead.risk[0]
    assert_allclose([ahead.risk[-1], ahead.kriging_risk[-1]], ahead.far_risk, rtol=0.02)


def correlation(correlations, *parts):
    """What a fit knows of correlated rows; four fields are not read."""
    return Correlation(correlations, None, None, None, None, *map(np.array, parts))


def test_matched_noise_is_the_theory_of_near_rows():
    """The same formula as for a known population, with the estimate in place of its risk."""
    n, kt = 60, 0.4
    correlations = RHO ** np.arange(n)
    parts = correlation(correlations, [2.0], [0.0], [0.0], [kt], np.zeros((n, 1)))
    plain, kriging = risks_ahead(parts, STEPS)
    K = toeplitz(correlations)
    k = RHO ** (STEPS[:, None] + np.arange(n - 1, -1, -1))
    explained = np.einsum("mi,im->m", k, np.linalg.solve(K, k.T))
    assert_allclose(explained, RHO ** (2.0 * STEPS), rtol=1e-10)  # an AR(1) sees its last row only
    assert_allclose(kriging[:, 0], 2.0 * (1.0 - explained), rtol=1e-10)
    inner = np.linalg.inv((K + kt * np.eye(n)) @ (K + kt * np.eye(n)) @ K)
    near = kt**2 * np.einsum("mi,ij,mj->m", k, inner, k)
    assert_allclose(plain[:, 0], 2.0 * (1.0 - explained + near), rtol=1e-8)
    theory = near_horizon_risk(1.0 / np.arange(1, 31), 0.1, K, k, 1.0)
    assert_allclose(theory.explained, explained, rtol=1e-10)


@pytest.mark.parametrize("noise_rho", [0.0, 0.5, -0.3])
def test_expected_errors_and_risks_are_the_conditional_ones(noise_rho):
    """Against the Gaussian conditional mean and variance, built with dense matrices."""
    n, excess, noise, kt = 30, 1.5, 0.6, 0.3
    correlations = RHO ** np.arange(n)
    K, of_noise = toeplitz(correlations), toeplitz(noise_rho ** np.arange(n))
    residuals = np.random.default_rng(0).standard_normal((n, 1))
    shrink = kt * np.linalg.inv(K + kt * np.eye(n))
    lags = STEPS[:, None] + np.arange(n - 1, -1, -1)
    k = np.where(lags < n, RHO**lags, 0.0)  # the array of correlations ends
    k_noise = np.where(lags < n, noise_rho**lags, 0.0)
    a = np.linalg.solve(K, k.T).T
    # the error ahead is a' (residuals - noise) + noise ahead + rest
    of_residuals = shrink @ (excess * K + noise * of_noise) @ shrink
    with_residuals = a @ (of_residuals - noise * of_noise @ shrink) + noise * k_noise @ shrink
    gain = with_residuals @ np.linalg.inv(of_residuals)
    parts = correlation(correlations, [excess], [noise], [noise_rho], [kt], residuals)
    found = expected_errors(parts, STEPS)
    assert_allclose(found, gain @ residuals, rtol=1e-7)
    with_noise = a @ (noise * shrink @ of_noise - noise * of_noise) + noise * k_noise
    with_noise_ahead = a @ (noise * shrink @ k_noise.T - noise * k_noise.T)
    with_features = with_residuals - with_noise
    risk = np.sum(a * with_features, axis=1) + np.diag(with_noise_ahead) + noise
    risk += excess * (1.0 - np.sum(a * k, axis=1))
    plain, kriging = risks_ahead(parts, STEPS)
    assert_allclose(plain[:, 0], risk, rtol=1e-7)
    assert_allclose(kriging[:, 0], risk - np.sum(gain * with_residuals, axis=1), rtol=1e-7)


def test_without_correlation_nothing_is_known_of_the_next_row():
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((80, 5)), rng.standard_normal(80)
    model = RenormalizedRidge(1.0, sample_correlation=[1.0]).fit(X, y)
    assert_allclose(model.predict_ahead(X), model.predict(X))
    assert_allclose(model.report_.risk_ahead([1, 9]).risk, model.risk_)
    assert_allclose(model.report_.risk_ahead(3).kriging_risk, model.risk_)


def test_several_targets_and_one():
    rng = np.random.default_rng(0)
    X = autoregression(rng, 90, 0.9, 6)
    Y = X[:, :2] + autoregression(rng, 90, 0.9, 2)
    model = TheoryGuidedRidgeCV(sample_correlation="ar1", alpha_per_target=True).fit(X, Y)
    both, deviations = model.predict_ahead(X[:4], return_std=True)
    assert both.shape == deviations.shape == (4, 2)
    assert model.report_.risk_ahead([1, 2, 3]).risk.shape == (3, 2)
    alone = TheoryGuidedRidgeCV(sample_correlation="ar1").fit(X, Y[:, 1])
    assert_allclose(alone.predict_ahead(X[:4]), both[:, 1], rtol=1e-6)
    assert_allclose(alone.predict_ahead(X[:4], return_std=True)[1], deviations[:, 1], rtol=1e-6)
    far = alone.report_.dependence.excess + alone.report_.dependence.noise
    assert_allclose(far, alone.risk_)


def test_scale_does_not_matter():
    rng = np.random.default_rng(0)
    X, noise = autoregression(rng, 90, 0.9, 6), autoregression(rng, 90, 0.9, 1)[:, 0]
    one = TheoryGuidedRidgeCV(sample_correlation="ar1").fit(X, X[:, 0] + noise)
    for scale in (1e-8, 1e8):
        other = TheoryGuidedRidgeCV(sample_correlation="ar1").fit(X, scale * (X[:, 0] + noise))
        assert_allclose(other.predict_ahead(X) / scale, one.predict_ahead(X), rtol=1e-6)
        assert_allclose(
            other.report_.risk_ahead(1).risk / scale**2, one.report_.risk_ahead(1).risk, rtol=1e-6
        )


def test_it_says_what_it_needs():
    rng = np.random.default_rng(0)
    X = autoregression(rng, 50, 0.5, 3)
    plain = TheoryGuidedRidgeCV().fit(X, X[:, 0])
    matrix = TheoryGuidedRidgeCV(sample_correlation=toeplitz(0.5 ** np.arange(50))).fit(X, X[:, 0])
    for model in (plain, matrix):
        with pytest.raises(ValueError, match="fit with sample_correlation='ar1'"):
            model.report_.risk_ahead(1)
    model = TheoryGuidedRidgeCV(sample_correlation="ar1").fit(X, X[:, 0])
    for steps in (0, 1.5, [[1]], [1, np.nan], "two"):
        with pytest.raises(ValueError, match="whole numbers of at least 1"):
            model.report_.risk_ahead(steps)
    with pytest.raises(ValueError, match="steps has 2 values for 3 rows"):
        model.predict_ahead(X[:3], steps=[1, 2])
    assert_allclose(model.predict_ahead(X[:3], 2), model.predict_ahead(X[:3], [2, 2, 2]))
