"""A row is left out with all of its weight: an integer weight is copies kept together."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from reference import make_data
from sklearn.model_selection import KFold

from sk_renorm import RenormalizedRidge, TheoryGuidedRidgeCV


def weighted_and_repeated(shape, seed=0):
    X, y = make_data(*shape, noise=4.0, seed=seed)
    weights = np.random.default_rng(seed).integers(1, 5, len(X))
    rows = np.repeat(np.arange(len(X)), weights)
    return X, y, weights, rows


@pytest.mark.parametrize("shape", [(40, 6), (20, 35), (25, 40)])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("alphas", [None, 12])
def test_weight_equals_copies_left_out_together(shape, fit_intercept, alphas):
    """25 rows of 40 features are more than 40 with copies: either side may be the smaller one."""
    X, y, weights, rows = weighted_and_repeated(shape)
    model = TheoryGuidedRidgeCV(alphas, fit_intercept=fit_intercept)
    weighted = model.fit(X, y, sample_weight=weights)
    expected = TheoryGuidedRidgeCV(alphas, fit_intercept=fit_intercept)
    expected.fit(X[rows], y[rows], groups=rows)
    assert_allclose(weighted.alphas_, expected.alphas_, rtol=1e-6)
    assert_allclose(weighted.risk_path_, expected.risk_path_, rtol=1e-6)
    assert_allclose(weighted.alpha_, expected.alpha_, rtol=1e-6)
    assert_allclose(weighted.risk_, expected.risk_, rtol=1e-9)
    assert_allclose(weighted.coef_, expected.coef_, rtol=1e-6)
    assert_allclose(
        weighted.loo_predictions_[rows], expected.loo_predictions_, rtol=1e-6, atol=1e-9
    )
    assert_allclose(weighted.effective_df_path_, expected.effective_df_path_, rtol=1e-6)
    assert_allclose(weighted.effective_ridge_path_, expected.effective_ridge_path_, rtol=1e-6)


@pytest.mark.filterwarnings("ignore:The best of the given alphas")
@pytest.mark.parametrize("shape", [(40, 6), (20, 35)])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_gcv_weight_equals_plain_repetition(shape, fit_intercept):
    X, y, weights, rows = weighted_and_repeated(shape)
    # duplicates are interpolated at no cost, which fools GCV as alpha -> 0: stay where it is sound
    alphas = np.geomspace(1.0, 1e5, 15)
    common = {"risk": "gcv", "fit_intercept": fit_intercept}
    weighted = TheoryGuidedRidgeCV(alphas, **common).fit(X, y, weights)
    expected = TheoryGuidedRidgeCV(alphas, **common).fit(X[rows], y[rows])
    assert_allclose(weighted.risk_path_, expected.risk_path_, rtol=1e-9)
    assert weighted.alpha_ == expected.alpha_
    assert_allclose(weighted.coef_, expected.coef_, rtol=1e-8)


@pytest.mark.parametrize("cv", [None, KFold(4)])
def test_zero_weight_equals_removal(cv):
    X, y = make_data(40, 6, noise=4.0)
    weights = np.random.default_rng(0).integers(0, 3, 40).astype(float)
    kept = weights > 0
    folds = None
    if cv is not None:  # the same folds of the rows that remain
        position = np.cumsum(kept) - 1
        folds = [(position[a[kept[a]]], position[b[kept[b]]]) for a, b in cv.split(X)]
    for scoring in (None, "r2"):
        weighted = TheoryGuidedRidgeCV(cv=cv, scoring=scoring).fit(X, y, weights)
        removed = TheoryGuidedRidgeCV(cv=folds, scoring=scoring)
        removed.fit(X[kept], y[kept], weights[kept])
        assert_allclose(weighted.alpha_, removed.alpha_, rtol=1e-9)
        assert_allclose(weighted.best_score_, removed.best_score_, rtol=1e-9)
        assert_allclose(weighted.coef_, removed.coef_, rtol=1e-9)
        assert_allclose(weighted.loo_predictions_[kept], removed.loo_predictions_, rtol=1e-9)
        assert_allclose(weighted.loo_predictions_[~kept], weighted.predict(X[~kept]), rtol=1e-12)


def test_scale_of_weights_is_a_scale_of_alpha():
    X, y = make_data(40, 6, noise=4.0)
    weights = np.random.default_rng(0).uniform(0.5, 2.0, 40)
    one = TheoryGuidedRidgeCV().fit(X, y, weights)
    thousand = TheoryGuidedRidgeCV().fit(X, y, 1000.0 * weights)
    assert_allclose(thousand.alpha_, 1000.0 * one.alpha_, rtol=1e-6)
    assert_allclose(thousand.risk_, one.risk_, rtol=1e-9)
    assert_allclose(thousand.predict(X), one.predict(X), rtol=1e-7)


def test_scalar_and_unit_weights_are_none():
    X, y = make_data(30, 4, noise=4.0)
    plain = RenormalizedRidge().fit(X, y)
    for weights in (np.ones(30), [1] * 30, 1.0):
        assert_allclose(RenormalizedRidge().fit(X, y, weights).risk_, plain.risk_, rtol=1e-12)
    doubled = RenormalizedRidge(2.0).fit(X, y, 2.0)
    assert_allclose(doubled.coef_, RenormalizedRidge(1.0).fit(X, y).coef_, rtol=1e-10)


def test_weights_too_small_for_an_effective_ridge_leave_it_infinite():
    """Weights that sum to fewer rows than degrees of freedom: no effective sample is left."""
    X, y = make_data(30, 4)
    model = RenormalizedRidge(1e-8).fit(X, y, np.full(30, 1e-2))
    assert model.effective_ridge_ == np.inf
    assert np.isfinite(model.risk_)
