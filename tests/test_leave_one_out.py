"""Leave-one-out predictions and risks equal brute-force refitting."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from reference import (
    held_out_errors,
    make_conditioned_data,
    make_data,
    one_by_one,
    ridge_fit,
    sklearn_errors,
)

from sk_renorm import RenormalizedRidge, TheoryGuidedRidgeCV

SHAPES = {
    "n > p": (30, 8),
    "n < p": (20, 45),
    "n = p": (20, 20),
    "n = p + 1": (20, 19),
    "n = p + 2": (20, 18),
    "n = p - 1": (20, 21),
    "two rows": (2, 3),
    "three rows, one feature": (3, 1),
}
ALPHAS = [0.0, 1e-12, 1e-6, 1e-2, 1.0, 1e3, 1e12]


@pytest.mark.parametrize("alpha", ALPHAS)
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_equals_brute_force(shape, fit_intercept, weighted, alpha):
    X, Y = make_conditioned_data(*shape, q=2, fit_intercept=fit_intercept)
    weights = np.random.default_rng(1).uniform(0.3, 3.0, len(X)) if weighted else None
    expected = held_out_errors(X, Y, alpha, one_by_one(len(X)), weights, fit_intercept)

    model = RenormalizedRidge(alpha, fit_intercept=fit_intercept).fit(X, Y, weights)

    scale = np.abs(expected).max()
    assert_allclose(Y - model.loo_predictions_, expected, rtol=1e-9, atol=1e-9 * scale)
    assert_allclose(model.risk_, np.average(expected**2, axis=0, weights=weights).mean(), rtol=1e-9)
    coef, intercept = ridge_fit(X, Y, alpha, weights, fit_intercept)
    assert_allclose(model.coef_, coef.T, rtol=1e-9, atol=1e-9 * np.abs(coef).max())
    assert_allclose(model.predict(X), X @ coef + intercept, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("shape", [(40, 7), (15, 30)])
def test_equals_refitting_by_scikit_learn(shape):
    X, y = make_data(*shape)
    weights = np.random.default_rng(2).uniform(0.5, 2.0, len(X))
    expected = sklearn_errors(X, y, 0.7, one_by_one(len(X)), weights)
    model = RenormalizedRidge(0.7).fit(X, y, weights)
    assert_allclose(y - model.loo_predictions_, expected, rtol=1e-9)


@pytest.mark.parametrize("shape", [(60, 5), (25, 60)])
@pytest.mark.parametrize("q", [None, 3])
def test_path_is_the_risk_at_each_penalty(shape, q):
    X, y = make_data(*shape, q=q)
    alphas = np.geomspace(1e-4, 1e4, 7)
    expected = [np.mean(held_out_errors(X, y, a, one_by_one(len(X))) ** 2) for a in alphas]
    assert_allclose(TheoryGuidedRidgeCV(alphas).fit(X, y).report_.path.risk, expected, rtol=1e-9)


def test_path_per_target_and_each_targets_own_errors():
    X, Y = make_data(40, 12, q=3)
    alphas = np.geomspace(1e-3, 1e3, 5)
    model = TheoryGuidedRidgeCV(alphas, alpha_per_target=True).fit(X, Y)
    folds = one_by_one(len(X))
    expected = [np.mean(held_out_errors(X, Y, a, folds) ** 2, axis=0) for a in alphas]
    assert_allclose(model.report_.path.risk, expected, rtol=1e-9)
    for target, alpha in enumerate(model.alpha_):
        errors = held_out_errors(X, Y[:, target], alpha, folds)
        assert_allclose(Y[:, target] - model.loo_predictions_[:, target], errors, rtol=1e-9)
        assert_allclose(model.risk_[target], np.mean(errors**2), rtol=1e-9)


def test_many_blocks_of_rows_and_a_single_one_agree():
    X, Y = make_data(5000, 4, q=2)
    errors = sklearn_errors(X[:40], Y[:40], 1.0, one_by_one(40))
    small = RenormalizedRidge(1.0).fit(X[:40], Y[:40])
    assert_allclose(Y[:40] - small.loo_predictions_, errors, rtol=1e-9)
    # exact leverages of the whole set, against the hat matrix
    Xc = X - X.mean(axis=0)
    hat = np.einsum("ij,jk,ik->i", Xc, np.linalg.inv(Xc.T @ Xc + np.eye(4)), Xc) + 1 / len(X)
    big = RenormalizedRidge(1.0).fit(X, Y)
    residuals = Y - big.predict(X)
    assert_allclose(Y - big.loo_predictions_, residuals / (1 - hat)[:, None], rtol=1e-9)
    assert_allclose(big.report_.leverage_dispersion, np.std(1 - hat) / np.mean(1 - hat), rtol=1e-8)


def test_rows_that_own_a_column_have_leverage_one():
    """Least squares fits them exactly; left out, they meet a zero coefficient in their column."""
    X, y = make_data(30, 4)
    X = np.column_stack([X, np.eye(30)[:, :2]])
    for alpha in (0.0, 1e-13, 1e-6, 1.0):
        model = RenormalizedRidge(alpha).fit(X, y)
        expected = held_out_errors(X, y, alpha, one_by_one(30))
        assert_allclose(y - model.loo_predictions_, expected, rtol=1e-6)


def test_duplicate_rows_in_few_dimensions():
    X, y = make_data(12, 40)
    X, y = np.vstack([X, X[:3]]), np.append(y, y[:3] + 1.0)
    for alpha in (0.0, 1e-6, 1.0):
        model = RenormalizedRidge(alpha).fit(X, y)
        expected = held_out_errors(X, y, alpha, one_by_one(15))
        assert_allclose(y - model.loo_predictions_, expected, rtol=1e-7)
