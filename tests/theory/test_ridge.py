"""Ridge risk: simulations of every term, exact special cases, optimum, learning curves."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose

from sk_renorm import theory
from theory.simulation import FULL, assert_no_gaps, enlarge, ridge_coefficients

CASES = {  # spectrum, n, ridge
    "wide": (theory.power_law(160, 1.0, 0.7, signal_norm=1.0), 80, 0.01),
    "tall": (theory.power_law(60, 0.8, 0.7, signal_norm=1.0), 120, 0.05),
    "ridgeless": (theory.power_law(240, 0.9, 0.7, signal_norm=1.0), 80, 0.0),
    "negative": (theory.isotropic(200, signal_norm=1.0), 80, -0.05),
}
NOISE = 0.3


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_every_term(name):
    case, n_samples, ridge = CASES[name]
    members = 8

    def samples(scale):
        spectrum, n = enlarge(case, scale), scale * n_samples
        eta, w = spectrum.eigenvalues, spectrum.signal
        rng = np.random.default_rng(scale)
        terms = {key: [] for key in ("bias2", "variance_data", "variance_noise", "risk")}
        terms |= {key: [] for key in ("training_error", "squared_norm")}
        for _ in range(40):
            fits = []
            for _ in range(members):
                X = rng.standard_normal((n, len(eta))) * np.sqrt(eta)
                noise = np.sqrt(NOISE) * rng.standard_normal(n)
                both = ridge_coefficients(X, np.column_stack([X @ w, noise]), ridge)
                fits.append(both[:, 0])
                v = both.sum(axis=1)
                terms["training_error"].append(np.mean((X @ (w - v) + noise) ** 2))
                terms["squared_norm"].append(v @ v)
                terms["risk"].append((v - w) ** 2 @ eta + NOISE)
                terms["variance_noise"].append(both[:, 1] ** 2 @ eta)
            mean = np.mean(fits, axis=0)
            variance = ((fits - mean) ** 2 @ eta).sum() / (members - 1)
            terms["variance_data"].append(variance)
            terms["bias2"].append((mean - w) ** 2 @ eta - variance / members)
        result = theory.ridge_risk(spectrum, ridge, n, NOISE)
        return {key: np.array(values) - getattr(result, key) for key, values in terms.items()}

    assert_no_gaps(samples, atol=1e-20)  # rounding of an interpolator's training error


@pytest.mark.slow
def test_cross_risk_and_shifts():
    case, n_samples, _ = CASES["wide"]

    def samples(scale):
        spectrum, n = enlarge(case, scale), scale * n_samples
        eta, w = spectrum.eigenvalues, spectrum.signal
        rng, p = np.random.default_rng(scale), len(eta)
        shift = rng.standard_normal(p) / np.sqrt(p)
        root = rng.standard_normal((p, p)) / p
        covariance = root @ root.T + np.diag(eta[::-1])
        arguments = (spectrum, 0.003, n, NOISE)
        shifted = theory.out_of_distribution_risk
        expected = {
            "cross": theory.cross_risk(spectrum, 0.003, 0.1, n, NOISE),
            "matrix": shifted(*arguments, test_covariance=covariance, test_noise_variance=0.1),
            "mean": shifted(*arguments, test_mean=shift),
            "diagonal": shifted(*arguments, test_covariance=eta[::-1]),
        }
        found = {name: [] for name in expected}
        for _ in range(400):
            X = rng.standard_normal((n, p)) * np.sqrt(eta)
            y = X @ w + np.sqrt(NOISE) * rng.standard_normal(n)
            a, b = (ridge_coefficients(X, y, ridge) - w for ridge in (0.003, 0.1))
            found["cross"].append(a @ (eta * b) + NOISE)
            found["matrix"].append(a @ covariance @ a + 0.1)
            found["mean"].append(a @ (eta * a) + (shift @ a) ** 2 + NOISE)
            found["diagonal"].append(a @ (eta[::-1] * a) + NOISE)
        return {name: np.array(values) - expected[name] for name, values in found.items()}

    assert_no_gaps(samples)


def test_cross_risk_of_equal_ridges_is_the_risk():
    spectrum, ridge, n = theory.power_law(50, 1.0), np.array([[0.0], [1e-3]]), [20, 50, 80]
    same = theory.cross_risk(spectrum, ridge, ridge, n, 0.2)
    assert_allclose(same, theory.ridge_risk(spectrum, ridge, n, 0.2).risk, rtol=1e-11)
    assert np.isinf(same[0, 1])  # the interpolation threshold
    tailed = theory.Spectrum([1.0, 0.3], [1.0, 1.0], tail=0.4)
    both = theory.cross_risk(tailed, 0.1, 0.1, 3, 0.2), theory.ridge_risk(tailed, 0.1, 3, 0.2).risk
    assert_allclose(*both, rtol=1e-12)


def test_terms_add_up():
    r = theory.ridge_risk(theory.power_law(100, 1.3), [[0.0], [1e-3]], [20, 60, 300], 0.2)
    total = r.bias2 + r.variance_data + r.variance_noise + r.noise_variance
    assert_allclose(r.risk, total, rtol=1e-13)
    assert_allclose(r.excess_risk, r.risk - 0.2, rtol=1e-12)
    assert_allclose(r.renormalization[1] ** 2 * r.training_error[1], r.risk[1], rtol=1e-12)


def test_ordinary_least_squares():
    r = theory.ridge_risk(theory.power_law(40, 1.0, signal_norm=3.0), 0.0, 100, 0.5)
    assert_allclose(r.risk, 0.5 / (1 - 0.4), rtol=1e-14)
    assert_allclose(r.training_error, 0.5 * (1 - 0.4), rtol=1e-14)
    assert r.bias2 == 0.0


def test_threshold_diverges_with_noise_only():
    spectrum = theory.power_law(50, 1.0)
    assert np.isinf(theory.ridge_risk(spectrum, 0.0, 50, 0.1).risk)
    clean = theory.ridge_risk(spectrum, 0.0, 50, 0.0)
    assert clean.risk == clean.excess_risk == 0.0


def test_interpolation_leaves_no_training_error():
    r = theory.ridge_risk(theory.power_law(50, 1.0), 0.0, 20, 0.1)
    assert r.training_error == 0.0
    assert np.isinf(r.renormalization)


def test_unexplained_power_is_noise():
    eta, w = [1.0, 0.2], [1.0, -1.0]
    with_power = theory.ridge_risk(theory.Spectrum(eta, w, unexplained=0.3), 0.1, 10, 0.2)
    as_noise = theory.ridge_risk(theory.Spectrum(eta, w), 0.1, 10, 0.5)
    assert_allclose(with_power.risk, as_noise.risk, rtol=1e-15)


@pytest.mark.slow
def test_kernel_spectrum_predicts_kernel_ridge():
    # in low dimension kernel features are far from Gaussian (20 % at d = 12, ridge = 0.01)
    m, n, d, ridge = 1500, 150, 30, 0.1
    rng = np.random.default_rng(0)
    x = rng.standard_normal((m, d)) / np.sqrt(d)
    target = x[:, 0] + 2.0 * x[:, 1] * x[:, 2]
    kernel = (1.0 + x @ x.T) ** 2
    spectrum = theory.from_kernel(kernel, target)
    assert_allclose(spectrum.signal_power.sum() + spectrum.unexplained, np.mean(target**2))
    measured = []
    for _ in range(60 if FULL else 30):
        chosen = rng.integers(m, size=n)  # the population is the reference sample itself
        small = kernel[np.ix_(chosen, chosen)] + n * ridge * np.eye(n)
        dual = np.linalg.solve(small, target[chosen])
        measured.append(np.mean((target - kernel[:, chosen] @ dual) ** 2))
    expected = theory.ridge_risk(spectrum, ridge, n).risk
    # 3 standard errors and 1 / n: a kernel's features are not Gaussian, so that the theory is an
    # approximation here and no larger size of the same problem exists to extrapolate to
    error = np.std(measured, ddof=1) / np.sqrt(len(measured))
    assert abs(np.mean(measured) - expected) < 3.0 * error + expected / n


def test_rotated_features_change_nothing():
    rng = np.random.default_rng(0)
    basis, _ = np.linalg.qr(rng.standard_normal((8, 8)))
    eta, w = np.linspace(0.5, 2.0, 8), rng.standard_normal(8)
    rotated = theory.from_covariance(basis @ np.diag(eta) @ basis.T, basis @ w)
    plain = theory.Spectrum(eta, w)
    assert_allclose(
        theory.ridge_risk(rotated, 0.1, 12, 0.2).risk, theory.ridge_risk(plain, 0.1, 12, 0.2).risk
    )
    moved = basis @ np.diag(eta[::-1]) @ basis.T
    for rows in ({}, {"test_mean": basis @ w}):
        unrotated = {"test_mean": w} if rows else {}
        assert_allclose(
            theory.out_of_distribution_risk(rotated, 0.1, 12, test_covariance=moved, **rows),
            theory.out_of_distribution_risk(
                plain, 0.1, 12, test_covariance=np.diag(eta[::-1]), **unrotated
            ),
            rtol=1e-10,
        )


def test_no_shift_is_the_risk():
    spectrum = theory.power_law(30, 1.0)
    shifted = theory.out_of_distribution_risk(spectrum, [0.0, 0.1], 20, 0.3)
    assert_allclose(shifted, theory.ridge_risk(spectrum, [0.0, 0.1], 20, 0.3).risk, rtol=1e-13)


def test_unseen_directions_are_never_learned():
    spectrum = theory.Spectrum([1.0, 0.0], [1.0, 2.0])
    risk = theory.out_of_distribution_risk(spectrum, 0.0, 50, test_covariance=[0.0, 1.0])
    assert_allclose(risk, 4.0)


@settings(deadline=None, derandomize=True, max_examples=60)
@given(
    st.floats(0.0, 3.0),
    st.floats(0.05, 2.0),
    st.floats(1.0, 500.0),
    st.floats(-4.0, 2.0).map(lambda u: 10.0**u),
)
def test_isotropic_prior_has_an_exact_optimum(capacity, prior, n, noise):
    eta = np.arange(1.0, 81.0) ** -capacity
    best = theory.optimal_ridge(theory.Spectrum(eta, np.full(80, prior)), n, noise)
    # where the optimum interpolates to within rounding, only its risk is determined
    exact = noise / (n * prior**2)
    assert_allclose(best.ridge, exact, rtol=1e-6, atol=1e-12)
    at_exact = theory.ridge_risk(theory.Spectrum(eta, np.full(80, prior)), exact, n, noise).risk
    assert_allclose(best.risk, at_exact, rtol=1e-12)


@settings(deadline=None, derandomize=True, max_examples=40)
@given(st.floats(0.3, 3.0), st.floats(0.1, 1.5), st.floats(-4.0, 1.0).map(lambda u: 10.0**u))
def test_risk_at_the_optimum_never_increases_with_n(capacity, source, noise):
    spectrum = theory.power_law(120, capacity, source)
    curve = theory.learning_curve(spectrum, [5, 20, 60, 115, 120, 125, 300, 2000], noise)
    assert (np.diff(curve.risk) <= 1e-10 * curve.risk[:-1]).all()


@settings(deadline=None, derandomize=True, max_examples=30)
@given(
    arrays(float, 25, elements=st.floats(-20.0, 10.0)),
    arrays(float, 25, elements=st.floats(-3.0, 3.0)),
    st.floats(-6.0, 3.0),
)
def test_optimum_of_wide_spectra_never_rises_with_n(log_eta, log_power, log_noise):
    eta = 10.0**log_eta  # over thirty orders of magnitude; the signal's powers over six
    spectrum = theory.Spectrum(eta, np.sqrt(10.0**log_power / eta))
    curve = theory.learning_curve(spectrum, [1, 3, 10, 24, 25, 26, 60, 1e4], 10.0**log_noise)
    assert (np.diff(curve.risk) <= 1e-9 * curve.risk[:-1]).all()
    assert (curve.df2 <= curve.df1 * (1 + 1e-12)).all()


def test_optimum_beats_a_grid():
    spectrum, ridge = theory.spiked(100, [30.0, 10.0], alignment=0.9), np.geomspace(1e-6, 1e3, 4000)
    for n in (30, 150):
        best = theory.optimal_ridge(spectrum, n, 0.5)
        assert best.risk <= theory.ridge_risk(spectrum, ridge, n, 0.5).risk.min()


def test_negative_optimum_of_an_aligned_signal():
    spectrum = theory.Spectrum(
        np.r_[np.full(10, 20.0), np.ones(400)], np.r_[np.ones(10), np.zeros(400)]
    )
    best = theory.optimal_ridge(spectrum, 100, 0.01, allow_negative=True)
    positive = theory.optimal_ridge(spectrum, 100, 0.01)
    assert best.ridge < 0.0 == positive.ridge
    assert best.risk < positive.risk
    edge = theory.minimum_ridge(spectrum, 100).ridge
    grid = theory.ridge_risk(spectrum, np.linspace(0.98, -1.0, 3000) * edge, 100, 0.01)
    assert_allclose(best.risk, grid.risk.min(), rtol=1e-6)


def test_more_data_approaches_the_noise():
    assert_allclose(theory.learning_curve(theory.power_law(20, 1.0), 1e8, 0.4).risk, 0.4, rtol=1e-6)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda s: theory.ridge_risk(s, 0.1, 10, -1.0), "noise_variance must be zero or positive"),
        (lambda s: theory.ridge_risk(s, 0.1, 0), "n_samples must be positive"),
        (lambda s: theory.optimal_ridge(s, np.inf), "finite"),
        (lambda s: theory.optimal_ridge([1.0, 2.0], 10, 0.1), "no signal"),
        (lambda s: theory.out_of_distribution_risk(s, 0.1, 9, test_mean=[1.0]), "shape"),
        (
            lambda s: theory.out_of_distribution_risk(s, 0.1, 9, test_covariance=-np.eye(3)),
            "positive semidefinite",
        ),
        (lambda s: theory.Spectrum([1.0], [1.0, 2.0]), "signal must have shape"),
        (lambda s: theory.Spectrum([1.0], basis=[[2.0]]), "orthogonal"),
        (lambda s: theory.power_law(0, 1.0), "n_features must be an integer"),
        (lambda s: theory.power_law(3, -1.0), "capacity must be zero or positive"),
        (lambda s: theory.spiked(3, [1.0, 2.0, 3.0]), "1 to 2 eigenvalues"),
        (lambda s: theory.spiked(3, [1.0], alignment=1.5), "fraction"),
        (lambda s: theory.from_covariance([[1.0, 2.0]]), "square"),
        (lambda s: theory.from_kernel(-np.eye(2)), "positive semidefinite"),
    ],
)
def test_bad_input_is_a_sentence(call, message):
    with pytest.raises(ValueError, match=message):
        call(theory.isotropic(3))
