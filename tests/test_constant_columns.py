"""A column that only rounding moves is no feature, whichever side is factorized."""

import numpy as np
import pytest
import scipy.sparse
from numpy.testing import assert_allclose, assert_array_equal
from reference import make_data

from sk_renorm import RenormalizedRidge, TheoryGuidedRidgeCV
from sk_renorm._linalg import factorize

SCALES = [1e-8, 1.0, 1e8]


def constants(n, p, scale, rng):
    """Columns of constants that no mean of a few roundings hits exactly, moved by rounding."""
    X = np.tile(scale * rng.uniform(0.1, 10.0, p), (n, 1))
    moved = rng.random((n, p)) < 0.2
    X[moved] = np.nextafter(X[moved], np.inf)
    return X


def finite(model):
    values = (vars(model)[name] for name in vars(model) if name.endswith("_"))
    numbers = (value for value in values if isinstance(value, float | np.ndarray))
    return all(np.isfinite(value).all() for value in numbers)


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(("n", "p"), [(8, 1), (8, 30), (40, 3), (1500, 1600)])
def test_constants_alone_are_the_constant_predictor(n, p, weighted, scale):
    rng = np.random.default_rng(n + p)
    X, y = constants(n, p, scale, rng), rng.standard_normal(n)
    weights = rng.uniform(0.3, 3.0, n) if weighted else None
    f = factorize(X, y[:, None], weights)
    assert f.rank == 0
    if n > 1000:  # the rest is the same, and takes long
        return
    model = TheoryGuidedRidgeCV().fit(X, y, weights)
    assert model.effective_df_ == 0.0
    assert_array_equal(model.coef_, 0.0)
    assert_allclose(model.intercept_, np.average(y, weights=weights))
    w = np.ones(n) if weights is None else weights
    left_out = (w @ y - w * y) / (w.sum() - w)
    assert_allclose(model.loo_predictions_, left_out, rtol=1e-9, atol=1e-12)
    assert_allclose(model.risk_, np.average((y - left_out) ** 2, weights=weights))
    assert finite(model)


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(("n", "p"), [(12, 5), (12, 30), (60, 5)])
@pytest.mark.parametrize("of_features", SCALES)
def test_constants_among_others_change_nothing(n, p, weighted, scale, of_features):
    rng = np.random.default_rng(n + p)
    X, y = make_data(n, p)
    X = X * of_features
    both = np.insert(X, 2, constants(n, 3, scale, rng).T, axis=1)
    weights = rng.uniform(0.3, 3.0, n) if weighted else None
    new = np.random.default_rng(1).standard_normal((4, p)) * of_features
    both_new = np.insert(new, 2, both[:1, 2:5].T, axis=1)
    penalty = of_features**2 * np.sqrt(n)
    for model in (TheoryGuidedRidgeCV(), RenormalizedRidge(penalty)):
        expected = type(model)(**model.get_params()).fit(X, y, weights)
        model.fit(both, y, weights)
        assert_array_equal(model.coef_[2:5], 0.0)
        assert_allclose(np.delete(model.coef_, [2, 3, 4]), expected.coef_, rtol=1e-6)
        for name in ("effective_df_", "risk_", "loo_predictions_", "eigenvalues_"):
            assert_allclose(getattr(model, name), getattr(expected, name), rtol=1e-6)
        assert_allclose(model.predict(both_new), expected.predict(new), rtol=1e-6)
        intervals = [
            m.predict_interval(Z, 0.8, "jackknife+")
            for m, Z in ((model, both_new), (expected, new))
        ]
        assert_allclose(*intervals, rtol=1e-5)


def test_without_an_intercept_a_constant_is_a_feature():
    X = np.full((8, 1), 0.3)
    y = 2.0 * X[:, 0] + 1e-6 * np.arange(8)
    model = RenormalizedRidge(0.0, fit_intercept=False).fit(X, y)
    assert_allclose(model.coef_, [np.mean(y) / 0.3])


def test_sparse_constants_too():
    rng = np.random.default_rng(0)
    X, y = constants(8, 4, 1e8, rng), rng.standard_normal(8)
    model = TheoryGuidedRidgeCV().fit(scipy.sparse.csr_array(X), y, rng.uniform(0.3, 3.0, 8))
    assert model.effective_df_ == 0.0
    assert finite(model)
