"""The short measure has the sums of the long one, to rounding."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from sk_renorm import theory
from sk_renorm.theory._quadrature import compress


@settings(deadline=None, derandomize=True, max_examples=50)
@given(st.integers(0, 2**32 - 1), st.floats(0.0, 30.0), st.floats(-12.0, 12.0))
def test_sums_agree_over_thirty_orders_of_magnitude(seed, decades, log_kappa):
    rng = np.random.default_rng(seed)
    eta = 10.0 ** rng.uniform(-decades / 2, decades / 2, 3000)
    weights = np.stack([np.ones(3000), rng.exponential(size=3000)])
    short = compress(eta, weights)
    kappa = 10.0**log_kappa
    for a, b in ((1, 0), (0, 1), (2, 0), (1, 1), (0, 2), (3, 0), (2, 1)):

        def sums(measure, a=a, b=b):
            x = kappa / measure.eta
            return (measure.weights * x**b / (1.0 + x) ** (a + b)).sum(axis=1)

        assert_allclose(sums(short), sums(type(short)(eta, weights)), rtol=2e-13)


def test_it_is_short():
    eta = np.arange(1.0, 100_001.0) ** -1.5
    short = compress(eta, np.ones((1, eta.size)))
    assert len(short.eta) <= 16 * (np.log(eta[0] / eta[-1]) + 1)


@pytest.mark.parametrize("n", [50, 4000, 5000, 20_000])
def test_many_ridges_are_what_single_ones_are(n):
    spectrum, ridge = theory.power_law(5000, 1.1), np.geomspace(1e-10, 1e2, 100)
    together = theory.ridge_risk(spectrum, ridge, n, 0.3)
    for i in range(0, 100, 9):
        alone = theory.ridge_risk(spectrum, ridge[i], n, 0.3)
        for name, value in vars(alone).items():
            if name != "residual":
                assert_allclose(getattr(together, name)[i], value, rtol=1e-11, err_msg=name)
