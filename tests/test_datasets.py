"""Draws have the population they claim; the measured risk agrees with the theory."""

import numpy as np
import pytest
from theory.simulation import assert_no_gap, enlarge

from sk_renorm import datasets, theory

DISTRIBUTIONS = ["gaussian", "t", "rademacher"]


def ar1(n, coefficient=0.8):
    t = np.arange(n)
    return coefficient ** np.abs(t[:, None] - t)


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_covariance_and_labels(distribution):
    rng = np.random.default_rng(0)
    root = rng.standard_normal((3, 3))
    covariance, w = root @ root.T + np.eye(3), np.array([1.0, -2.0, 0.5])
    spectrum = theory.from_covariance(covariance, w)
    X, y, population = datasets.make_spectral_regression(
        200_000, spectrum, noise_variance=0.3, distribution=distribution, rng=1
    )
    np.testing.assert_allclose(population.coefficients, w, rtol=1e-12)
    np.testing.assert_allclose(X.T @ X / len(X), covariance, atol=0.03 * np.trace(covariance))
    np.testing.assert_allclose(np.var(y - X @ w), 0.3, rtol=0.02)


def test_seed_and_generator_agree():
    spectrum = theory.power_law(5, 1.0)
    first = datasets.make_spectral_regression(4, spectrum, noise_variance=1.0, rng=7)
    again = datasets.make_spectral_regression(
        4, spectrum, noise_variance=1.0, rng=np.random.default_rng(7)
    )
    np.testing.assert_array_equal(first[0], again[0])
    np.testing.assert_array_equal(first[1], again[1])


def test_rows_are_correlated():
    n, spectrum = 40, theory.isotropic(20_000)
    K = ar1(n)
    X, _, population = datasets.make_spectral_regression(n, spectrum, row_correlation=K, rng=0)
    np.testing.assert_allclose(X @ X.T / X.shape[1], K, atol=0.05)
    assert isinstance(population.ridge_risk(0.1), theory.CorrelatedRisk)


def test_conditional_risk_is_that_of_fresh_data():
    spectrum = theory.power_law(10, 1.0)
    _, _, population = datasets.make_spectral_regression(5, spectrum, noise_variance=0.2, rng=0)
    v = np.linspace(-1.0, 1.0, 10)
    X, y, _ = datasets.make_spectral_regression(400_000, spectrum, noise_variance=0.2, rng=1)
    errors = (y - X @ v) ** 2
    standard_error = errors.std() / np.sqrt(len(errors))
    assert abs(errors.mean() - population.conditional_risk(v)) < 3.0 * standard_error


@pytest.mark.slow
@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
@pytest.mark.parametrize("correlated", [False, True], ids=["independent", "correlated"])
def test_measured_risk_is_within_three_standard_errors(distribution, correlated):
    case, ridge = theory.power_law(110, 1.0, 0.8, signal_norm=1.0), 0.02

    def gaps(scale):
        spectrum, n, rng = enlarge(case, scale), 75 * scale, np.random.default_rng(scale)
        risks = []
        for _ in range(200):
            X, y, population = datasets.make_spectral_regression(
                n,
                spectrum,
                noise_variance=0.1,
                row_correlation=ar1(n) if correlated else None,
                distribution=distribution,
                rng=rng,
            )
            w = X.T @ np.linalg.solve(X @ X.T + n * ridge * np.eye(n), y)
            risks.append(population.conditional_risk(w))
        return np.array(risks) - population.ridge_risk(ridge).risk

    assert_no_gap(gaps)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"n_samples": 0}, "n_samples must be an integer"),
        ({"n_samples": 2.5}, "n_samples must be an integer"),
        ({"noise_variance": -1.0}, "noise_variance must be"),
        ({"noise_variance": np.nan}, "noise_variance must not contain NaN"),
        ({"distribution": "cauchy"}, "distribution must be"),
        ({"row_correlation": np.eye(3)}, "symmetric matrix of shape"),
        ({"row_correlation": 2.0 * np.eye(5)}, "unit diagonal"),
        ({"row_correlation": 3.0 * np.ones((5, 5)) - 2.0 * np.eye(5)}, "positive semidefinite"),
        ({"spectrum": theory.Spectrum([1.0], tail=1.0)}, "neither tail"),
    ],
)
def test_bad_input_is_a_sentence(change, message):
    arguments = {"n_samples": 5, "spectrum": theory.isotropic(3), **change}
    with pytest.raises(ValueError, match=message):
        datasets.make_spectral_regression(**arguments)


def test_spectrum_must_be_one():
    with pytest.raises(TypeError, match="Spectrum"):
        datasets.make_spectral_regression(5, [1.0, 2.0])
