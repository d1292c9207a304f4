"""Traces, residuals and coefficients without eigenvectors: those of the full factorization."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from sk_renorm import TheoryGuidedRidgeCV
from sk_renorm._linalg import complete, factorize
from sk_renorm._linalg import reduce as _reduce
from sk_renorm._risk import GeneralizedCrossValidation, effective_df, effective_ridge

ALPHAS = np.geomspace(1e-8, 1e8, 30)


@pytest.fixture(autouse=True)
def any_size(monkeypatch):
    """Let small Gram matrices go without eigenvectors too."""
    monkeypatch.setattr(_reduce, "no_vectors_pay", lambda size, n_targets: True)


def problem(n, p, q=2, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p)) / np.sqrt(np.arange(1, p + 1)) + 3.0
    return X, X[:, :5] @ rng.standard_normal((5, q)) + rng.standard_normal((n, q))


@pytest.mark.parametrize("shape", [(200, 30), (50, 200), (40, 48)])
@pytest.mark.parametrize("scale", [1e-8, 1.0, 1e8])
def test_is_the_full_factorization(shape, scale):
    X, Y = problem(*shape)
    X = X * scale
    weights = np.random.default_rng(1).uniform(0.2, 3.0, len(X))
    full, found = (factorize(X, Y, weights, traces=traces) for traces in (False, True))
    assert found.name == "tridiagonal"
    assert found.reason == full.reason
    alphas = scale**2 * ALPHAS
    each = alphas[:6].reshape(3, 2)  # a penalty for each target
    assert_allclose(found.eigenvalues, full.eigenvalues, rtol=1e-8)
    for penalties in (alphas[:, None], each):
        risks = [GeneralizedCrossValidation(f).risk(penalties) for f in (full, found)]
        assert_allclose(risks[1], risks[0], rtol=1e-8)
    for quantity in (effective_df, effective_ridge):
        assert_allclose(quantity(found, alphas), quantity(full, alphas), rtol=1e-8)
    for alpha in (alphas[10], each[0]):
        expected = full.coefficients(alpha)
        assert_allclose(found.coefficients(alpha), expected, rtol=1e-7, atol=1e-9 / scale)
    assert_allclose(complete(found).coefficients(1.0), full.coefficients(1.0), rtol=1e-9)
    assert complete(found).name == full.name


def hostile(name):
    X, Y = problem(120, 30)
    if name == "constant column":
        X[:, 3] = 2.0
    elif name == "duplicate columns":
        X = np.hstack([X, X[:, :10]])
    elif name == "rank deficient":
        X = X[:, :5] @ np.random.default_rng(0).standard_normal((5, 30))
    elif name == "scales":
        X *= np.geomspace(1e-8, 1e8, 30)
    elif name == "no noise":
        Y = X[:, :2] * 3.0
    elif name == "duplicate rows":
        X, Y = problem(40, 90)
        X, Y = np.vstack([X, X[:10]]), np.vstack([Y, Y[:10]])
    elif name == "few more rows than features":
        X, Y = problem(40, 35)
    elif name == "constant target":
        Y[:, 1] = 1.0
    return X, Y


@pytest.mark.parametrize(
    "name",
    [
        "constant column",
        "scales",
        "no noise",
        "constant target",
        "duplicate columns",
        "rank deficient",
        "duplicate rows",
        "few more rows than features",
    ],
)
def test_eigenvectors_are_taken_where_they_must_tell_modes_from_rounding(name):
    X, Y = hostile(name)
    full, found = (factorize(X, Y, traces=traces) for traces in (False, True))
    assert found.name == full.name != "tridiagonal"
    assert_allclose(found.eigenvalues, full.eigenvalues, rtol=1e-12)
    assert_allclose(found.coefficients(1.0), full.coefficients(1.0), rtol=1e-12)


@pytest.mark.parametrize(("n", "p"), [(280, 300), (300, 300), (310, 300), (400, 60)])
@pytest.mark.parametrize("size", [1e-4, 1e-6, 1e-8, 1e-10])
def test_modes_that_rounding_has_lost_are_looked_for(monkeypatch, n, p, size):
    """The target is in what is small beside five large directions."""
    rng = np.random.default_rng(0)
    small = rng.standard_normal((n, p))
    X = rng.standard_normal((n, 5)) @ rng.standard_normal((5, p)) + size * small
    y = small @ rng.standard_normal(p) + rng.standard_normal(n)
    found = TheoryGuidedRidgeCV(risk="gcv").fit(X, y)
    monkeypatch.setattr(_reduce, "no_vectors_pay", lambda size, n_targets: False)
    full = TheoryGuidedRidgeCV(risk="gcv").fit(X, y)
    assert_allclose(found.risk_, full.risk_, rtol=1e-6)


@pytest.mark.parametrize("shape", [(60, 30), (30, 60)])
def test_rounding_in_weak_modes_is_seen_by_weak_penalties_only(shape):
    rng = np.random.default_rng(0)
    U, V = (np.linalg.qr(rng.standard_normal((size, 30)))[0] for size in shape)
    X = U * np.geomspace(1e-6, 1.0, 30) @ V.T
    Y = X @ rng.standard_normal((shape[1], 2)) + rng.standard_normal((shape[0], 2))
    full, found = (factorize(X, Y, fit_intercept=False, traces=traces) for traces in (False, True))
    assert found.name == "tridiagonal"
    assert found.known_from > 0.0
    alphas = np.geomspace(found.known_from, 1e3 * found.eigenvalues[-1], 20)
    risks = [GeneralizedCrossValidation(f).risk(alphas[:, None]) for f in (full, found)]
    assert_allclose(risks[1], risks[0], rtol=1e-6)
    for quantity in (effective_df, effective_ridge):
        assert_allclose(quantity(found, alphas), quantity(full, alphas), rtol=1e-6)
    for alpha in alphas[::6]:
        expected = full.coefficients(alpha)
        error = np.abs(found.coefficients(alpha) - expected).max()
        assert error <= 1e-6 * np.abs(expected).max()


def with_weak_modes(noise):
    rng = np.random.default_rng(0)
    U, _ = np.linalg.qr(rng.standard_normal((60, 30)))
    V, _ = np.linalg.qr(rng.standard_normal((30, 30)))
    X = U * np.geomspace(3e-6, 1.0, 30) @ V.T  # squared: 1e-11, where a Gram matrix keeps no digits
    return X, X @ rng.standard_normal(30) + noise * rng.standard_normal(60)


@pytest.mark.parametrize(("noise", "name"), [(0.1, "tridiagonal"), (1e-7, "rows")])
def test_a_choice_among_weak_penalties_takes_eigenvectors(monkeypatch, noise, name):
    X, y = with_weak_modes(noise)
    how = {"risk": "gcv", "fit_intercept": False}
    found = TheoryGuidedRidgeCV(**how).fit(X, y)
    assert found.report_.factorization.startswith(name)
    weakest = found.report_.path.alpha[found.report_.path.alpha > 0.0].min()
    assert (weakest >= 1e-8) == (name == "tridiagonal")
    monkeypatch.setattr(_reduce, "no_vectors_pay", lambda size, n_targets: False)
    full = TheoryGuidedRidgeCV(**how).fit(X, y)
    assert_allclose(found.alpha_, full.alpha_, rtol=1e-3)
    assert_allclose(found.risk_, full.risk_, rtol=1e-6)
    assert_allclose(found.coef_, full.coef_, rtol=1e-3, atol=1e-4 * np.abs(full.coef_).max())
    assert_allclose(found.loo_predictions_, full.loo_predictions_, rtol=1e-3, atol=1e-4)
