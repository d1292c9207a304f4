"""A column that only rounding moves is no feature, whichever side is factorized."""

import numpy as np
import pytest
import scipy.sparse
from exact import exact_errors
from numpy.testing import assert_allclose, assert_array_equal
from reference import answer, make_data

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
        for name in ("effective_df_", "risk_", "loo_predictions_", "report_.eigenvalues"):
            assert_allclose(answer(model, name), answer(expected, name), rtol=1e-6)
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


@pytest.mark.parametrize("spread", [0.5, 5.0])
@pytest.mark.parametrize("moved", [False, True])
@pytest.mark.parametrize(("n", "p"), [(8, 4), (8, 30), (60, 5)])
def test_constants_of_uneven_weights(n, p, moved, spread):
    """Dense and sparse, just constant or moved by rounding."""
    for seed in range(10):
        rng = np.random.default_rng(seed)
        X, y = constants(n, p, 1.0, rng), rng.standard_normal(n)
        X = X if moved else np.repeat(X[:1], n, axis=0)
        weights = np.exp(spread * rng.standard_normal(n))
        for data in (X, scipy.sparse.csr_array(X)):
            assert factorize(data, y[:, None], weights).rank == 0


def test_sparse_constants_too():
    rng = np.random.default_rng(0)
    X, y = constants(8, 4, 1e8, rng), rng.standard_normal(8)
    model = TheoryGuidedRidgeCV().fit(scipy.sparse.csr_array(X), y, rng.uniform(0.3, 3.0, 8))
    assert model.effective_df_ == 0.0
    assert finite(model)


@pytest.mark.parametrize("mean", [1e13, -1e14, 1e15])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(("n", "p"), [(24, 3), (12, 20)])
def test_a_few_units_of_rounding_are_a_feature(n, p, weighted, mean):
    """Spaced by 0.002 to 0.125, of standard deviation one: against a hundred digits."""
    rng = np.random.default_rng(n)
    X = mean + rng.standard_normal((n, p))
    y = (X[:, 0] - mean) + 0.1 * rng.standard_normal(n)
    weights = rng.uniform(0.3, 3.0, n) if weighted else None
    model = RenormalizedRidge(1.0).fit(X, y, weights)
    errors = exact_errors(X, y, [1.0], weights=weights)[:, 0]
    assert_allclose(y - model.loo_predictions_, errors, rtol=1e-9, atol=1e-11)
    tuned = TheoryGuidedRidgeCV().fit(X, y, weights)
    near_zero = TheoryGuidedRidgeCV().fit(X - mean, y, weights)  # exact
    sparse = TheoryGuidedRidgeCV().fit(scipy.sparse.csr_array(X), y, weights)
    assert_allclose(sparse.risk_, near_zero.risk_, rtol=1e-7)
    assert_allclose(sparse.effective_df_, near_zero.effective_df_, rtol=1e-7)
    for name in ("risk_", "effective_df_", "coef_", "report_.eigenvalues"):
        expected = answer(near_zero, name)
        assert_allclose(answer(tuned, name), expected, rtol=1e-7, atol=1e-9)


def test_in_a_stream_too():
    rng = np.random.default_rng(0)
    X = 1e14 + rng.standard_normal((90, 4))
    X[:, 3] = 0.1  # no feature, whatever its blocks
    y = X[:, 0] - 1e14 + 0.1 * rng.standard_normal(90)
    model, expected = (RenormalizedRidge(1.0) for _ in range(2))
    for start in range(0, 90, 9):
        model.partial_fit(X[start : start + 9], y[start : start + 9])
    expected.fit(X - X[0], y)
    assert_allclose(model.coef_, expected.coef_, rtol=1e-9)
    assert model.coef_[3] == 0.0
