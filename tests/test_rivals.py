"""The adapters of benchmarks/rivals mean by alpha what they say: Ridge gives their coefficients."""

import importlib.metadata
import warnings

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from benchmarks.rivals import RIVALS

SHAPES = [(60, 8), (30, 50)]


def data(n, p, q):
    rng = np.random.default_rng([n, p, q])
    X = rng.standard_normal((n, p)) * np.geomspace(0.2, 3.0, p) + 2.0
    Y = X @ rng.standard_normal((p, q)) / p**0.5 + rng.standard_normal((n, q)) + 5.0
    return X, Y[:, 0] if q == 1 else Y


def fitted(name, X, y, alphas=None):
    rival = RIVALS[name](alphas)
    try:
        importlib.metadata.version(rival.package)
    except importlib.metadata.PackageNotFoundError:
        pytest.skip(f"{rival.package} is not installed")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # those of other libraries
        return rival.fit(X, y)


@pytest.mark.parametrize("n_targets", [1, 3])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", RIVALS)
def test_coefficients_are_those_of_ridge_at_the_penalty_chosen(name, shape, n_targets):
    if reason := RIVALS[name]().cannot(*shape, n_targets):
        pytest.skip(reason)
    X, y = data(*shape, n_targets)
    rival = fitted(name, X, y)
    ridge = Ridge(alpha=rival.alpha_).fit(X, y)
    assert np.shape(rival.alpha_) == (() if n_targets == 1 else (n_targets,))
    np.testing.assert_allclose(rival.coef_, ridge.coef_, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(rival.predict(X), ridge.predict(X), rtol=1e-7)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", [name for name in RIVALS if len(RIVALS[name]().alphas)])
def test_a_given_penalty_is_taken_as_it_is(name, shape):
    X, y = data(*shape, 1)
    rival = fitted(name, X, y, alphas=[7.0])
    assert rival.alpha_ == pytest.approx(7.0)
    np.testing.assert_allclose(rival.coef_, Ridge(alpha=7.0).fit(X, y).coef_, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("name", RIVALS)
def test_docstrings_state_the_convention(name):
    text = RIVALS[name].__doc__
    for word in ("alpha", "target"):
        assert word in text
    assert RIVALS[name]().cannot(50, 5, 1) == ""
