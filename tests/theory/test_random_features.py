"""Random features: all six terms by simulation for every kind, limits, ensembles, optima."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from theory.simulation import FULL, assert_within, bias2, ridge_coefficients, two_way

from sk_renorm import theory

SCALE = 3 if FULL else 1
P, N, RIDGE, NOISE, TAU = 48 * SCALE, 40 * SCALE, 0.02, 0.2, 0.5
SPECTRUM = theory.Spectrum(np.repeat(np.arange(1.0, 49.0) ** -0.7, SCALE), np.full(P, P**-0.5))
STRUCTURE = np.arange(1.0, N + 1.0) ** -0.6
WIDTHS = (N, 30 * SCALE)


def gaussian(rng, p, width):
    return rng.standard_normal((p, width)) / np.sqrt(width)


def draw_features(kind, rng, p):
    if kind == "deep":
        return gaussian(rng, p, WIDTHS[0]) @ gaussian(rng, *WIDTHS)
    if kind == "orthogonal":
        q, _ = np.linalg.qr(rng.standard_normal((p, WIDTHS[1])))
        return q * np.sqrt(p / WIDTHS[1])
    if kind == "structured":
        return gaussian(rng, p, N) * np.sqrt(STRUCTURE)
    return gaussian(rng, p, N)


FEATURES = {
    "gaussian": theory.gaussian_features(N),
    "deep": theory.gaussian_features(WIDTHS[0]) * theory.gaussian_features(WIDTHS[1]),
    "orthogonal": theory.orthogonal_features(WIDTHS[1], P),
    "structured": theory.structured_features(STRUCTURE),
    "nonlinear": theory.gaussian_features(N),
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", FEATURES)
@pytest.mark.parametrize("n", [30 * SCALE, 90 * SCALE])
def test_all_six_terms(kind, n):
    rng, members = np.random.default_rng(4), 5
    eta, w = SPECTRUM.eigenvalues, SPECTRUM.signal
    tau = TAU if kind == "nonlinear" else 0.0
    if tau:  # the noise of the features: many more inputs, each of tiny variance
        extra = 10 * P
        eta, w = np.r_[eta, np.full(extra, tau / extra)], np.r_[w, np.zeros(extra)]
    names = ("bias2", "variance_features", "variance_data", "variance_data_features")
    names += ("variance_noise_data", "variance_noise_data_features", "risk", "training_error")
    samples = {name: [] for name in names}
    for _ in range(40):
        fits = np.empty((2, members, members, len(eta)))
        errors = []
        F = [draw_features(kind, rng, len(eta)) for _ in range(members)]
        for b in range(members):
            X = rng.standard_normal((n, len(eta))) * np.sqrt(eta)
            noise = np.sqrt(NOISE) * rng.standard_normal(n)
            labels = np.column_stack([X @ w, noise])
            for a in range(members):
                phi = X @ F[a]
                v = ridge_coefficients(phi, labels, RIDGE)
                fits[:, a, b] = (F[a] @ v).T
                errors.append(np.mean((labels.sum(axis=1) - phi @ v.sum(axis=1)) ** 2))
        first, second, both, grand = two_way(fits[0], eta)
        samples["variance_features"].append(first)
        samples["variance_data"].append(second)
        samples["variance_data_features"].append(both)
        samples["bias2"].append(bias2(grand, w, eta, first, second, both, members, members))
        _, second, both, _ = two_way(fits[1], eta)
        samples["variance_noise_data"].append(second)
        samples["variance_noise_data_features"].append(both)
        samples["risk"].append(np.mean((fits.sum(axis=0) - w) ** 2 @ eta) + NOISE)
        samples["training_error"].append(np.mean(errors))
    result = theory.random_feature_risk(
        SPECTRUM, RIDGE, n, FEATURES[kind], NOISE, feature_noise=tau
    )
    smallest = min(n, WIDTHS[1])
    for name, values in samples.items():
        scale = result.training_error if name == "training_error" else result.excess_risk
        assert_within(values, getattr(result, name), scale / smallest, f"{kind} {name}")


@pytest.mark.slow
def test_tanh_features_are_gaussian_features_with_noise():
    """Hermite: ``tanh(g.x) = mu_1 g.x + noise`` for Gaussian x, rescaled to ``E F F' = 1``."""
    p, width, n = (240, 200, 300) if FULL else (120, 100, 150)
    rng = np.random.default_rng(5)
    nodes, weights = np.polynomial.hermite_e.hermegauss(80)
    weights = weights / weights.sum()
    mu_1 = weights @ (nodes * np.tanh(nodes))
    rest = weights @ np.tanh(nodes) ** 2 - mu_1**2
    w = rng.standard_normal(p) / np.sqrt(p)
    risks = []
    for _ in range(60):
        G = rng.standard_normal((p, width)) / np.sqrt(p)
        X, X_test = rng.standard_normal((n, p)), rng.standard_normal((2000, p))
        y = X @ w + np.sqrt(NOISE) * rng.standard_normal(n)
        scale = np.sqrt(p / width) / mu_1
        phi, phi_test = scale * np.tanh(X @ G), scale * np.tanh(X_test @ G)
        v = ridge_coefficients(phi, y, RIDGE)
        risks.append(np.mean((X_test @ w - phi_test @ v) ** 2) + NOISE)
    result = theory.random_feature_risk(
        theory.Spectrum(np.ones(p), w), RIDGE, n, width, NOISE, feature_noise=p * rest / mu_1**2
    )
    assert_within(risks, result.risk, result.excess_risk / width, "tanh")


