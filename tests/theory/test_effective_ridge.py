"""The effective ridge: closed form, an independent root finder, limits, branches and properties."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose

from sk_renorm import theory

# eigenvalues over thirty orders of magnitude
wide_spectra = st.integers(1, 40).flatmap(
    lambda p: arrays(float, p, elements=st.floats(-20.0, 10.0)).map(lambda u: 10.0**u)
)
ridges = st.floats(-22.0, 12.0).map(lambda u: 10.0**u)
sizes = st.floats(0.3, 100.0)


def white_kappa(q, ridge):
    b = ridge + q - 1.0
    # the root without cancellation on either side of the threshold
    return (
        0.5 * (b + np.hypot(b, 2 * np.sqrt(ridge)))
        if b > 0
        else 2 * ridge / (np.hypot(b, 2 * np.sqrt(ridge)) - b)
    )


@pytest.mark.parametrize("q", [0.01, 0.5, 1.0, 1.25, 2.0, 100.0])
@pytest.mark.parametrize("ridge", [1e-12, 1e-6, 1e-3, 1.0, 1e3])
def test_white_closed_form(q, ridge):
    eff = theory.effective_ridge(np.ones(100), ridge, 100 / q)
    kappa = white_kappa(q, ridge)
    # the root's own conditioning near the threshold
    rtol = 1e-12 if abs(q - 1.0) > 1e-9 or ridge > 1e-7 else 1e-9
    assert_allclose(eff.kappa, kappa, rtol=rtol)
    assert_allclose(eff.df1, 100 / (1 + kappa), rtol=1e-12)


def test_independent_root_finder_agrees():
    """At every point, for an equation whose terms do not cancel.

    ``n - df1`` is what the first n modes leave, less what the others take.
    """
    elementwise = pytest.importorskip("scipy.optimize.elementwise")  # scipy >= 1.15
    eta = np.arange(1.0, 2001.0) ** -1.5
    ridge = np.geomspace(1e-9, 1e2, 60)[:, None]
    n = np.array([20.0, 300.0, 1999.0, 2000.0, 5000.0])

    def equation(log_kappa, ridge, n):
        kappa = np.exp(log_kappa)[..., None]
        m = np.minimum(n, eta.size)
        first = np.arange(eta.size) < m[..., None]
        spare = n - m + (np.where(first, kappa, -eta) / (eta + kappa)).sum(axis=-1)
        return np.exp(log_kappa) * spare / n - ridge

    ridge_all, n_all = np.broadcast_arrays(ridge, n)
    low, high = np.log(ridge_all * 0.999), np.log(ridge_all + eta.sum() / n_all)
    found = elementwise.find_root(
        equation, (low, high), args=(ridge_all, n_all), tolerances={"xatol": 0.0, "xrtol": 1e-15}
    )
    assert found.success.all()
    assert_allclose(theory.effective_ridge(eta, ridge, n).kappa, np.exp(found.x), rtol=1e-10)


@settings(deadline=None, derandomize=True, max_examples=200)
@given(wide_spectra, ridges, sizes)
def test_round_trip(eta, ridge, n):
    eff = theory.effective_ridge(eta, ridge, n)
    assert eff.residual <= 1e-12
    back = theory.ridge_from_kappa(eta, eff.kappa, n)
    assert_allclose(back, ridge, rtol=1e-12 * max(1.0, eff.renormalization))


@settings(deadline=None, derandomize=True, max_examples=200)
@given(wide_spectra, ridges, sizes)
def test_bounds_and_monotonicity(eta, ridge, n):
    eff = theory.effective_ridge(eta, np.array([ridge, 2.0 * ridge]), n)
    assert (eff.df2 <= eff.df1 * (1 + 1e-12)).all()
    assert (eff.df1 <= min(len(eta), n) * (1 + 1e-12)).all()
    assert (eff.kappa >= ridge * (1 - 1e-12)).all()
    # a ridge far below the rounding of kappa moves it by nothing but rounding
    assert eff.kappa[0] <= eff.kappa[1] * (1 + 1e-13)
    assert (eff.gamma < 1.0 + 1e-12).all()
    assert (eff.derivative >= 1.0 - 1e-12).all()
    more = theory.effective_ridge(eta, ridge, 2.0 * n)
    assert more.kappa <= eff.kappa[0] * (1 + 1e-12)


@settings(deadline=None, derandomize=True, max_examples=100)
@given(wide_spectra, ridges, sizes, st.floats(-8.0, 8.0))
def test_scale_invariance(eta, ridge, n, log_scale):
    c = 10.0**log_scale
    first = theory.effective_ridge(eta, ridge, n)
    scaled = theory.effective_ridge(c * eta, c * ridge, n)
    # the root moves by derivative * (kappa / ridge scale) roundings near the threshold
    rtol = 1e-12 * max(1.0, first.derivative)
    assert_allclose(scaled.kappa, c * first.kappa, rtol=rtol)


@settings(deadline=None, derandomize=True, max_examples=100)
@given(wide_spectra, ridges, sizes)
def test_limits(eta, ridge, n):
    """n to infinity leaves the ridge; a ridge to zero from above and from below meet at zero."""
    many = theory.effective_ridge(eta, ridge, 1e6 * (n + eta.sum() / ridge))
    assert_allclose(many.kappa, ridge, rtol=2e-6)
    edge = theory.minimum_ridge(eta, n).ridge
    if edge == 0.0:  # n = rank
        return
    at = theory.effective_ridge(eta, 0.0, n)
    tiny = 1e-9 * edge
    below, above = theory.effective_ridge(eta, [tiny, -tiny], n).kappa
    rounding = 1e-13 * abs(at.kappa)
    assert below - rounding <= at.kappa <= above + rounding
    slope = (above - below) / (-2.0 * tiny)
    if above - below > 1e-4 * abs(at.kappa):  # else the difference is rounding
        assert_allclose(slope, at.derivative, rtol=1e-3)


def test_spectra_of_thirty_orders_of_magnitude_in_every_function():
    """No NaN and no warning, next to every threshold and far from it."""
    eta = np.geomspace(1e-20, 1e10, 12)
    spectrum = theory.Spectrum(eta, np.ones(12))
    for ridge in (0.0, 1e-25, 1e-12, 1.0, 1e12):
        for n in (0.3, 1.0, 11.0, 12.0, 13.0, 1e4):
            results = [
                theory.ridge_risk(spectrum, ridge, n, 0.1),
                theory.random_feature_risk(spectrum, max(ridge, 1e-22), n, 5, 0.1),
                theory.random_feature_risk(spectrum, ridge, n, [6, 20], 0.1),
            ]
            if n >= 1.0:
                K = np.exp(-np.abs(np.subtract.outer(np.arange(min(n, 40)), np.arange(min(n, 40)))))
                results.append(theory.correlated_risk(spectrum, max(ridge, 1e-22), K, 0.1))
            for result in results:
                for name, value in vars(result).items():
                    assert not np.isnan(value).any(), (type(result).__name__, name, ridge, n)


def test_derivative_is_that_of_the_root():
    eta = theory.power_law(300, 1.3)
    h = 1e-6
    for n in (50, 290, 400):
        low, mid, high = theory.effective_ridge(eta, 0.01 * np.array([1 - h, 1, 1 + h]), n).kappa
        eff = theory.effective_ridge(eta, 0.01, n)
        assert_allclose((high - low) / (0.02 * h), eff.derivative, rtol=1e-7)
        assert_allclose(eff.kappa, mid, rtol=1e-15)
        assert_allclose(eff.derivative, 1 / (1 - eff.gamma), rtol=1e-10)


def test_infinitely_many_samples():
    eff = theory.effective_ridge([3.0, 1.0], [0.0, 0.1], np.inf)
    assert_allclose(eff.kappa, [0.0, 0.1], rtol=1e-15)
    near = theory.effective_ridge([3.0, 1.0], 0.1, 1e9)
    assert_allclose(near.kappa, 0.1, rtol=1e-8)
    assert_allclose(eff.derivative, 1.0)
    assert_allclose(theory.ridge_from_kappa([3.0, 1.0], 0.1, [np.inf, 1e9]), 0.1, rtol=1e-8)


@settings(deadline=None, derandomize=True, max_examples=100)
@given(wide_spectra, st.integers(1, 80), st.floats(-9.0, -1.0))
def test_ridgeless_limit_of_wide_spectra(eta, n, log_fraction):
    """kappa is concave in the ridge: on both sides of zero it is below its tangent there."""
    edge = theory.minimum_ridge(eta, n).ridge
    if edge == 0.0:  # n = rank: the branches end here
        return
    step = -edge * 10.0**log_fraction
    below, at, above = theory.effective_ridge(eta, np.array([-step, 0.0, step]), n).kappa
    slope = theory.effective_ridge(eta, 0.0, n).derivative
    rounding = 1e-12 * max(abs(at), abs(below), step)
    assert at <= above + rounding
    assert above <= at + step * slope + rounding
    assert below <= at - step * slope + rounding
    assert at - below <= 2.0 * step * slope / (1.0 - 10.0**log_fraction) + rounding


@pytest.mark.parametrize("n", [30.0, 99.5, 100.5, 400.0])
def test_ridgeless_limit_from_both_sides(n):
    spectrum = theory.power_law(100, 0.7)
    tiny = 1e-6 * abs(theory.minimum_ridge(spectrum, n).ridge)
    below, at, above = theory.effective_ridge(spectrum, np.array([-tiny, 0.0, tiny]), n).kappa
    assert below < at < above
    assert abs(0.5 * (below + above) - at) <= 1e-3 * (above - below)
    if n > 100:
        assert at == 0.0
    else:
        assert_allclose(theory.degrees_of_freedom(spectrum, at).df1, n, rtol=1e-12)


def test_interpolation_threshold():
    eff = theory.effective_ridge(np.linspace(1.0, 2.0, 50), 0.0, 50)
    assert eff.kappa == 0.0
    assert eff.gamma == 1.0
    assert np.isinf(eff.derivative)
    # kappa grows as the square root of the ridge there: ridge = kappa**2 mean(1 / eta)
    eta, ridge = np.linspace(1.0, 2.0, 50), 1e-14
    kappa = theory.effective_ridge(eta, ridge, 50).kappa
    assert_allclose(kappa, np.sqrt(ridge / np.mean(1 / eta)), rtol=1e-6)


@pytest.mark.parametrize("q", [0.25, 0.9, 1.1, 4.0])
def test_white_minimum_ridge(q):
    edge = theory.minimum_ridge(np.full(90, 2.0), 90 / q)
    assert_allclose(edge.ridge, -2.0 * (1 - np.sqrt(q)) ** 2, rtol=1e-9)
    assert_allclose(edge.kappa, 2.0 * (np.sqrt(q) - 1.0), rtol=1e-9)


@settings(deadline=None, derandomize=True, max_examples=100)
@given(wide_spectra, st.integers(1, 80), st.floats(0.0, 0.99))
def test_negative_branch(eta, n, fraction):
    edge = theory.minimum_ridge(eta, n)
    if edge.ridge == 0.0:  # n = rank, or below the range of floats
        return
    eff = theory.effective_ridge(eta, fraction * edge.ridge, n)
    assert eff.residual <= 1e-12
    assert eff.gamma < 1.0
    assert eff.kappa >= edge.kappa


def test_minimum_ridge_is_the_lower_edge_of_the_sample_spectrum():
    rng = np.random.default_rng(0)
    eta = np.linspace(1.0, 3.0, 1200)
    X = rng.standard_normal((400, 1200)) * np.sqrt(eta)
    smallest = np.linalg.eigvalsh(X @ X.T / 400)[0]
    assert_allclose(-theory.minimum_ridge(eta, 400).ridge, smallest, rtol=0.05)


def test_zero_eigenvalues_are_ignored():
    with_zeros = theory.effective_ridge([2.0, 0.0, 1.0, 0.0], [0.0, 0.1], [[3.0], [2.0], [1.0]])
    without = theory.effective_ridge([2.0, 1.0], [0.0, 0.1], [[3.0], [2.0], [1.0]])
    for name, value in vars(with_zeros).items():
        assert_allclose(value, getattr(without, name), rtol=1e-13, atol=1e-16)


def test_tail_is_the_limit_of_many_tiny_eigenvalues():
    head = np.arange(1.0, 51.0) ** -1.0
    many = np.concatenate([head, np.full(200_000, 0.3 / 200_000)])
    for ridge in (0.0, 0.01):
        limit = theory.effective_ridge(theory.Spectrum(head, tail=0.3), ridge, 30)
        near = theory.effective_ridge(many, ridge, 30)
        for name in ("kappa", "df1", "df2", "derivative"):
            assert_allclose(getattr(near, name), getattr(limit, name), rtol=2e-4)


def test_broadcasting_agrees_with_single_calls():
    spectrum = theory.power_law(60, 1.2)
    ridge, n = np.array([0.0, 1e-4, 0.1])[:, None], np.array([20, 60, 200])
    all_at_once = theory.effective_ridge(spectrum, ridge, n)
    assert all_at_once.kappa.shape == (3, 3)
    for i, r in enumerate(ridge[:, 0]):
        for j, size in enumerate(n):
            one = theory.effective_ridge(spectrum, r, size)
            assert_allclose(one.kappa, all_at_once.kappa[i, j], rtol=1e-14)


def test_degrees_of_freedom_by_brute_force():
    rng = np.random.default_rng(0)
    root = rng.standard_normal((6, 9))
    sigma = root @ root.T
    df = theory.degrees_of_freedom(theory.from_covariance(sigma), 0.7)
    hat = sigma @ np.linalg.inv(sigma + 0.7 * np.eye(6))
    assert_allclose(df.df1, np.trace(hat), rtol=1e-12)
    assert_allclose(df.df2, np.trace(hat @ hat), rtol=1e-12)
    h = 1e-5
    up, down = (theory.degrees_of_freedom(theory.from_covariance(sigma), 0.7 + s) for s in (h, -h))
    assert_allclose(df.df1_derivative, (up.df1 - down.df1) / (2 * h), rtol=1e-8)
    assert_allclose(df.df2_derivative, (up.df2 - down.df2) / (2 * h), rtol=1e-8)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([-1.0, 2.0], 0.1, 10), "eigenvalues must be zero or positive"),
        (([0.0, 0.0], 0.1, 10), "at least one positive"),
        (([[1.0]], 0.1, 10), "vector"),
        (([1.0, np.nan], 0.1, 10), "NaN"),
        (([1.0, np.inf], 0.1, 10), "finite"),
        (([1.0], 0.1, 0), "n_samples must be positive"),
        (([1.0], 0.1, -3), "n_samples must be positive"),
        (([1.0], np.nan, 3), "NaN"),
        (([1.0] * 8, -1.0, 2), "ridge must be above -1"),
        (([1.0] * 8, -0.1, 8), "admissible minimum"),
        (([1.0], -0.1, np.inf), "infinitely many samples"),
    ],
)
def test_bad_input_is_a_sentence(arguments, message):
    with pytest.raises(ValueError, match=message):
        theory.effective_ridge(*arguments)


def test_text_is_a_type_error():
    with pytest.raises(TypeError, match="ridge must be a real number"):
        theory.effective_ridge([1.0], "small", 3)


def test_unreachable_kappa_is_a_sentence():
    with pytest.raises(ValueError, match="df2"):
        theory.ridge_from_kappa(np.ones(10), 0.1, 2)
    with pytest.raises(ValueError, match="kappa must be above -1"):
        theory.ridge_from_kappa(np.ones(10), -1.0, 20)
    with pytest.raises(ValueError, match="n_samples must be finite"):
        theory.minimum_ridge([1.0], np.inf)
