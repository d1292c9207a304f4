"""Random features: all six terms by simulation for every kind, limits, ensembles, optima."""

from decimal import Decimal, localcontext

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from sk_renorm import theory
from theory.simulation import (
    assert_no_gap,
    assert_no_gaps,
    bias2,
    enlarge,
    ridge_coefficients,
    two_way,
)

P, N, RIDGE, NOISE, TAU = 48, 40, 0.02, 0.2, 0.5
SPECTRUM = theory.Spectrum(np.arange(1.0, 49.0) ** -0.7, np.full(P, P**-0.5))
STRUCTURE = np.arange(1.0, N + 1.0) ** -0.6
WIDTHS = (N, 30)
KINDS = ("gaussian", "deep", "orthogonal", "structured", "nonlinear")


def gaussian(rng, p, width):
    return rng.standard_normal((p, width)) / np.sqrt(width)


def draw_features(kind, rng, p, scale):
    first, second = (scale * width for width in WIDTHS)
    if kind == "deep":
        return gaussian(rng, p, first) @ gaussian(rng, first, second)
    if kind == "orthogonal":
        q, _ = np.linalg.qr(rng.standard_normal((p, second)))
        return q * np.sqrt(p / second)
    if kind == "structured":
        return gaussian(rng, p, first) * np.sqrt(np.repeat(STRUCTURE, scale))
    return gaussian(rng, p, first)


def features_of(kind, scale=1):
    first, second = (scale * width for width in WIDTHS)
    if kind == "deep":
        return theory.gaussian_features(first) * theory.gaussian_features(second)
    if kind == "orthogonal":
        return theory.orthogonal_features(second, scale * P)
    if kind == "structured":
        return theory.structured_features(np.repeat(STRUCTURE, scale))
    return theory.gaussian_features(first)


def one_analysis(kind, spectrum, n, scale, rng, members=5):
    """Return all terms from one analysis of variance over features and data."""
    eta, w = spectrum.eigenvalues, spectrum.signal
    fits = np.empty((2, members, members, len(eta)))
    errors = []
    F = [draw_features(kind, rng, len(eta), scale) for _ in range(members)]
    for b in range(members):
        X = rng.standard_normal((n, len(eta))) * np.sqrt(eta)
        labels = np.column_stack([X @ w, np.sqrt(NOISE) * rng.standard_normal(n)])
        for a in range(members):
            phi = X @ F[a]
            v = ridge_coefficients(phi, labels, RIDGE)
            fits[:, a, b] = (F[a] @ v).T
            errors.append(np.mean((labels.sum(axis=1) - phi @ v.sum(axis=1)) ** 2))
    first, second, both, grand = two_way(fits[0], eta)
    _, noise_second, noise_both, _ = two_way(fits[1], eta)
    return {
        "bias2": bias2(grand, w, eta, first, second, both, members, members),
        "variance_features": first,
        "variance_data": second,
        "variance_data_features": both,
        "variance_noise_data": noise_second,
        "variance_noise_data_features": noise_both,
        "risk": np.mean((fits.sum(axis=0) - w) ** 2 @ eta) + NOISE,
        "training_error": np.mean(errors),
    }


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("n_samples", [30, 90])
def test_all_six_terms(kind, n_samples):
    def samples(scale):
        rng, spectrum, n = np.random.default_rng(scale), enlarge(SPECTRUM, scale), scale * n_samples
        result = theory.random_feature_risk(
            spectrum,
            RIDGE,
            n,
            features_of(kind, scale),
            NOISE,
            feature_noise=TAU if kind == "nonlinear" else 0.0,
        )
        if kind == "nonlinear":  # the noise of the features: many more inputs, of tiny variance
            extra = 10 * P * scale
            spectrum = theory.Spectrum(
                np.r_[spectrum.eigenvalues, np.full(extra, TAU / extra)],
                np.r_[spectrum.signal, np.zeros(extra)],
            )
        repetitions = 40 if kind == "nonlinear" else 150
        found = [one_analysis(kind, spectrum, n, scale, rng) for _ in range(repetitions)]
        return {k: np.array([f[k] for f in found]) - getattr(result, k) for k in found[0]}

    assert_no_gaps(samples)