@pytest.mark.slow
def test_ensembles_of_features():
    n, members = 60 * SCALE, 4
    rng, measured = np.random.default_rng(6), []
    eta, w = SPECTRUM.eigenvalues, SPECTRUM.signal
    for _ in range(120):
        X = rng.standard_normal((n, P)) * np.sqrt(eta)
        y = X @ w + np.sqrt(NOISE) * rng.standard_normal(n)
        F = [gaussian(rng, P, N) for _ in range(members)]
        mean = np.mean([f @ ridge_coefficients(X @ f, y, RIDGE) for f in F], axis=0)
        measured.append((mean - w) ** 2 @ eta + NOISE)
    result = theory.random_feature_risk(SPECTRUM, RIDGE, n, N, NOISE)
    expected = result.ensemble_risk(members)
    assert_within(measured, expected, (expected - NOISE) / N, "ensemble")


def test_terms_add_up_and_bounds():
    r = theory.random_feature_risk(
        SPECTRUM, [[0.0], [1e-4], [1.0]], [10, 39, 41, 200], FEATURES["gaussian"], 0.1
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
    rng, left = np.random.default_rng(0), []
    eta, w = SPECTRUM.eigenvalues, SPECTRUM.signal
    for _ in range(60):
        root = np.sqrt(eta)[:, None] * gaussian(rng, P, N // 2)
        target = np.sqrt(eta) * w
        left.append(np.sum((target - root @ np.linalg.lstsq(root, target, rcond=None)[0]) ** 2))
    result = theory.random_feature_risk(SPECTRUM, 0.0, np.inf, N // 2)
    assert_within(left, result.risk, result.risk / N, "projection")


def test_infinite_ensemble_is_ridge_regression_at_kappa_2():
    r = theory.random_feature_risk(SPECTRUM, 0.01, 50, N, 0.3)
    ridge = theory.ridge_from_kappa(SPECTRUM, r.kappa_2, 50)
    assert_allclose(r.infinite_ensemble_risk, theory.ridge_risk(SPECTRUM, ridge, 50, 0.3).risk)
    assert_allclose(r.ensemble_risk([1, np.inf]), [r.risk, r.infinite_ensemble_risk])


@settings(deadline=None, max_examples=50)
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
