"""Scaling laws against local slopes of the exact theory, where no term is fitted."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from sk_renorm import theory

P = 400_000


def slope(n, risk):
    return -np.diff(np.log(risk)) / np.diff(np.log(n))


def ridge_slopes(capacity, source, ridge_exponent, noise=0.0):
    spectrum = theory.power_law(P, capacity, source)
    # where the ridge is the bottleneck df1 is far below n, and n can be far above what p resolves
    first = 100.0 if ridge_exponent > capacity else 3e4
    n = first * np.array([1.0, 3.0, 9.0])
    r = theory.ridge_risk(spectrum, n**-ridge_exponent, n, noise)
    return slope(n, r.variance_noise if noise else r.excess_risk)


@pytest.mark.parametrize(
    ("capacity", "source", "ridge_exponent"),
    [
        (1.5, 0.3, 4.0),
        (1.5, 0.8, 4.0),
        (2.0, 0.75, 4.0),
        (1.5, 1.4, 4.0),
        (1.5, 0.3, 0.75),
        (2.0, 0.6, 1.0),
        (1.5, 1.5, 0.75),
    ],
)
def test_noiseless_ridge(capacity, source, ridge_exponent):
    law = theory.scaling_law(capacity, source, ridge_exponent)
    assert_allclose(ridge_slopes(capacity, source, ridge_exponent), law.rate, rtol=0.06)
    assert law.rate == law.bias


@pytest.mark.parametrize(
    ("capacity", "ridge_exponent"), [(1.5, 3.0), (2.0, 4.0), (2.0, 1.0), (1.5, 0.75)]
)
def test_noise(capacity, ridge_exponent):
    law = theory.scaling_law(capacity, 0.8, ridge_exponent, noisy=True)
    assert_allclose(
        ridge_slopes(capacity, 0.8, ridge_exponent, noise=1.0), law.noise, rtol=0.07, atol=0.02
    )


def test_noise_plateau_of_the_ridgeless_limit():
    """gamma / (1 - gamma) = capacity - 1."""
    r = theory.ridge_risk(theory.power_law(P, 1.8), 0.0, 2000, 1.0)
    assert_allclose(r.variance_noise, 0.8, rtol=0.02)


@pytest.mark.parametrize(("capacity", "source"), [(1.5, 0.3), (2.0, 0.6), (1.5, 1.4)])
def test_optimal_exponent(capacity, source):
    ridge_exponent, rate = theory.optimal_scaling(capacity, source)
    n = np.array([3e4, 9e4, 2.7e5])
    best = theory.optimal_ridge(theory.power_law(20_000, capacity, source), n, 0.5)
    assert_allclose(slope(n, best.risk - 0.5), rate, rtol=0.05)
    assert_allclose(slope(n, best.ridge), ridge_exponent, rtol=0.05)
    law = theory.scaling_law(capacity, source, ridge_exponent, noisy=True)
    assert_allclose([law.bias, law.noise], rate, rtol=1e-12)


@pytest.mark.parametrize(
    ("capacity", "source", "ridge_exponent", "q", "regime"),
    [
        (1.5, 1.2, 4.0, 1.4, "feature variance"),
        (1.5, 0.8, 4.0, 0.5, "width-capacity"),
        (1.5, 0.3, 4.0, 0.5, "width-source"),
        (2.0, 1.2, 1.0, 0.8, "feature variance, ridge"),
        (1.5, 0.3, 4.0, 3.0, "signal-source"),
        (2.0, 0.4, 1.0, 2.5, "ridge-source"),
    ],
)
def test_random_features(capacity, source, ridge_exponent, q, regime):
    law = theory.scaling_law(capacity, source, ridge_exponent, q)
    assert str(law.regime) == regime
    n = np.array([300.0, 900.0, 2700.0])
    r = theory.random_feature_risk(
        theory.power_law(P, capacity, source), n**-ridge_exponent, n, n**q
    )
    assert_allclose(slope(n, r.excess_risk)[-1], law.rate, rtol=0.1)


@pytest.mark.parametrize("feature_decay", [0.2, 0.6, 0.8, 1.5])
def test_feature_variance_exponent(feature_decay):
    """Local slope of 1 - rho in the number of features, where they are not the bottleneck."""
    spectrum, width = theory.power_law(2000, 1.7), np.array([300_000, 600_000])
    lost = []
    for size in width:
        features = theory.structured_features(np.arange(1.0, size + 1.0) ** -feature_decay)
        lost.append(1.0 - theory.random_feature_risk(spectrum, 0.0, 10, features).rho)
    expected = theory.feature_variance_exponent(feature_decay)
    assert_allclose(slope(width, lost), expected, atol=0.03)


def test_phase_diagram():
    ridge_exponent, q = np.linspace(0.1, 3.0, 40)[:, None], np.linspace(0.1, 2.0, 30)
    law = theory.scaling_law(1.2, 1.1, ridge_exponent, q, noisy=True)
    assert law.rate.shape == law.regime.shape == (40, 30)
    assert set(np.unique(law.regime)) <= set(theory.REGIMES)
    smallest = np.minimum(np.minimum(law.bias, law.feature_variance), law.noise)
    assert_allclose(law.rate, smallest)
    assert (law.rate <= theory.scaling_law(1.2, 1.1, ridge_exponent, q).rate + 1e-15).all()


def test_no_width_is_ridge_regression():
    law = theory.scaling_law(1.5, 0.6, [0.5, 3.0])
    assert np.isinf(law.feature_variance).all()
    assert_allclose(law.rate, [0.6, 1.8])
    assert law.regime.tolist() == ["ridge-source", "signal-source"]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: theory.scaling_law(1.0, 0.5, 1.0), "capacity must be above 1"),
        (lambda: theory.scaling_law(1.5, 0.0, 1.0), "source must be positive"),
        (lambda: theory.scaling_law(1.5, 0.5, -1.0), "ridge_exponent must be zero or positive"),
        (lambda: theory.scaling_law(1.5, 0.5, 1.0, 0.0), "width_exponent must be positive"),
        (lambda: theory.optimal_scaling(0.9, 0.5), "capacity must be above 1"),
        (lambda: theory.feature_variance_exponent(-0.1), "feature_decay must be zero or positive"),
    ],
)
def test_bad_input_is_a_sentence(call, message):
    with pytest.raises(ValueError, match=message):
        call()