@pytest.mark.slow
def test_tanh_features_are_gaussian_features_with_noise():
    """Hermite: ``tanh(g.x) = mu_1 g.x + noise`` for Gaussian x, rescaled to ``E F F' = 1``."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(80)
    weights = weights / weights.sum()
    mu_1 = weights @ (nodes * np.tanh(nodes))
    rest = weights @ np.tanh(nodes) ** 2 - mu_1**2

    def gaps(scale):
        p, width, n = scale * np.array([60, 50, 75])
        rng = np.random.default_rng(scale)
        w = np.full(p, p**-0.5)
        result = theory.random_feature_risk(
            theory.Spectrum(np.ones(p), w), RIDGE, n, width, NOISE, feature_noise=p * rest / mu_1**2
        )
        risks = []
        for _ in range(100):
            G = rng.standard_normal((p, width)) / np.sqrt(p)
            X, X_test = rng.standard_normal((n, p)), rng.standard_normal((2000, p))
            y = X @ w + np.sqrt(NOISE) * rng.standard_normal(n)
            size = np.sqrt(p / width) / mu_1
            phi, phi_test = size * np.tanh(X @ G), size * np.tanh(X_test @ G)
            v = ridge_coefficients(phi, y, RIDGE)
            risks.append(np.mean((X_test @ w - phi_test @ v) ** 2) + NOISE)
        return np.array(risks) - result.risk

    assert_no_gap(gaps, name="tanh")


@pytest.mark.slow
def test_ensembles_of_features():
    members = 4

    def gaps(scale):
        rng, spectrum, n = np.random.default_rng(scale), enlarge(SPECTRUM, scale), 60 * scale
        eta, w = spectrum.eigenvalues, spectrum.signal
        result = theory.random_feature_risk(spectrum, RIDGE, n, N * scale, NOISE)
        measured = []
        for _ in range(200):
            X = rng.standard_normal((n, len(eta))) * np.sqrt(eta)
            y = X @ w + np.sqrt(NOISE) * rng.standard_normal(n)
            F = [gaussian(rng, len(eta), N * scale) for _ in range(members)]
            mean = np.mean([f @ ridge_coefficients(X @ f, y, RIDGE) for f in F], axis=0)
            measured.append((mean - w) ** 2 @ eta + NOISE)
        return np.array(measured) - result.ensemble_risk(members)

    assert_no_gap(gaps, name="ensemble")


def test_terms_add_up_and_bounds():
    r = theory.random_feature_risk(
        SPECTRUM, [[0.0], [1e-4], [1.0]], [10, 39, 41, 200], features_of("gaussian"), 0.1
    )
    terms = (
        r.bias2
        + r.variance_features
        + r.variance_data
        + r.variance_data_features
        + r.variance_noise_data
        + r.variance_noise_data_features
    )
    assert_allclose(terms, r.excess_risk, rtol=1e-10)
    factor = r.ridge[1:] / r.kappa_1[1:]
    assert_allclose(r.training_error[1:], factor**2 * r.risk[1:], rtol=1e-9)
    assert ((r.rho >= 0.0) & (r.rho <= 1.0)).all()
    assert (r.gamma_2 <= r.gamma_1 + 1e-15).all()
    assert (r.gamma_1 < 1.0).all()


def white_in_high_precision(p, width, n, ridge, noise):
    """White random features from the cubic of kappa_2, in 60 digits and the papers' formulas.

    ``ridge (1 + k)**2 = k (1 + k - p/N) (1 + k - p/n)``, at its largest root.
    """
    with localcontext() as context:
        context.prec = 60
        p, width, n, ridge, noise = (Decimal(v) for v in (p, width, n, ridge, noise))
        a, b = p / width, p / n
        low = max(a, b, Decimal(1)) - 1
        high = low + 1 + ridge * 4 + a + b
        for _ in range(190):  # bisection
            k = (low + high) / 2
            if k * (1 + k - a) * (1 + k - b) > ridge * (1 + k) ** 2:
                high = k
            else:
                low = k
        df1, df2 = p / (1 + k), p / (1 + k) ** 2
        rho = (width - df1) / (width - df2)
        gamma_2, gamma_1 = df2 / n, (df1 - (df1 - df2) * rho) / n
        bias2, features = k**2 / (1 + k) ** 2, (1 - rho) * k / (1 + k) ** 2
        risk = (bias2 + features + noise) / (1 - gamma_1)
        data, noise_data = bias2 * gamma_2 / (1 - gamma_2), noise * gamma_2 / (1 - gamma_2)
        return {
            "kappa_1": k * (1 - df1 / width),
            "kappa_2": k,
            "df1": df1,
            "df2": df2,
            "rho": rho,
            "gamma_1": gamma_1,
            "gamma_2": gamma_2,
            "bias2": bias2,
            "variance_features": features,
            "variance_data": data,
            "variance_data_features": (bias2 + features) / (1 - gamma_1) - bias2 - features - data,
            "variance_noise_data": noise_data,
            "variance_noise_data_features": noise * gamma_1 / (1 - gamma_1) - noise_data,
            "risk": risk,
            "training_error": (ridge / (k * (1 - df1 / width))) ** 2 * risk,
        }


@pytest.mark.parametrize("width", [50, 100, 150, 400])
@pytest.mark.parametrize("n", [20, 70, 130, 200, 1000])
@pytest.mark.parametrize("ridge", [2e-3, 1.0, 30.0])
def test_white_features_have_a_cubic(width, n, ridge):
    found = theory.random_feature_risk(theory.isotropic(200), ridge, n, width, 0.0625)
    for name, value in white_in_high_precision(200, width, n, ridge, 0.0625).items():
        assert_allclose(getattr(found, name), float(value), rtol=1e-12, err_msg=name)


def test_ridgeless_limit():
    for n in (10, 39, 41, 200):
        at = theory.random_feature_risk(SPECTRUM, 0.0, n, N, 0.1)
        near = theory.random_feature_risk(SPECTRUM, 1e-10, n, N, 0.1)
        for name, value in vars(at).items():
            if name != "ridge":
                atol = 1e-5 * float(at.risk)
                assert_allclose(value, getattr(near, name), rtol=1e-4, atol=atol, err_msg=name)


@pytest.mark.parametrize("n", [10, 40, 200])
def test_tiny_ridges_reach_the_ridgeless_limit(n):
    """Where df1 is within rounding of its limit, kappa is still bracketed."""
    ridge = np.geomspace(1e-250, 1e-10, 120)
    risks = theory.random_feature_risk(SPECTRUM, ridge, n, N, 0.0)
    limit = theory.random_feature_risk(SPECTRUM, 0.0, n, N, 0.0)
    assert (risks.residual < 1e-11).all()
    if n != N:
        assert_allclose(risks.risk, limit.risk, rtol=1e-5)


def test_double_descent_threshold():
    risk = theory.random_feature_risk(SPECTRUM, 0.0, [N - 1, N, N + 1], N, 0.1).risk
    assert np.isinf(risk[1])
    assert np.isfinite(risk[[0, 2]]).all()


def test_infinitely_many_features_are_ridge_regression():
    spectrum = theory.power_law(60, 1.1)
    ridge = np.array([0.0, 1e-3, 1.0])
    plain = theory.ridge_risk(spectrum, ridge, 40, 0.2)
    for width in (np.inf, 1e9):
        wide = theory.random_feature_risk(spectrum, ridge, 40, width, 0.2)
        assert_allclose(wide.risk, plain.risk, rtol=1e-6)
        assert_allclose(wide.kappa_2, plain.kappa, rtol=1e-6)
        assert_allclose(wide.training_error, plain.training_error, rtol=1e-6)


def test_infinitely_many_samples_learn_the_projected_target():
    """With n = inf and no ridge, what is left is the target outside the span of F."""

    def gaps(scale):
        rng, spectrum, width = (
            np.random.default_rng(scale),
            enlarge(SPECTRUM, scale),
            scale * N // 2,
        )
        root_eta, left = np.sqrt(spectrum.eigenvalues), []
        target = root_eta * spectrum.signal
        for _ in range(200):
            root = root_eta[:, None] * gaussian(rng, len(target), width)
            left.append(np.sum((target - root @ np.linalg.lstsq(root, target, rcond=None)[0]) ** 2))
        return np.array(left) - theory.random_feature_risk(spectrum, 0.0, np.inf, width).risk

    assert_no_gap(gaps, name="projection")


def test_infinite_ensemble_is_ridge_regression_at_kappa_2():
    r = theory.random_feature_risk(SPECTRUM, 0.01, 50, N, 0.3)
    ridge = theory.ridge_from_kappa(SPECTRUM, r.kappa_2, 50)
    assert_allclose(r.infinite_ensemble_risk, theory.ridge_risk(SPECTRUM, ridge, 50, 0.3).risk)
    assert_allclose(r.ensemble_risk([1, np.inf]), [r.risk, r.infinite_ensemble_risk])


@settings(deadline=None, derandomize=True, max_examples=50)
@given(st.floats(0.2, 2.5), st.floats(1.0, 300.0), st.floats(1.0, 300.0), st.floats(-6.0, 2.0))
def test_samples_and_features_are_dual_in_kappa(capacity, n, width, log_ridge):
    """kappa_2 is symmetric in n and N."""
    spectrum, ridge = theory.power_law(80, capacity), 10.0**log_ridge
    there = theory.random_feature_risk(spectrum, ridge, n, width)
    back = theory.random_feature_risk(spectrum, ridge, width, n)
    assert_allclose(there.kappa_2, back.kappa_2, rtol=1e-10)
    assert there.kappa_1 <= there.kappa_2 * (1 + 1e-12)


def test_optimal_number_of_features():
    for noise in (0.1, 0.5):
        best = theory.optimal_n_features(SPECTRUM, 1e-3, 60, noise)
        width = np.geomspace(1.0, 1e5, 4000)
        risks = theory.random_feature_risk(SPECTRUM, 1e-3, 60, width, noise).risk
        assert best.risk <= risks.min() * (1 + 1e-9)
        if np.isfinite(best.n_features):
            at = theory.random_feature_risk(SPECTRUM, 1e-3, 60, best.n_features, noise).risk
            assert_allclose(at, best.risk, rtol=1e-12)


def test_at_the_best_penalty_more_features_and_more_data_help():
    width, n = np.array([5, 20, 59, 60, 61, 200, np.inf]), np.array([[20], [60], [180]])
    best = theory.optimal_feature_ridge(SPECTRUM, n, width, 0.3)
    assert best.ridge.shape == (3, 7)
    assert (np.diff(best.risk, axis=1) <= 1e-12).all()
    assert (np.diff(best.risk, axis=0) <= 1e-12).all()
    plain = theory.optimal_ridge(SPECTRUM, [20, 60, 180], 0.3)
    assert_allclose(best.risk[:, -1], plain.risk, rtol=1e-10)
    grid = np.geomspace(1e-6, 1e2, 2000)
    brute = theory.random_feature_risk(SPECTRUM, grid, 60, 20, 0.3).risk.min()
    assert_allclose(best.risk[1, 1], brute, rtol=1e-5)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: theory.random_feature_risk(SPECTRUM, -0.1, 10, 5), "ridge must be zero or pos"),
        (lambda: theory.random_feature_risk(SPECTRUM, 0.1, 10, 0), "n_features must be positive"),
        (lambda: theory.random_feature_risk(SPECTRUM, 0.1, 0, 5), "n_samples must be positive"),
        (
            lambda: theory.random_feature_risk(SPECTRUM, 0.1, 10, 5, feature_noise=-1.0),
            "feature_noise must be zero or positive",
        ),
        (lambda: theory.optimal_feature_ridge([1.0], 10, 5), "no signal"),
    ],
)
def test_bad_input_is_a_sentence(call, message):
    with pytest.raises(ValueError, match=message):
        call()
