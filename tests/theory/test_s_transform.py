"""S-transforms: products, closed forms against matrices, derivatives, a user's own."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from sk_renorm import theory
from theory.simulation import assert_no_gap

N = 40
FAMILY = {
    "white": theory.white_wishart(N),
    "gaussian": theory.gaussian_features(N),
    "deep": theory.gaussian_features(N) * theory.gaussian_features(2 * N),
    "orthogonal": theory.orthogonal_features(N, 3 * N),
    "structured": theory.structured_features(np.arange(1.0, N + 1.0) ** -0.8),
    "correlated": theory.correlated_samples(np.linspace(0.5, 1.5, N)),
    "exponential": theory.exponential_samples(N, 3.0),
    "neighbour": theory.nearest_neighbour_samples(N, -0.9),
}


@pytest.mark.parametrize("name", FAMILY)
def test_derivative_and_monotonicity(name):
    s = FAMILY[name]
    df1 = np.linspace(0.05, 0.98, 30) * s.max_df
    numerical = theory.STransform(s.value, max_df=s.max_df)
    assert_allclose(s.log_derivative(df1), numerical.log_derivative(df1), rtol=1e-7)
    assert (np.diff(s(df1)) > 0.0).all()


@pytest.mark.parametrize("name", FAMILY)
def test_identity_at_zero_and_divergence_at_the_end(name):
    s = FAMILY[name]
    mean = np.mean(np.arange(1.0, N + 1.0) ** -0.8) if name == "structured" else 1.0
    assert_allclose(s(1e-9) * mean, 1.0, rtol=1e-8)  # no renormalization of a weak learner
    assert s(s.max_df * (1 - 1e-9)) > 1e3
    with pytest.raises(ValueError, match="max_df"):
        s(1.01 * s.max_df)


def test_products_multiply_and_commute():
    a, b, c = FAMILY["white"], FAMILY["orthogonal"], FAMILY["exponential"]
    df1 = np.linspace(1.0, 39.0, 9)
    assert_allclose((a * b)(df1), a(df1) * b(df1), rtol=1e-15)
    assert_allclose((a * (b * c))(df1), ((c * a) * b)(df1), rtol=1e-14)
    assert (a * theory.gaussian_features(7)).max_df == 7


@pytest.mark.parametrize("correlation_length", [0.5, 3.0, 20.0])
def test_exponential_closed_form_is_the_limit_of_its_matrix(correlation_length):
    t = np.arange(1500)
    K = np.exp(-np.abs(t[:, None] - t) / correlation_length)
    df1 = np.array([15.0, 300.0, 1000.0, 1400.0])
    closed = theory.exponential_samples(1500, correlation_length)
    matrix = theory.correlated_samples(K)
    assert_allclose(closed(df1), matrix(df1), rtol=2e-2 * max(1.0, correlation_length / 20))
    assert_allclose(closed.log_derivative(df1), matrix.log_derivative(df1), rtol=2e-2)


@pytest.mark.parametrize("strength", [-0.9, 0.3, 1.0])
def test_neighbour_closed_form_is_the_limit_of_its_matrix(strength):
    n = 40_000  # a tridiagonal Toeplitz matrix has known eigenvalues
    K = 1.0 + strength * np.cos(np.pi * np.arange(1, n + 1) / (n + 1))
    df1 = np.array([300.0, 8000.0, 26000.0, 37000.0])
    closed, matrix = theory.nearest_neighbour_samples(n, strength), theory.correlated_samples(K)
    assert_allclose(closed(df1), matrix(df1), rtol=1e-3)


def test_white_cases_of_the_general_forms():
    df1 = np.linspace(1.0, 39.0, 7)
    white = FAMILY["white"](df1)
    assert_allclose(theory.correlated_samples(np.eye(N))(df1), white, rtol=1e-12)
    assert_allclose(theory.structured_features(np.full(N, 1.0))(df1), white, rtol=1e-12)
    assert_allclose(theory.nearest_neighbour_samples(N, 0.0)(df1), white, rtol=1e-12)
    assert_allclose(theory.exponential_samples(N, 1e-2)(df1), white, rtol=1e-12)
    assert_allclose(theory.orthogonal_features(N, N)(df1), 1.0, rtol=1e-15)


@settings(deadline=None, derandomize=True, max_examples=60)
@given(st.floats(-8.0, 4.0), st.sampled_from(sorted(FAMILY)), st.sampled_from(sorted(FAMILY)))
def test_subordination_solves_its_equation(log_ridge, first, second):
    spectrum, noise = theory.power_law(100, 1.2), FAMILY[first] * FAMILY[second]
    point = theory.subordinate(spectrum, 10.0**log_ridge, noise)
    assert point.residual <= 1e-11
    assert_allclose(point.kappa, 10.0**log_ridge * point.renormalization, rtol=1e-12)
    df1 = theory.degrees_of_freedom(spectrum, point.kappa).df1
    if df1 < 0.999 * noise.max_df:  # else S is not resolved by df1 in floats
        assert_allclose(noise(df1), point.renormalization, rtol=1e-9)


def test_white_subordination_is_the_effective_ridge():
    spectrum = theory.power_law(100, 0.9)
    ridge = np.array([0.0, 1e-6, 1e-2, 10.0])
    for n in (30, 99, 250):
        eff = theory.effective_ridge(spectrum, ridge, n)
        point = theory.subordinate(spectrum, ridge, theory.white_wishart(n))
        assert_allclose(point.kappa, eff.kappa, rtol=1e-10)
        assert_allclose(point.df2, eff.df2, rtol=1e-10)
        slope = np.divide(eff.derivative * ridge, eff.kappa, out=np.ones(4), where=eff.kappa > 0.0)
        assert_allclose(point.log_derivative, slope, rtol=1e-8, atol=1e-12)


def test_own_s_transform():
    spectrum = theory.isotropic(100)
    mine = theory.STransform(lambda df1: 1.0 / (1.0 - df1 / 60.0), max_df=60.0)
    point = theory.subordinate(spectrum, 0.1, mine)
    assert_allclose(point.kappa, theory.effective_ridge(spectrum, 0.1, 60).kappa, rtol=1e-10)
    own = theory.random_feature_risk(spectrum, 0.1, 80, mine, 0.3)
    known = theory.random_feature_risk(spectrum, 0.1, 80, 60, 0.3)
    for name, value in vars(known).items():
        assert_allclose(getattr(own, name), value, rtol=1e-7, atol=1e-14, err_msg=name)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["gaussian", "orthogonal", "structured"])
def test_features_against_random_matrices(name):
    structure = np.arange(1.0, N + 1.0) ** -0.8

    def gaps(scale):
        rng, width, p = np.random.default_rng(scale), scale * N, 3 * scale * N
        eta, traces = np.linspace(0.5, 2.0, p), []
        family = {
            "gaussian": lambda: theory.gaussian_features(width),
            "orthogonal": lambda: theory.orthogonal_features(width, p),
            "structured": lambda: theory.structured_features(np.repeat(structure, scale)),
        }
        for _ in range(200):
            if name == "orthogonal":
                q, _ = np.linalg.qr(rng.standard_normal((p, width)))
                F = q * np.sqrt(p / width)
            else:
                F = rng.standard_normal((p, width)) / np.sqrt(width)
                if name == "structured":
                    F *= np.sqrt(np.repeat(structure, scale))
            gram = F.T @ (eta[:, None] * F)
            traces.append(np.trace(gram @ np.linalg.inv(gram + 0.3 * np.eye(width))) / scale)
        return np.array(traces) - theory.subordinate(eta, 0.3, family[name]()).df1 / scale

    assert_no_gap(gaps, name=name)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: theory.gaussian_features(0), "n_features must be positive"),
        (lambda: theory.orthogonal_features(5, 4), "must not exceed n_inputs"),
        (lambda: theory.nearest_neighbour_samples(5, 1.5), "from -1 to 1"),
        (lambda: theory.exponential_samples(5, 0.0), "correlation_length must be positive"),
        (lambda: theory.correlated_samples([[1.0, 2.0], [2.0, 1.0]]), "positive semidefinite"),
        (lambda: theory.correlated_samples([[1.0, 0.5], [0.0, 1.0]]), "symmetric"),
        (lambda: theory.structured_features([0.0]), "at least one positive"),
        (lambda: theory.subordinate([1.0], -0.1, theory.white_wishart(3)), "zero or positive"),
        (lambda: theory.white_wishart(3)(-1.0), "df1 must be zero or positive"),
    ],
)
def test_bad_input_is_a_sentence(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_wrong_types_are_sentences():
    with pytest.raises(TypeError, match="value must be a function"):
        theory.STransform(2.0)
    with pytest.raises(TypeError, match="noise must be an STransform"):
        theory.subordinate([1.0], 0.1, 100)
    with pytest.raises(TypeError):
        theory.white_wishart(3) * 2.0
