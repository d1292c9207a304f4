"""What X and the residuals say of correlated rows: standard errors cover; noise of its own."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.linalg import toeplitz
from scipy.optimize import minimize
from test_correlated import autoregression, draw, far_risk

from sk_renorm import RenormalizedRidge, TheoryGuidedRidgeCV
from sk_renorm._linalg import factorize
from sk_renorm._risk import estimate_correlations
from sk_renorm._risk.correlated.noise_correlation import (
    fit_noise_correlation,
    of_noise,
    two_components,
)


def covers(hits):
    """Say whether two standard errors cover what they do of a normal, 95.4 %.

    Within three standard errors of their count, and 2.5 % for what is not normal at these sizes.
    """
    return abs(np.mean(hits) - 0.954) < 0.025 + 3.0 * np.sqrt(0.954 * 0.046 / len(hits))


@pytest.mark.parametrize(("n", "p"), [(300, 4), (100, 300)], ids=["narrow", "wide"])
@pytest.mark.parametrize("rho", [0.0, 0.5, 0.9])
def test_standard_errors_of_the_rows_cover(n, p, rho):
    rng, found, errors = np.random.default_rng(0), [], []
    for _ in range(150):
        X = autoregression(rng, n, rho, p) / np.sqrt(np.arange(1, p + 1))
        f = factorize(X, X[:, :1], None, fit_intercept=True)
        correlations, std_errors = estimate_correlations(f, 1)
        found.append(correlations[1])
        errors.append(std_errors[1])
    deviations = np.array(found) - rho
    assert covers(np.abs(deviations) < 2.0 * np.array(errors))
    # neither too small nor too large; the spread of 150 is known to 6 %
    assert 0.8 < np.std(found) / np.mean(errors) < 1.2
    assert abs(deviations.mean()) < 0.3 * np.mean(errors)


@pytest.mark.slow
def test_standard_errors_of_a_second_order_cover_at_every_lag():
    rng, hits = np.random.default_rng(0), []
    known = np.zeros(200)
    known[:2] = 1.0, 1.2 / 1.5
    for lag in range(2, 200):
        known[lag] = 1.2 * known[lag - 1] - 0.5 * known[lag - 2]
    root = np.linalg.cholesky(toeplitz(known))
    for _ in range(400):
        X = root @ rng.standard_normal((200, 30))
        f = factorize(X, X[:, :1], None, fit_intercept=True)
        found, errors = estimate_correlations(f, None)
        hits.append(np.abs(found - known)[1:6] < 2.0 * errors[1:6])
    assert all(covers(of_lag) for of_lag in np.transpose(hits))


@pytest.mark.parametrize("order", ["ar1", "estimate"])
def test_rows_that_wander_without_end_are_finite(order):
    X = np.cumsum(np.random.default_rng(0).standard_normal((60, 3)), axis=0)
    model = RenormalizedRidge(1.0, sample_correlation=order).fit(X, X[:, 0])
    assert np.all(np.abs(model.report_.dependence.sample_correlation) <= 1.0)
    assert np.all(np.isfinite(model.report_.dependence.sample_correlation_std_error))
    assert np.isfinite(model.risk_)


@pytest.mark.parametrize("noise", [0.7, 0.0, -0.02])
def test_two_components_of_exact_powers(noise):
    k = of_noise(0.8, 200, True).spectrum[:, None, None]
    found = two_components(1.5 * k + noise, k, signed=True)
    assert_allclose(np.ravel(found), [1.5, noise], atol=1e-6)


def test_two_components_are_the_likeliest_of_powers_that_are_neither():
    """Where full steps lead back and forth for ever, and ended at no noise at all."""
    k, noise, short, long = (of_noise(rho, 401, True).spectrum for rho in (0.77, 0.95, 0.3, 0.98))
    powers, k = (short + 3.0 * long) / noise, k / noise

    def loss(logarithms):
        excess, rest = np.exp(logarithms)
        return np.sum(np.log(excess * k + rest) + powers / (excess * k + rest))

    found = np.ravel(two_components(powers[:, None, None], k[:, None, None]))
    best = minimize(loss, [0.0, 0.0], tol=1e-9)
    assert_allclose(found, np.exp(best.x), rtol=1e-4)


def test_noise_below_zero_is_what_makes_the_risk_unbiased():
    """Where there is no independent noise, a fit that allows none below zero takes it for some."""
    k = of_noise(0.8, 200, True).spectrum[:, None, None]
    powers = k * np.random.default_rng(0).chisquare(1, (len(k), 2000, 1))
    risks = {signed: np.sum(two_components(powers, k, signed), axis=0) for signed in (True, False)}
    error = 3.0 * risks[True].std() / np.sqrt(2000)
    assert abs(risks[True].mean() - 1.0) < error + 0.01
    assert risks[False].mean() < 0.96


@pytest.mark.parametrize(("rows", "rho"), [(0.8, -0.4), (0.8, 0.0), (0.8, 0.5), (0.3, 0.9)])
def test_standard_errors_of_the_noise_cover(rows, rho):
    """Powers are drawn from their law, with five times as much noise as excess."""
    k = of_noise(rows, 400, True).spectrum
    mean = 0.2 * k + of_noise(rho, 400, True).spectrum
    rng = np.random.default_rng(0)
    fits = [fit_noise_correlation(mean * rng.chisquare(1, len(k)), k, True) for _ in range(80)]
    found, errors = np.array([(fit.at_lag_one, fit.std_error) for fit in fits]).T
    assert covers(np.abs(found - rho) < 2.0 * errors)
    # half of a normal lies within 0.67
    assert 0.45 < np.median(np.abs(found - rho)) / np.median(errors) < 0.95
    clear = np.mean([fit.is_clear for fit in fits])
    # 5 % of independent noise, by the law of the likelihood ratio
    assert clear < 0.05 + 3.0 * np.sqrt(0.05 * 0.95 / 80) if rho == 0.0 else clear > 0.6


@pytest.mark.slow
@pytest.mark.parametrize("noise_rho", [0.5, 0.95], ids=["shorter", "longer"])
def test_risk_of_far_rows_with_noise_of_another_length(noise_rho):
    """As for independent noise it would be a fifth too high, or half of what it is."""
    rng, ratios = np.random.default_rng(0), []
    for _ in range(40):
        X, y, eta, w = draw(rng, 300, 50, 0.8, noise_rho)
        model = RenormalizedRidge(3.0, sample_correlation="ar1").fit(X, y)
        ratios.append((model.risk_, far_risk(model, eta, w)))
    claimed, true = np.transpose(ratios)
    error = np.std(claimed / claimed.mean() - true / true.mean()) / np.sqrt(len(true))
    assert abs(claimed.mean() / true.mean() - 1.0) < 0.1 + 3.0 * error


def test_noise_is_fitted_where_rows_have_an_order():
    rng = np.random.default_rng(0)
    X = autoregression(rng, 300, 0.3, 5)
    Y = X[:, :2] + np.column_stack([autoregression(rng, 300, rho, 1)[:, 0] for rho in (0.9, 0.0)])
    model = TheoryGuidedRidgeCV(sample_correlation="ar1").fit(X, Y)
    assert_allclose(model.report_.dependence.noise_correlation, [0.9, 0.0], atol=0.15)
    assert model.report_.dependence.noise_correlation_std_error[0] < 0.1
    used = model.report_.dependence.error_noise_correlation
    assert_allclose(used, [model.report_.dependence.noise_correlation[0], 0.0])
    assert "correlation of noise" in str(model.report_)
    one = TheoryGuidedRidgeCV(sample_correlation="ar1").fit(X, Y[:, 0])
    assert isinstance(one.report_.dependence.noise_correlation, float)
    for given in (
        TheoryGuidedRidgeCV(sample_correlation=np.eye(300)),
        TheoryGuidedRidgeCV(sample_correlation="ar1", risk="gcv"),
    ):
        assert given.fit(X, Y).report_.dependence.noise_correlation is None
    assert (
        TheoryGuidedRidgeCV(sample_correlation=[1.0])
        .fit(X, Y)
        .report_.dependence.sample_correlation_std_error
        is None
    )
    nothing = RenormalizedRidge(1.0, sample_correlation="ar1").fit(X, np.ones(300))
    assert nothing.report_.dependence.noise_correlation_std_error == np.inf
